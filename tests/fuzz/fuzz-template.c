/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "shared/format/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char document[] = "{\"Name\":\"web\",\"Pid\":42,\"Load\":1.5,\"Up\":true,\"None\":null,"
                               "\"Labels\":{\"a\":\"1\",\"b\":\"2\"},\"List\":[\"x\",\"y\",{\"z\":[1,2,3]}]}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(freep) char *text = strndup((const char *) data, MIN(size, (size_t) 4096));
        _cleanup_(json_putp) JsonObject *o = NULL;
        _cleanup_(template_freep) Template *t = NULL;
        _cleanup_(error_done) Error error = {};
        int r;

        if (json_parse("fuzz", document, sizeof(document) - 1, &o, &error) < 0)
                abort();

        if (template_parse(ASSERT_PTR(text), TEMPLATE_ESCAPES, &t, &error) < 0) {
                assert(error.message); /* no failure without an explanation */
                return 0;
        }

        for (TemplateFlags flags = 0; flags <= TEMPLATE_PRINTABLE + TEMPLATE_STRICT + TEMPLATE_HEADING; flags += 2) {
                _cleanup_(error_done) Error failure = {};
                _cleanup_(freep) char *out = NULL;

                r = template_execute(t, o, NULL, flags, &out, &failure);
                assert(r >= 0 ? !!out : !!failure.message);
        }
        return 0;
}
