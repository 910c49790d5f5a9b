/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "setup.h"

/* Makes a file system by fsopen() and fsmount(): a detached mount, O_CLOEXEC. options are "key=value" or flags; report may
 * be NULL, otherwise its detail has what the file system said. Allocates nothing. */
int filesystem_make(const char *type, const char *source, char *const *options, uint64_t attributes,
                    SetupReport *report);

/* Mounts fd onto the very directory or file that target_fd is. */
int mount_attach(int fd, int target_fd);

/* A detached copy of what fd is, alone; fd may be attached in our mount namespace only. */
int mount_clone(int fd);

/* flags: AT_RECURSIVE or 0. */
int mount_set_attributes(int fd, unsigned flags, uint64_t set, uint64_t clear, uint64_t propagation, int userns_fd);
