/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/verb-table.h"

const Verb *const verbs[] = {
#define VERB(name) &verb_##name,
        ALL_VERBS
#undef VERB
        NULL,
};
