/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "shared/strv.h"
#include "shared/text.h"
#include "ctl/verb.h"

#define HELP_WIDTH 96U

/* "      --memory BYTES" */
static void option_left(const Option *o, char *buffer, size_t size) {
        int n = snprintf(buffer, size, "  %c%c%s --%s", o->letter ? '-' : ' ', o->letter ?: ' ', o->letter ? "," : " ",
                         o->name);

        if (o->argument && o->type != OPTION_BOOL && n > 0 && (size_t) n < size) {
                size_t k = strcspn(o->argument, "|");
                snprintf(buffer + n, size - (size_t) n, o->flags & OPTION_OPTIONAL ? "[=%.*s]" : " %.*s", (int) k,
                         o->argument);
        }
}

static bool is_shown(const Option *o) {
        return o->name && !(o->flags & (OPTION_HIDDEN | OPTION_UNSUPPORTED));
}

/* At blanks, with later lines indented. */
static void print_wrapped(FILE *f, const char *text, size_t indent) {
        size_t column = indent;

        while (*text) {
                size_t n = strcspn(text, " ");

                if (column > indent && column + 1 + n > HELP_WIDTH) {
                        fprintf(f, "\n%*s", (int) indent, "");
                        column = indent;
                }
                if (column > indent) {
                        putc(' ', f);
                        column++;
                }
                fwrite(text, 1, n, f);
                column += n;
                text += n + (text[n] == ' ');
        }
        putc('\n', f);
}

static void print_options(const Verb *v, FILE *f) {
        size_t width = 0;
        char left[128];
        bool any = false;

        OPTIONS_FOREACH(o, v->options)
                if (is_shown(o)) {
                        option_left(o, left, sizeof(left));
                        width = MAX(width, MIN(strlen(left), (size_t) 36));
                        any = true;
                }
        if (!any)
                return;

        if (!v->options[0][0].name && v->options[0][0].help)
                putc('\n', f);
        else
                fprintf(f, "\nOptions:\n");
        OPTIONS_FOREACH(o, v->options) {
                if (!o->name)
                        fprintf(f, "%s%s:\n", o == v->options[0] ? "" : "\n", o->help);
                if (!is_shown(o))
                        continue;
                option_left(o, left, sizeof(left));
                if (strlen(left) > width)
                        fprintf(f, "%s\n%*s", left, (int) width + 3, "");
                else
                        fprintf(f, "%-*s   ", (int) width, left);
                print_wrapped(f, o->help, width + 3);
        }
}

static int print_alias(const char *name, void *userdata) {
        fprintf(userdata, "  caissonctl %s\n", name);
        return 0;
}

static bool has_options(const Verb *v) {
        if (v->options[0])
                OPTIONS_FOREACH(o, v->options)
                        if (is_shown(o))
                                return true;
        return false;
}

void help_verb(const Verb *v, FILE *f) {
        fprintf(f, "Usage: caissonctl %s%s%s%s\n\n", verb_name(v), has_options(v) ? " [OPTIONS]" : "",
                isempty(v->arguments) ? "" : " ", strempty(v->arguments));
        print_wrapped(f, v->summary, 0);
        if (v->description) {
                putc('\n', f);
                print_wrapped(f, v->description, 0);
        }
        if (strchr(v->names, '|')) {
                fprintf(f, "\nAlso:\n");
                _cleanup_(freep) char *names = strdup(v->names);
                char *p = names, *name;

                (void) strsep(&p, "|");
                while ((name = strsep(&p, "|")))
                        print_alias(name, f);
        }
        print_options(v, f);
}

typedef struct GroupPrinter {
        const char *group;
        const Verb *verb;
        FILE *f;
} GroupPrinter;

/* The first name of the verb that belongs to the group. */
static int print_in_group(const char *name, void *userdata) {
        const GroupPrinter *p = userdata;
        const char *rest = startswith(name, p->group);

        if (!rest || *rest != ' ')
                return 0;
        fprintf(p->f, "  %-12s ", rest + 1);
        print_wrapped(p->f, p->verb->summary, 15);
        return 1;
}

void help_group(const char *group, FILE *f) {
        fprintf(f, "Usage: caissonctl %s VERB\n\nVerbs:\n", group);
        VERBS_FOREACH(v)
                if (!v->hidden)
                        verb_foreach_name(v, print_in_group, &(GroupPrinter) { group, v, f });
        fprintf(f, "\n'caissonctl %s VERB --help' says more about a verb.\n", group);
}

void help_all(FILE *f) {
        static const char *const headings[_VERB_AREA_MAX] = {
                [VERB_CONTAINER] = "Containers",
                [VERB_IMAGE] = "Images",
                [VERB_SYSTEM] = "System",
        };

        fprintf(f, "Usage: caissonctl VERB [OPTIONS]\n\nContainers, at home in systemd.\n");
        for (VerbArea area = 0; area < _VERB_AREA_MAX; area++) {
                fprintf(f, "\n%s:\n", headings[area]);
                VERBS_FOREACH(v) {
                        if (v->area != area || v->hidden)
                                continue;
                        fprintf(f, "  %-18s ", verb_name(v));
                        print_wrapped(f, v->summary, 21);
                }
        }
        fprintf(f, "\nOptions:\n"
                   "      --help      Show this text, or that of the verb\n"
                   "      --version   Show the version\n"
                   "\n'caissonctl VERB --help' says more about a verb. Most verbs have docker's longer names too,\n"
                   "such as 'container ls' and 'image rm'.\n");
}
