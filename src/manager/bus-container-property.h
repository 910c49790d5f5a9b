/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

/* What can be read of a container: its properties, which the bus's policy gives to root alone since nobody
 * is asked about them, and the methods that say the same after authorization. */
int bus_container_get_text(sd_bus *bus, const char *path, const char *interface, const char *property,
                           sd_bus_message *reply, void *userdata, sd_bus_error *reterr);
int bus_container_get_image(sd_bus *bus, const char *path, const char *interface, const char *property,
                            sd_bus_message *reply, void *userdata, sd_bus_error *reterr);
int bus_container_get_number(sd_bus *bus, const char *path, const char *interface, const char *property,
                             sd_bus_message *reply, void *userdata, sd_bus_error *reterr);
int bus_container_get_bool(sd_bus *bus, const char *path, const char *interface, const char *property,
                           sd_bus_message *reply, void *userdata, sd_bus_error *reterr);
int bus_container_get_map(sd_bus *bus, const char *path, const char *interface, const char *property,
                          sd_bus_message *reply, void *userdata, sd_bus_error *reterr);
int bus_container_get_list(sd_bus *bus, const char *path, const char *interface, const char *property,
                           sd_bus_message *reply, void *userdata, sd_bus_error *reterr);
int bus_container_get_control_group(sd_bus *bus, const char *path, const char *interface,
                                    const char *property, sd_bus_message *reply, void *userdata,
                                    sd_bus_error *reterr);

int bus_container_method_inspect(sd_bus_message *message, void *userdata, sd_bus_error *reterr);
int bus_container_method_list_processes(sd_bus_message *message, void *userdata, sd_bus_error *reterr);
