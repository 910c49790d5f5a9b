/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "shared/error.h"

/* Whether the sender of a message may do what it asks for. root may, by what the bus says about the connection; for
 * others polkit is asked, asynchronously. Nothing is remembered beyond the message. Whatever goes wrong means no. */

typedef struct PolkitRegistry PolkitRegistry;

PolkitRegistry *polkit_registry_new(void);
PolkitRegistry *polkit_registry_free(PolkitRegistry *r); /* unfinished checks end without an answer to their callers */
DEFINE_TRIVIAL_CLEANUP_FUNC(PolkitRegistry *, polkit_registry_free)

/* For a method handler, after it has read and checked its arguments and before anything changed. details: pairs of name
 * and value up to NULL, or NULL; values may be NULL (left out).
 *   > 0  go on;
 *     0  polkit was asked: return 1 from the handler, it is called again with the same message when the answer is here
 *        (the handler must come to the same action and details then: they are compared, and others refused);
 *   < 0  refused or failed: return it, *reterr says it. */
int bus_authorize(sd_bus_message *message, const char *action, const char *const *details, PolkitRegistry *registry,
                  sd_bus_error *reterr);

/* The sender's user id and process as the bus knows them; either may be NULL. A process of 0: not known. */
int bus_sender(sd_bus_message *message, uid_t *ret_uid, pid_t *ret_pid);

int bus_sender_uid(sd_bus_message *message, uid_t *ret);
