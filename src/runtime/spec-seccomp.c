/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capability.h"
#include "seccomp-compile.h"
#include "shared/fd.h"
#include "spec-seccomp.h"

int spec_seccomp_compile(const OciSpec *spec, int *ret_fd, Error *reterr) {
        SeccompContext context = { .capabilities = capability_set_from_names(spec->process.capabilities.bounding) };
        _cleanup_(seccomp_profile_freep) SeccompProfile *profile = NULL;
        const JsonPath config = { .key = "config.json" }, linux_ = { .parent = &config, .key = "linux" },
                       path = { .parent = &linux_, .key = "seccomp" };
        _cleanup_(freep) void *program = NULL;
        size_t size;
        int r;

        if (!spec->linux_.seccomp) {
                *ret_fd = -EBADF;
                return 0;
        }

        r = seccomp_profile_read(spec->linux_.seccomp, &path, &profile, reterr);
        if (r < 0)
                return r;
        r = seccomp_compile(profile, &context, &program, &size, reterr);
        if (r < 0)
                return r;

        r = memfd_from_bytes("seccomp", program, size);
        if (r < 0)
                return error_errnof(reterr, r, "Cannot keep the system call filter");

        *ret_fd = r;
        return 0;
}
