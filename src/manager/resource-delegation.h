/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "container-config.h"

/* For a systemd in the container: makes the root of its user namespace the owner of its control group, once the scope is
 * there and before the first process is released. Does nothing for others. systemd's own way, User= of the scope, wants a
 * user that the host knows by name. On cgroup v1 only the hierarchy without controllers is given away: their files are not
 * safe there. */
int resource_delegate(const ContainerConfig *c, pid_t leader, uid_t userns_base, Error *reterr);
