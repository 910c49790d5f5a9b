/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "container-inspect.h"

/* The parts of container_inspect(). What they return through ret belongs to the object that it was added to. */

int inspect_add_object(JsonObject *o, const char *key, JsonObject **ret);
int inspect_add_array(JsonObject *o, const char *key, JsonObject **ret);
int inspect_append_object(JsonObject *array, JsonObject **ret);
int inspect_add_path(JsonObject *o, const char *key, const char *dir, const char *name);

int inspect_make_config(const ContainerConfig *c, const ContainerFacts *f, bool secrets, JsonObject *o);
int inspect_make_host_config(const ContainerConfig *c, const ResourceLimits *live, uid_t userns_base, JsonObject *o);
int inspect_make_mounts(const ContainerConfig *c, const ContainerFacts *f, JsonObject *array);
