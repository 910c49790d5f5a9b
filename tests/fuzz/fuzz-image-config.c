/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "oci/image-config.h"
#include "shared/strv.h"
#include "shared/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(oci_image_config_freep) OciImageConfig *c = NULL, *again = NULL;
        _cleanup_(freep) char *text = NULL, *twice = NULL;
        _cleanup_(strv_freep) char **chain = NULL;
        _cleanup_(error_done) Error error = {};

        if (oci_image_config_parse("fuzz", (const char *) data, size, &c, &error) < 0) {
                assert(error.message); /* no failure without an explanation */
                return 0;
        }

        STRV_FOREACH(e, c->env)
                assert(strchr(*e, '=') > *e);
        (void) oci_time_parse(c->created);
        assert(oci_chain_ids(c->diff_ids, &chain) >= 0);

        /* Written and read again it is the same */
        assert(oci_image_config_format(c, &text) >= 0);
        if (strlen(text) <= JSON_SIZE_MAX && oci_image_config_parse("again", text, strlen(text), &again, NULL) >= 0) {
                assert(oci_image_config_format(again, &twice) >= 0);
                assert(streq(text, twice));
        }
        return 0;
}
