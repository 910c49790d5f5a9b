/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "container.h"

/* A caller who waits for something to happen to a container. Its message is kept until then, or until it
 * leaves the bus. There are OPERATIONS_MAX of them at most, and OPERATIONS_PER_UID_MAX for one who is not
 * root. */

/* Answers message, whose waiting is over; may start something else on c. */
typedef int (*bus_wait_done_t)(sd_bus_message *message, Container *c, sd_bus_error *reterr);

/* Returns 1, for a method handler to return, or a negative errno with *reterr filled. */
int bus_wait(sd_bus_message *message, Container *c, ContainerCondition condition, bus_wait_done_t done,
             sd_bus_error *reterr);

/* An empty answer. */
int bus_wait_reply_empty(sd_bus_message *message, Container *c, sd_bus_error *reterr);
