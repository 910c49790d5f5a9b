/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "container.h"
#include "shared/error.h"

/* caisson-runtime: the command line that containerd, cri-o, podman and people expect of an OCI runtime. */

typedef enum CgroupManager {
        CGROUP_MANAGER_CGROUPFS,
        CGROUP_MANAGER_DISABLED, /* the container stays where its caller is */
        CGROUP_MANAGER_MAX,
        CGROUP_MANAGER_INVALID = -EINVAL,
} CgroupManager;
DECLARE_STRING_TABLE(cgroup_manager, CgroupManager);

typedef struct Program {
        const char *root; /* directory of the containers' states */
        CgroupManager cgroup_manager;
        const char *init; /* path of caisson-init, NULL: the installed one */
        const char *log; /* file that errors go to as well, or NULL */
        bool log_json;
} Program;

typedef struct Verb {
        const char *name;
        const char *arguments;
        const char *help;
        int (*run)(const Program *program, int argc, char *argv[], Error *reterr); /* exit code, or negative errno */
} Verb;

int verb_create(const Program *program, int argc, char *argv[], Error *reterr);
int verb_run(const Program *program, int argc, char *argv[], Error *reterr);
int verb_start(const Program *program, int argc, char *argv[], Error *reterr);
int verb_state(const Program *program, int argc, char *argv[], Error *reterr);
int verb_list(const Program *program, int argc, char *argv[], Error *reterr);
int verb_ps(const Program *program, int argc, char *argv[], Error *reterr);
int verb_kill(const Program *program, int argc, char *argv[], Error *reterr);
int verb_delete(const Program *program, int argc, char *argv[], Error *reterr);
int verb_spec(const Program *program, int argc, char *argv[], Error *reterr);
int verb_features(const Program *program, int argc, char *argv[], Error *reterr);

/* The one argument that names a container. */
int container_argument(int argc, char *argv[], int index, const char **ret, Error *reterr);
