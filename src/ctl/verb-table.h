/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/verb.h"

/* In the order of the help text. */
#define ALL_VERBS                                                                                            \
        VERB(run)                                                                                            \
        VERB(create)                                                                                         \
        VERB(start)                                                                                          \
        VERB(stop)                                                                                           \
        VERB(restart)                                                                                        \
        VERB(kill)                                                                                           \
        VERB(pause)                                                                                          \
        VERB(unpause)                                                                                        \
        VERB(rm)                                                                                             \
        VERB(rename)                                                                                         \
        VERB(wait)                                                                                           \
        VERB(attach)                                                                                         \
        VERB(top)                                                                                            \
        VERB(ps)                                                                                             \
        VERB(logs)                                                                                           \
        VERB(container_inspect)                                                                              \
        VERB(container_exists)                                                                               \
        VERB(container_prune)                                                                                \
        VERB(images)                                                                                         \
        VERB(load)                                                                                           \
        VERB(import)                                                                                         \
        VERB(save)                                                                                           \
        VERB(tag)                                                                                            \
        VERB(untag)                                                                                          \
        VERB(rmi)                                                                                            \
        VERB(history)                                                                                        \
        VERB(image_inspect)                                                                                  \
        VERB(image_exists)                                                                                   \
        VERB(image_prune)                                                                                    \
        VERB(inspect)                                                                                        \
        VERB(info)                                                                                           \
        VERB(version)                                                                                        \
        VERB(jobs)                                                                                           \
        VERB(cancel)                                                                                         \
        VERB(help)                                                                                           \
        VERB(complete)

#define VERB(name) extern const Verb verb_##name;
ALL_VERBS
#undef VERB
