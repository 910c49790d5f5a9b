/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "layer-tree.h"

/* Copying up from the layers below into the directory where we stand, with owner, mode, times and
 * attributes. What is copied is in a layer that was unpacked by us; its size counts against the limit all
 * the same. */
int layer_copy_directory(LayerTree *t, int lower_parent_fd, const char *name); /* without its content */
int layer_copy_node(LayerTree *t, int lower_parent_fd, const char *name);      /* anything but a directory */
