/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "shared/error.h"

/* Our errors as the bus has them: the name by the errno, -ENOENT as not_found (NULL: "Failed"). Returns a
 * negative errno, for a handler to return. */
int bus_error_from(sd_bus_error *ret, int r, const Error *e, const char *not_found);

/* The same as the answer to a message that waited. */
void bus_reply_error(sd_bus_message *message, int r, const Error *e, const char *name_or_null);

/* The name that bus_error_from() would use. */
const char *bus_error_name(int r, const char *not_found);
