/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "ctl/option.h"

/* What a container shall be: the options that "run" and "create" share. */
extern const Option container_options[];

/* Appends them as a{sv}'s entries to an open array: each option with a key by its type, and what needs a look at
 * files, the environment or the current directory. argv: the command. */
int container_options_append(const Arguments *a, char *const *argv, sd_bus_message *m, Error *reterr);

/* One entry of an a{sv}. */
int append_string(sd_bus_message *m, const char *key, const char *value);
int append_strv(sd_bus_message *m, const char *key, char *const *l);
int append_bool(sd_bus_message *m, const char *key, bool b);
