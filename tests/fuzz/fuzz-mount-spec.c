/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/mount-spec.h"
#include "shared/path.h"
#include "shared/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte says which parser. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        int (*const parsers[])(const char *text, MountSpec *ret, Error *reterr) = {
                mount_spec_parse_volume,
                mount_spec_parse_mount,
                mount_spec_parse_tmpfs,
                mount_spec_parse_image_volume,
        };
        _cleanup_(mount_spec_done) MountSpec m = {};
        _cleanup_(error_done) Error error = {};
        _cleanup_(freep) char *text = NULL;

        if (size == 0)
                return 0;
        text = strndup((const char *) data + 1, size - 1);
        assert(text);

        if (parsers[data[0] % ELEMENTSOF(parsers)](text, &m, &error) < 0) {
                assert(error.message);
                assert(!m.target);
                return 0;
        }

        /* What comes out can be used as it is */
        assert(path_is_normalized(m.target) && !streq(m.target, "/") && !startswith(m.target, "/proc/"));
        assert((m.type == MOUNT_SPEC_BIND) == !!m.source);
        assert(!m.source || path_is_normalized(m.source));
        assert(m.propagation);
        return 0;
}
