/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "container-config.h"
#include "resource-properties.h"

/* Everything about one container as JSON with the fields and names of "docker inspect". */

/* What caissond knows of it besides its configuration; all weak. */
typedef struct ContainerFacts {
        const char *id;
        const char *name;
        const char *image_id;   /* "sha256:…" */
        const char *image_name; /* as it was asked for */
        const char *state;      /* "created", "running", "paused", "exited", … */
        const char *error;      /* why it could not be started; NULL */
        const char *unit;
        const char *control_group;
        const char *run_dir;
        const char *state_dir;
        char *const *layers; /* topmost first */
        pid_t pid;           /* 0: does not run */
        int exit_code;
        bool oom_killed;
        uint32_t restart_count;
        uint64_t created_usec, started_usec, finished_usec; /* 0: never */
        uid_t userns_base;
} ContainerFacts;

/* secrets: whether the caller may see environment and command line. live: what systemd says, or NULL. */
int container_inspect(const ContainerConfig *c, const ContainerFacts *facts, const ResourceLimits *live, bool secrets,
                      JsonObject **ret);
