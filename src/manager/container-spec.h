/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "container-config.h"

/* A container's configuration as an OCI runtime specification: the file config.json, which is all that its supervisor
 * is told. What is not asked for is as strict as docs/SECURITY.md says. */

typedef struct OciSpec OciSpec;

/* Where this container is; all weak. */
typedef struct ContainerPlace {
        const char *id;
        const char *name;
        const char *unit;       /* "caisson-web.scope" */
        const char *run_dir;    /* "/run/caisson/containers/ID", with hosts, hostname, resolv.conf */
        const char *state_dir;  /* "/var/lib/caisson/containers/ID", with upper, work and volumes/N */
        char *const *layers;    /* paths of the unpacked layers, topmost first; may be empty */
        uid_t userns_base;      /* of the range from the pool; unused with the host's user namespace */
} ContainerPlace;

/* c has been merged with its image. */
int container_spec_make(const ContainerConfig *c, const ContainerPlace *place, OciSpec **ret, Error *reterr);

/* Directories in state_dir that must exist before the start, relative and in order, with the mode 0755, owned by the
 * container's root: "upper", "volumes", "volumes/0", …; "work" is caissond's own. */
int container_spec_directories(const ContainerConfig *c, char ***ret);

/* The text of /etc/hosts, /etc/hostname and /etc/resolv.conf of the container. host_hosts and host_resolv are those of
 * the host, or NULL where it has none. */
int container_spec_make_hosts(const ContainerConfig *c, const char *host_hosts, char **ret);
int container_spec_make_hostname(const ContainerConfig *c, char **ret);
int container_spec_make_resolv_conf(const ContainerConfig *c, const char *host_resolv, char **ret);

/* Looks at what a start needs on the host, and makes the directories that -v promises. Call it where waiting for a file
 * system is allowed to take its time, before container_spec_make(). */
int container_spec_prepare_sources(const ContainerConfig *c, Error *reterr);
