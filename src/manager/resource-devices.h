/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "container-config.h"

/* DevicePolicy= and DeviceAllow= of the container's unit, appended as (sv) structs. */
int resource_devices_append(sd_bus_message *m, const ContainerConfig *c);
