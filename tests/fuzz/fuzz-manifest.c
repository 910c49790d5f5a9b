/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "oci/manifest.h"
#include "shared/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(oci_manifest_freep) OciManifest *m = NULL, *again = NULL;
        _cleanup_(error_done) Error error = {};
        _cleanup_(freep) char *text = NULL;

        if (oci_manifest_parse("fuzz", (const char *) data, size, NULL, &m, &error) < 0) {
                assert(error.message); /* no failure without an explanation */
                return 0;
        }

        assert(digest_is_valid(m->config.digest));
        for (size_t i = 0; i < m->n_layers; i++)
                assert(digest_is_valid(m->layers[i].digest));
        assert(oci_manifest_make(&m->config, m->layers, m->n_layers, &text) >= 0);
        assert(strlen(text) > JSON_SIZE_MAX || oci_manifest_parse("again", text, strlen(text), NULL, &again, NULL) >= 0);
        return 0;
}
