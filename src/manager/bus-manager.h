/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

typedef struct Manager Manager;

/* The object /io/caisson1, as far as it is about containers and the whole; bus-image.h and bus-job.h add to
 * it. */
int bus_manager_export(Manager *m);
