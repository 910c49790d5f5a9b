/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/terminal.h"
#include "ctl/verb-table.h"
#include "shared/format/human.h"
#include "shared/strv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Words parted by line feeds: what somebody types. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(freep) char *text = strndup((const char *) data, MIN(size, (size_t) 4096));
        _cleanup_(strv_freep) char **argv = NULL;
        const Verb *v;
        size_t words = 0;

        if (strv_split(ASSERT_PTR(text), "\n", &argv) < 0 || strv_isempty(argv))
                return 0;

        v = verb_find(argv, &words);
        if (v) {
                _cleanup_(arguments_done) Arguments a = {};
                _cleanup_(error_done) Error error = {};

                if (arguments_parse(v->options, v->options_first, argv + words, &a, &error) < 0)
                        assert(error.message); /* no failure without an explanation */
        } else
                (void) verb_suggest(verb_group(argv[0]), argv[0]);

        STRV_FOREACH(word, argv) {
                _cleanup_(error_done) Error error = {};
                uint64_t usec;
                DetachKeys k;

                (void) parse_time(*word, UINT64_C(1700000000000000), &usec);
                if (detach_keys_parse(*word, &k, &error) < 0)
                        assert(error.message);
        }
        return 0;
}
