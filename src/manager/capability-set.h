/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shared/error.h"

/* Sets of capabilities as bits, and their names. */

#define CAPABILITY_ALL UINT64_MAX

/* The nine that a container has unless told otherwise. */
uint64_t capability_default_set(void);

/* All that this version knows. */
uint64_t capability_known_set(void);

/* "NET_ADMIN", "CAP_NET_ADMIN", "cap_net_admin" or "all"; adds its bit (all bits for ALL) to *set. */
int capability_set_add(uint64_t *set, const char *name, Error *reterr);

/* "CAP_CHOWN", … of the bits that are known. */
int capability_set_names(uint64_t set, char ***ret);
