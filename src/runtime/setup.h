/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <limits.h>
#include <linux/filter.h>
#include <sys/types.h>

#include "mount-options.h"
#include "oci/runtime-spec.h"
#include "shared/fd.h"

/* A container's first process between clone() and execve(). Everything that takes memory, parsing or the host's
 * privileges is done by its parent, before the clone (the plan, which the child has a copy of) or while it runs (what is
 * sent over the socket). The child is a list of steps; it allocates nothing, formats nothing, and reports a failure as one
 * record of fixed size. */

#define SETUP_GROUPS_MAX  1024U
#define SETUP_HOME_MAX    256U
#define SETUP_SUBJECT_MAX 256U
#define SETUP_DETAIL_MAX  160U
#define SETUP_EXTRA_FDS_MAX 16U

typedef enum SetupMessageType {
        /* parent to child */
        SETUP_MAPPED = 1, /* the id maps are written */
        SETUP_ROOT,       /* who to be; with descriptors: the root and, if planned, /dev */
        SETUP_MOUNTS,     /* with descriptors: the next of the mounts that are made by the parent */
        SETUP_RELEASE,

        /* child to parent */
        SETUP_READY, /* waits for SETUP_RELEASE; with a descriptor: the terminal's master */
        SETUP_FAILED,
} SetupMessageType;

typedef struct SetupReport {
        int32_t error;    /* negative errno */
        uint32_t step;    /* index into the table of steps */
        uint32_t failure; /* RuntimeFailure */
        char subject[SETUP_SUBJECT_MAX]; /* what the step was at */
        char detail[SETUP_DETAIL_MAX];   /* what the kernel's file system had to say; may be empty */
} SetupReport;

typedef struct SetupIdentity {
        uint32_t uid;
        uint32_t gid;
        char home[SETUP_HOME_MAX]; /* "HOME=/root", for an environment that has none; NUL-terminated */
        uint32_t n_groups;
        uint32_t groups[SETUP_GROUPS_MAX];
} SetupIdentity;

typedef struct SetupMessage {
        uint32_t type;
        union {
                SetupReport report;
                SetupIdentity identity;
        };
} SetupMessage;

/* Only as much of the union as the type needs: most messages are a few bytes. */
static inline size_t setup_message_size(const SetupMessage *m) {
        switch (m->type) {
        case SETUP_FAILED:
                return offsetof(SetupMessage, report) + sizeof(SetupReport);
        case SETUP_ROOT:
                return offsetof(SetupMessage, identity.groups) + m->identity.n_groups * sizeof(uint32_t);
        default:
                return sizeof(m->type);
        }
}

typedef enum MountKind {
        MOUNT_KIND_BIND,
        MOUNT_KIND_FILESYSTEM,
        MOUNT_KIND_DEV,
        MOUNT_KIND_CGROUP,
} MountKind;

typedef struct MountPlan {
        MountKind kind;
        const OciMount *mount; /* weak */
        char *destination;     /* clean: no ".", ".." or doubled slashes as text */
        MountOptions options;
        bool engine;           /* at or below /proc, /sys or /dev: no symbolic link may lead there */
        bool from_parent;      /* comes as a descriptor */
        int fd;                /* the detached mount, and the attached one later on */
        int target_fd;         /* what it is mounted on, where the step that does it comes later */
} MountPlan;

/* One hierarchy of cgroups as in /proc/self/cgroup. */
typedef struct CgroupHierarchy {
        char *name;         /* its directory below /sys/fs/cgroup; "unified" is v2 in a hybrid set-up */
        char **controllers; /* v1: as mount options; NULL: v2 */
} CgroupHierarchy;

typedef struct Setup {
        const OciSpec *spec; /* weak */

        /* Decided by the plan */
        uint64_t clone_flags;
        bool userns;
        bool cgroupns;
        bool use_init;
        uint64_t bounding, effective, permitted, inheritable, ambient;
        bool keep_capabilities; /* the specification does not speak of them */
        MountPlan *mounts;
        size_t n_mounts;
        const OciMount *root_mount; /* weak; type overlay at "/" */
        MountOptions root_options;
        CgroupHierarchy *hierarchies;
        size_t n_hierarchies;
        struct sock_fprog filter; /* its instructions are owned */
        char **argv;              /* weak: the specification's, or what is put before it for the init */
        char **init_argv;
        char **environment; /* the specification's and, last, a place for HOME; NULL: HOME is in it */
        size_t n_args;
        int stdio[3];
        int extra_fds[SETUP_EXTRA_FDS_MAX];
        size_t n_extra_fds;
        int init_fd;
        bool outlive_parent;
        int listen_fd; /* the socket on which the release comes, if its sender is another process than our parent */

        /* The child's alone */
        int socket;
        int root_fd;
        int dev_fd;
        int proc_fd; /* a procfs nobody could mount anything over */
        int mask_fd; /* an empty read-only directory, once it was needed */
        int null_fd; /* a /dev/null of ours */
        int terminal_fd; /* the terminal's master, until it is sent */
        char executable[PATH_MAX];
        SetupIdentity identity;
} Setup;

/* Reads the specification; everything that can be wrong with it is found here. */
int setup_plan(const OciSpec *spec, Setup *s, Error *reterr);
void setup_done(Setup *s);

/* Does not return. */
_noreturn_ void setup_child(Setup *s);

/* "mount /proc: Permission denied" */
int setup_report_to_error(const SetupReport *report, Error *reterr);

/* For the steps: remembers what they are at, in case that it fails. */
void setup_subject(SetupReport *report, const char *subject);
void setup_detail(SetupReport *report, const char *detail);

/* The steps, by file. Each returns 0 or negative errno. */
int setup_mapping(Setup *s, SetupReport *report);          /* setup-namespaces.c */
int setup_session(Setup *s, SetupReport *report);
int setup_names(Setup *s, SetupReport *report);
int setup_loopback(Setup *s, SetupReport *report);
int setup_cgroup_namespace(Setup *s, SetupReport *report);

int setup_propagation(Setup *s, SetupReport *report);      /* setup-mounts.c */
int setup_filesystems(Setup *s, SetupReport *report);
int setup_receive(Setup *s, SetupReport *report);
int setup_root(Setup *s, SetupReport *report);
int setup_mounts(Setup *s, SetupReport *report);
int setup_pivot_root(Setup *s, SetupReport *report);
int setup_root_readonly(Setup *s, SetupReport *report);

int setup_devices(Setup *s, SetupReport *report);          /* setup-dev.c */
int setup_terminal(Setup *s, SetupReport *report);
int setup_stdio(Setup *s, SetupReport *report);

int setup_sysctls(Setup *s, SetupReport *report);          /* setup-kernel-files.c */
int setup_readonly_paths(Setup *s, SetupReport *report);
int setup_masked_paths(Setup *s, SetupReport *report);

int setup_cgroup_mounts(Setup *s, SetupReport *report);    /* setup-cgroup.c */
int setup_cgroup_tmpfs(Setup *s, MountPlan *m, SetupReport *report);

int setup_close_descriptors(Setup *s, SetupReport *report); /* setup-process.c */
int setup_working_directory(Setup *s, SetupReport *report);
int setup_ready(Setup *s, SetupReport *report);
int setup_personality(Setup *s, SetupReport *report);
int setup_seccomp(Setup *s, SetupReport *report);
int setup_bounding(Setup *s, SetupReport *report);         /* setup-credentials.c */
int setup_user(Setup *s, SetupReport *report);
int setup_capabilities(Setup *s, SetupReport *report);
int setup_no_new_privileges(Setup *s, SetupReport *report);
int setup_parent_death(Setup *s, SetupReport *report);
int setup_find_executable(Setup *s, SetupReport *report);  /* setup-exec.c */
int setup_exec(Setup *s, SetupReport *report);

/* Messages. Receiving the wrong one, or none because the parent is gone, is an error; descriptors as of
 * receive_with_fds(). */
int setup_send(int socket, const SetupMessage *m, const int *fds, size_t n_fds);
int setup_receive_message(int socket, SetupMessage *ret, int *fds, size_t *n_fds);
