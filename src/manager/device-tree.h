/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/stat.h>

#include "shared/error.h"

/* "--device /dev/snd" means all devices in that folder. */

#define DEVICE_NODES_MAX 1024U

/* path: in the container. A negative result ends the walk and is returned. */
typedef int (*device_node_t)(const char *path, const struct stat *st, void *userdata);

/* Calls node for source if it is a device, or for all that are below it; more than DEVICE_NODES_MAX are -E2BIG. What
 * vanishes meanwhile and what belongs to each container anyway is passed over. */
int device_tree_walk(const char *source, const char *target, device_node_t node, void *userdata);
