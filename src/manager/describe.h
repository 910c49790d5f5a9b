/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shared/json.h"

typedef struct Manager Manager;

#define MANAGER_API_LEVEL 1U

/* What this caissond can, for clients that meet an older one. NULL-terminated. */
extern const char *const manager_features[];

/* What "caissonctl info" and "version" show, with docker's names where docker has them. */
int manager_describe(Manager *m, JsonObject **ret);
