/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <strings.h>

#include "change.h"
#include "shared/parse.h"
#include "shared/path.h"
#include "shared/strv.h"
#include "shared/text.h"

#define PORTS_MAX      1024U /* of one instruction */
#define NSEC_PER_USEC  UINT64_C(1000)

/* What one --change option after another is applied to. */
typedef struct Change {
        OciImageConfig *config;
        bool cmd_set; /* by one of these changes: an ENTRYPOINT then leaves it alone */
        Error *reterr;
} Change;

static int free_and_strdup(char **p, const char *s) {
        char *copy = strdup(s);

        if (!copy)
                return -ENOMEM;
        free(*p);
        *p = copy;
        return 0;
}

/* ["a", "b"]: 1 and the list; anything else: 0 */
static int parse_exec_form(const Change *c, const char *arguments, char ***ret) {
        _cleanup_(json_putp) JsonObject *o = NULL;
        const JsonPath path = { .key = "list" };
        char **l = NULL;
        int r;

        if (arguments[0] != '[' || json_parse("list", arguments, strlen(arguments), &o, NULL) < 0)
                return 0;

        r = json_read_strv(o, &path, NULL, &l, c->reterr);
        if (r < 0)
                return r;

        *ret = l;
        return 1;
}

/* A command: a list as it is, a line for the shell */
static int parse_command(const Change *c, const char *arguments, char ***ret) {
        static char *const default_shell[] = { (char *) "/bin/sh", (char *) "-c", NULL };
        _cleanup_(strv_freep) char **l = NULL;
        int r;

        r = parse_exec_form(c, arguments, ret);
        if (r != 0)
                return r;

        l = strv_copy(strv_isempty(c->config->shell) ? default_shell : c->config->shell);
        if (!l || strv_extend(&l, arguments) < 0)
                return error_oom(c->reterr);

        *ret = TAKE_PTR(l);
        return 0;
}

static int replace_strv(char ***p, char **l) {
        strv_free(*p);
        *p = l;
        return 0;
}

static int change_cmd(Change *c, const char *arguments) {
        char **l = NULL;
        int r;

        r = parse_command(c, arguments, &l);
        if (r < 0)
                return r;

        c->cmd_set = true;
        c->config->args_escaped = false;
        return replace_strv(&c->config->cmd, l);
}

static int change_entrypoint(Change *c, const char *arguments) {
        char **l = NULL;
        int r;

        r = parse_command(c, arguments, &l);
        if (r < 0)
                return r;

        /* The old arguments were for the old program */
        if (!c->cmd_set)
                c->config->cmd = strv_free(c->config->cmd);
        return replace_strv(&c->config->entrypoint, l);
}

/* "a=b c=d", or the old "name the rest is the value" */
static int change_assignments(Change *c, const char *arguments, char *const *env, char ***target) {
        _cleanup_(strv_freep) char **words = NULL;
        size_t n;
        int r;

        n = strcspn(arguments, "= \t");
        if (arguments[n] != '=') {
                const char *value = arguments + n + strspn(arguments + n, " \t");
                _cleanup_(freep) char *expanded = NULL, *assignment = NULL;

                if (n == 0 || *value == 0)
                        return error_set(c->reterr, -EINVAL, "expected NAME=VALUE, got '%.80s'", arguments);
                r = change_expand(value, env, &expanded, c->reterr);
                if (r < 0)
                        return r;
                assignment = text_printf("%.*s=%s", (int) n, arguments, expanded);
                if (!assignment || strv_env_set(target, assignment) < 0)
                        return error_oom(c->reterr);
                return 0;
        }

        r = change_split_words(arguments, env, &words, c->reterr);
        if (r < 0)
                return r;

        STRV_FOREACH(w, words) {
                if ((*w)[0] == '=' || !strchr(*w, '='))
                        return error_set(c->reterr, -EINVAL, "expected NAME=VALUE, got '%.80s'", *w);
                if (strv_env_set(target, *w) < 0)
                        return error_oom(c->reterr);
        }
        return 0;
}

/* Variables have the values they had before the instruction */
static int with_environment(Change *c, const char *arguments, int (*apply)(Change *, const char *, char *const *)) {
        _cleanup_(strv_freep) char **env = strv_copy(c->config->env);

        if (!env)
                return error_oom(c->reterr);
        return apply(c, arguments, env);
}

static int apply_env(Change *c, const char *arguments, char *const *env) {
        return change_assignments(c, arguments, env, &c->config->env);
}

static int apply_label(Change *c, const char *arguments, char *const *env) {
        return change_assignments(c, arguments, env, &c->config->labels);
}

static int change_env(Change *c, const char *arguments) {
        return with_environment(c, arguments, apply_env);
}

static int change_label(Change *c, const char *arguments) {
        return with_environment(c, arguments, apply_label);
}

static int expose(Change *c, const char *text) {
        const char *slash = strchr(text, '/'), *protocol = slash ? slash + 1 : "tcp", *dash;
        size_t n = slash ? (size_t) (slash - text) : strlen(text);
        _cleanup_(freep) char *first = NULL, *last = NULL, *lower = NULL;
        uint16_t from, to;

        dash = memchr(text, '-', n);
        first = strndup(text, dash ? (size_t) (dash - text) : n);
        last = dash ? strndup(dash + 1, (size_t) (text + n - dash - 1)) : first ? strdup(first) : NULL;
        lower = strdup(protocol);
        if (!first || !last || !lower)
                return error_oom(c->reterr);
        ascii_strlower(lower);

        if (parse_u16(first, &from) < 0 || parse_u16(last, &to) < 0 || from == 0 || to < from ||
            !STR_IN_SET(lower, "tcp", "udp", "sctp"))
                return error_set(c->reterr, -EINVAL, "'%.80s' is not PORT[-PORT][/tcp|udp|sctp]", text);
        if ((unsigned) to - from >= PORTS_MAX)
                return error_set(c->reterr, -EINVAL, "'%.80s' is more than %u ports", text, PORTS_MAX);

        for (unsigned port = from; port <= to; port++) {
                char entry[sizeof("65535/sctp")];

                snprintf(entry, sizeof(entry), "%u/%.4s", port, lower);
                if (!strv_contains(c->config->exposed_ports, entry) &&
                    strv_extend(&c->config->exposed_ports, entry) < 0)
                        return error_oom(c->reterr);
        }
        return 0;
}

static int change_expose(Change *c, const char *arguments) {
        _cleanup_(strv_freep) char **words = NULL;
        int r;

        r = change_split_words(arguments, c->config->env, &words, c->reterr);
        STRV_FOREACH(w, words) {
                if (r < 0)
                        return r;
                r = expose(c, *w);
        }
        return r;
}

static int change_user(Change *c, const char *arguments) {
        _cleanup_(freep) char *user = NULL;
        int r;

        r = change_expand(arguments, c->config->env, &user, c->reterr);
        if (r < 0)
                return r;
        if (user[strcspn(user, " \t")])
                return error_set(c->reterr, -EINVAL, "'%.80s' is not a user", user);
        return free_and_replace(c->config->user, user);
}

static int change_volume(Change *c, const char *arguments) {
        _cleanup_(strv_freep) char **paths = NULL;
        int r;

        r = parse_exec_form(c, arguments, &paths);
        if (r == 0)
                r = change_split_words(arguments, c->config->env, &paths, c->reterr);
        if (r < 0)
                return r;

        STRV_FOREACH(p, paths) {
                if ((*p)[0] != '/')
                        return error_set(c->reterr, -EINVAL, "'%.80s' is not an absolute path", *p);
                if (!strv_contains(c->config->volumes, *p) && strv_extend(&c->config->volumes, *p) < 0)
                        return error_oom(c->reterr);
        }
        return 0;
}

static int change_workdir(Change *c, const char *arguments) {
        _cleanup_(freep) char *path = NULL, *joined = NULL, *clean = NULL;
        int r;

        r = change_expand(arguments, c->config->env, &path, c->reterr);
        if (r < 0)
                return r;

        joined = path[0] == '/' ? strdup(path) : path_join(empty_to_null(c->config->working_dir) ?: "/", path);
        clean = joined ? path_clean(joined) : NULL;
        if (!clean)
                return error_oom(c->reterr);
        return free_and_replace(c->config->working_dir, clean);
}

static int change_stopsignal(Change *c, const char *arguments) {
        _cleanup_(freep) char *signal = NULL;
        int r;

        r = change_expand(arguments, c->config->env, &signal, c->reterr);
        if (r < 0)
                return r;
        if (parse_signal(signal) < 0)
                return error_set(c->reterr, -EINVAL, "'%.80s' is not a signal", signal);
        return free_and_replace(c->config->stop_signal, signal);
}

static int change_onbuild(Change *c, const char *arguments) {
        size_t n = strcspn(arguments, " \t");

        if (arguments[n] == 0)
                return error_set(c->reterr, -EINVAL, "expected an instruction");
        if ((n == 7 && (strncasecmp(arguments, "ONBUILD", n) == 0)) ||
            (n == 4 && (strncasecmp(arguments, "FROM", n) == 0)) ||
            (n == 10 && (strncasecmp(arguments, "MAINTAINER", n) == 0)))
                return error_set(c->reterr, -EINVAL, "'%.*s' cannot be a trigger", (int) n, arguments);

        return strv_extend(&c->config->on_build, arguments) < 0 ? error_oom(c->reterr) : 0;
}

static int change_shell(Change *c, const char *arguments) {
        char **l = NULL;
        int r;

        r = parse_exec_form(c, arguments, &l);
        if (r < 0)
                return r;
        if (r == 0 || strv_isempty(l)) {
                strv_free(l);
                return error_set(c->reterr, -EINVAL, "expected a list in JSON, got '%.80s'", arguments);
        }
        return replace_strv(&c->config->shell, l);
}

static int change_maintainer(Change *c, const char *arguments) {
        return free_and_strdup(&c->config->author, arguments) < 0 ? error_oom(c->reterr) : 0;
}

/* "--interval=5s" and the like; *p is moved behind them */
static int parse_healthcheck_options(Change *c, const char **p, OciHealthcheck *h) {
        const struct {
                const char *name;
                uint64_t *duration;
        } options[] = {
                { "--interval=",       &h->interval       },
                { "--timeout=",        &h->timeout        },
                { "--start-period=",   &h->start_period   },
                { "--start-interval=", &h->start_interval },
                { "--retries=",        NULL               },
        };

        while (startswith(*p, "--")) {
                size_t n = strcspn(*p, " \t"), i;
                _cleanup_(freep) char *option = strndup(*p, n);
                const char *value = NULL;
                uint64_t usec;

                if (!option)
                        return error_oom(c->reterr);
                for (i = 0; i < ELEMENTSOF(options); i++) {
                        value = startswith(option, options[i].name);
                        if (value)
                                break;
                }
                if (!value)
                        return error_set(c->reterr, -EINVAL, "unknown option '%.80s'", option);

                if (!options[i].duration) {
                        if (parse_u64(value, &h->retries) < 0 || h->retries > INT32_MAX)
                                return error_set(c->reterr, -EINVAL, "'%.80s' is not a number", value);
                } else {
                        if (parse_duration(value, &usec) < 0 || usec > INT64_MAX / NSEC_PER_USEC)
                                return error_set(c->reterr, -EINVAL, "'%.80s' is not a duration", value);
                        *options[i].duration = usec * NSEC_PER_USEC;
                }
                *p += n;
                *p += strspn(*p, " \t");
        }
        return 0;
}

static int change_healthcheck(Change *c, const char *arguments) {
        _cleanup_(oci_healthcheck_freep) OciHealthcheck *h = new0(OciHealthcheck, 1);
        _cleanup_(strv_freep) char **command = NULL;
        const char *p = arguments;
        int r;

        if (!h)
                return error_oom(c->reterr);
        r = parse_healthcheck_options(c, &p, h);
        if (r < 0)
                return r;

        if (strcasecmp(p, "NONE") == 0)
                r = strv_extend(&h->test, "NONE");
        else if (strncasecmp(p, "CMD", 3) == 0 && ascii_isspace(p[3])) {
                p += 3 + strspn(p + 3, " \t");
                r = parse_exec_form(c, p, &command);
                if (r < 0)
                        return r;
                if (isempty(p) || (r > 0 && strv_isempty(command)))
                        return error_set(c->reterr, -EINVAL, "expected a command behind CMD");
                if (r > 0) {
                        r = strv_extend(&h->test, "CMD");
                        if (r >= 0)
                                r = strv_extend_strv(&h->test, command);
                } else {
                        r = strv_extend(&h->test, "CMD-SHELL");
                        if (r >= 0)
                                r = strv_extend(&h->test, p);
                }
        } else
                return error_set(c->reterr, -EINVAL, "expected [OPTIONS] CMD command, or NONE");
        if (r < 0)
                return error_oom(c->reterr);

        oci_healthcheck_free(c->config->healthcheck);
        c->config->healthcheck = TAKE_PTR(h);
        return 0;
}

static const struct {
        const char *name;
        int (*apply)(Change *c, const char *arguments);
} instructions[] = {
        { "CMD",         change_cmd         },
        { "ENTRYPOINT",  change_entrypoint  },
        { "ENV",         change_env         },
        { "EXPOSE",      change_expose      },
        { "HEALTHCHECK", change_healthcheck },
        { "LABEL",       change_label       },
        { "MAINTAINER",  change_maintainer  },
        { "ONBUILD",     change_onbuild     },
        { "SHELL",       change_shell       },
        { "STOPSIGNAL",  change_stopsignal  },
        { "USER",        change_user        },
        { "VOLUME",      change_volume      },
        { "WORKDIR",     change_workdir     },
};

static int change_apply(Change *c, const char *text) {
        _cleanup_(freep) char *copy = NULL, *shown = NULL;
        const char *arguments;
        char *line;
        size_t n;

        if (strlen(text) > CHANGE_LENGTH_MAX)
                return error_set(c->reterr, -E2BIG, "A change is longer than %u bytes", CHANGE_LENGTH_MAX);

        copy = strdup(text);
        shown = text_escape(text);
        if (!copy || !shown)
                return error_oom(c->reterr);

        line = text_strip(copy);
        n = strcspn(line, " \t=");
        arguments = line + n;
        if (*arguments == '=')
                arguments++;
        arguments += strspn(arguments, " \t");

        for (size_t i = 0; i < ELEMENTSOF(instructions); i++) {
                int r;

                if (strlen(instructions[i].name) != n || strncasecmp(line, instructions[i].name, n) != 0)
                        continue;
                if (isempty(arguments))
                        return error_set(c->reterr, -EINVAL, "Change '%.80s': it needs an argument", shown);

                r = instructions[i].apply(c, arguments);
                if (r < 0)
                        return error_prefix(c->reterr, r, "Change '%.80s'", shown);
                return 0;
        }

        return error_set(c->reterr, -EINVAL, "Change '%.80s': not an instruction that changes an image's configuration", shown);
}

int changes_apply(OciImageConfig *c, char *const *changes, Error *reterr) {
        Change change = { .config = c, .reterr = reterr };
        size_t n = 0;

        STRV_FOREACH(text, changes) {
                int r;

                if (++n > CHANGES_MAX)
                        return error_set(reterr, -E2BIG, "More than %u changes", CHANGES_MAX);
                r = change_apply(&change, *text);
                if (r < 0)
                        return r;
        }

        return 0;
}
