/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "container.h"

/* The directory of a run: /run/caisson/containers/ID with config.json and the files that are mounted in
 * /etc. */

/* Makes it; one that is there is from a run that was not cleaned up, and goes. layers: topmost first.
 * Returns a descriptor of it. */
int container_make_run_dir(Container *c, char *const *layers, Error *reterr);
void container_remove_run_dir(Container *c);
