/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "image/image.h"
#include "shared/string-map.h"

typedef struct Manager Manager;
typedef struct ImageCache ImageCache;

/* What caissond knows of the image store, which only workers write: read again whenever it has changed,
 * looked at before every answer. */

/* An image that the store has; goes when the image does. */
typedef struct ImageEntry {
        ImageCache *cache; /* weak */
        Manager *manager;  /* weak */
        Image *image;      /* referenced */
        char *names;       /* all of them in one text, as the observer knows them */
        bool seen;         /* while comparing */
        unsigned n_removals;
} ImageEntry;

/* Who wants to know of images that come and go, for the bus. */
typedef struct ImageObserver {
        void (*added)(ImageEntry *e);
        void (*renamed)(ImageEntry *e);
        void (*removed)(ImageEntry *e);
} ImageObserver;
extern const ImageObserver bus_image_observer; /* bus-image.c */

int image_cache_new(Manager *m, ImageCache **ret, Error *reterr);
ImageCache *image_cache_free(ImageCache *c);
DEFINE_TRIVIAL_CLEANUP_FUNC(ImageCache *, image_cache_free)

/* Looks whether the store has changed and tells the observer what is new, gone or has other names. */
void image_cache_changed(ImageCache *c);

/* The same for who wants to know whether it worked. */
int image_cache_refresh(ImageCache *c, Error *reterr);

/* As image_store_resolve(), after a look at the store. */
int image_cache_resolve(ImageCache *c, const char *text, Image **ret, char **ret_name, Error *reterr);

/* By its id, "sha256:…", in full; NULL: none. */
ImageEntry *image_cache_find(ImageCache *c, const char *id);
StringMap *image_cache_entries(ImageCache *c); /* id: ImageEntry */

/* While an image is being removed nobody can begin to use it. */
void image_cache_begin_removal(ImageCache *c, const char *id);
void image_cache_end_removal(ImageCache *c, const char *id);
bool image_cache_is_being_removed(ImageCache *c, const char *id);

/* The names of the containers that use an image, whatever they do; NULL: none. */
int image_cache_users(ImageCache *c, const char *id, char ***ret);
