/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "oci/change.h"
#include "shared/strv.h"
#include "shared/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One instruction a line */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(oci_image_config_freep) OciImageConfig *c = oci_image_config_new();
        _cleanup_(freep) char *all = strndup((const char *) data, size), *text = NULL;
        _cleanup_(strv_freep) char **changes = NULL;
        _cleanup_(error_done) Error error = {};

        assert(c && all && strv_split(all, "\n", &changes) >= 0);
        if (changes_apply(c, changes, &error) < 0)
                assert(error.message); /* no failure without an explanation */
        assert(oci_image_config_format(c, &text) >= 0);
        return 0;
}
