/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "oci/runtime-spec.h"

/* Compiles linux.seccomp: a descriptor for RuntimeOptions.seccomp_fd, or -EBADF if there is none. */
int spec_seccomp_compile(const OciSpec *spec, int *ret_fd, Error *reterr);
