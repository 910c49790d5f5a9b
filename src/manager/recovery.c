/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "container-config.h"
#include "container-record.h"
#include "container-rundir.h"
#include "container.h"
#include "manager.h"
#include "scope.h"
#include "shared/fd.h"
#include "shared/log.h"
#include "shared/path.h"
#include "shared/strv.h"
#include "shared/text.h"
#include "trash.h"
#include "userns-pool.h"

/* What caissond does before it is ready: it may have been killed at any moment, and the machine may have
 * lost power. The kernel and systemd are believed before our own files. A directory of a run that is there
 * says that a run was under way when we were last heard of; a directory of a container without a record is
 * one that was not finished. */

static int list_directory(int dir_fd, char ***ret) {
        _cleanup_(strv_freep) char **names = NULL;
        _cleanup_(closedirp) DIR *d = NULL;
        int fd, r;

        fd = openat(dir_fd, ".", O_DIRECTORY | O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        d = fdopendir(fd);
        if (!d) {
                safe_close(fd);
                return -ENOMEM;
        }

        for (struct dirent *de; (de = readdir(d));) {
                if (STR_IN_SET(de->d_name, ".", ".."))
                        continue;
                r = strv_extend(&names, de->d_name);
                if (r < 0)
                        return r;
        }

        *ret = TAKE_PTR(names);
        return 0;
}

/* One damaged file costs only its own container, which is shown so that it can be looked at and removed. */
static int mark_damaged(Container *c, const char *why) {
        char name[CONTAINER_ID_SHORT + 1];

        c->config = container_config_unref(c->config);
        c->userns_base = 0; /* a range that may be another's must not be given back either */
        if (!c->name) {
                memcpy(name, c->id, CONTAINER_ID_SHORT);
                name[CONTAINER_ID_SHORT] = 0;
                (void) container_take_name(c, name, NULL);
        }
        if (!c->name && container_take_name(c, c->id, NULL) < 0)
                return -ENOMEM;
        if (!c->image)
                c->image = strdup("");
        if (!c->image_id)
                c->image_id = strdup("");
        if (!c->image || !c->image_id || container_set_error(c, why) < 0)
                return -ENOMEM;

        container_set_state(c, CONTAINER_FAILED);
        log_error("The record of container %s is damaged, it can only be removed: %s", c->id, why);
        return 0;
}

static int load_container(Manager *m, const char *id) {
        _cleanup_(error_done) Error e = {};
        _cleanup_(closep) int dir_fd = -EBADF;
        Container *c;
        int r;

        dir_fd = open_beneath(m->containers_fd, id, O_DIRECTORY | O_RDONLY, 0);
        if (dir_fd < 0)
                return dir_fd;
        if (faccessat(dir_fd, CONTAINER_RECORD_NAME, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT) {
                log_info("Removing the beginnings of container %s", id);
                return trash_put(m->trash, m->containers_fd, id);
        }

        r = container_new(m, id, &c);
        if (r < 0)
                return r;
        r = container_load_record(c, dir_fd, &e);
        if (r >= 0 && c->config->userns_size > 0)
                r = userns_pool_reserve(m->userns, c->userns_base, c->config->userns_size, &e);
        if (r < 0)
                return r == -ENOMEM ? r : mark_damaged(c, error_message(&e, r));
        return 0;
}

static int connect_control(const Container *c) {
        _cleanup_(closep) int fd = -EBADF;
        struct sockaddr_un address = {.sun_family = AF_UNIX};

        snprintf(address.sun_path, sizeof(address.sun_path),
                 RUN_DIRECTORY "/containers/%s/" SUPERVISOR_SOCKET_NAME, c->id);
        fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0 || connect(fd, (struct sockaddr *) &address, sizeof(address)) < 0)
                return -errno;
        return TAKE_FD(fd);
}

/* The supervisor is alive. */
static int adopt_running(Container *c) {
        int r;

        scope_watch_jobs(c->manager->scopes);
        c->leader_pidfd = process_open(&c->leader);
        if (c->leader_pidfd < 0)
                log_debug("The first process of container %s is gone, its supervisor will tell", c->name);

        c->control_fd = connect_control(c);
        if (c->control_fd < 0)
                (void) log_warning_errno(c->control_fd,
                                         "Container %s: cannot reach its supervisor, ignoring: %m", c->name);
        r = container_watch_supervisor(c);
        if (r < 0)
                return r;
        if (c->control_fd >= 0)
                (void) container_send(c, SUPERVISOR_QUERY, 0, -EBADF);

        if (c->state != CONTAINER_PAUSED)
                container_set_state(c, CONTAINER_RUNNING);
        if (c->remove_wanted)
                return container_remove(c, /* force= */ true, NULL);
        return 0;
}

void container_recover_last_state(Container *c) {
        _cleanup_(error_done) Error e = {};
        _cleanup_(closep) int dir_fd = container_open_state_dir(c);
        int r;

        if (!c->config)
                return;

        r = dir_fd < 0 ? dir_fd : container_load_state(c, dir_fd, &e);
        if (r == -ENOENT) {
                /* --rm leaves none once it has been started */
                if (c->config->auto_remove)
                        (void) container_remove(c, /* force= */ true, NULL);
                return;
        }
        if (r < 0)
                log_warning("Container %s: its last state is unknown: %s", c->name, error_message(&e, r));

        c->supervisor = c->leader = (ProcessId){};
        if (!container_state_is_at_rest(c->state)) {
                container_set_state(c, CONTAINER_EXITED);
                c->exit_code = 255;
                (void) container_set_error(c, "the machine was shut down while it ran");
                container_save_last_state(c);
        }
}

/* A run was under way. */
static int recover_run(Container *c, int run_dir_fd) {
        _cleanup_(error_done) Error e = {};
        ContainerState before = c->state;
        int r;

        r = container_load_state(c, run_dir_fd, &e);
        if (r < 0 || c->supervisor.pid <= 0) {
                /* It had no first process yet, so its supervisor, which cannot reach us, has ended by itself
                 */
                if (r < 0 && r != -ENOENT)
                        log_warning("Container %s: %s", c->name, error_message(&e, r));
                container_set_state(c, before == CONTAINER_FAILED ? CONTAINER_FAILED : CONTAINER_CREATED);
                container_remove_run_dir(c);
                container_recover_last_state(c);
                return 0;
        }

        c->supervisor_pidfd = process_open(&c->supervisor);
        if (c->supervisor_pidfd >= 0)
                return adopt_running(c);
        if (c->supervisor_pidfd != -ESRCH)
                return c->supervisor_pidfd;

        (void) container_read_exit(c, run_dir_fd);
        container_set_state(c, CONTAINER_RUNNING); /* which it was: so that it counts */
        container_ended(c);
        return 0;
}

static int recover_container(Container *c) {
        _cleanup_(closep) int run_dir_fd = container_open_run_dir(c);

        if (run_dir_fd >= 0)
                return recover_run(c, run_dir_fd);
        container_recover_last_state(c);
        return 0;
}

static int load_all(Manager *m, Error *reterr) {
        _cleanup_(strv_freep) char **names = NULL;
        int r;

        r = list_directory(m->containers_fd, &names);
        if (r < 0)
                return error_errnof(reterr, r, "cannot list " STATE_DIRECTORY "/containers");

        STRV_FOREACH(name, names) {
                if (!identifier_is_valid(*name)) {
                        log_warning(STATE_DIRECTORY "/containers/%s is not a container's, ignoring", *name);
                        continue;
                }
                r = load_container(m, *name);
                if (r == -ENOMEM)
                        return error_oom(reterr);
                if (r < 0)
                        (void) log_error_errno(r, "Cannot load container %s, ignoring: %m", *name);
        }
        return 0;
}

/* Runs of containers that are no more: their --rm was cut short. */
static int clean_run_directory(Manager *m, Error *reterr) {
        _cleanup_(strv_freep) char **names = NULL;
        int r;

        r = list_directory(m->run_containers_fd, &names);
        if (r < 0)
                return error_errnof(reterr, r, "cannot list " RUN_DIRECTORY "/containers");

        STRV_FOREACH(name, names) {
                if (string_map_get(m->containers, *name))
                        continue;
                r = remove_tree_at(m->run_containers_fd, *name);
                if (r < 0)
                        (void) log_warning_errno(
                                        r, "Cannot remove " RUN_DIRECTORY "/containers/%s, ignoring: %m",
                                        *name);
        }
        return 0;
}

/* A scope whose supervisor is gone must not go on without it. One that no container has is what is left of a --rm that
 * was cut short: nobody else has units of that name. */
static void check_scopes(Manager *m, char *const *units) {
        STRV_FOREACH(unit, units) {
                Container *c, *owner = NULL;

                STRING_MAP_FOREACH(c, m->containers)
                        if (c->unit && streq(c->unit, *unit))
                                owner = c;

                if (!owner || container_state_is_at_rest(owner->state))
                        scope_discard(m->scopes, *unit);
        }
}

int manager_recover(Manager *m, Error *reterr) {
        _cleanup_(strv_freep) char **units = NULL;
        Container *c;
        int r;

        r = load_all(m, reterr);
        if (r < 0)
                return r;
        r = scope_list(m->scopes, &units, reterr);
        if (r < 0)
                return r;

        STRING_MAP_FOREACH(c, m->containers) {
                r = recover_container(c); /* may free it */
                if (r < 0)
                        (void) log_error_errno(r, "Cannot find out about a container, ignoring: %m");
        }

        check_scopes(m, units);
        return clean_run_directory(m, reterr);
}
