/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "container-config.h"

/* docker's rules of what goes together among the limits; fills in what follows from them. */
int resource_limits_check(ContainerConfig *c, Error *reterr);
