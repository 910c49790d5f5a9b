/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <linux/filter.h>
#include <sys/types.h>

#include "oci/runtime-spec.h"
#include "shared/error.h"

/* Makes a container out of an OCI specification: the only code that runs between clone() and execve().
 *
 *     runtime_container_create()    a process in its new namespaces; from now on it can be moved to its cgroup
 *     runtime_container_setup()     its root and mounts are made, users looked up
 *     runtime_container_release()   it enters its cgroup namespace, drops privileges and calls execve()
 *
 * The first process's parent is the caller. When the caller dies, the kernel kills it, and with it, being PID 1, all
 * processes of the container; that is bound to the calling thread, so callers have one. The caller reaps it.
 *
 * Beyond the specification:
 *   - A mount at "/" of type "overlay" makes the root (root.path is then not used): options "lowerdir=PATH" once per
 *     layer, topmost first, "upperdir=PATH", "workdir=PATH", "idmap" (the layers are seen through the container's id
 *     map) and overlayfs' own, such as "volatile". PATHs are absolute.
 *   - A bind mount with the option "idmap" is seen through the container's id map ("ridmap": with what is below it).
 *   - process.user.username, "USER[:GROUP]", replaces uid, gid and additionalGids by what the container's /etc/passwd
 *     and /etc/group say, and sets HOME unless process.env has it; the annotation io.caisson.group-add, "audio,1001",
 *     adds groups.
 *   - The annotation io.caisson.init: PID 1 is caisson-init, which starts args, forwards signals and reaps. */

typedef struct RuntimeContainer RuntimeContainer;

/* Why a start failed; docker's exit codes. */
typedef enum RuntimeFailure {
        RUNTIME_FAILURE_SETUP = 125,
        RUNTIME_FAILURE_NOT_EXECUTABLE = 126,
        RUNTIME_FAILURE_NOT_FOUND = 127,
} RuntimeFailure;

/* All of it is only looked at during runtime_container_create(), but bundle_fd, which must stay open until
 * runtime_container_setup() is done. Descriptors are duplicated where they are kept. */
typedef struct RuntimeOptions {
        int bundle_fd;     /* directory that relative paths (root.path, sources of mounts) are meant from; -EBADF: the
                            * current one */
        int stdio[3];      /* standard input, output and error; -EBADF: /dev/null. Not used with process.terminal */
        const int *extra_fds; /* become 3, 4, … of the container's first process */
        size_t n_extra_fds;

        /* A compiled seccomp filter, from the start of a file that holds a struct sock_filter[]; -EBADF: none. Anything
         * else than a regular file (/dev/null) is none, too. linux.seccomp is not read here. */
        int seccomp_fd;

        const char *init_path; /* NULL: /usr/lib/caisson/caisson-init */

        /* As "create" and "start" of the OCI's command line need it, whose programs end before the container does */
        bool outlive_parent; /* the first process is not killed when the caller dies */
        int listen_fd;       /* a listening SOCK_SEQPACKET socket: the first process takes its release from whoever connects
                              * there, see runtime_release_connected(); -EBADF: from us */
} RuntimeOptions;
#define RUNTIME_OPTIONS_INIT                                                                                 \
        { .bundle_fd = -EBADF, .stdio = { -EBADF, -EBADF, -EBADF }, .seccomp_fd = -EBADF, .listen_fd = -EBADF }

/* spec must live until the container is freed. */
int runtime_container_create(const OciSpec *spec, const RuntimeOptions *options, RuntimeContainer **ret, Error *reterr);
int runtime_container_setup(RuntimeContainer *c, Error *reterr);

/* Waits until execve() was called. */
int runtime_container_release(RuntimeContainer *c, Error *reterr);

/* The same for a first process that was made with listen_fd, by another program, over a socket that is connected there.
 * *ret_failure is set on failure. */
int runtime_release_connected(const OciSpec *spec, pid_t pid, int socket, RuntimeFailure *ret_failure, Error *reterr);

/* From now on the first process stays when the container is freed. */
void runtime_container_leave(RuntimeContainer *c);

/* Frees what we know about it. A first process that has not been released is killed and reaped. */
RuntimeContainer *runtime_container_free(RuntimeContainer *c);
DEFINE_TRIVIAL_CLEANUP_FUNC(RuntimeContainer *, runtime_container_free)

pid_t runtime_container_pid(const RuntimeContainer *c) _pure_;
int runtime_container_pidfd(const RuntimeContainer *c) _pure_; /* stays ours */

/* After one of the functions above failed. */
RuntimeFailure runtime_container_failure(const RuntimeContainer *c) _pure_;

/* With process.terminal, from runtime_container_setup() on: the terminal's master, O_CLOEXEC, the caller's from now on. */
int runtime_container_take_terminal(RuntimeContainer *c);

/* For those who wait in a loop between setup and release: readable when the first process has failed or is gone;
 * runtime_container_release() then says why. */
int runtime_container_status_fd(const RuntimeContainer *c) _pure_;
