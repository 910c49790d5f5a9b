/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "container-config.h"
#include "container-record.h"
#include "container-spec.h"
#include "container.h"
#include "manager.h"
#include "shared/fd.h"
#include "shared/io.h"
#include "shared/log.h"
#include "shared/path.h"
#include "shared/strv.h"
#include "shared/text.h"
#include "trash.h"
#include "userns-pool.h"

/* Attempts at a name that nobody has, before we give up: the second one has a digit, and so on. */
#define RANDOM_NAMES_MAX 64U

static int take_random_name(Container *c, Error *reterr) {
        for (unsigned i = 0; i < RANDOM_NAMES_MAX; i++) {
                _cleanup_(freep) char *name = NULL;
                int r;

                r = random_name_new(i, &name);
                if (r < 0)
                        return error_errnof(reterr, r, "cannot make up a name");
                if (string_map_get(c->manager->names, name))
                        continue;
                return container_take_name(c, name, reterr);
        }

        return error_set(reterr, -EEXIST, "all names that were tried are taken: give one with --name");
}

/* The container's root owns what it may write; "work" is the kernel's. */
static int make_directories(const Container *c, int dir_fd, Error *reterr) {
        _cleanup_(strv_freep) char **directories = NULL;
        int r;

        r = container_spec_directories(c->config, &directories);
        if (r < 0)
                return error_oom(reterr);

        if (strv_extend(&directories, "work") < 0)
                return error_oom(reterr);

        STRV_FOREACH(d, directories) {
                if (mkdirat(dir_fd, *d, 0755) < 0 ||
                    (c->userns_base > 0 &&
                     fchownat(dir_fd, *d, c->userns_base, c->userns_base, AT_SYMLINK_NOFOLLOW) < 0))
                        return error_errnof(reterr, negative_errno(),
                                            "cannot make the container's directory '%s'", *d);
        }
        return 0;
}

static int make_state(Container *c, Error *reterr) {
        _cleanup_(closep) int dir_fd = -EBADF;
        int r;

        if (mkdirat(c->manager->containers_fd, c->id, 0700) < 0)
                return error_errnof(reterr, negative_errno(), "cannot make the container's directory");
        dir_fd = container_open_state_dir(c);
        if (dir_fd < 0)
                return error_errnof(reterr, dir_fd, "cannot open the container's directory");

        r = make_directories(c, dir_fd, reterr);
        if (r < 0)
                return r;

        /* Last, for a directory without a record is one that was not finished */
        r = container_save_record(c, dir_fd, reterr);
        if (r < 0)
                return r;
        if (!c->config->auto_remove) {
                r = fsync_directory(c->manager->containers_fd);
                if (r < 0)
                        return error_errnof(reterr, r, "cannot write the container's record to the disk");
        }
        return 0;
}

int container_create(Manager *m, const ContainerRequest *q, Container **ret, Error *reterr) {
        ContainerConfig *config = q->config;
        struct timespec now;
        Container *c;
        int r;

        if (string_map_size(m->containers) >= CONTAINERS_MAX)
                return error_set(reterr, -EUSERS,
                                 "there are %u containers, which is as many as there may be",
                                 CONTAINERS_MAX);

        r = container_new(m, q->id, &c);
        if (r < 0)
                return error_errnof(reterr, r, "cannot create a container");

        c->config = container_config_ref(config);
        c->owner_uid = q->owner_uid;
        c->image = strdup(q->image);
        c->image_id = strdup(q->image_id);
        clock_gettime(CLOCK_REALTIME, &now);
        c->created_usec = (uint64_t) now.tv_sec * 1000000U + (uint64_t) now.tv_nsec / 1000U;

        if (!c->image || !c->image_id)
                r = error_oom(reterr);
        else if (isempty(q->name))
                r = take_random_name(c, reterr);
        else
                r = container_take_name(c, q->name, reterr);

        if (r >= 0 && config->userns_size > 0)
                r = userns_pool_allocate(m->userns, config->userns_size, &c->userns_base, reterr);
        if (r >= 0) {
                r = make_state(c, reterr);
                if (r < 0 && trash_put(m->trash, m->containers_fd, c->id) < 0)
                        log_warning("Cannot remove the beginnings of container %s, ignoring", c->name);
        }
        if (r < 0) {
                container_free(c);
                return r;
        }

        if (m->observer)
                m->observer->added(c);
        *ret = c;
        return 0;
}
