/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cgroup-hierarchy.h"
#include "cgroupfs.h"
#include "shared/fd.h"
#include "shared/io.h"
#include "shared/path.h"
#include "shared/process.h"
#include "shared/strv.h"
#include "shared/text.h"

#define MOUNT_POINT    "/sys/fs/cgroup"
#define PROCS_MAX      (4U << 20)
#define REMOVE_TRIES   100U

/* One value of the specification and the files that take it. */
typedef struct Setting {
        const char *controller;
        const char *v1_file;
        const char *v2_file;
        int (*format)(const OciResources *r, bool v2, char **ret); /* 1: there is one */
} Setting;

static int format_number(OciNumber n, bool v2, char **ret) {
        if (!n.set)
                return 0;

        *ret = n.value < 0 && v2 ? strdup("max") : text_printf("%lli", (long long) n.value);
        return *ret ? 1 : -ENOMEM;
}

static int format_memory(const OciResources *r, bool v2, char **ret) {
        return format_number(r->memory.limit, v2, ret);
}

static int format_reservation(const OciResources *r, bool v2, char **ret) {
        return format_number(r->memory.reservation, v2, ret);
}

/* v1 and the specification count memory and swap together, v2 swap alone */
static int format_swap(const OciResources *r, bool v2, char **ret) {
        OciNumber n = r->memory.swap;

        if (v2 && n.set && n.value > 0 && r->memory.limit.set)
                n.value = MAX(n.value - r->memory.limit.value, (int64_t) 0);
        return format_number(n, v2, ret);
}

static int format_shares(const OciResources *r, bool v2, char **ret) {
        OciNumber n = r->cpu.shares;

        if (v2 && n.set)
                n.value = 1 + (CLAMP(n.value, (int64_t) 2, (int64_t) 262144) - 2) * 9999 / 262142;
        return format_number(n, v2, ret);
}

static int format_period(const OciResources *r, bool v2, char **ret) {
        return format_number(r->cpu.period, v2, ret);
}

static int format_quota(const OciResources *r, bool v2, char **ret) {
        if (!v2)
                return format_number(r->cpu.quota, v2, ret);
        if (!r->cpu.quota.set && !r->cpu.period.set)
                return 0;

        if (r->cpu.quota.set && r->cpu.quota.value > 0)
                *ret = text_printf("%lli %lli", (long long) r->cpu.quota.value,
                                   r->cpu.period.set ? (long long) r->cpu.period.value : 100000);
        else
                *ret = text_printf("max %lli", r->cpu.period.set ? (long long) r->cpu.period.value : 100000);
        return *ret ? 1 : -ENOMEM;
}

static int format_string(const char *s, char **ret) {
        if (isempty(s))
                return 0;

        *ret = strdup(s);
        return *ret ? 1 : -ENOMEM;
}

static int format_cpus(const OciResources *r, bool v2, char **ret) {
        return format_string(r->cpu.cpus, ret);
}

static int format_mems(const OciResources *r, bool v2, char **ret) {
        return format_string(r->cpu.mems, ret);
}

/* "No limit" is -1 or 0 */
static int format_pids(const OciResources *r, bool v2, char **ret) {
        if (!r->pids_limit.set)
                return 0;

        *ret = r->pids_limit.value <= 0 ? strdup("max") : text_printf("%lli", (long long) r->pids_limit.value);
        return *ret ? 1 : -ENOMEM;
}

static int format_block_weight(const OciResources *r, bool v2, char **ret) {
        OciNumber n = r->block_io.weight;

        if (v2 && n.set)
                n.value = 1 + (CLAMP(n.value, (int64_t) 10, (int64_t) 1000) - 10) * 9999 / 990;
        return format_number(n, v2, ret);
}

/* Written in this order: cpuset needs nothing, but the v1 swap limit must not be below memory's */
static const Setting settings[] = {
        { "memory", "memory.limit_in_bytes",       "memory.max",      format_memory       },
        { "memory", "memory.soft_limit_in_bytes",  "memory.low",      format_reservation  },
        { "memory", "memory.memsw.limit_in_bytes", "memory.swap.max", format_swap         },
        { "cpu",    "cpu.shares",                  "cpu.weight",      format_shares       },
        { "cpu",    "cpu.cfs_period_us",           NULL,              format_period       },
        { "cpu",    "cpu.cfs_quota_us",            "cpu.max",         format_quota        },
        { "cpuset", "cpuset.cpus",                 "cpuset.cpus",     format_cpus         },
        { "cpuset", "cpuset.mems",                 "cpuset.mems",     format_mems         },
        { "pids",   "pids.max",                    "pids.max",        format_pids         },
        { "blkio",  "blkio.weight",                "io.weight",       format_block_weight },
};

static bool hierarchy_has(const CgroupHierarchy *h, const char *controller) {
        return !h->controllers || strv_contains(h->controllers, controller);
}

static int apply_settings(int fd, const CgroupHierarchy *h, bool pure_v2, const OciResources *r, Error *reterr) {
        bool v2 = !h->controllers;

        if (v2 && !pure_v2)
                return 0; /* the controllers are elsewhere */

        for (size_t i = 0; i < ELEMENTSOF(settings); i++) {
                const char *file = v2 ? settings[i].v2_file : settings[i].v1_file;
                _cleanup_(freep) char *value = NULL;
                int k;

                if (!file || !hierarchy_has(h, settings[i].controller))
                        continue;
                k = settings[i].format(r, v2, &value);
                if (k < 0)
                        return error_oom(reterr);
                if (k == 0)
                        continue;

                k = write_string_at(fd, file, value);
                if (k < 0)
                        return error_errnof(reterr, k, "Cannot set %s to %s", file, value);
        }

        STRV_FOREACH(assignment, v2 ? r->unified : NULL) {
                _cleanup_(freep) char *file = strndup(*assignment, strcspn(*assignment, "="));
                int k;

                if (!file)
                        return error_oom(reterr);
                if (!filename_is_valid(file))
                        return error_set(reterr, -EINVAL, "'%s' is not a file of a cgroup", file);
                k = write_string_at(fd, file, strchr(*assignment, '=') + 1);
                if (k < 0)
                        return error_errnof(reterr, k, "Cannot set %s", *assignment);
        }

        return 0;
}

/* v1 device rules. With v2 they would be a BPF program; there, that no device node can be made or opened from a volume is
 * what protects. */
static int apply_devices(int fd, const CgroupHierarchy *h, const OciResources *r, Error *reterr) {
        if (!h->controllers || !strv_contains(h->controllers, "devices"))
                return 0;

        for (size_t i = 0; i < r->n_devices; i++) {
                const OciDeviceRule *d = r->devices + i;
                char major[12] = "*", minor[12] = "*", rule[64];
                int k;

                if (d->major.set)
                        snprintf(major, sizeof(major), "%u", (unsigned) d->major.value);
                if (d->minor.set)
                        snprintf(minor, sizeof(minor), "%u", (unsigned) d->minor.value);
                if (d->type == 'a')
                        strcpy(rule, "a");
                else
                        snprintf(rule, sizeof(rule), "%c %s:%s %s", d->type, major, minor, isempty(d->access) ? "rwm" : d->access);

                k = write_string_at(fd, d->allow ? "devices.allow" : "devices.deny", rule);
                if (k < 0)
                        return error_errnof(reterr, k, "Cannot set the device rule '%s'", rule);
        }

        return 0;
}

/* A new v1 cpuset is empty, and takes nobody then. */
static void inherit_cpuset(const char *parent, int fd) {
        static const char *const files[] = { "cpuset.cpus", "cpuset.mems" };

        for (size_t i = 0; i < ELEMENTSOF(files); i++) {
                _cleanup_(closep) int parent_fd = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC), file_fd = -EBADF;
                _cleanup_(freep) char *value = NULL;

                file_fd = openat(parent_fd, files[i], O_RDONLY | O_CLOEXEC);
                if (file_fd >= 0 && read_full_fd(file_fd, 4096, &value, NULL) >= 0)
                        (void) write_string_at(fd, files[i], text_strip(value));
        }
}

/* One by one: a controller that is not there does not keep the others away. */
static void delegate(const char *directory) {
        static const char *const controllers[] = { "+memory", "+cpu", "+cpuset", "+pids", "+io" };
        _cleanup_(closep) int fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);

        for (size_t i = 0; i < ELEMENTSOF(controllers) && fd >= 0; i++)
                (void) write_string_at(fd, "cgroup.subtree_control", controllers[i]);
}

/* Makes the directory and those above it, each of which has to be told what those below it may use. */
static int make_group(const CgroupHierarchy *h, bool pure_v2, const char *mount, const char *path, char ***directories,
                      Error *reterr) {
        _cleanup_(freep) char *so_far = strdup(mount), *joined = path_join(mount, path);
        int r;

        if (!so_far || !joined)
                return error_oom(reterr);

        for (const char *p = path + strspn(path, "/"); *p; p += strspn(p, "/")) {
                size_t n = strcspn(p, "/");
                _cleanup_(freep) char *parent = TAKE_PTR(so_far);
                _cleanup_(closep) int fd = -EBADF;
                bool made;

                so_far = text_printf("%s/%.*s", parent, (int) n, p);
                if (!so_far)
                        return error_oom(reterr);
                p += n;

                if (pure_v2)
                        delegate(parent);
                made = mkdir(so_far, 0755) >= 0;
                if (!made && errno != EEXIST)
                        return error_errnof(reterr, -errno, "cgroup '%s'", so_far);
                if (made && h->controllers && strv_contains(h->controllers, "cpuset")) {
                        fd = open(so_far, O_PATH | O_DIRECTORY | O_CLOEXEC);
                        inherit_cpuset(parent, fd);
                }
                if (made && streq(so_far, joined)) {
                        r = strv_extend(directories, so_far);
                        if (r < 0)
                                return error_oom(reterr);
                }
        }

        return 0;
}

static int enter_one(const OciSpec *spec, const CgroupHierarchy *h, bool pure_v2, const char *path, pid_t pid,
                     char ***directories, Error *reterr) {
        _cleanup_(freep) char *mount = NULL, *directory = NULL;
        _cleanup_(closep) int fd = -EBADF;
        char text[16];
        int r;

        mount = pure_v2 ? strdup(MOUNT_POINT) : path_join(MOUNT_POINT, h->name);
        if (!mount)
                return error_oom(reterr);
        if (access(mount, F_OK) < 0)
                return 0; /* the kernel has it, nobody mounted it */

        r = make_group(h, pure_v2, mount, path, directories, reterr);
        if (r < 0)
                return r;

        directory = path_join(mount, path);
        if (!directory)
                return error_oom(reterr);
        fd = open(directory, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return error_errnof(reterr, -errno, "cgroup '%s'", directory);

        r = apply_settings(fd, h, pure_v2, &spec->linux_.resources, reterr);
        if (r < 0)
                return r;
        r = apply_devices(fd, h, &spec->linux_.resources, reterr);
        if (r < 0)
                return r;

        snprintf(text, sizeof(text), "%i", pid);
        r = write_string_at(fd, "cgroup.procs", text);
        return r < 0 ? error_errnof(reterr, r, "Cannot move the container into '%s'", directory) : 0;
}

int cgroupfs_enter(const OciSpec *spec, const char *id, pid_t pid, char ***ret, Error *reterr) {
        _cleanup_(freep) char *path = NULL;
        CgroupHierarchy *hierarchies = NULL;
        size_t n = 0;
        int r;

        path = spec->linux_.cgroups_path ? path_clean(spec->linux_.cgroups_path) : path_join("/caisson-runtime", id);
        if (!path)
                return error_oom(reterr);
        if (strchr(path, ':'))
                return error_set(reterr, -EINVAL, "'%s' is a cgroup for systemd to make", path);

        r = cgroup_hierarchies_read(&hierarchies, &n);
        if (r < 0)
                return error_errnof(reterr, r, "Cannot read /proc/self/cgroup");

        for (size_t i = 0; i < n && r >= 0; i++)
                r = enter_one(spec, hierarchies + i, n == 1 && !hierarchies[i].controllers, path, pid, ret, reterr);

        cgroup_hierarchies_free(hierarchies, n);
        return r;
}

void cgroupfs_remove(char *const *directories) {
        /* What was just killed takes a moment to leave */
        STRV_FOREACH(d, directories)
                for (unsigned i = 0; i < REMOVE_TRIES && rmdir(*d) < 0 && errno == EBUSY; i++)
                        nanosleep(&(struct timespec) { .tv_nsec = 10000000 }, NULL);
}

int cgroupfs_processes(char *const *directories, pid_t **ret, size_t *ret_n) {
        _cleanup_(freep) char *text = NULL, *file = NULL;
        _cleanup_(closep) int fd = -EBADF;
        _cleanup_(freep) pid_t *pids = NULL;
        size_t n = 0;
        int r;

        if (strv_isempty(directories))
                return 0;

        file = path_join(directories[0], "cgroup.procs");
        if (!file)
                return -ENOMEM;
        fd = open(file, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return errno == ENOENT ? 0 : -errno;
        r = read_full_fd(fd, PROCS_MAX, &text, NULL);
        if (r < 0)
                return r;

        pids = new0(pid_t, strlen(text) / 2 + 1);
        if (!pids)
                return -ENOMEM;
        for (char *p = text, *end; *p; p = end + (*end == '\n')) {
                pids[n] = (pid_t) strtol(p, &end, 10);
                if (end == p)
                        break;
                n++;
        }

        *ret = TAKE_PTR(pids);
        *ret_n = n;
        return 0;
}

int cgroupfs_signal(char *const *directories, int signo) {
        _cleanup_(freep) pid_t *pids = NULL;
        size_t n = 0;
        int r;

        r = cgroupfs_processes(directories, &pids, &n);
        if (r < 0)
                return r;

        for (size_t i = 0; i < n; i++) {
                _cleanup_(closep) int fd = pidfd_open_pid(pids[i]);
                if (fd >= 0)
                        (void) pidfd_signal(fd, signo);
        }

        return n > 0;
}
