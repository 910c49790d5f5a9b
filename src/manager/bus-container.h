/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "container.h"

/* The objects /io/caisson1/container/ID. */

int bus_container_export(Manager *m);

char *bus_container_path(const Container *c);

/* By name, id or prefix; a method's error if there is none. */
int bus_find_container(Manager *m, const char *name, Container **ret, sd_bus_error *reterr);

/* bus_authorize() with the details of the container. */
int bus_container_authorize(sd_bus_message *message, const char *action, const Container *c,
                            const char *verb, sd_bus_error *reterr);

/* One line for the journal about who had what done. */
void bus_audit(sd_bus_message *message, const Container *c, const char *verb);

/* Starts it and answers the message when that is done: with the path if reply_path is set. */
int bus_container_start(sd_bus_message *message, Container *c, int attach_fd, bool reply_path,
                        sd_bus_error *reterr);

/* Appends one a{sv} for lists. */
int bus_container_describe(sd_bus_message *reply, Container *c);
