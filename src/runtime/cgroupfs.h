/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>

#include "oci/runtime-spec.h"

/* Control groups without systemd, for caisson-runtime: a directory in each hierarchy. (caissond has systemd make a scope
 * and does not use this.) */

/* Makes the groups that linux.cgroupsPath names ("/caisson-runtime/ID" where it is absent), sets linux.resources and moves
 * the process there. *ret: the directories; also set on failure, for cgroupfs_remove(). */
int cgroupfs_enter(const OciSpec *spec, const char *id, pid_t pid, char ***ret, Error *reterr);

void cgroupfs_remove(char *const *directories);

/* Every process in the first of them. *ret is the caller's. */
int cgroupfs_processes(char *const *directories, pid_t **ret, size_t *ret_n);

/* 1 if there was somebody to signal. */
int cgroupfs_signal(char *const *directories, int signo);
