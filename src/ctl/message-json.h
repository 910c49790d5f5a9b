/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "shared/json.h"

/* The next value of a message, whatever its type, as JSON: dictionaries become objects, variants what is in them. */
int message_read_json(sd_bus_message *m, JsonObject **ret);
