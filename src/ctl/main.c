/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "ctl/commands.h"
#include "shared/fd.h"
#include "shared/strv.h"
#include "shared/text.h"

#define EXIT_USAGE 125 /* as docker's for what it does not understand */

static int usage_error(const Verb *v, Error *e, int r) {
        print_error(e, r);
        if (v)
                fprintf(stderr, "See 'caissonctl %s --help'.\n", verb_name(v));
        return EXIT_USAGE;
}

/* What docker and podman have, and people will try: not a mistake in typing. */
static bool is_for_later(const char *group, const char *word) {
        static const char *const words[] = {
                "auto-update", "build", "builder", "buildx", "commit", "compose", "cp", "diff", "events", "exec", "export",
                "healthcheck", "kube", "login", "logout", "machine", "manifest", "mount", "network", "pod", "port", "pull", "push",
                "search", "secret", "stats", "swarm", "unit", "unmount", "update", "volume",
        };

        if (group && !streq(group, "container") && !streq(group, "image"))
                return false;
        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                if (streq(words[i], word))
                        return true;
        return false;
}

static int unknown_verb(const char *group, const char *word) {
        _cleanup_(error_done) Error error = {};
        const char *other;

        if (is_for_later(group, word)) {
                error_set(&error, -EOPNOTSUPP, "'%s%s%s' is not supported by this version of caisson", strempty(group),
                          group ? " " : "", word);
                return usage_error(NULL, &error, -EOPNOTSUPP);
        }

        other = verb_suggest(group, word);
        error_set(&error, -EINVAL, "there is no verb '%s%s%.64s'%s%s%s; 'caissonctl %s%s' lists them", strempty(group),
                  group ? " " : "", word, other ? "; did you mean '" : "", strempty(other), other ? "'?" : "",
                  group ?: "help", group ? " --help" : "");
        if (other && error.message)
                *strrchr(error.message, ';') = 0;
        return usage_error(NULL, &error, -EINVAL);
}

static int check_number(const Verb *v, const Arguments *a, Error *reterr) {
        size_t n = strv_length(a->positional);

        if (n < v->min)
                return error_set(reterr, -EINVAL, "'caissonctl %s' needs %s%u argument%s: %s", verb_name(v),
                                 v->min == v->max ? "" : "at least ", v->min, v->min == 1 ? "" : "s", v->arguments);
        if (n > v->max && v->max == 0)
                return error_set(reterr, -EINVAL, "'caissonctl %s' takes no arguments", verb_name(v));
        if (n > v->max)
                return error_set(reterr, -EINVAL, "'caissonctl %s' takes at most %u argument%s: %s", verb_name(v), v->max,
                                 v->max == 1 ? "" : "s", v->arguments);
        return 0;
}

static int run_verb(const Verb *v, char *const *argv) {
        _cleanup_(arguments_done) Arguments a = {};
        _cleanup_(error_done) Error error = {};
        _cleanup_(client_done) Client client = CLIENT_INIT;
        int r;

        r = arguments_parse(v->options, v->options_first, argv, &a, &error);
        if (r < 0)
                return usage_error(v, &error, r);
        a.verb = v;
        if (a.help) {
                help_verb(v, stdout);
                return flush_output(NULL) < 0;
        }
        r = check_number(v, &a, &error);
        if (r < 0)
                return usage_error(v, &error, r);

        r = v->run(&client, &a, &error);
        if (r < 0) {
                print_error(&error, r);
                return client.exit_code ?: v->failure ?: 1;
        }
        return r;
}

int main(int argc, char *argv[]) {
        const Verb *v;
        size_t words;

        (void) fill_stdio_holes();

        argv += argc > 0;
        if (!argv[0] || STR_IN_SET(argv[0], "--help", "-h")) {
                help_all(argv[0] ? stdout : stderr);
                return argv[0] ? 0 : EXIT_USAGE;
        }
        if (STR_IN_SET(argv[0], "--version", "-v")) {
                puts("caissonctl " CAISSON_VERSION);
                return 0;
        }
        if (argv[0][0] == '-') {
                _cleanup_(error_done) Error error = {};

                error_set(&error, -EINVAL, "unknown option %.64s; the verb comes first, then its options", argv[0]);
                return usage_error(NULL, &error, -EINVAL);
        }

        v = verb_find(argv, &words);
        if (v)
                return run_verb(v, argv + words);

        if (!verb_group(argv[0]))
                return unknown_verb(NULL, argv[0]);
        if (!argv[1] || STR_IN_SET(argv[1], "--help", "-h", "help")) {
                help_group(verb_group(argv[0]), argv[1] ? stdout : stderr);
                return argv[1] ? 0 : EXIT_USAGE;
        }
        return unknown_verb(argv[0], argv[1]);
}
