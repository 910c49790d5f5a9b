/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cgroup.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "fd.h"
#include "io.h"
#include "parse.h"
#include "text.h"

#define PROC_CGROUP_MAX 65536U
#define EVENTS_MAX      4096U

/* Whether one of the comma-separated words of list is the word. */
static bool list_has(const char *list, size_t size, const char *word) {
        size_t n = strlen(word);

        for (const char *p = list; p <= list + size;) {
                const char *end = memchr(p, ',', (size_t) (list + size - p)) ?: list + size;

                if ((size_t) (end - p) == n && memcmp(p, word, n) == 0)
                        return true;
                p = end + 1;
        }

        return false;
}

/* Finds the line of a hierarchy in /proc/PID/cgroup ("4:memory:/a/b", "0::/a/b") and ends it: *ret is the path. */
static bool find_hierarchy(char *text, const char *controller, char **ret) {
        for (char *line = text; *line;) {
                char *end = line + strcspn(line, "\n");
                char *list = memchr(line, ':', (size_t) (end - line));
                char *path = list ? memchr(list + 1, ':', (size_t) (end - list - 1)) : NULL;

                if (path && (controller ? list_has(list + 1, (size_t) (path - list - 1), controller)
                                        : path == list + 1 && line[0] == '0' && list == line + 1)) {
                        *end = 0;
                        *ret = path + 1;
                        return true;
                }

                line = *end ? end + 1 : end;
        }

        return false;
}

int cgroup_open_memory_events(pid_t pid) {
        char name[sizeof("/proc//cgroup") + 20];
        _cleanup_(freep) char *text = NULL, *file = NULL;
        char *path;
        int fd, r;

        if (pid == 0)
                (void) snprintf(name, sizeof(name), "/proc/self/cgroup");
        else
                (void) snprintf(name, sizeof(name), "/proc/%i/cgroup", pid);

        r = read_full_file_at(AT_FDCWD, name, PROC_CGROUP_MAX, &text, NULL);
        if (r < 0)
                return r;

        if (find_hierarchy(text, "memory", &path))
                file = text_join("/sys/fs/cgroup/memory", path, "/memory.oom_control", NULL);
        else if (find_hierarchy(text, NULL, &path)) {
                struct statfs fs;
                bool unified = statfs("/sys/fs/cgroup", &fs) >= 0 && fs.f_type == CGROUP2_SUPER_MAGIC;

                file = text_join(unified ? "/sys/fs/cgroup" : "/sys/fs/cgroup/unified", path, "/memory.events", NULL);
        } else
                return -ENOENT;
        if (!file)
                return -ENOMEM;

        fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        return fd < 0 ? -errno : fd;
}

int cgroup_read_oom_kills(int memory_events_fd, uint64_t *ret) {
        char buffer[EVENTS_MAX];
        ssize_t n;

        n = pread(memory_events_fd, buffer, sizeof(buffer) - 1, 0);
        if (n < 0)
                return -errno;
        buffer[n] = 0;

        for (char *line = buffer; *line;) {
                char *end = line + strcspn(line, "\n"), *value;
                bool last = *end == 0;

                *end = 0;
                value = startswith(line, "oom_kill ");
                if (value)
                        return parse_u64(value, ret);
                line = last ? end : end + 1;
        }

        return -ENODATA;
}
