/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "oci/image-config.h"
#include "oci/manifest.h"
#include "store.h"

/* An image as the store has it. Everything but the names stays as it is while somebody holds a reference, also when the
 * image has been removed from the store; the names are those of the last image_store_refresh(). */
struct Image {
        unsigned n_ref;
        char *id;      /* "sha256:…" of the configuration, as docker's and podman's; if it is damaged and nobody knows, of
                        * the manifest */
        char *digest;  /* of the manifest */
        char **names;  /* full: "docker.io/library/nginx:latest"; sorted; NULL or empty: none */
        char **manifests; /* digests of all manifests in the index that have this configuration; the first is digest */
        char *damage;  /* why it cannot be used; NULL: it can */

        /* NULL and 0 if it is damaged */
        OciManifest *manifest;
        OciImageConfig *config; /* without its document */
        char **chain_ids;       /* bottom first */
        uint64_t *layer_sizes;  /* unpacked, bottom first; as many as the manifest has layers */
        uint64_t size;          /* their sum */
        uint64_t created_usec;  /* 0: not said */
};

DECLARE_REF_UNREF(Image, image);

/* Reads index.json again if it has changed, and what is new of the images in it: 1, or 0 if nothing has. Cheap enough
 * to call before every look at the store. What is wrong with single images is in their damage, what is wrong with
 * the index in the store's trouble. */
int image_store_refresh(ImageStore *s, Error *reterr);

/* Finds an image by its name ("nginx", "localhost/app:1"), by "NAME@sha256:…", by its id or digest in full, or by the
 * beginning of its id (two digits at least, with "sha256:" or without). *ret is a new reference; *ret_name (may be
 * NULL) is the full name if it was found by one of its names, otherwise NULL. -ENOENT: no such image; -ENOTUNIQ: the
 * beginning of several. A damaged image is found too: image_check() before using it. Call image_store_refresh() first. */
int image_store_resolve(ImageStore *s, const char *text, Image **ret, char **ret_name, Error *reterr);

/* 0, or -EBADMSG and a sentence. */
int image_check(const Image *i, Error *reterr);

/* The directories of the image's layers, as names below layers/, topmost first and each once: empty for an image
 * without layers. -ENOENT and a sentence if one is missing. */
int image_layer_names(ImageStore *s, const Image *i, char ***ret, Error *reterr);

/* The first 12 digits of the id. */
#define IMAGE_ID_SHORT 12U
char *image_short_id(const Image *i);

/* What to call it in a message: its first name in familiar form, or the short id. */
char *image_display_name(const Image *i);
