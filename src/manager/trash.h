/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "shared/macro.h"

/* Removes directories a little at a time, so that a container that wrote a million files stops nobody. What
 * is to go is renamed into the directory "trash" first, which is atomic; what is found there at the start
 * goes as well. */
typedef struct Trash Trash;

/* dir_fd: a directory on the same file system, which must outlive the trash; "trash" is made in it. */
int trash_new(sd_event *event, int dir_fd, Trash **ret);
Trash *trash_free(Trash *t);
DEFINE_TRIVIAL_CLEANUP_FUNC(Trash *, trash_free)

/* Takes dir_fd/name away; it goes when the loop has nothing better to do. -ENOENT: not there. */
int trash_put(Trash *t, int dir_fd, const char *name);
