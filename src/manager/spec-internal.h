/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "container-spec.h"
#include "oci/runtime-spec.h"

/* The parts of container_spec_make(). */

int spec_add_mounts(OciSpec *s, const ContainerConfig *c, const ContainerPlace *place, Error *reterr);
int spec_add_devices(OciSpec *s, const ContainerConfig *c, Error *reterr);

/* linux.maskedPaths and linux.readonlyPaths. */
int spec_add_hidden_paths(OciSpec *s, const ContainerConfig *c);
