/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "container.h"
#include "filesystem.h"
#include "host-mounts.h"
#include "namespaces.h"
#include "setup.h"
#include "shared/fd.h"
#include "shared/io.h"
#include "shared/process.h"
#include "shared/strv.h"
#include "shared/text.h"
#include "user-lookup.h"

#define GROUP_ADD_ANNOTATION "io.caisson.group-add"
#define DEFAULT_INIT         CAISSON_LIBEXECDIR "/caisson-init"
#define FILTER_MAX           4096U /* instructions, of the kernel */

struct RuntimeContainer {
        const OciSpec *spec; /* weak */
        Setup setup;
        pid_t pid;
        int pidfd;
        int socket;
        int userns_fd;
        int bundle_fd; /* weak */
        int terminal_fd;
        bool released;
        RuntimeFailure failure;
};

RuntimeContainer *runtime_container_free(RuntimeContainer *c) {
        if (!c)
                return NULL;

        if (c->pid > 0 && !c->released) {
                (void) pidfd_signal(c->pidfd, SIGKILL);
                while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
                        ;
        }

        setup_done(&c->setup);
        safe_close(c->pidfd);
        safe_close(c->socket);
        safe_close(c->userns_fd);
        safe_close(c->terminal_fd);
        return mfree(c);
}

static int load_filter(int fd, struct sock_fprog *ret, Error *reterr) {
        _cleanup_(freep) struct sock_filter *program = NULL;
        struct stat st;
        ssize_t n;

        if (fd < 0)
                return 0;
        if (fstat(fd, &st) < 0)
                return error_errnof(reterr, -errno, "Cannot read the system call filter");
        if (!S_ISREG(st.st_mode))
                return 0;
        if (st.st_size <= 0 || st.st_size % sizeof(struct sock_filter) != 0 ||
            st.st_size / sizeof(struct sock_filter) > FILTER_MAX)
                return error_set(reterr, -EBADMSG, "The system call filter has a size no filter can have");

        program = malloc(st.st_size);
        if (!program)
                return error_oom(reterr);
        n = pread(fd, program, st.st_size, 0);
        if (n != st.st_size)
                return error_errnof(reterr, n < 0 ? -errno : -EIO, "Cannot read the system call filter");

        *ret = (struct sock_fprog) { .len = st.st_size / sizeof(struct sock_filter), .filter = TAKE_PTR(program) };
        return 0;
}

/* The init's program through a mount of its own that is read-only: /proc/1/exe leads there, and not to a file that a
 * container's root could open for writing. */
static int open_init(const char *path, Error *reterr) {
        _cleanup_(closep) int fd = -EBADF;
        int r;

        fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
        if (fd < 0)
                return error_errnof(reterr, -errno, "Cannot use the init '%s'", path);

        r = mount_set_attributes(fd, 0, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC,
                                 MS_PRIVATE, -EBADF);
        if (r < 0)
                return error_errnof(reterr, r, "Cannot use the init '%s'", path);

        return TAKE_FD(fd);
}

/* "caisson-init STATUS-FD PATH ARG0 …": the path is filled in by who has looked it up. */
static int prepare_init(Setup *s, const RuntimeOptions *options, Error *reterr) {
        static char name[] = "caisson-init", number[4];

        s->init_fd = open_init(options->init_path ?: DEFAULT_INIT, reterr);
        if (s->init_fd < 0)
                return s->init_fd;

        s->init_argv = new0(char *, 3 + s->n_args + 1);
        if (!s->init_argv)
                return error_oom(reterr);

        snprintf(number, sizeof(number), "%zu", 3 + s->n_extra_fds);
        s->init_argv[0] = name;
        s->init_argv[1] = number;
        for (size_t i = 0; i < s->n_args; i++)
                s->init_argv[3 + i] = s->spec->process.args[i];

        return 0;
}

/* Ours have numbers above all that the program gets, so that the child can put those in place in any order. */
static int take_fds(Setup *s, const RuntimeOptions *options, Error *reterr) {
        int above = 3 + SETUP_EXTRA_FDS_MAX;

        if (options->n_extra_fds > SETUP_EXTRA_FDS_MAX)
                return error_set(reterr, -E2BIG, "More than %u descriptors to pass", SETUP_EXTRA_FDS_MAX);

        for (int i = 0; i < 3; i++) {
                if (options->stdio[i] < 0 || s->spec->process.terminal)
                        continue;
                s->stdio[i] = fcntl(options->stdio[i], F_DUPFD_CLOEXEC, above);
                if (s->stdio[i] < 0)
                        return error_errnof(reterr, -errno, "Cannot pass on descriptor %i", options->stdio[i]);
        }

        for (size_t i = 0; i < options->n_extra_fds; i++) {
                s->extra_fds[i] = fcntl(options->extra_fds[i], F_DUPFD_CLOEXEC, above);
                if (s->extra_fds[i] < 0)
                        return error_errnof(reterr, -errno, "Cannot pass on descriptor %i", options->extra_fds[i]);
                s->n_extra_fds++;
        }

        if (options->listen_fd >= 0) {
                s->listen_fd = fcntl(options->listen_fd, F_DUPFD_CLOEXEC, above);
                if (s->listen_fd < 0)
                        return error_errnof(reterr, -errno, "Cannot pass on descriptor %i", options->listen_fd);
        }
        s->outlive_parent = options->outlive_parent;

        return 0;
}

/* Those file systems that show a namespace that is not the container's own. We are in it right now, and the owner of it
 * as well. */
static int make_foreign_filesystems(Setup *s, Error *reterr) {
        for (size_t i = 0; i < s->n_mounts; i++) {
                MountPlan *m = s->mounts + i;

                if (m->kind != MOUNT_KIND_FILESYSTEM || !m->from_parent)
                        continue;
                m->fd = host_mount_make(s, m, -EBADF, -EBADF, reterr);
                if (m->fd < 0)
                        return m->fd;
        }

        return 0;
}

static _noreturn_ void child_main(RuntimeContainer *c) {
        /* Nobody may look at us, or at the program we still are, through /proc; and we do not outlive our parent: the
         * first read from the socket notices one that is gone already */
        (void) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
        if (!c->setup.outlive_parent)
                (void) prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);

        c->socket = safe_close(c->socket);
        setup_child(&c->setup);
}

static int clone_child(RuntimeContainer *c, Error *reterr) {
        struct clone_args args = {
                .flags = c->setup.clone_flags | CLONE_PIDFD,
                .exit_signal = SIGCHLD,
                .pidfd = (uintptr_t) &c->pidfd,
        };
        pid_t pid;

        pid = syscall(SYS_clone3, &args, sizeof(args));
        if (pid == 0)
                child_main(c);
        if (pid < 0) {
                int r = -errno;

                if (r == -ENOSPC || r == -EUSERS)
                        return error_set(reterr, r, "Cannot make the container's namespaces: too many of them (see "
                                                    "/proc/sys/user/max_*_namespaces)");
                return error_errnof(reterr, r, "Cannot make the container's namespaces");
        }

        c->pid = pid;
        return 0;
}

static int clone_in_namespaces(RuntimeContainer *c, Error *reterr) {
        NamespaceJoin join;
        int r, k;

        r = namespace_join_open(c->spec, &join, reterr);
        if (r < 0)
                goto finish;

        r = namespace_join_enter(&join, reterr);
        if (r >= 0)
                r = make_foreign_filesystems(&c->setup, reterr);
        if (r >= 0)
                r = clone_child(c, reterr);

        k = namespace_join_leave(&join);
        if (k < 0 && r >= 0)
                r = error_errnof(reterr, k, "Cannot go back to the host's namespaces");

finish:
        namespace_join_done(&join);
        return r;
}

static int open_userns(RuntimeContainer *c, Error *reterr) {
        char path[64];

        snprintf(path, sizeof(path), "/proc/%i/ns/user", c->pid);
        c->userns_fd = open(path, O_RDONLY | O_CLOEXEC);
        return c->userns_fd < 0 ? error_errnof(reterr, -errno, "Cannot open the container's user namespace") : 0;
}

/* What the host's rights are needed for, from the outside. */
static int adjust_child(RuntimeContainer *c, Error *reterr) {
        const OciProcess *p = &c->spec->process;
        SetupMessage m = { .type = SETUP_MAPPED };
        int r;

        if (p->oom_score_adj.set) {
                char path[64], value[24];

                snprintf(path, sizeof(path), "/proc/%i/oom_score_adj", c->pid);
                snprintf(value, sizeof(value), "%lld", (long long) p->oom_score_adj.value);
                r = write_string_at(AT_FDCWD, path, value);
                if (r < 0)
                        return error_errnof(reterr, r, "Cannot set the OOM score to %s", value);
        }

        if (!c->setup.userns)
                return 0;

        r = id_maps_write(c->pid, &c->spec->linux_, reterr);
        if (r < 0)
                return r;
        r = setup_send(c->socket, &m, NULL, 0);
        if (r < 0)
                return error_errnof(reterr, r, "Cannot talk to the container's first process");

        return open_userns(c, reterr);
}

int runtime_container_create(const OciSpec *spec, const RuntimeOptions *options, RuntimeContainer **ret, Error *reterr) {
        _cleanup_(runtime_container_freep) RuntimeContainer *c = NULL;
        int pair[2], r;

        c = malloc(sizeof(RuntimeContainer));
        if (!c)
                return error_oom(reterr);
        *c = (RuntimeContainer) {
                .spec = spec,
                .pidfd = -EBADF,
                .socket = -EBADF,
                .userns_fd = -EBADF,
                .bundle_fd = options->bundle_fd,
                .terminal_fd = -EBADF,
                .failure = RUNTIME_FAILURE_SETUP,
        };

        r = setup_plan(spec, &c->setup, reterr);
        if (r < 0)
                return r;
        r = take_fds(&c->setup, options, reterr);
        if (r < 0)
                return r;
        r = load_filter(options->seccomp_fd, &c->setup.filter, reterr);
        if (r < 0)
                return r;
        if (c->setup.use_init) {
                r = prepare_init(&c->setup, options, reterr);
                if (r < 0)
                        return r;
        }

        if (fcntl(0, F_GETFD) < 0 || fcntl(1, F_GETFD) < 0 || fcntl(2, F_GETFD) < 0) {
                r = fill_stdio_holes();
                if (r < 0)
                        return error_errnof(reterr, r, "Cannot open /dev/null");
        }

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return error_errnof(reterr, -errno, "Cannot make a socket pair");
        c->socket = pair[0];
        c->setup.socket = pair[1];

        r = clone_in_namespaces(c, reterr);
        c->setup.socket = safe_close(c->setup.socket);
        if (r < 0)
                return r;

        r = adjust_child(c, reterr);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(c);
        return 0;
}

/* The end of a conversation: the child said why, or is gone without a word. */
static int conversation_failed(const SetupMessage *m, int error, RuntimeFailure *ret_failure, Error *reterr) {
        if (!m || m->type != SETUP_FAILED)
                return error_errnof(reterr, error, "Cannot talk to the container's first process");

        if (m->report.failure == RUNTIME_FAILURE_NOT_EXECUTABLE || m->report.failure == RUNTIME_FAILURE_NOT_FOUND)
                *ret_failure = m->report.failure;
        return setup_report_to_error(&m->report, reterr);
}

static int failed(RuntimeContainer *c, const SetupMessage *m, int error, Error *reterr) {
        siginfo_t info = {};

        if (!m && waitid(P_PIDFD, c->pidfd, &info, WEXITED | WNOWAIT) >= 0 && info.si_code != CLD_EXITED)
                return error_set(reterr, -ECHILD, "The container's first process was killed (%s) while it was set up",
                                 strsignal(info.si_status));

        return conversation_failed(m, error, &c->failure, reterr);
}

/* If the child failed while we were busy for it, its reason is the better one. */
static int failed_while_talking(RuntimeContainer *c, int error, Error *reterr) {
        SetupMessage m;

        if (setup_receive_message(c->socket, &m, NULL, NULL) >= 0)
                return failed(c, &m, error, reterr);

        return failed(c, NULL, error, reterr);
}

static int resolve_identity(RuntimeContainer *c, int root_fd, SetupIdentity *ret, Error *reterr) {
        const OciUser *user = &c->spec->process.user;
        const char *more = oci_spec_annotation(c->spec, GROUP_ADD_ANNOTATION);
        _cleanup_(user_identity_done) UserIdentity u = {};
        int r;

        if (!isempty(user->username)) {
                r = user_lookup(root_fd, user->username, &u, reterr);
                if (r < 0)
                        return r;
        } else {
                u.uid = user->uid;
                u.gid = user->gid;
        }

        r = user_identity_add_group(&u, u.gid);
        for (size_t i = 0; i < user->n_additional_gids && r >= 0; i++)
                r = user_identity_add_group(&u, user->additional_gids[i]);
        if (r == -E2BIG)
                return error_set(reterr, r, "More than %u groups", USER_GROUPS_MAX);
        if (r < 0)
                return error_oom(reterr);

        if (!isempty(more)) {
                r = user_lookup_add_groups(root_fd, more, &u, reterr);
                if (r < 0)
                        return r;
        }

        ret->uid = u.uid;
        ret->gid = u.gid;
        r = snprintf(ret->home, sizeof(ret->home), "HOME=%s", u.home ?: "/");
        if (r < 0 || (size_t) r >= sizeof(ret->home))
                strcpy(ret->home, "HOME=/"); /* too long to be anybody's */
        ret->n_groups = u.n_groups;
        memcpy(ret->groups, u.groups, u.n_groups * sizeof(gid_t));
        return 0;
}

/* Programs open /dev/stdout, which asks for the right to open the pipe behind it. */
static void give_stdio(const RuntimeContainer *c, uint32_t uid) {
        const OciLinux *l = &c->spec->linux_;
        uint32_t host_uid;

        if (host_id(l->uid_mappings, l->n_uid_mappings, c->setup.userns, uid, &host_uid) < 0)
                return; /* becoming that user will fail, and say so */

        for (int i = 0; i < 3; i++) {
                struct statfs fs;

                if (c->setup.stdio[i] >= 0 && fstatfs(c->setup.stdio[i], &fs) >= 0 && fs.f_type == PIPEFS_MAGIC)
                        (void) !fchown(c->setup.stdio[i], host_uid, (gid_t) -1);
        }
}

static int send_root(RuntimeContainer *c, Error *reterr) {
        _cleanup_(closep) int root_fd = -EBADF, dev_fd = -EBADF;
        SetupMessage m = { .type = SETUP_ROOT };
        int r;

        root_fd = host_mount_root(&c->setup, c->bundle_fd, c->userns_fd, reterr);
        if (root_fd < 0)
                return root_fd;

        r = resolve_identity(c, root_fd, &m.identity, reterr);
        if (r < 0)
                return r;
        give_stdio(c, m.identity.uid);

        for (size_t i = 0; i < c->setup.n_mounts && dev_fd < 0; i++)
                if (c->setup.mounts[i].kind == MOUNT_KIND_DEV) {
                        dev_fd = host_mount_make(&c->setup, c->setup.mounts + i, c->bundle_fd, c->userns_fd, reterr);
                        if (dev_fd < 0)
                                return dev_fd;
                }

        r = setup_send(c->socket, &m, (int[]) { root_fd, dev_fd }, dev_fd >= 0 ? 2 : 1);
        return r < 0 ? failed_while_talking(c, r, reterr) : 0;
}

static int flush_mounts(RuntimeContainer *c, int *fds, size_t *n, Error *reterr) {
        SetupMessage m = { .type = SETUP_MOUNTS };
        int r;

        if (*n == 0)
                return 0;

        r = setup_send(c->socket, &m, fds, *n);
        for (size_t i = 0; i < *n; i++)
                fds[i] = safe_close(fds[i]);
        *n = 0;
        return r < 0 ? failed_while_talking(c, r, reterr) : 0;
}

static int send_mounts(RuntimeContainer *c, Error *reterr) {
        int fds[FDS_MAX], r = 0;
        size_t n = 0;

        for (size_t i = 0; i < c->setup.n_mounts && r >= 0; i++) {
                MountPlan *m = c->setup.mounts + i;

                if (!m->from_parent || m->kind == MOUNT_KIND_DEV)
                        continue;

                fds[n] = m->fd >= 0 ? TAKE_FD(m->fd)
                                    : host_mount_make(&c->setup, m, c->bundle_fd, c->userns_fd, reterr);
                if (fds[n] < 0) {
                        r = fds[n];
                        break;
                }
                if (++n == ELEMENTSOF(fds))
                        r = flush_mounts(c, fds, &n, reterr);
        }

        if (r >= 0)
                r = flush_mounts(c, fds, &n, reterr);
        for (size_t i = 0; i < n; i++)
                safe_close(fds[i]);

        return r;
}

int runtime_container_setup(RuntimeContainer *c, Error *reterr) {
        size_t n_fds = 1;
        SetupMessage m;
        int r;

        r = send_root(c, reterr);
        if (r < 0)
                return r;
        r = send_mounts(c, reterr);
        if (r < 0)
                return r;

        r = setup_receive_message(c->socket, &m, &c->terminal_fd, &n_fds);
        if (n_fds == 0)
                c->terminal_fd = -EBADF;
        if (r < 0 || m.type != SETUP_READY)
                return failed(c, r < 0 ? NULL : &m, r < 0 ? r : -EPROTO, reterr);

        return 0;
}

/* Late, since a limit on open files could be less than the set-up needs; from outside, since only the host's root may
 * raise one. */
static int set_limits(const OciProcess *p, pid_t pid, Error *reterr) {
        for (size_t i = 0; i < p->n_rlimits; i++) {
                const struct rlimit limit = { p->rlimits[i].soft, p->rlimits[i].hard };

                if (prlimit(pid, p->rlimits[i].resource, &limit, NULL) < 0)
                        return error_errnof(reterr, -errno, "Cannot set %s", oci_rlimit_to_string(p->rlimits[i].resource));
        }

        return 0;
}

int runtime_release_connected(const OciSpec *spec, pid_t pid, int socket, RuntimeFailure *ret_failure, Error *reterr) {
        SetupMessage m = { .type = SETUP_RELEASE };
        int r, k;

        *ret_failure = RUNTIME_FAILURE_SETUP;

        r = set_limits(&spec->process, pid, reterr);
        if (r < 0)
                return r;

        r = setup_send(socket, &m, NULL, 0);

        /* Its end of the socket is closed by execve() */
        k = setup_receive_message(socket, &m, NULL, NULL);
        if (r >= 0 && k == -ECONNRESET)
                return 0;

        return conversation_failed(k < 0 ? NULL : &m, r < 0 ? r : k < 0 ? k : -EPROTO, ret_failure, reterr);
}

int runtime_container_release(RuntimeContainer *c, Error *reterr) {
        int r;

        r = runtime_release_connected(c->spec, c->pid, c->socket, &c->failure, reterr);
        if (r < 0)
                return r;

        runtime_container_leave(c);
        return 0;
}

void runtime_container_leave(RuntimeContainer *c) {
        c->released = true;
        c->socket = safe_close(c->socket);
        c->userns_fd = safe_close(c->userns_fd);
        setup_done(&c->setup);
}

pid_t runtime_container_pid(const RuntimeContainer *c) {
        return c->pid;
}

int runtime_container_pidfd(const RuntimeContainer *c) {
        return c->pidfd;
}

RuntimeFailure runtime_container_failure(const RuntimeContainer *c) {
        return c->failure;
}

int runtime_container_take_terminal(RuntimeContainer *c) {
        return TAKE_FD(c->terminal_fd);
}

int runtime_container_status_fd(const RuntimeContainer *c) {
        return c->socket;
}
