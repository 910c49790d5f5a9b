/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <inttypes.h>

#include "container-config-table.h"
#include "shared/fd.h"
#include "shared/strv.h"
#include "shared/text.h"

/* Reading a configuration from the bus. libsystemd has checked that the message is well-formed; what it says is a
 * stranger's. */

static int read_list(sd_bus_message *m, const ConfigKey *k, char ***ret, Error *reterr) {
        _cleanup_(strv_freep) char **l = NULL;
        size_t n = 0, total = 0;
        const char *s;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "s");
        if (r < 0)
                return r;

        l = new0(char *, 1); /* an empty list is one that was given */
        if (!l)
                return error_oom(reterr);

        while ((r = sd_bus_message_read_basic(m, 's', &s)) > 0) {
                total += strlen(s) + 1;
                if (++n > CONTAINER_CONFIG_LIST_MAX || total > CONTAINER_CONFIG_TOTAL_MAX)
                        return error_set(reterr, -EINVAL, "%s: more than %u entries or %u bytes", k->name,
                                         CONTAINER_CONFIG_LIST_MAX, CONTAINER_CONFIG_TOTAL_MAX);
                if (strv_extend(&l, s) < 0)
                        return error_oom(reterr);
        }
        if (r < 0)
                return r;

        r = sd_bus_message_exit_container(m);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(l);
        return 0;
}

/* In a time that does not grow with the square of what a stranger sends. */
static int check_unique_names(const ConfigKey *k, char *const *l, Error *reterr) {
        _cleanup_(strv_freep) char **names = new0(char *, strv_length(l) + 1);
        size_t n = 0;

        if (!names)
                return error_oom(reterr);
        STRV_FOREACH(s, l) {
                names[n] = strndup(*s, strcspn(*s, "="));
                if (!names[n++])
                        return error_oom(reterr);
        }

        strv_sort(names);
        for (size_t i = 1; i < n; i++)
                if (streq(names[i - 1], names[i]))
                        return error_set(reterr, -EINVAL, "%s: '%.64s' is given twice", k->name, names[i]);
        return 0;
}

static int read_map(sd_bus_message *m, const ConfigKey *k, char ***ret, Error *reterr) {
        _cleanup_(strv_freep) char **l = NULL;
        size_t n = 0, total = 0;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{ss}");
        if (r < 0)
                return r;

        l = new0(char *, 1);
        if (!l)
                return error_oom(reterr);

        for (;;) {
                _cleanup_(freep) char *assignment = NULL;
                const char *name, *value;

                r = sd_bus_message_read(m, "{ss}", &name, &value);
                if (r < 0)
                        return r;
                if (r == 0)
                        break;

                total += strlen(name) + strlen(value) + 2;
                if (++n > CONTAINER_CONFIG_LIST_MAX || total > CONTAINER_CONFIG_TOTAL_MAX)
                        return error_set(reterr, -EINVAL, "%s: more than %u entries or %u bytes", k->name,
                                         CONTAINER_CONFIG_LIST_MAX, CONTAINER_CONFIG_TOTAL_MAX);
                if (isempty(name) || strchr(name, '='))
                        return error_set(reterr, -EINVAL, "%s: a name is empty or contains '='", k->name);

                assignment = text_join(name, "=", value, NULL);
                if (!assignment || strv_consume(&l, TAKE_PTR(assignment)) < 0)
                        return error_oom(reterr);
        }

        r = sd_bus_message_exit_container(m);
        if (r < 0)
                return r;

        r = check_unique_names(k, l, reterr);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(l);
        return 0;
}

static int read_number(sd_bus_message *m, const ConfigKey *k, int64_t *ret, Error *reterr) {
        union {
                int b;
                int32_t i;
                int64_t x;
                uint64_t t;
        } v = {};
        char type = config_type_signature(k->type)[0];
        int r;

        r = sd_bus_message_read_basic(m, type, &v);
        if (r < 0)
                return r;

        if (type == 't' && v.t > INT64_MAX)
                return error_set(reterr, -EINVAL, "%s: %" PRIu64 " is too much", k->name, v.t);

        *ret = type == 'b' ? !!v.b : type == 'i' ? v.i : v.x;
        return 0;
}

static int read_value(sd_bus_message *m, const ConfigKey *k, ContainerConfig *c, Error *reterr) {
        char **l = NULL, *copy;
        const char *s;
        int64_t number = 0;
        int r;

        switch (k->type) {

        case CONFIG_STRING:
                r = sd_bus_message_read_basic(m, 's', &s);
                if (r < 0)
                        return r;
                if (strlen(s) > config_key_length_max(k))
                        return error_set(reterr, -EINVAL, "%s: longer than %zu bytes", k->name,
                                         config_key_length_max(k));
                copy = strdup(s);
                if (!copy)
                        return error_oom(reterr);
                return config_key_set_string(k, c, copy, reterr);

        case CONFIG_LIST:
                r = read_list(m, k, &l, reterr);
                return r < 0 ? r : config_key_set_strv(k, c, l, reterr);

        case CONFIG_MAP:
                r = read_map(m, k, &l, reterr);
                return r < 0 ? r : config_key_set_strv(k, c, l, reterr);

        default:
                r = read_number(m, k, &number, reterr);
                return r < 0 ? r : config_key_set_number(k, c, number, reterr);
        }
}

/* Enters the variant if it holds what the key has. */
static int enter_variant(sd_bus_message *m, const char *name, const char *signature, Error *reterr) {
        const char *contents;
        char type;
        int r;

        r = sd_bus_message_peek_type(m, &type, &contents);
        if (r < 0)
                return r;
        if (type != 'v' || !streq(strempty(contents), signature))
                return error_set(reterr, -EINVAL, "%s: expected a value of type '%s', got '%.64s'", name, signature,
                                 strempty(contents));

        return sd_bus_message_enter_container(m, 'v', signature);
}

static int read_attach_socket(sd_bus_message *m, int *ret_fd, Error *reterr) {
        int fd, r;

        r = enter_variant(m, "AttachSocket", "h", reterr);
        if (r < 0)
                return r;
        r = sd_bus_message_read_basic(m, 'h', &fd);
        if (r < 0)
                return r;
        if (*ret_fd >= 0)
                return error_set(reterr, -EINVAL, "AttachSocket: given twice");

        *ret_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        if (*ret_fd < 0)
                return error_errnof(reterr, negative_errno(), "AttachSocket");

        return sd_bus_message_exit_container(m);
}

static int read_entries(sd_bus_message *m, ContainerConfig *c, int *ret_fd, Error *reterr) {
        _cleanup_(freep) bool *seen = new0(bool, n_config_keys);
        int r;

        if (!seen)
                return error_oom(reterr);

        r = sd_bus_message_enter_container(m, 'a', "{sv}");
        if (r < 0)
                return r;

        while ((r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                const ConfigKey *k;
                const char *name;

                r = sd_bus_message_read_basic(m, 's', &name);
                if (r < 0)
                        return r;

                if (streq(name, "AttachSocket")) {
                        r = read_attach_socket(m, ret_fd, reterr);
                        if (r < 0)
                                return r;
                } else {
                        k = config_key_find(name);
                        if (!k || (k->flags & CONFIG_INTERNAL))
                                return config_key_unknown(name, reterr);
                        if (seen[k - config_keys])
                                return error_set(reterr, -EINVAL, "%s: given twice", name);
                        seen[k - config_keys] = true;

                        r = enter_variant(m, name, config_type_signature(k->type), reterr);
                        if (r >= 0)
                                r = read_value(m, k, c, reterr);
                        if (r >= 0)
                                r = sd_bus_message_exit_container(m);
                        if (r < 0)
                                return r;
                }

                r = sd_bus_message_exit_container(m);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;

        return sd_bus_message_exit_container(m);
}

int container_config_read_message(sd_bus_message *m, ContainerConfig **ret, int *ret_attach_fd, Error *reterr) {
        _cleanup_(container_config_unrefp) ContainerConfig *c = NULL;
        _cleanup_(closep) int fd = -EBADF;
        int r;

        c = container_config_new();
        if (!c)
                return error_oom(reterr);

        r = read_entries(m, c, &fd, reterr);
        if (r >= 0)
                r = container_config_check_size(c, reterr);
        if (r >= 0)
                r = container_config_check(c, reterr);
        if (r < 0) {
                if (!error_is_set(reterr))
                        return error_errnof(reterr, r, "cannot read the configuration");
                return r;
        }

        *ret = TAKE_PTR(c);
        *ret_attach_fd = TAKE_FD(fd);
        return 0;
}
