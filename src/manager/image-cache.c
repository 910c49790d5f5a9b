/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image-cache.h"
#include "container.h"
#include "manager.h"
#include "shared/log.h"
#include "shared/strv.h"
#include "shared/text.h"

struct ImageCache {
        Manager *manager;   /* weak */
        StringMap *entries; /* id: ImageEntry; what the observer was told of */
        char *trouble;      /* the store's, as it was last logged */
};

static ImageEntry *image_entry_free(ImageEntry *e) {
        if (!e)
                return NULL;

        image_unref(e->image);
        free(e->names);
        return mfree(e);
}
DEFINE_TRIVIAL_CLEANUP_FUNC(ImageEntry *, image_entry_free)

static void free_entry(void *p) {
        image_entry_free(p);
}

ImageCache *image_cache_free(ImageCache *c) {
        if (!c)
                return NULL;

        string_map_free(c->entries);
        free(c->trouble);
        return mfree(c);
}

int image_cache_new(Manager *m, ImageCache **ret, Error *reterr) {
        _cleanup_(image_cache_freep) ImageCache *c = NULL;

        c = new0(ImageCache, 1);
        if (!c)
                return error_oom(reterr);
        c->manager = m;

        c->entries = string_map_new(free_entry);
        if (!c->entries)
                return error_oom(reterr);

        *ret = TAKE_PTR(c);
        return 0;
}

ImageEntry *image_cache_find(ImageCache *c, const char *id) {
        return string_map_get(c->entries, id);
}

StringMap *image_cache_entries(ImageCache *c) {
        return c->entries;
}

static int add_entry(ImageCache *c, Image *i, char *names, ImageEntry **ret) {
        _cleanup_(image_entry_freep) ImageEntry *e = new0(ImageEntry, 1);
        int r;

        if (!e) {
                free(names);
                return -ENOMEM;
        }
        *e = (ImageEntry){.cache = c, .manager = c->manager, .image = image_ref(i), .names = names};

        r = string_map_put(c->entries, i->id, e);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(e);
        return 0;
}

static int compare_image(ImageCache *c, Image *i, const ImageObserver *o) {
        _cleanup_(freep) char *names = strv_join(i->names, " ");
        ImageEntry *e = image_cache_find(c, i->id);
        int r;

        if (!names)
                return -ENOMEM;

        if (!e) {
                r = add_entry(c, i, TAKE_PTR(names), &e);
                if (r < 0)
                        return r;
                e->seen = true;
                o->added(e);
                return 0;
        }

        e->seen = true;
        if (e->image != i) {
                image_unref(e->image);
                e->image = image_ref(i);
        }
        if (!streq(e->names, names)) {
                free_and_replace(e->names, names);
                o->renamed(e);
        }
        return 0;
}

/* The observer hears of an image once for each thing that has happened to it since it last heard. */
static int compare_all(ImageCache *c, const ImageObserver *o) {
        ImageStore *store = c->manager->store;
        ImageEntry *e;
        int r;

        STRING_MAP_FOREACH(e, c->entries)
        e->seen = false;

        for (size_t i = 0; i < store->n_images; i++) {
                r = compare_image(c, store->images[i], o);
                if (r < 0)
                        return r;
        }

        STRING_MAP_FOREACH(e, c->entries)
        if (!e->seen) {
                (void) string_map_steal(c->entries, e->image->id);
                o->removed(e);
                image_entry_free(e);
        }
        return 0;
}

static void log_trouble(ImageCache *c) {
        const char *trouble = c->manager->store->trouble;
        char *copy;

        if (streq_ptr(trouble, c->trouble))
                return;
        if (trouble)
                log_warning("The image store is damaged: %s", trouble);

        copy = trouble ? strdup(trouble) : NULL;
        free_and_replace(c->trouble, copy);
}

int image_cache_refresh(ImageCache *c, Error *reterr) {
        int r;

        r = image_store_refresh(c->manager->store, reterr);
        if (r < 0)
                return r;
        log_trouble(c);

        /* Not only if the store says that something has changed: others ask it, too */
        r = compare_all(c, &bus_image_observer);
        return r < 0 ? error_oom(reterr) : 0;
}

void image_cache_changed(ImageCache *c) {
        _cleanup_(error_done) Error e = {};
        int r;

        r = image_cache_refresh(c, &e);
        if (r < 0)
                log_warning("Cannot read the image store, going on with what is known of it: %s",
                            error_message(&e, r));
}

int image_cache_resolve(ImageCache *c, const char *text, Image **ret, char **ret_name, Error *reterr) {
        int r;

        r = image_cache_refresh(c, reterr);
        return r < 0 ? r : image_store_resolve(c->manager->store, text, ret, ret_name, reterr);
}

void image_cache_begin_removal(ImageCache *c, const char *id) {
        ImageEntry *e = image_cache_find(c, id);

        if (e)
                e->n_removals++;
}

void image_cache_end_removal(ImageCache *c, const char *id) {
        ImageEntry *e = image_cache_find(c, id);

        if (e && e->n_removals > 0)
                e->n_removals--;
}

bool image_cache_is_being_removed(ImageCache *c, const char *id) {
        ImageEntry *e = image_cache_find(c, id);

        return e && e->n_removals > 0;
}

int image_cache_users(ImageCache *c, const char *id, char ***ret) {
        _cleanup_(strv_freep) char **users = NULL;
        Container *container;
        int r;

        STRING_MAP_FOREACH(container, c->manager->containers) {
                if (container->given_up || !streq_ptr(container->image_id, id))
                        continue;

                r = strv_extend(&users, container->name ?: container->id);
                if (r < 0)
                        return r;
        }

        *ret = TAKE_PTR(users);
        return 0;
}
