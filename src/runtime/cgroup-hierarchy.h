/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "setup.h"

/* The hierarchies this machine has, in the order in which they are mounted. A machine with v2 alone has one, without
 * controllers. */
int cgroup_hierarchies_read(CgroupHierarchy **ret, size_t *ret_n);
int cgroup_hierarchies_parse(const char *text, CgroupHierarchy **ret, size_t *ret_n);
void cgroup_hierarchies_free(CgroupHierarchy *hierarchies, size_t n);
