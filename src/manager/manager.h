/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "shared/error.h"
#include "shared/macro.h"
#include "shared/string-map.h"

typedef struct Container Container;                 /* container.h */
typedef struct ContainerObserver ContainerObserver; /* container.h */
typedef struct ImageCache ImageCache;               /* image-cache.h */
typedef struct ImageStore ImageStore;               /* image/store.h */
typedef struct Job Job;                             /* job.h */
typedef struct PolkitRegistry PolkitRegistry;       /* bus-polkit.h */
typedef struct ScopeClient ScopeClient;             /* scope.h */
typedef struct SeccompPool SeccompPool;             /* seccomp-pool.h */
typedef struct Trash Trash;                         /* trash.h */
typedef struct UsernsPool UsernsPool;               /* userns-pool.h */

#define STATE_DIRECTORY "/var/lib/caisson"
#define RUN_DIRECTORY   "/run/caisson"

/* How much strangers may make us keep. */
#define CONTAINERS_MAX   4096U
#define OPERATIONS_MAX   4096U /* bus calls that wait for something */
#define JOBS_MAX         64U
#define JOBS_PER_UID_MAX 16U /* root is not counted */

/* Everything caissond knows. One event loop, no threads; whatever may take time is a process of its own or
 * an asynchronous bus call. */
typedef struct Manager {
        sd_event *event;
        sd_bus *bus;

        int state_fd;          /* /var/lib/caisson */
        int containers_fd;     /* /var/lib/caisson/containers */
        int run_fd;            /* /run/caisson */
        int run_containers_fd; /* /run/caisson/containers */

        StringMap *containers; /* id: Container, owned */
        StringMap *names; /* name: Container, weak; a name is taken from the moment somebody asks for it */
        size_t n_running;
        const ContainerObserver *observer; /* the bus */
        Trash *trash;

        StringMap *jobs; /* id in decimal: Job, owned by job.c */
        uint32_t last_job_id;

        PolkitRegistry *polkit;
        ImageCache *images;
        ImageStore *store; /* read only; image_store_refresh() before every look, which is cheap */
        ScopeClient *scopes;
        SeccompPool *seccomp;
        UsernsPool *userns;

        bool stopping; /* SIGTERM has arrived: nothing new is begun */
} Manager;

int manager_new(Manager **ret, Error *reterr);
Manager *manager_free(Manager *m);
DEFINE_TRIVIAL_CLEANUP_FUNC(Manager *, manager_free)

/* Reads records, asks systemd, repairs what does not agree; see recovery.c. */
int manager_recover(Manager *m, Error *reterr);

/* Connects the objects to the bus and takes the name. */
int manager_publish(Manager *m, Error *reterr);

/* By name, then by identifier, then by unique prefix of one. -ENOENT, -ENOTUNIQ: an ambiguous prefix. */
int manager_find_container(Manager *m, const char *name_or_id, Container **ret, Error *reterr);
