/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shared/macro.h"

/* A helper of polkit's that asks for a password on our terminal, while a call waits for an answer: only for who is not
 * root and has a terminal, as systemctl does it. That there is none is no failure: the call is refused then. */
typedef struct PolkitAgent {
        int pidfd; /* -EBADF: none */
} PolkitAgent;

PolkitAgent polkit_agent_open(void);
void polkit_agent_close(PolkitAgent *a);
