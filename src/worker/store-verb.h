/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "image/callbacks.h"
#include "image/store.h"
#include "verb.h"

/* What the verbs on images have in common. */

/* The store beneath the root that the sandbox has left us. */
int store_verb_open(ImageStore **ret, Error *reterr);

/* Progress goes to caissond, opaque marks to the helper. */
ImageCallbacks store_verb_callbacks(WorkerLink *link);

/* {"images": […], "names": […]} */
int store_verb_result(char *const *images, char *const *names, JsonObject **ret, Error *reterr);

/* A parameter that caissond always sends. */
int store_verb_get_string(JsonObject *parameters, const char *key, const char **ret, Error *reterr);
int store_verb_get_strv(JsonObject *parameters, const char *key, char ***ret,
                        Error *reterr); /* missing: NULL */
