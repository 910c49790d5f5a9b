/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <stdio.h>

#include "ctl/verb-table.h"
#include "shared/fd.h"
#include "shared/io.h"
#include "shared/text.h"

/* Writes the scdoc source of a manual page from the tables that the program itself uses, so that no option can be
 * missing from it: "make-page VERB [MORE]", where MORE is a file with further sections. "make-page caissonctl FILE" puts
 * the list of verbs in the place of the line "@VERBS@". "make-page --list" prints the verbs. Used by the build only. */

#define FILE_MAX (1U << 20)

static void put_escaped(const char *s) {
        for (; *s; s++) {
                if (strchr("\\*_~<", *s))
                        putchar('\\');
                putchar(*s);
        }
}

static void put_name(const char *name) {
        for (; *name; name++)
                putchar(*name == ' ' ? '-' : *name);
}

static int read_whole(const char *path, char **ret) {
        _cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);

        return fd < 0 ? negative_errno() : read_full_fd(fd, FILE_MAX, ret, NULL);
}

static bool is_shown(const Option *o) {
        return o->name && !(o->flags & (OPTION_HIDDEN | OPTION_UNSUPPORTED));
}

static void put_option(const Option *o) {
        if (o->letter)
                printf("*-%c*, ", o->letter);
        printf("*--");
        put_escaped(o->name);
        putchar('*');
        if (o->type != OPTION_BOOL) {
                putchar(' ');
                put_escaped(o->argument);
        }
        printf("\n\t");
        put_escaped(o->help);
        printf(".\n\n");
}

static int put_other_name(const char *name, void *userdata) {
        const Verb *v = userdata;

        if (streq(name, verb_name(v)))
                return 0;
        printf("*caissonctl %s* ", name);
        put_escaped(strempty(v->arguments));
        printf("\n\n");
        return 0;
}

static void put_options(const Verb *v) {
        bool any = false;

        OPTIONS_FOREACH(o, v->options) {
                if (!o->name) {
                        printf("%s## %s\n\n", any ? "" : "# OPTIONS\n\n", o->help);
                        any = true;
                        continue;
                }
                if (!is_shown(o))
                        continue;
                if (!any)
                        printf("# OPTIONS\n\n");
                any = true;
                put_option(o);
        }
}

static int put_verb_page(const Verb *v, const char *more) {
        _cleanup_(freep) char *text = NULL;
        const char *name = verb_name(v);
        int r;

        printf("caissonctl-");
        put_name(name);
        printf("(1)\n\n# NAME\n\ncaissonctl-");
        put_name(name);
        printf(" - ");
        put_escaped(v->summary);
        printf("\n\n# SYNOPSIS\n\n*caissonctl %s* ", name);
        put_escaped(strempty(v->arguments));
        printf("\n\n");
        verb_foreach_name(v, put_other_name, (void *) v);
        printf("# DESCRIPTION\n\n");
        put_escaped(v->summary);
        printf(".\n\n");
        if (v->description) {
                put_escaped(v->description);
                printf("\n\n");
        }
        put_options(v);

        if (more) {
                r = read_whole(more, &text);
                if (r < 0)
                        return r;
                fputs(text, stdout);
                putchar('\n');
        }
        printf("# SEE ALSO\n\n*caissonctl*(1), *caissond*(8)\n");
        return 0;
}

static void put_verbs(void) {
        static const char *const headings[] = { "Containers", "Images", "System" };

        for (VerbArea area = 0; area < _VERB_AREA_MAX; area++) {
                printf("## %s\n\n", headings[area]);
                VERBS_FOREACH(v) {
                        if (v->area != area || v->hidden)
                                continue;
                        printf("*caissonctl-");
                        put_name(verb_name(v));
                        printf("*(1)\n\t");
                        put_escaped(v->summary);
                        printf(".\n\n");
                }
        }
}

static int put_main_page(const char *path) {
        _cleanup_(freep) char *text = NULL;
        char *place;
        int r;

        r = read_whole(path, &text);
        if (r < 0)
                return r;
        place = strstr(text, "@VERBS@\n");
        if (!place)
                return -EINVAL;
        *place = 0;
        fputs(text, stdout);
        put_verbs();
        fputs(place + strlen("@VERBS@\n"), stdout);
        return 0;
}

int main(int argc, char *argv[]) {
        const Verb *v;
        size_t words;
        int r;

        if (argc == 2 && streq(argv[1], "--list")) {
                VERBS_FOREACH(listed) {
                        if (listed->hidden)
                                continue;
                        put_name(verb_name(listed));
                        putchar('\n');
                }
                return 0;
        }
        if (argc == 3 && streq(argv[1], "caissonctl"))
                r = put_main_page(argv[2]);
        else if (argc >= 2) {
                char *dash = strchr(argv[1], '-');
                char *names[3] = { argv[1], dash ? dash + 1 : NULL, NULL };

                if (dash)
                        *dash = 0;
                v = verb_find(names, &words);
                r = v ? put_verb_page(v, argc > 2 ? argv[2] : NULL) : -ENOENT;
        } else
                r = -EINVAL;

        if (r < 0)
                fprintf(stderr, "make-page: %s: %s\n", argc > 1 ? argv[1] : "no arguments", strerror(-r));
        return r < 0 || fflush(stdout) == EOF;
}
