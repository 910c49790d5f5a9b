/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <archive.h>
#include <archive_entry.h>

#include "layer-tree.h"

/* Makes one entry of the archive in the directory where we stand, in place of what has its name there. A
 * directory is entered. *n_bytes grows by what is written to files. */
int layer_entry_make(LayerTree *t, struct archive *a, struct archive_entry *e, const char *name,
                     uint64_t *n_bytes, Error *reterr);

/* Owner, mode, attributes and time of the layer's root, where we stand. */
int layer_entry_apply_root(LayerTree *t, struct archive_entry *e, Error *reterr);

/* A hard link to target, a cleaned path like those of layer_tree_enter(). Leaves where we stand and comes
 * back. */
int layer_entry_link(LayerTree *t, const char *target, const char *parent, size_t parent_length,
                     const char *name, Error *reterr);

int layer_entry_whiteout(LayerTree *t, const char *name, Error *reterr);

/* overlayfs does not look for an opaque mark on the root of a layer: hides, name by name, all that the
 * layers below have there. */
int layer_entry_hide_lower_root(LayerTree *t, Error *reterr);
