/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "oci/runtime-spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(oci_spec_freep) OciSpec *s = NULL, *t = NULL;
        _cleanup_(error_done) Error error = {};
        _cleanup_(freep) char *text = NULL, *again = NULL;

        if (oci_spec_parse("fuzz", (const char *) data, size, &s, &error) < 0) {
                assert(error.message); /* no failure without an explanation */
                return 0;
        }

        /* What we write we can read, and it is the same */
        if (oci_spec_format(s, &text) < 0 || oci_spec_parse("again", text, strlen(text), &t, &error) < 0 ||
            oci_spec_format(t, &again) < 0)
                abort();
        assert(strcmp(text, again) == 0);
        return 0;
}
