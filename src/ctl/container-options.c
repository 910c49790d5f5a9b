/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <unistd.h>

#include "ctl/container-options.h"
#include "shared/fd.h"
#include "shared/io.h"
#include "shared/json.h"
#include "shared/path.h"
#include "shared/strv.h"
#include "shared/text.h"

#define ENV_FILE_MAX (1U << 20)
#define PROFILE_MAX  (1U << 20)

int append_string(sd_bus_message *m, const char *key, const char *value) {
        return sd_bus_message_append(m, "{sv}", key, "s", value);
}

int append_bool(sd_bus_message *m, const char *key, bool b) {
        return sd_bus_message_append(m, "{sv}", key, "b", (int) b);
}

static int open_entry(sd_bus_message *m, const char *key, const char *type) {
        int r;

        r = sd_bus_message_open_container(m, SD_BUS_TYPE_DICT_ENTRY, "sv");
        if (r < 0)
                return r;
        r = sd_bus_message_append_basic(m, SD_BUS_TYPE_STRING, key);
        if (r < 0)
                return r;
        return sd_bus_message_open_container(m, SD_BUS_TYPE_VARIANT, type);
}

static int close_entry(sd_bus_message *m) {
        int r;

        r = sd_bus_message_close_container(m);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

int append_strv(sd_bus_message *m, const char *key, char *const *l) {
        int r;

        r = open_entry(m, key, "as");
        if (r < 0)
                return r;
        r = sd_bus_message_append_strv(m, (char **) l);
        return r < 0 ? r : close_entry(m);
}

/* The last of equal names counts. */
static int append_map(sd_bus_message *m, const char *key, char *const *l) {
        _cleanup_(strv_freep) char **unique = NULL;
        int r;

        STRV_FOREACH(s, l) {
                r = strv_env_set(&unique, *s);
                if (r < 0)
                        return r;
        }

        r = open_entry(m, key, "a{ss}");
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "{ss}");
        if (r < 0)
                return r;
        STRV_FOREACH(s, unique) {
                char *equals = strchr(*s, '=');

                *equals = 0;
                r = sd_bus_message_append(m, "{ss}", *s, equals + 1);
                if (r < 0)
                        return r;
        }
        r = sd_bus_message_close_container(m);
        return r < 0 ? r : close_entry(m);
}

/* An option's value, by its type. */
static int append_option(sd_bus_message *m, const OptionValue *v) {
        const char *key = v->option->key;

        switch (v->option->type) {
        case OPTION_BOOL:
                return append_bool(m, key, v->on);
        case OPTION_STRING:
                return append_string(m, key, v->list[0]);
        case OPTION_LIST:
                return append_strv(m, key, v->list);
        case OPTION_MAP:
                return append_map(m, key, v->list);
        case OPTION_BYTES:
        case OPTION_NANO:
        case OPTION_UNSIGNED:
        case OPTION_DURATION:
                return sd_bus_message_append(m, "{sv}", key, "t", v->number);
        case OPTION_BYTES_SIGNED:
        case OPTION_SIGNED:
                return sd_bus_message_append(m, "{sv}", key, "x", v->integer);
        case OPTION_INT32:
                return sd_bus_message_append(m, "{sv}", key, "i", (int32_t) v->integer);
        }
        return -EINVAL;
}

static int check_text(const char *s, const char *what, Error *reterr) {
        if (utf8_is_valid(s))
                return 0;
        _cleanup_(freep) char *shown = text_escape(s);
        return error_set(reterr, -EINVAL, "%s '%.80s' is not UTF-8, which is all that D-Bus can carry", what,
                         strempty(shown));
}

static int read_text_file(const char *path, size_t max, char **ret, Error *reterr) {
        _cleanup_(closep) int fd = -EBADF;
        int r;

        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (fd < 0)
                return error_errnof(reterr, negative_errno(), "open '%s'", path);
        r = read_full_fd(fd, max, ret, NULL);
        return r < 0 ? error_errnof(reterr, r, "read '%s'", path) : 0;
}

/* NAME=VALUE lines, "#" begins a comment line; a NAME alone is taken from our environment if that is wanted. */
static int read_assignments(const char *path, bool from_environment, char ***l, Error *reterr) {
        _cleanup_(freep) char *text = NULL;
        char *p, *line;
        unsigned number = 0;
        int r;

        r = read_text_file(path, ENV_FILE_MAX, &text, reterr);
        if (r < 0)
                return r;

        for (p = text; (line = strsep(&p, "\n"));) {
                const TextPos pos = { path, ++number, 1 };
                char *equals, *cr = endswith(line, "\r");

                if (cr)
                        *cr = 0;
                while (ascii_isspace(*line))
                        line++;
                if (!*line || *line == '#')
                        continue;
                equals = strchr(line, '=');
                if (equals == line)
                        return error_at(reterr, &pos, 0, -EINVAL, "a name is missing before '='");
                for (char *c = line; equals ? c < equals : *c; c++)
                        if (ascii_isspace(*c))
                                return error_at(reterr, &pos, (size_t) (c - line), -EINVAL, "a name has no blanks");

                if (equals || !from_environment)
                        r = strv_extendf(l, "%s%s", line, equals ? "" : "=");
                else if (getenv(line))
                        r = strv_extendf(l, "%s=%s", line, getenv(line));
                if (r < 0)
                        return error_oom(reterr);
        }
        return 0;
}

static int append_environment(const Arguments *a, sd_bus_message *m, Error *reterr) {
        _cleanup_(strv_freep) char **l = NULL;
        int r;

        STRV_FOREACH(path, option_list(a, "env-file")) {
                r = read_assignments(*path, true, &l, reterr);
                if (r < 0)
                        return r;
        }
        STRV_FOREACH(s, option_list(a, "env")) {
                if (!**s || **s == '=')
                        return error_set(reterr, -EINVAL, "--env: '%s' has no name", *s);
                if (strchr(*s, '='))
                        r = strv_extend(&l, *s);
                else
                        r = getenv(*s) ? strv_extendf(&l, "%s=%s", *s, getenv(*s)) : 0;
                if (r < 0)
                        return error_oom(reterr);
        }
        STRV_FOREACH(s, l) {
                r = check_text(*s, "the environment's", reterr);
                if (r < 0)
                        return r;
        }
        return l ? append_strv(m, "Environment", l) : 0;
}

static int append_labels(const Arguments *a, sd_bus_message *m, Error *reterr) {
        _cleanup_(strv_freep) char **l = NULL;
        int r;

        STRV_FOREACH(path, option_list(a, "label-file")) {
                r = read_assignments(*path, false, &l, reterr);
                if (r < 0)
                        return r;
        }
        if (strv_extend_strv(&l, option_list(a, "label")) < 0)
                return error_oom(reterr);
        STRV_FOREACH(s, l) {
                r = check_text(*s, "label", reterr);
                if (r < 0)
                        return r;
        }
        return l ? append_map(m, "Labels", l) : 0;
}

/* "COMMAND", "" or ["COMMAND","ARGUMENT"] */
static int append_entrypoint(const Arguments *a, sd_bus_message *m, Error *reterr) {
        const char *text = option_string(a, "entrypoint");
        _cleanup_(json_putp) JsonObject *o = NULL;
        _cleanup_(strv_freep) char **l = NULL;
        const JsonPath path = { .key = "--entrypoint" };

        if (!text)
                return 0;
        if (*text == '[' && json_parse("--entrypoint", text, strlen(text), &o, NULL) >= 0) {
                int r = json_read_strv(o, &path, &(JsonField) {}, &l, reterr);
                if (r < 0)
                        return r;
        } else if (*text && strv_extend(&l, text) < 0)
                return error_oom(reterr);

        return append_strv(m, "Entrypoint", l);
}

/* "./data" and ".." are seen from where we are. */
static int make_absolute(const char *path, size_t n, char **ret, Error *reterr) {
        _cleanup_(freep) char *cwd = NULL, *part = strndup(path, n), *joined = NULL;

        cwd = getcwd(NULL, 0);
        if (!cwd || !part)
                return error_errnof(reterr, negative_errno(), "find the current directory");
        joined = path_join(cwd, part);
        *ret = joined ? path_clean(joined) : NULL;
        return *ret ? 0 : error_oom(reterr);
}

static bool is_relative(const char *s) {
        return *s == '.' && (s[1] == '/' || s[1] == ':' || s[1] == ',' || !s[1] || (s[1] == '.' && (s[2] == '/' || s[2] == ':' || s[2] == ',' || !s[2])));
}

static int append_volumes(const Arguments *a, sd_bus_message *m, Error *reterr) {
        _cleanup_(strv_freep) char **l = NULL;
        int r;

        STRV_FOREACH(s, option_list(a, "volume")) {
                _cleanup_(freep) char *path = NULL;
                size_t n = strcspn(*s, ":");

                if (is_relative(*s) && (*s)[n]) {
                        r = make_absolute(*s, n, &path, reterr);
                        if (r < 0)
                                return r;
                        r = strv_extendf(&l, "%s%s", path, *s + n);
                } else
                        r = strv_extend(&l, *s);
                if (r < 0)
                        return error_oom(reterr);
        }
        return l ? append_strv(m, "Volumes", l) : 0;
}

static int append_mounts(const Arguments *a, sd_bus_message *m, Error *reterr) {
        _cleanup_(strv_freep) char **l = NULL;
        int r;

        STRV_FOREACH(s, option_list(a, "mount")) {
                _cleanup_(strv_freep) char **parts = NULL;
                char *joined;

                if (strv_split(*s, ",", &parts) < 0)
                        return error_oom(reterr);
                for (char **p = parts; p && *p; p++) {
                        const char *source = startswith(*p, "source=") ?: startswith(*p, "src=");
                        _cleanup_(freep) char *path = NULL, *changed = NULL;

                        if (!source || !is_relative(source))
                                continue;
                        r = make_absolute(source, strlen(source), &path, reterr);
                        if (r < 0)
                                return r;
                        changed = text_join("source=", path, NULL);
                        if (!changed)
                                return error_oom(reterr);
                        free_and_replace(*p, changed);
                }
                joined = strv_join(parts, ",");
                if (strv_consume(&l, joined) < 0)
                        return error_oom(reterr);
        }
        return l ? append_strv(m, "Mounts", l) : 0;
}

/* A profile in a file is read here: the caller's rights decide whether it can be. */
static int append_security(const Arguments *a, sd_bus_message *m, Error *reterr) {
        _cleanup_(strv_freep) char **l = NULL;
        _cleanup_(freep) char *profile = NULL;
        int r;

        STRV_FOREACH(s, option_list(a, "security-opt")) {
                const char *path = startswith(*s, "seccomp=") ?: startswith(*s, "seccomp:");

                if (!path || STR_IN_SET(path, "unconfined", "default", "builtin")) {
                        if (strv_extend(&l, *s) < 0)
                                return error_oom(reterr);
                        continue;
                }
                profile = mfree(profile);
                r = read_text_file(path, PROFILE_MAX, &profile, reterr);
                if (r < 0)
                        return error_prefix(reterr, r, "seccomp profile");
                r = check_text(profile, "seccomp profile", reterr);
                if (r < 0)
                        return r;
        }

        r = profile ? append_string(m, "SeccompProfile", profile) : 0;
        return r < 0 || !l ? r : append_strv(m, "SecurityOpt", l);
}

int container_options_append(const Arguments *a, char *const *argv, sd_bus_message *m, Error *reterr) {
        static int (*const special[])(const Arguments *a, sd_bus_message *m, Error *reterr) = {
                append_environment, append_labels, append_entrypoint, append_volumes, append_mounts, append_security,
        };
        int r = 0;

        for (size_t i = 0; r >= 0 && i < a->n_values; i++) {
                const OptionValue *v = &a->values[i];

                if (!v->given || !v->option->key)
                        continue;
                STRV_FOREACH(s, v->list) {
                        _cleanup_(freep) char *what = text_join("--", v->option->name, NULL);

                        r = check_text(*s, strempty(what), reterr);
                        if (r < 0)
                                return r;
                }
                r = append_option(m, v);
        }
        STRV_FOREACH(s, argv) {
                r = check_text(*s, "argument", reterr);
                if (r < 0)
                        return r;
        }
        if (r >= 0 && !strv_isempty(argv))
                r = append_strv(m, "Command", argv);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(special); i++)
                r = special[i](a, m, reterr);

        if (r < 0 && reterr && !error_is_set(reterr))
                return error_errnof(reterr, r, "put the container's configuration into a message");
        return r;
}
