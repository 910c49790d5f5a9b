/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shared/macro.h"

/* The number of "CAP_CHOWN", or -EINVAL. */
int capability_from_name(const char *name) _pure_;
const char *capability_to_name(unsigned capability) _const_;

/* A bit for each; names that are unknown grant nothing. */
uint64_t capability_set_from_names(char *const *names) _pure_;
