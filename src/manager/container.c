/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sys/stat.h>

#include "container-config.h"
#include "container-start.h"
#include "container.h"
#include "manager.h"
#include "shared/fd.h"
#include "shared/log.h"
#include "shared/text.h"
#include "userns-pool.h"

struct ContainerWaiter {
        Container *container; /* weak; NULL: has called back */
        ContainerWaiter *next;
        ContainerCondition condition;
        container_waited_t done;
        void *userdata;
};

static const char *const container_state_table[] = {
                [CONTAINER_CREATED] = "created",   [CONTAINER_STARTING] = "starting",
                [CONTAINER_RUNNING] = "running",   [CONTAINER_PAUSED] = "paused",
                [CONTAINER_STOPPING] = "stopping", [CONTAINER_EXITED] = "exited",
                [CONTAINER_FAILED] = "failed",     [CONTAINER_REMOVING] = "removing",
};
DEFINE_STRING_TABLE(container_state, ContainerState)

static const char *const container_condition_table[] = {
                [CONTAINER_CONDITION_STOPPED] = "not-running",
                [CONTAINER_CONDITION_NEXT_EXIT] = "next-exit",
                [CONTAINER_CONDITION_REMOVED] = "removed",
};
DEFINE_STRING_TABLE(container_condition, ContainerCondition)

int container_new(Manager *m, const char *id, Container **ret) {
        Container *c;
        int r;

        assert(identifier_is_valid(id));

        c = new0(Container, 1);
        if (!c)
                return -ENOMEM;
        *c = (Container){
                        .supervisor_pidfd = -EBADF,
                        .leader_pidfd = -EBADF,
                        .control_fd = -EBADF,
                        .attach_fd = -EBADF,
        };
        memcpy(c->id, id, sizeof(c->id));

        r = string_map_put(m->containers, id, c);
        if (r < 0) {
                free(c);
                return r;
        }
        c->manager = m;

        *ret = c;
        return 0;
}

Container *container_free(Container *c) {
        Manager *m;

        if (!c)
                return NULL;
        m = c->manager;

        while (c->waiters)
                container_waiter_free(c->waiters);
        container_start_cancel(c);
        container_forget_processes(c);
        sd_event_source_disable_unref(c->stop_timer);
        safe_close(c->attach_fd);

        if (c->userns_base > 0 && c->config)
                userns_pool_release(m->userns, c->userns_base, c->config->userns_size);
        (void) container_take_name(c, NULL, NULL);
        if (string_map_get(m->containers, c->id) == c)
                string_map_remove(m->containers, c->id);

        container_config_unref(c->config);
        free(c->image);
        free(c->image_id);
        free(c->error);
        free(c->unit);
        return mfree(c);
}

int container_take_name(Container *c, const char *name, Error *reterr) {
        Manager *m = c->manager;
        Container *other;
        char *copy = NULL;
        int r;

        if (name) {
                other = string_map_get(m->names, name);
                if (other == c)
                        return 0;
                if (other)
                        return error_set(
                                        reterr, -EEXIST,
                                        "the name '%s' is taken by container %.12s: choose another, or remove that one",
                                        name, other->id);

                copy = strdup(name);
                if (!copy)
                        return error_oom(reterr);
                r = string_map_put(m->names, name, c);
                if (r < 0) {
                        free(copy);
                        return error_oom(reterr);
                }
        }

        if (c->name)
                string_map_remove(m->names, c->name);
        free_and_replace(c->name, copy);
        return 0;
}

static bool state_counts_as_running(ContainerState s) {
        return s == CONTAINER_RUNNING || s == CONTAINER_PAUSED || s == CONTAINER_STOPPING;
}

void container_set_state(Container *c, ContainerState state) {
        ContainerState old = c->state;

        if (old == state)
                return;

        c->state = state;
        c->manager->n_running += state_counts_as_running(state);
        c->manager->n_running -= state_counts_as_running(old);
        log_debug("Container %s: %s, was %s", strempty(c->name), container_state_to_string(state),
                  container_state_to_string(old));

        if (c->manager->observer)
                c->manager->observer->changed(c, old);
}

int container_set_error(Container *c, const char *error) {
        char *copy = NULL;

        if (error) {
                copy = strdup(error);
                if (!copy)
                        return -ENOMEM;
        }
        return free_and_replace(c->error, copy);
}

ContainerWaiter *container_waiter_free(ContainerWaiter *w) {
        if (!w)
                return NULL;

        if (w->container)
                for (ContainerWaiter **p = &w->container->waiters; *p; p = &(*p)->next)
                        if (*p == w) {
                                *p = w->next;
                                break;
                        }
        return mfree(w);
}

int container_wait(Container *c, ContainerCondition condition, container_waited_t done, void *userdata,
                   ContainerWaiter **ret) {
        ContainerWaiter *w, **p;

        if (condition == CONTAINER_CONDITION_STOPPED && container_state_is_at_rest(c->state)) {
                *ret = NULL;
                done(c, userdata);
                return 0;
        }

        w = new0(ContainerWaiter, 1);
        if (!w)
                return -ENOMEM;
        *w = (ContainerWaiter){.container = c, .condition = condition, .done = done, .userdata = userdata};

        for (p = &c->waiters; *p; p = &(*p)->next)
                ;
        *p = w;
        *ret = w;
        return 0;
}

/* A callback may do anything to the list but free the container: so one is taken out at a time, from the
 * front. */
void container_notify(Container *c, ContainerCondition condition) {
        for (;;) {
                ContainerWaiter *w;

                for (w = c->waiters; w; w = w->next)
                        if (w->condition == condition)
                                break;
                if (!w)
                        return;

                container_waited_t done = w->done;
                void *userdata = w->userdata;

                container_waiter_free(w);
                done(c, userdata);
        }
}

int manager_find_container(Manager *m, const char *name_or_id, Container **ret, Error *reterr) {
        Container *c, *found = NULL;
        size_t n = strlen(name_or_id);

        c = string_map_get(m->names, name_or_id);
        if (!c && n == CONTAINER_ID_LENGTH)
                c = string_map_get(m->containers, name_or_id);
        if (c) {
                *ret = c;
                return 0;
        }

        if (n > 0 && n < CONTAINER_ID_LENGTH && text_is_hex(name_or_id, n))
                STRING_MAP_FOREACH(c, m->containers) {
                        if (!startswith(c->id, name_or_id))
                                continue;
                        if (found)
                                return error_set(
                                                reterr, -ENOTUNIQ,
                                                "'%s' is the beginning of more than one container's identifier",
                                                name_or_id);
                        found = c;
                }

        if (!found)
                return error_set(reterr, -ENOENT, "there is no container '%.128s'", name_or_id);
        *ret = found;
        return 0;
}
