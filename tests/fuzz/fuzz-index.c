/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "oci/manifest.h"
#include "shared/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(oci_index_freep) OciIndex *index = NULL, *lenient = NULL;
        _cleanup_(platform_done) OciPlatform host = {};
        _cleanup_(json_putp) JsonObject *o = NULL;
        _cleanup_(error_done) Error error = {}, lenient_error = {};
        size_t dropped;
        int r;

        assert(platform_host(&host) >= 0);
        r = oci_index_parse("fuzz", (const char *) data, size, NULL, &index, &error);
        if (r < 0)
                assert(error.message); /* no failure without an explanation */
        else
                (void) oci_index_select(index, &host);

        if (oci_index_parse_lenient("fuzz", (const char *) data, size, &lenient, &dropped, &lenient_error) < 0) {
                assert(lenient_error.message);
                assert(r < 0);
                return 0;
        }
        assert((r < 0) == (dropped > 0));
        for (size_t i = 0; i < lenient->n_manifests; i++)
                assert(digest_is_valid(lenient->manifests[i].digest));
        assert(oci_index_to_json(lenient, &o) >= 0);
        return 0;
}
