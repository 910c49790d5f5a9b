/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/verb-table.h"
#include "ctl/view.h"

/* What verbs on several objects share: go on after a failure, say it at once, and fail in the end. */

typedef enum Containers {
        CONTAINERS_NAMED,   /* those on the command line (and in --cidfile), or that match --filter if there are none */
        CONTAINERS_ALL,
        CONTAINERS_RUNNING,
        CONTAINERS_STOPPED,
} Containers;

typedef int (*container_action_t)(Client *c, const Arguments *a, const char *path, Error *reterr);

/* Calls the action and prints what was typed (or the name). With --ignore, containers that are not there are no
 * failure. Returns the exit code. */
int for_each_container(Client *c, const Arguments *a, Containers which, container_action_t action, Error *reterr);

/* The same for words that are whatever: no printing. */
int for_each_argument(Client *c, const Arguments *a, int (*action)(Client *c, const Arguments *a, const char *word, Error *reterr));

/* Prints "Error: …" */
void print_error(const Error *e, int r);

/* Objects with the keys of the properties, from DescribeContainers or DescribeImages. */
int describe_objects(Client *c, const char *member, char *const *names, char *const *filters, JsonObject **ret,
                     Error *reterr);
