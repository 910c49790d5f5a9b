/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

typedef struct Container Container;

/* Tells systemd-machined of a container that runs, so that machinectl and nss-mymachines know it: a moment
 * later, since nobody wants to know of what ends at once, and machined asks systemd a lot. Where there is no
 * machined, nothing happens. It notices the end by itself. */
void machine_register_soon(Container *c);
