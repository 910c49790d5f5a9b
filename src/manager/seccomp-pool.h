/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "container-config.h"

/* Compiled system call filters for containers that start. Most often there is one in the cache; if not, a
 * worker makes it, and whoever wants the same one waits for the same worker. */
typedef struct SeccompPool SeccompPool;
typedef struct SeccompRequest SeccompRequest;

int seccomp_pool_new(sd_event *event, SeccompPool **ret);
SeccompPool *seccomp_pool_free(SeccompPool *p);
DEFINE_TRIVIAL_CLEANUP_FUNC(SeccompPool *, seccomp_pool_free)

/* fd is the callee's. */
typedef void (*seccomp_done_t)(int r, int fd, const Error *e, void *userdata);

/* 1: *ret_fd is the filter, or -EBADF if the container shall have none; 0: done will be called. */
int seccomp_pool_request(SeccompPool *p, const ContainerConfig *config, seccomp_done_t done, void *userdata,
                         SeccompRequest **ret, int *ret_fd, Error *reterr);
SeccompRequest *seccomp_request_free(SeccompRequest *r);

/* Has the usual filter made, before the first container needs it. */
void seccomp_pool_prepare(SeccompPool *p);
