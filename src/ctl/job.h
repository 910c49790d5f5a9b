/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/client.h"
#include "shared/json.h"

/* Sends a call that returns a job and waits for its end, showing how far it is on standard error: a bar on a terminal,
 * a line for each new phase elsewhere, nothing with quiet. An interrupt cancels it. *ret_details is what JobRemoved
 * said (Images, Names). */
int job_run(Client *c, sd_bus_message *call, const char *what, bool quiet, JsonObject **ret_details, Error *reterr);
