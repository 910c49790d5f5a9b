/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>
#include <systemd/sd-bus.h>

#include "shared/error.h"
#include "shared/macro.h"

/* systemd as caissond sees it: it makes a transient scope around a container's two processes, kills and
 * lists scopes, and says when somebody stops one. Every call is asynchronous but scope_list(), which is for
 * the start of caissond. */

typedef struct ContainerConfig ContainerConfig;
typedef struct ScopeClient ScopeClient;
typedef struct ScopeStart ScopeStart;

/* A unit was asked to stop ("systemctl stop", shutdown) and its controller, which is us, is to see to it. */
typedef void (*scope_request_stop_t)(const char *unit, void *userdata);

int scope_client_new(sd_bus *bus, scope_request_stop_t request_stop, void *userdata, ScopeClient **ret,
                     Error *reterr);
ScopeClient *scope_client_free(ScopeClient *c);
DEFINE_TRIVIAL_CLEANUP_FUNC(ScopeClient *, scope_client_free)

typedef struct ScopeParameters {
        const char *unit;
        const char *description;
        const ContainerConfig *config; /* limits, --cgroup-parent, stop signal and time */
        pid_t supervisor, leader;
} ScopeParameters;

/* r < 0: e says why. The unit's name may not be the one that was asked for, see scope_start(). */
typedef void (*scope_started_t)(int r, const char *unit, const Error *e, void *userdata);

/* Calls back exactly once, never before it has returned, unless it fails or is cancelled by
 * scope_start_free(). Where a unit of that name is still on its way out this waits for it, since the name
 * shall be the container's. */
int scope_start(ScopeClient *c, const ScopeParameters *p, scope_started_t done, void *userdata,
                ScopeStart **ret, Error *reterr);
ScopeStart *scope_start_free(ScopeStart *s);

/* From now on stops of scopes are noticed by their jobs as well: systemd forgets a scope's controller when
 * that leaves the bus, so it does not ask a caissond that was started after the container. */
void scope_watch_jobs(ScopeClient *c);

/* Fire and forget: what fails is logged. */
void scope_kill(ScopeClient *c, const char *unit, int signo);

/* Kills what is in it and has systemd forget it, also when there is nothing in it: with cgroup v1 systemd does not
 * notice that a scope whose processes died while it was being made is empty. */
void scope_discard(ScopeClient *c, const char *unit);

/* Freezes or thaws all processes. */
typedef void (*scope_done_t)(int r, const Error *e, void *userdata);
int scope_freeze(ScopeClient *c, const char *unit, bool freeze, scope_done_t done, void *userdata,
                 Error *reterr);

/* Questions to systemd, for the caller to send: all properties of the unit (a{sv}); its processes (a(sus)).
 */
int scope_new_get_all(ScopeClient *c, const char *unit, sd_bus_message **ret);
int scope_new_get_processes(ScopeClient *c, const char *unit, sd_bus_message **ret);

/* The names of the scopes of containers that systemd has now. */
int scope_list(ScopeClient *c, char ***ret, Error *reterr);

/* "caisson-NAME.scope", escaped; with_id: "caisson-NAME-ID.scope". */
char *scope_unit_name(const char *name, const char *id);
