/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include "ctl/container-options.h"
#include "ctl/verb-table.h"
#include "shared/strv.h"
#include "shared/text.h"

static int parse(const Verb *v, const char *line, Arguments *ret, Error *reterr) {
        _cleanup_(strv_freep) char **argv = NULL;

        assert_int_equal(strv_split(line, " ", &argv), 0);
        return arguments_parse(v->options, v->options_first, argv, ret, reterr);
}

static void run_reads_options_as_docker_does(void **state) {
        _cleanup_(arguments_done) Arguments a = {};

        assert_int_equal(parse(&verb_run, "-it --rm -e A=b --env=C=d -eE=f -e=G=h --name web -m 500m --cpus 1.5 --pids-limit -1 "
                                          "--memory-swap=-1 -l x=y -l z --init=false --network host IMAGE sh -c --rm -- -x",
                               &a, NULL), 0);
        assert_true(option_on(&a, "interactive"));
        assert_true(option_on(&a, "tty"));
        assert_true(option_on(&a, "rm"));
        assert_true(option_on(&a, "sig-proxy")); /* by default */
        assert_false(option_given(&a, "sig-proxy"));
        assert_false(option_on(&a, "init"));
        assert_true(option_given(&a, "init"));
        assert_string_equal(option_string(&a, "name"), "web");
        assert_string_equal(option_string(&a, "network"), "host");
        assert_int_equal(option_number(&a, "memory", 0), 500ULL << 20);
        assert_int_equal(option_number(&a, "cpus", 0), 1500000000);
        assert_int_equal(option_value(&a, "pids-limit")->integer, -1);
        assert_int_equal(option_value(&a, "memory-swap")->integer, -1);

        _cleanup_(freep) char *env = strv_join(option_list(&a, "env"), " ");
        _cleanup_(freep) char *labels = strv_join(option_list(&a, "label"), " ");
        _cleanup_(freep) char *rest = strv_join(a.positional, " ");
        assert_string_equal(env, "A=b C=d E=f G=h");
        assert_string_equal(labels, "x=y z=");
        assert_string_equal(rest, "IMAGE sh -c --rm -- -x"); /* nothing behind the image is ours */
}

static void other_spellings_are_the_same_option(void **state) {
        _cleanup_(arguments_done) Arguments a = {};

        assert_int_equal(parse(&verb_run, "--net none --dns-opt x IMAGE", &a, NULL), 0);
        assert_string_equal(option_string(&a, "network"), "none");
        assert_int_equal(strv_length(option_list(&a, "dns-option")), 1);
}

static void other_verbs_take_options_anywhere(void **state) {
        _cleanup_(arguments_done) Arguments a = {}, b = {};

        assert_int_equal(parse(&verb_rm, "web -f db -t 0 --ignore", &a, NULL), 0);
        assert_true(option_on(&a, "force"));
        assert_true(option_on(&a, "ignore"));
        assert_true(option_given(&a, "time"));
        assert_int_equal(strv_length(a.positional), 2);

        assert_int_equal(parse(&verb_rm, "-- -f", &b, NULL), 0);
        assert_false(option_on(&b, "force"));
        assert_string_equal(b.positional[0], "-f");
}

static void the_last_value_counts(void **state) {
        _cleanup_(arguments_done) Arguments a = {};

        assert_int_equal(parse(&verb_run, "--name a --name b -t --tty=false -t=true IMAGE", &a, NULL), 0);
        assert_string_equal(option_string(&a, "name"), "b");
        assert_true(option_on(&a, "tty"));
}

static void times_are_seconds_or_durations(void **state) {
        static const struct {
                const char *line;
                uint64_t usec;
        } cases[] = { { "-t 10 x", 10000000 }, { "--time=1m30s x", 90000000 }, { "-t -1 x", UINT64_MAX }, { "-t0 x", 0 },
                      { "--timeout 3 x", 3000000 } };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(arguments_done) Arguments a = {};

                assert_int_equal(parse(&verb_stop, cases[i].line, &a, NULL), 0);
                assert_int_equal(option_number(&a, "time", 7), cases[i].usec);
        }
}

static void mistakes_get_one_sentence(void **state) {
        static const struct {
                const Verb *verb;
                const char *line, *message;
        } cases[] = {
                { &verb_run, "--detatch x", "unknown option --detatch; did you mean --detach?" },
                { &verb_run, "--frobnicate x", "unknown option --frobnicate" },
                { &verb_run, "-itz x", "unknown option -z in '-itz'" },
                { &verb_run, "-m 5x i", "--memory: '5x' is not a size such as 512m" },
                { &verb_run, "-m 99999999999g i", "--memory: '99999999999g' is out of range for a size such as 512m" },
                { &verb_run, "--cpus two i", "--cpus: 'two' is not a number such as 1.5" },
                { &verb_run, "--rm=perhaps i", "--rm: 'perhaps' is not true or false" },
                { &verb_run, "-l =x i", "--label: '=x' is not NAME=VALUE" },
                { &verb_run, "--oom-score-adj 99999999999 i", "--oom-score-adj: '99999999999' is out of range for a number" },
                { &verb_run, "--cpu-shares -5 i", "--cpu-shares: '-5' is not a number" },
                { &verb_run, "--name", "--name needs a value (NAME)" },
                { &verb_run, "-m", "-m needs a value (BYTES)" },
                { &verb_run, "--gpus all i", "--gpus is not supported by this version of caisson" },
                { &verb_stop, "-t soon x", "--time: 'soon' is not a time such as 10 (seconds) or 1m30s" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(arguments_done) Arguments a = {};
                _cleanup_(error_done) Error error = {};

                assert_true(parse(cases[i].verb, cases[i].line, &a, &error) < 0);
                assert_string_equal(error.message, cases[i].message);
                assert_null(a.values);
        }
}

static void help_is_found_before_the_image_only(void **state) {
        _cleanup_(arguments_done) Arguments a = {}, b = {}, c = {};

        assert_int_equal(parse(&verb_run, "--rm --help", &a, NULL), 0);
        assert_true(a.help);
        assert_int_equal(parse(&verb_run, "IMAGE --help", &b, NULL), 0);
        assert_false(b.help);
        assert_int_equal(parse(&verb_run, "-h name IMAGE", &c, NULL), 0); /* docker's --hostname */
        assert_string_equal(option_string(&c, "hostname"), "name");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(run_reads_options_as_docker_does),
                cmocka_unit_test(other_spellings_are_the_same_option),
                cmocka_unit_test(other_verbs_take_options_anywhere),
                cmocka_unit_test(the_last_value_counts),
                cmocka_unit_test(times_are_seconds_or_durations),
                cmocka_unit_test(mistakes_get_one_sentence),
                cmocka_unit_test(help_is_found_before_the_image_only),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
