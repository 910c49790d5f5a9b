/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store.h"

/* Removes blobs and layers that neither an image nor a job nor keep_layers needs; the caller holds the store's lock. Layers
 * (and blobs) stay while some image cannot be read: nobody knows what it needs. only (may be NULL): nothing but blobs and
 * layers of these names. *removed (may be NULL) is extended by "sha256:…" of each layer that went. */
int store_collect_locked(ImageStore *s, char *const *keep_layers, char *const *only, char ***removed, Error *reterr);
