/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "setup.h"
#include "shared/error.h"

/* A detached /dev with the usual nodes and those of the specification. Since it belongs to the host, they work although
 * the container could not have made them, and since they are our own, a container that changes their mode changes nobody
 * else's. */
int host_dev_make(const Setup *s, const MountPlan *m, Error *reterr);
