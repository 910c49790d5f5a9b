/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "container.h"

/* What happens to containers, as signals: sent some milliseconds later and when the loop has nothing better to do, since
 * nobody waits for them and the bus has one queue for all. In the order in which things happened. */
extern const ContainerObserver bus_signals_observer;

/* Sends all that wait. */
void bus_signals_flush(Manager *m);
