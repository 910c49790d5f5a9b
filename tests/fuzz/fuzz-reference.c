/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "oci/reference.h"
#include "shared/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(freep) char *text = strndup((const char *) data, size), *full = NULL, *familiar = NULL, *again = NULL;
        _cleanup_(reference_done) Reference ref = {}, twice = {};
        _cleanup_(error_done) Error error = {};
        const char *hex;

        (void) reference_may_be_id(ASSERT_PTR(text), &hex);
        if (reference_parse(text, &ref, &error) < 0) {
                assert(error.message); /* no failure without an explanation */
                return 0;
        }

        /* What is shown is read as the same */
        full = ASSERT_PTR(reference_to_string(&ref));
        familiar = ASSERT_PTR(reference_familiar(&ref));
        assert(strlen(full) <= REFERENCE_MAX + strlen("docker.io/library/:latest"));
        if (reference_parse(familiar, &twice, NULL) >= 0) {
                again = ASSERT_PTR(reference_to_string(&twice));
                assert(streq(again, full));
        }
        return 0;
}
