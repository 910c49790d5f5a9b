/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shared/error.h"

typedef enum RestartMode {
        RESTART_NO,
        RESTART_ALWAYS,
        RESTART_ON_FAILURE,
        RESTART_UNLESS_STOPPED,
        _RESTART_MODE_MAX,
        _RESTART_MODE_INVALID = -EINVAL,
} RestartMode;
DECLARE_STRING_TABLE(restart_mode, RestartMode);

typedef struct RestartPolicy {
        RestartMode mode;
        uint32_t max_retries; /* on-failure: 0 is no limit */
} RestartPolicy;

/* "no", "always", "on-failure[:N]", "unless-stopped"; "" is "no" */
int restart_policy_parse(const char *text, RestartPolicy *ret, Error *reterr);
