/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "manager/container-config.h"
#include "manager/container.h"
#include "manager/manager.h"
#include "manager/trash.h"
#include "manager/userns-pool.h"
#include "shared/fd.h"
#include "shared/path.h"

/* A manager without a bus, its directories in a temporary one. */

static char test_directory[] = "/tmp/test-manager-XXXXXX";

static inline int test_open(const char *name) {
        char path[sizeof(test_directory) + 64];
        int fd;

        snprintf(path, sizeof(path), "%s/%s", test_directory, name);
        (void) mkdir(path, 0700);
        fd = open(path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
        assert(fd >= 0);
        return fd;
}

static inline Manager *test_manager_new(void) {
        Manager *m = ASSERT_PTR(new0(Manager, 1));

        strcpy(test_directory + sizeof(test_directory) - 7, "XXXXXX");
        assert(mkdtemp(test_directory));
        *m = (Manager) {
                .state_fd = test_open("state"),
                .containers_fd = test_open("state/containers"),
                .run_fd = test_open("run"),
                .run_containers_fd = test_open("run/containers"),
                .containers = ASSERT_PTR(string_map_new(NULL)),
                .names = ASSERT_PTR(string_map_new(NULL)),
                .userns = ASSERT_PTR(userns_pool_new()),
        };
        assert(sd_event_new(&m->event) >= 0);
        assert(trash_new(m->event, m->state_fd, &m->trash) >= 0);
        return m;
}

static inline void test_manager_free(Manager *m) {
        Container *c;

        STRING_MAP_FOREACH(c, m->containers)
                container_free(c);
        trash_free(m->trash);
        userns_pool_free(m->userns);
        string_map_free(m->names);
        string_map_free(m->containers);
        safe_close(m->state_fd);
        safe_close(m->containers_fd);
        safe_close(m->run_fd);
        safe_close(m->run_containers_fd);
        sd_event_unref(m->event);
        free(m);
        assert(remove_tree_at(AT_FDCWD, test_directory) >= 0);
}

/* A container whose identifier begins with that digit. */
static inline Container *test_container_new(Manager *m, const char *id_prefix, const char *name) {
        char id[CONTAINER_ID_LENGTH + 1];
        Container *c;

        memset(id, '0', CONTAINER_ID_LENGTH);
        id[CONTAINER_ID_LENGTH] = 0;
        memcpy(id, id_prefix, strlen(id_prefix));
        assert(container_new(m, id, &c) >= 0);
        assert(container_take_name(c, name, NULL) >= 0);
        c->config = ASSERT_PTR(container_config_new());
        c->image = strdup("docker.io/library/nginx:latest");
        c->image_id = strdup("sha256:1234567890123456789012345678901234567890123456789012345678901234");
        assert(c->image && c->image_id);
        return c;
}
