/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "container.h"

/* Which containers a list shows: docker's --filter. Values of one key are alternatives, except that
 * all labels must be there; all keys must hold. */
typedef struct ContainerFilter {
        char **id;                 /* a prefix */
        char **name;               /* a part of it; ^ and $ at the ends bind it to them */
        char **label;              /* KEY or KEY=VALUE */
        char **status;             /* a state's word; "dead" never is */
        char **ancestor;           /* an image's name or id */
        char **exited;             /* an exit code */
        Container *before, *since; /* weak; NULL: any */
} ContainerFilter;

void container_filter_done(ContainerFilter *f);

/* One more value for a key; -EINVAL with a sentence for what is none. */
int container_filter_add(ContainerFilter *f, Manager *m, const char *key, const char *value, Error *reterr);

bool container_filter_matches(const ContainerFilter *f, const Container *c) _pure_;
