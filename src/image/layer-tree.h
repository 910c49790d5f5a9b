/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <limits.h>
#include <sys/stat.h>

#include "layer-unpack.h"

/* The tree a layer is unpacked into, and the way through it. Nobody else changes it meanwhile, so that a
 * directory once reached stays where it is; still every step is one component from a descriptor, and no link
 * is ever followed by the kernel. Between calls we stand in one directory, whose ancestors are kept open,
 * since archives go through a tree in order. */
typedef struct TreeLevel {
        char *name; /* NULL: the root */
        int fd;
        struct timespec mtime; /* what the directory shall have when we leave it */
        bool touched;          /* mtime has to be set then */
        bool setgid;           /* what is made here gets its group */
} TreeLevel;

typedef struct LayerTree {
        const LayerUnpackOptions *options; /* weak */
        TreeLevel *levels;                 /* levels[0] is the root; the last is where we stand */
        size_t n_levels;
        char path[PATH_MAX]; /* of where we stand, without slashes at either end */

        bool needs_lower;
        bool default_acls; /* some directory has one, so that what is made may inherit */
        uint64_t n_copied; /* bytes copied up */
} LayerTree;

int layer_tree_init(LayerTree *t, int root_fd, const LayerUnpackOptions *options);
int layer_tree_finish(LayerTree *t, Error *reterr); /* leaves all directories; their times are set */
void layer_tree_done(LayerTree *t);

/* Goes to the directory that path (relative, no "." or ".." in it, at most PATH_MAX) leads to as a process
 * in the container would see it: links lead within the root, directories that are missing here are copied up
 * from the layers below or made. */
int layer_tree_enter(LayerTree *t, const char *path, size_t length, Error *reterr);

/* The directory we stand in; touch tells that its content changes. */
static inline TreeLevel *layer_tree_here(LayerTree *t) {
        return t->levels + t->n_levels - 1;
}
static inline int layer_tree_touch(LayerTree *t) {
        TreeLevel *l = layer_tree_here(t);

        l->touched = true;
        return l->fd;
}

/* Steps into a subdirectory that is there. */
int layer_tree_descend(LayerTree *t, const char *name, size_t length);

bool stat_is_whiteout(const struct stat *st) _pure_;
int layer_tree_set_opaque(LayerTree *t, int dir_fd);
int layer_tree_is_opaque(LayerTree *t, int dir_fd);

/* What the layers below have under that name of the directory where we stand: 1, the directory that holds it
 * and its status; or 0. */
int layer_tree_find_lower(LayerTree *t, const char *name, int *ret_parent_fd, struct stat *ret);
