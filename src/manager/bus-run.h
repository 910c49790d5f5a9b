/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

/* Manager.CreateContainer and Manager.RunContainer. */
int bus_method_create_container(sd_bus_message *message, void *userdata, sd_bus_error *reterr);
int bus_method_run_container(sd_bus_message *message, void *userdata, sd_bus_error *reterr);
