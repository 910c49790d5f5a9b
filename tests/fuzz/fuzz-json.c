/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "shared/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(json_putp) JsonObject *o = NULL;
        _cleanup_(error_done) Error error = {};

        if (json_parse("fuzz", (const char *) data, size, &o, &error) < 0)
                assert(error.message); /* no failure without an explanation */
        else
                assert(json_text(o) || !o);
        return 0;
}
