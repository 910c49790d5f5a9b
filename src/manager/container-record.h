/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "container.h"
#include "shared/json.h"

/* A container's three files:
 *   /var/lib/caisson/containers/ID/container.json  what it is; survives everything
 *   /var/lib/caisson/containers/ID/state.json      how it ended, or that it runs; not for --rm
 *   /run/caisson/containers/ID/state.json          its processes; the directory is there exactly while a run
 * is under way */
#define CONTAINER_RECORD_NAME    "container.json"
#define CONTAINER_STATE_NAME     "state.json"
#define CONTAINER_RECORD_VERSION 1

int container_save_record(Container *c, int dir_fd, Error *reterr);
int container_save_state(Container *c, int dir_fd, Error *reterr);

/* Fill in a container that is just made. */
int container_load_record(Container *c, int dir_fd, Error *reterr);
int container_load_state(Container *c, int dir_fd, Error *reterr);

/* O_DIRECTORY descriptors of the container's own. */
int container_open_state_dir(const Container *c);
int container_open_run_dir(const Container *c);

/* How it ended, from the file the supervisor leaves in the run directory: 1 if it is there. */
int container_read_exit(Container *c, int run_dir_fd);
