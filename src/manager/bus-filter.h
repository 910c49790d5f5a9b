/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "shared/error.h"

/* Reads a filter argument, a{sv} whose values are strings or arrays of strings, and gives add each value of
 * each key. Returns a method's error. */
typedef int (*bus_filter_add_t)(void *filter, void *userdata, const char *key, const char *value,
                                Error *reterr);
int bus_read_filter(sd_bus_message *message, bus_filter_add_t add, void *filter, void *userdata,
                    const char *not_found, sd_bus_error *reterr);
