/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include "ctl/verb-table.h"
#include "shared/strv.h"
#include "shared/text.h"

static const Verb *find(const char *line, size_t *ret_words) {
        _cleanup_(strv_freep) char **argv = NULL;

        assert_int_equal(strv_split(line, " ", &argv), 0);
        return verb_find(argv, ret_words);
}

static void verbs_have_all_their_spellings(void **state) {
        static const struct {
                const char *line;
                const Verb *verb;
                size_t words;
        } cases[] = {
                { "ps -a", &verb_ps, 1 },           { "container ls -a", &verb_ps, 2 },  { "container run x", &verb_run, 2 },
                { "rmi x", &verb_rmi, 1 },          { "image rm x", &verb_rmi, 2 },      { "image ls", &verb_images, 2 },
                { "container exists x", &verb_container_exists, 2 },                     { "image load", &verb_load, 2 },
                { "system info", &verb_info, 2 },   { "container", NULL, 0 },            { "exists x", NULL, 0 },
                { "container ls|container ps", NULL, 0 }, { "image", NULL, 0 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                size_t words = 0;

                assert_ptr_equal(find(cases[i].line, &words), cases[i].verb);
                assert_int_equal(words, cases[i].words);
        }
}

static void typing_mistakes_get_a_suggestion(void **state) {
        assert_string_equal(verb_suggest(NULL, "rnu"), "run");
        assert_string_equal(verb_suggest(NULL, "imgaes"), "images");
        assert_string_equal(verb_suggest(NULL, "contaner"), "container");
        assert_string_equal(verb_suggest("container", "lst"), "container ls");
        assert_string_equal(verb_suggest("image", "histroy"), "image history");
        assert_null(verb_suggest(NULL, "frobnicate"));
        assert_null(verb_suggest(NULL, "__complet"));
}

/* Another option of the verb with the same letter. */
static const Option *with_letter(const Verb *v, const Option *option) {
        OPTIONS_FOREACH(o, v->options)
                if (o->name && o != option && o->letter && o->letter == option->letter)
                        return o;
        return NULL;
}

static void tables_are_sound(void **state) {
        VERBS_FOREACH(v) {
                assert_non_null(v->run);
                assert_non_null(v->summary);
                assert_true(v->min <= v->max);

                OPTIONS_FOREACH(o, v->options) {
                        const Option *same, *other;

                        if (!o->name)
                                continue;
                        same = option_find(v->options, o->name);
                        if (same != o)
                                fail_msg("%s: --%s is there twice", verb_name(v), o->name);
                        if (!(o->flags & (OPTION_HIDDEN | OPTION_UNSUPPORTED)) && !o->help)
                                fail_msg("%s: --%s says nothing about itself", verb_name(v), o->name);
                        if (o->type != OPTION_BOOL && !o->argument)
                                fail_msg("%s: --%s has no name for its value", verb_name(v), o->name);
                        if (o->stands_for && !option_find(v->options, o->stands_for))
                                fail_msg("%s: --%s stands for nothing", verb_name(v), o->name);
                        other = with_letter(v, o);
                        if (other)
                                fail_msg("%s: -%c is --%s and --%s", verb_name(v), o->letter, o->name, other->name);
                }
        }
}

static void help_names_what_the_table_has(void **state) {
        VERBS_FOREACH(v) {
                _cleanup_(freep) char *text = NULL;
                size_t size;
                FILE *f = open_memstream(&text, &size);

                help_verb(v, f);
                fclose(f);
                assert_non_null(strstr(text, "Usage: caissonctl"));
                OPTIONS_FOREACH(o, v->options) {
                        _cleanup_(freep) char *wanted = o->name ? text_join("--", o->name, NULL) : NULL;

                        if (wanted && !(o->flags & (OPTION_HIDDEN | OPTION_UNSUPPORTED)))
                                assert_non_null(strstr(text, wanted));
                }
                for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
                        *end = 0;
                        assert_true(text_width(line) <= 110);
                }
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(verbs_have_all_their_spellings),
                cmocka_unit_test(typing_mistakes_get_a_suggestion),
                cmocka_unit_test(tables_are_sound),
                cmocka_unit_test(help_names_what_the_table_has),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
