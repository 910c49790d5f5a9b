/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

typedef struct Container Container;

/* Tells systemd-machined of a container that runs, so that machinectl and nss-mymachines know it.
 * Asynchronously; where there is no machined, nothing happens. It notices the end by itself. */
void machine_register(Container *c);
