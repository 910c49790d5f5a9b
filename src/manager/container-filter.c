/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container-filter.h"
#include "container-config.h"
#include "manager.h"
#include "shared/parse.h"
#include "shared/strv.h"
#include "shared/text.h"

#define FILTER_VALUES_MAX 256U

void container_filter_done(ContainerFilter *f) {
        strv_free(f->id);
        strv_free(f->name);
        strv_free(f->label);
        strv_free(f->status);
        strv_free(f->ancestor);
        strv_free(f->exited);
        *f = (ContainerFilter){};
}

static int check_value(const char *key, const char *value, Error *reterr) {
        uint16_t code;

        if (streq(key, "status") && !streq(value, "dead") && !streq(value, "restarting") &&
            container_state_from_string(value) < 0)
                return error_set(
                                reterr, -EINVAL,
                                "'%s' is not a state: expected created, starting, running, paused, stopping, exited, "
                                "failed or removing",
                                value);
        if (streq(key, "exited") && parse_u16(value, &code) < 0)
                return error_set(reterr, -EINVAL, "'%s' is not an exit code", value);
        return 0;
}

int container_filter_add(ContainerFilter *f, Manager *m, const char *key, const char *value, Error *reterr) {
        const struct {
                const char *key;
                char ***list;
        } lists[] = {
                        {"id",       &f->id      },
                        {"name",     &f->name    },
                        {"label",    &f->label   },
                        {"status",   &f->status  },
                        {"ancestor", &f->ancestor},
                        {"exited",   &f->exited  },
        };
        int r;

        if (streq(key, "before"))
                return manager_find_container(m, value, &f->before, reterr);
        if (streq(key, "since"))
                return manager_find_container(m, value, &f->since, reterr);

        for (size_t i = 0; i < ELEMENTSOF(lists); i++) {
                if (!streq(key, lists[i].key))
                        continue;
                r = check_value(key, value, reterr);
                if (r < 0)
                        return r;
                if (strv_length(*lists[i].list) >= FILTER_VALUES_MAX)
                        return error_set(reterr, -EINVAL, "too many filters '%s'", key);
                return strv_extend(lists[i].list, value) < 0 ? error_oom(reterr) : 0;
        }

        return error_set(
                        reterr, -EINVAL,
                        "there is no filter '%s': expected id, name, label, status, ancestor, exited, before or since",
                        key);
}

static bool id_matches(const Container *c, const char *value) {
        return startswith(c->id, value);
}

static bool name_matches(const Container *c, const char *value) {
        size_t n = strlen(value), length = strlen(c->name);
        bool at_start, at_end;

        at_start = n > 0 && value[0] == '^';
        value += at_start;
        n -= at_start;
        if (at_start && value[0] == '/') {
                /* docker's names begin with a slash, and people's filters with them */
                value++;
                n--;
        }
        at_end = n > 0 && value[n - 1] == '$';
        n -= at_end;

        if (at_start && at_end)
                return n == length && strncmp(c->name, value, n) == 0;
        if (at_start)
                return strncmp(c->name, value, n) == 0;
        if (at_end)
                return n <= length && strncmp(c->name + length - n, value, n) == 0;
        return memmem(c->name, length, value, n);
}

static bool label_matches(const Container *c, const char *value) {
        size_t n = strcspn(value, "=");

        if (c->config)
                STRV_FOREACH(l, c->config->labels)
                        if (value[n] == '=' ? streq(*l, value)
                                            : strncmp(*l, value, n) == 0 && (*l)[n] == '=')
                                return true;
        return false;
}

static bool status_matches(const Container *c, const char *value) {
        return streq(container_state_to_string(c->state), value);
}

static bool ancestor_matches(const Container *c, const char *value) {
        const char *hex = startswith(c->image_id, "sha256:"), *rest;
        size_t n = strlen(value);

        if (streq(c->image, value) || streq(c->image_id, value))
                return true;
        if (hex && n >= 4 && text_is_hex(value, n) && startswith(hex, value))
                return true;

        /* nginx, nginx:latest, library/nginx: the full name without what docker would have added */
        rest = startswith(c->image, "docker.io/library/") ?: startswith(c->image, "docker.io/") ?: strchr(c->image, '/');
        if (!rest)
                return false;
        rest += *rest == '/';
        return streq(rest, value) || (strncmp(rest, value, n) == 0 && streq(rest + n, ":latest"));
}

static bool exited_matches(const Container *c, const char *value) {
        uint16_t code = 0;

        return c->state == CONTAINER_EXITED && parse_u16(value, &code) >= 0 && c->exit_code == code;
}

static bool any_matches(char *const *values, const Container *c,
                        bool (*matches)(const Container *c, const char *value)) {
        if (strv_isempty(values))
                return true;
        STRV_FOREACH(v, values)
                if (matches(c, *v))
                        return true;
        return false;
}

/* As docker and podman have it: labels add up, the values of other keys are alternatives. */
static bool all_labels_match(char *const *values, const Container *c) {
        STRV_FOREACH(v, values)
                if (!label_matches(c, *v))
                        return false;
        return true;
}

bool container_filter_matches(const ContainerFilter *f, const Container *c) {
        if (f->before && (c == f->before || c->created_usec >= f->before->created_usec))
                return false;
        if (f->since && (c == f->since || c->created_usec <= f->since->created_usec))
                return false;

        return any_matches(f->id, c, id_matches) && any_matches(f->name, c, name_matches) &&
               all_labels_match(f->label, c) && any_matches(f->status, c, status_matches) &&
               any_matches(f->ancestor, c, ancestor_matches) && any_matches(f->exited, c, exited_matches);
}
