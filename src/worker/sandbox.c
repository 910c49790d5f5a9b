/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confine.h"
#include "opaque-helper.h"
#include "sandbox.h"
#include "shared/fd.h"
#include "shared/text.h"

/* glibc's sys/mount.h and the kernel's header cannot both be included before glibc 2.37 */
int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data);
int umount2(const char *target, int flags);
#define UMOUNT_DETACH 2

#define MEMORY_MAX (512U << 20) /* what a worker should ever need is a tenth of it */
#define FILES_MAX                                                                                           \
        4096U /* LAYER_DEPTH_MAX for the way through a tree, as many for its removal, layers below */

static int helper_socket = -EBADF;

/* What it takes to make files as an archive says: their owners, modes, devices, capabilities, whoever owns
 * them. */
static const cap_value_t store_capabilities[] = {
                CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID, CAP_MKNOD, CAP_SETFCAP,
};

static const char *const store_system_calls[] = {
                /* reading and writing */
                "close",
                "close_range",
                "copy_file_range",
                "dup",
                "dup3",
                "fadvise64",
                "fallocate",
                "fcntl",
                "fdatasync",
                "flock",
                "fsync",
                "ftruncate",
                "lseek",
                "pread64",
                "preadv",
                "pwrite64",
                "pwritev",
                "read",
                "readv",
                "sendfile",
                "splice",
                "sync_file_range",
                "syncfs",
                "write",
                "writev",
                /* names */
                "faccessat",
                "faccessat2",
                "getdents64",
                "linkat",
                "mkdirat",
                "mknodat",
                "openat",
                "openat2",
                "readlinkat",
                "renameat",
                "renameat2",
                "symlinkat",
                "umask",
                "unlinkat",
                /* the same without "at", where the C library has not let go of them */
                "access",
                "mkdir",
                "open",
                "readlink",
                "rename",
                "stat",
                "lstat",
                "unlink",
                /* attributes */
                "fchmod",
                "fchmodat",
                "fchmodat2",
                "fchown",
                "fchownat",
                "fgetxattr",
                "flistxattr",
                "fremovexattr",
                "fsetxattr",
                "fstat",
                "fstatfs",
                "newfstatat",
                "statfs",
                "statx",
                "utimensat",
                /* talking to caissond and to the helper: sockets that exist already */
                "poll",
                "ppoll",
                "recvfrom",
                "recvmsg",
                "sendmsg",
                "sendto",
                /* being a process with threads */
                "brk",
                "clock_gettime",
                "clock_nanosleep",
                "exit",
                "exit_group",
                "futex",
                "get_robust_list",
                "getegid",
                "geteuid",
                "getgid",
                "getpid",
                "getppid",
                "getrandom",
                "gettid",
                "gettimeofday",
                "getuid",
                "madvise",
                "membarrier",
                "memfd_create",
                "mremap",
                "munmap",
                "nanosleep",
                "restart_syscall",
                "rseq",
                "rt_sigaction",
                "rt_sigprocmask",
                "rt_sigreturn",
                "sched_getaffinity",
                "sched_yield",
                "set_robust_list",
                "sigaltstack",
                "sysinfo",
                "tgkill",
                "uname",
                NULL,
};

static const SystemCallRule store_rules[] = {
  /* No new code */
                {"mmap",     2, PROT_EXEC, 0},
                {"mprotect", 2, PROT_EXEC, 0},
 /* Threads, no processes, no namespaces */
                {"clone",          0, CLONE_THREAD | CLONE_NEWNS | CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWPID,
                 CLONE_THREAD},
                {        },
};

static int limit_resources(Error *reterr) {
        static const struct {
                int resource;
                rlim_t value;
        } limits[] = {
                        {RLIMIT_CORE,   0         },
                        {RLIMIT_NOFILE, FILES_MAX },
#ifndef WITH_ADDRESS_SANITIZER
                        {RLIMIT_DATA,   MEMORY_MAX},
#endif
        };

        for (size_t i = 0; i < ELEMENTSOF(limits); i++) {
                struct rlimit l;

                if (getrlimit(limits[i].resource, &l) < 0)
                        return error_errnof(reterr, -errno, "read resource limit");

                l.rlim_max = MIN(l.rlim_max, limits[i].value);
                l.rlim_cur = l.rlim_max;
                if (setrlimit(limits[i].resource, &l) < 0)
                        return error_errnof(reterr, -errno, "set resource limit");
        }

        return 0;
}

/* A private copy of the mount that holds the state directory: no device, no set-user-ID program in it works
 * for us. */
static int copy_state_mount(int state_fd, int *ret, Error *reterr) {
        struct mount_attr attributes = {
                        .attr_set = MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
                        .propagation = 1U << 18, /* MS_PRIVATE */
        };
        _cleanup_(closep) int fd = -EBADF;

        fd = (int) syscall(SYS_open_tree, state_fd, "",
                           AT_EMPTY_PATH | AT_RECURSIVE | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
        if (fd < 0)
                return error_errnof(reterr, -errno, "clone the mount of the state directory");

        if (syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes,
                    sizeof(attributes)) < 0)
                return error_errnof(reterr, -errno, "set the attributes of the state directory's mount");

        *ret = TAKE_FD(fd);
        return 0;
}

/* The state directory on top of the root, and then instead of it. */
static int become_root(int tree_fd, Error *reterr) {
        if (mount(NULL, "/", NULL, (1UL << 18) | (1UL << 14), NULL) < 0) /* MS_PRIVATE | MS_REC */
                return error_errnof(reterr, -errno, "make all mounts private");
        if (syscall(SYS_move_mount, tree_fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0)
                return error_errnof(reterr, -errno, "mount the state directory");
        if (fchdir(tree_fd) < 0 || syscall(SYS_pivot_root, ".", ".") < 0)
                return error_errnof(reterr, -errno, "change the root directory");
        if (umount2(".", UMOUNT_DETACH) < 0 || chdir("/") < 0)
                return error_errnof(reterr, -errno, "leave the old root directory");

        return 0;
}

/* Containers' files are none of our business. */
static int hide_all_but_store(Error *reterr) {
        _cleanup_(closedirp) DIR *d = opendir("/");
        struct dirent *de;

        if (!d)
                return error_errnof(reterr, -errno, "read the state directory");

        while ((de = readdir(d))) {
                struct stat st;

                if (STR_IN_SET(de->d_name, ".", "..", "images", "layers"))
                        continue;
                if (fstatat(dirfd(d), de->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode))
                        continue;

                /* MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC */
                if (mount("none", de->d_name, "tmpfs", 15, "size=4k,nr_inodes=1,mode=000") < 0)
                        return error_errnof(reterr, -errno, "hide %s", de->d_name);
        }

        return 0;
}

static int enter_store(int state_fd, Error *reterr) {
        _cleanup_(closep) int tree_fd = -EBADF;
        int r;

        for (size_t i = 0; i < 2; i++)
                if (mkdirat(state_fd, i == 0 ? "images" : "layers", 0700) < 0 && errno != EEXIST)
                        return error_errnof(reterr, -errno, "make the image store");

        /* Before the namespace changes: only mounts of one's own can be cloned */
        r = copy_state_mount(state_fd, &tree_fd, reterr);
        if (r < 0)
                return r;
        safe_close(state_fd); /* it leads to the whole file system by ".." */

        if (unshare(CLONE_NEWNS) < 0)
                return error_errnof(reterr, -errno, "make a mount namespace");
        r = become_root(tree_fd, reterr);
        if (r < 0)
                return r;

        return hide_all_but_store(reterr);
}

/* Whoever started us would not get what we make any more, and nobody else shall be working on the store when
 * the next caissond starts. After the capabilities, since giving them up undoes it. */
static int drop_capabilities(const cap_value_t *keep, size_t n_keep, Error *reterr) {
        int r;

        r = confine_capabilities(keep, n_keep);
        if (r < 0)
                return error_errnof(reterr, r, "drop capabilities");
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
                return error_errnof(reterr, -errno, "bind this process to its parent");
        return 0;
}

static int close_store(int state_fd, int *ret_root_fd, Error *reterr) {
        _cleanup_(closep) int root_fd = -EBADF;
        int r;

        r = enter_store(state_fd, reterr);
        if (r < 0)
                return r;

        root_fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (root_fd < 0)
                return error_errnof(reterr, -errno, "open the new root directory");

        r = opaque_helper_start(&helper_socket, reterr);
        if (r < 0)
                return r;
        r = drop_capabilities(store_capabilities, ELEMENTSOF(store_capabilities), reterr);
        if (r < 0)
                return r;
        r = confine_system_calls(store_system_calls, store_rules);
        if (r < 0)
                return error_errnof(reterr, r, "load the system call filter");

        *ret_root_fd = TAKE_FD(root_fd);
        return 0;
}

int sandbox_close(SandboxKind kind, int state_fd, int *ret_root_fd, Error *reterr) {
        int r;

        (void) umask(0);
        r = limit_resources(reterr);
        if (r < 0)
                return r;

        if (unshare(CLONE_NEWNET | CLONE_NEWIPC) < 0)
                return error_errnof(reterr, -errno, "make a network namespace");

        if (kind == SANDBOX_STORE)
                return close_store(state_fd, ret_root_fd, reterr);

        return drop_capabilities(NULL, 0, reterr);
}

static int set_opaque(int dir_fd, void *userdata) {
        return opaque_helper_set(helper_socket, dir_fd);
}

static int get_opaque(int dir_fd, void *userdata) {
        return opaque_helper_get(helper_socket, dir_fd);
}

const LayerOpaqueOps *sandbox_opaque_ops(void) {
        static const LayerOpaqueOps ops = {.set = set_opaque, .get = get_opaque};

        return &ops;
}
