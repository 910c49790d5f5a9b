/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "callbacks.h"
#include "store.h"

/* Names and their end. Each is durable when it returns. */

/* Gives the image another name, which is taken from the image that has it. */
int image_tag(ImageStore *s, const char *image, const char *name, Error *reterr);

/* Takes names away; the images stay. None is taken if one of them does not exist. */
int image_untag(ImageStore *s, char *const *names, Error *reterr);

/* Somebody uses an image: it is not removed, and neither are its layers. */
typedef struct ImageUse {
        const char *image_id;
        const char *user; /* for the sentence: "container web" */
} ImageUse;

typedef struct ImageRemoveOptions {
        bool force;       /* remove an image by its id though it has several names; take the last name of one in use */
        const ImageUse *uses;
        size_t n_uses;
        char *const *keep_layers; /* names of directories below layers/ that stay in any case, or NULL */
        const ImageCallbacks *callbacks;
} ImageRemoveOptions;

/* "rmi", as docker has it: a name is taken away; with an image's last name, or by its id, the image goes and with it
 * all blobs and layers that nothing else refers to. *ret lists what was done: "Untagged: nginx:latest",
 * "Deleted: sha256:…". -EBUSY: somebody uses it; -ENOTUNIQ: several names, or several images; -ENOENT. */
int image_remove(ImageStore *s, const char *image, const ImageRemoveOptions *options, char ***ret, Error *reterr);

/* Removes all blobs and layers that no image refers to, and what jobs that died have left. Layers are not touched while
 * some image cannot be read, since nobody knows what it needs. *ret_layers (may be NULL): diff ids or chain ids of what
 * was removed. */
int image_store_collect(ImageStore *s, char *const *keep_layers, char ***ret_layers, Error *reterr);
