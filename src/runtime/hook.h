/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "state.h"

/* Runs the hooks of a type on the host, one after the other, with the container's state on standard input. One that fails
 * or takes too long fails the whole, but for those after the start and the end, which only have the failure told. */
int hooks_run(const OciSpec *spec, OciHookType type, const RuntimeState *state, Error *reterr);
