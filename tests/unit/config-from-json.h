/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cmocka-all.h"

#include "manager/container-config.h"

/* A configuration as in a container's record, for tests of what is made of it. */
static inline ContainerConfig *config_from_json(const char *text) {
        const JsonPath path = { .key = "test" };
        ContainerConfig *c = NULL;
        JsonObject *o = NULL;
        Error error = {};

        if (json_parse("test", text, strlen(text), &o, &error) < 0 || container_config_from_json(o, &path, &c, &error) < 0)
                fail_msg("%s", error.message);
        json_putp(&o);
        return c;
}
