/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <unistd.h>

#include "cgroup-hierarchy.h"
#include "shared/io.h"
#include "shared/path.h"
#include "shared/strv.h"
#include "shared/text.h"

#define PROC_CGROUP_MAX (256U << 10) /* paths of cgroups can be long */
#define HIERARCHIES_MAX 32U

void cgroup_hierarchies_free(CgroupHierarchy *hierarchies, size_t n) {
        for (size_t i = 0; i < n; i++) {
                free(hierarchies[i].name);
                strv_free(hierarchies[i].controllers);
        }
        free(hierarchies);
}

/* "4:cpu,cpuacct:/path", "1:name=systemd:/path", "0::/path" */
static int parse_line(const char *line, CgroupHierarchy *h) {
        _cleanup_(freep) char *list = NULL;
        const char *p = strchr(line, ':'), *named;
        int r;

        if (!p || !strchr(p + 1, ':'))
                return -EINVAL;

        list = strndup(p + 1, strcspn(p + 1, ":"));
        if (!list)
                return -ENOMEM;

        named = startswith(list, "name=");
        h->name = strdup(isempty(list) ? "unified" : named ?: list);
        if (!h->name)
                return -ENOMEM;
        if (isempty(list))
                return 0;

        r = strv_split(list, ",", &h->controllers);
        if (r < 0)
                return r;
        /* A hierarchy without controllers is asked for by its name, and by "none" */
        if (named) {
                r = strv_extend(&h->controllers, "none");
                if (r < 0)
                        return r;
        }

        return filename_is_valid(h->name) ? 0 : -EINVAL;
}

int cgroup_hierarchies_parse(const char *text, CgroupHierarchy **ret, size_t *ret_n) {
        _cleanup_(strv_freep) char **lines = NULL;
        CgroupHierarchy *hierarchies;
        size_t n = 0;
        int r;

        r = strv_split(text, "\n", &lines);
        if (r < 0)
                return r;
        if (strv_length(lines) > HIERARCHIES_MAX)
                return -E2BIG;

        hierarchies = new0(CgroupHierarchy, strv_length(lines) + 1);
        if (!hierarchies)
                return -ENOMEM;

        STRV_FOREACH(line, lines) {
                r = parse_line(*line, hierarchies + n++);
                if (r < 0) {
                        cgroup_hierarchies_free(hierarchies, n);
                        return r;
                }
        }

        *ret = hierarchies;
        *ret_n = n;
        return 0;
}

int cgroup_hierarchies_read(CgroupHierarchy **ret, size_t *ret_n) {
        _cleanup_(closep) int fd = -EBADF;
        _cleanup_(freep) char *text = NULL;
        int r;

        fd = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;

        r = read_full_fd(fd, PROC_CGROUP_MAX, &text, NULL);
        if (r < 0)
                return r;

        return cgroup_hierarchies_parse(text, ret, ret_n);
}
