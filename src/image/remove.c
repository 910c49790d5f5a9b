/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "collect.h"
#include "image.h"
#include "oci/reference.h"
#include "remove.h"
#include "shared/fd.h"
#include "shared/strv.h"
#include "shared/text.h"
#include "store-job.h"
#include "store-staging.h"

typedef struct Tagging {
        const Image *image;
        const char *name;
} Tagging;

static int find_image(ImageStore *s, const char *text, Image **ret, char **ret_name, Error *reterr) {
        int r;

        r = image_store_refresh(s, reterr);
        if (r < 0)
                return r;
        return image_store_resolve(s, text, ret, ret_name, reterr);
}

static int add_name(OciIndex *index, void *userdata, Error *reterr) {
        const Tagging *t = userdata;

        for (size_t n = 0; n < index->n_manifests; n++)
                if (streq(index->manifests[n].digest, t->image->digest))
                        return store_index_add(index, index->manifests + n, t->name) < 0 ? error_oom(reterr) : 0;

        return error_set(reterr, -ENOENT, "The image has just been removed");
}

int image_tag(ImageStore *s, const char *image, const char *name, Error *reterr) {
        _cleanup_(image_unrefp) Image *i = NULL;
        _cleanup_(freep) char *full = NULL;
        int r;

        r = reference_normalize(name, &full, reterr);
        if (r < 0)
                return r;
        r = find_image(s, image, &i, NULL, reterr);
        if (r < 0)
                return r;
        r = image_check(i, reterr);
        if (r < 0)
                return r;

        return store_update_index(s, add_name, &(Tagging) { i, full }, reterr);
}

static int remove_names(OciIndex *index, void *userdata, Error *reterr) {
        char *const *names = userdata;

        STRV_FOREACH(name, names) {
                int r = store_index_untag(index, *name);
                if (r == -ENOENT) {
                        _cleanup_(freep) char *familiar = reference_familiar_from_string(*name);
                        return error_set(reterr, r, "There is no image '%s'", strempty(familiar));
                }
                if (r < 0)
                        return error_oom(reterr);
        }
        return 0;
}

int image_untag(ImageStore *s, char *const *names, Error *reterr) {
        _cleanup_(strv_freep) char **full = NULL;

        STRV_FOREACH(text, names) {
                _cleanup_(image_unrefp) Image *i = NULL;
                _cleanup_(freep) char *name = NULL;
                int r;

                r = find_image(s, *text, &i, &name, reterr);
                if (r < 0)
                        return r;
                if (!name)
                        return error_set(reterr, -EINVAL, "'%.128s' is not a name but an identifier", *text);
                if (!strv_contains(full, name) && strv_consume(&full, TAKE_PTR(name)) < 0)
                        return error_oom(reterr);
        }

        return strv_isempty(full) ? 0 : store_update_index(s, remove_names, full, reterr);
}

static int check_not_in_use(const Image *i, const char *called, const ImageRemoveOptions *o, Error *reterr) {
        for (size_t n = 0; n < o->n_uses; n++)
                if (streq(o->uses[n].image_id, i->id) || streq(o->uses[n].image_id, i->digest))
                        return error_set(reterr, -EBUSY, "Image %s is used by %s: remove that first", called,
                                         o->uses[n].user);
        return 0;
}

static int check_few_names(const Image *i, const char *called, const ImageRemoveOptions *o, Error *reterr) {
        _cleanup_(freep) char *all = NULL;

        if (o->force || strv_length(i->names) < 2)
                return 0;

        STRV_FOREACH(name, i->names) {
                _cleanup_(freep) char *familiar = reference_familiar_from_string(*name);
                if (!familiar || text_append(&all, "%s%s", all ? ", " : "", familiar) < 0)
                        return error_oom(reterr);
        }
        return error_set(reterr, -ENOTUNIQ, "Image %s has several names (%s): remove these, or use --force", called, all);
}

/* What is to be done, found out before anything is */
typedef struct Removal {
        Image *image;
        char **untag;  /* full names */
        bool whole;    /* the image goes too */
        char **report;
} Removal;

static void removal_done(Removal *r) {
        image_unref(r->image);
        strv_free(r->untag);
        strv_free(r->report);
}

static int plan(ImageStore *s, const char *text, const ImageRemoveOptions *o, Removal *ret, Error *reterr) {
        _cleanup_(freep) char *name = NULL, *called = NULL;
        int r;

        r = find_image(s, text, &ret->image, &name, reterr);
        if (r < 0)
                return r;

        called = name ? reference_familiar_from_string(name) : image_short_id(ret->image);
        if (!called)
                return error_oom(reterr);

        if (name && strv_length(ret->image->names) > 1) {
                ret->untag = strv_copy((char *const[]) { name, NULL });
                return ret->untag ? 0 : error_oom(reterr);
        }

        if (!name) {
                r = check_few_names(ret->image, called, o, reterr);
                if (r < 0)
                        return r;
        }
        ret->untag = strv_copy(ret->image->names);
        if (!ret->untag)
                return error_oom(reterr);

        /* By force the names go, but never what somebody stands on */
        r = check_not_in_use(ret->image, called, o, o->force && !strv_isempty(ret->untag) ? NULL : reterr);
        ret->whole = r >= 0;
        return r < 0 && (!o->force || strv_isempty(ret->untag)) ? r : 0;
}

static int remove_from_index(OciIndex *index, void *userdata, Error *reterr) {
        Removal *r = userdata;

        STRV_FOREACH(name, r->untag) {
                int q = store_index_untag(index, *name);
                if (q < 0 && q != -ENOENT)
                        return error_oom(reterr);
        }
        if (r->whole)
                STRV_FOREACH(digest, r->image->manifests)
                        (void) store_index_remove(index, *digest);
        return 0;
}

static int report(Removal *r, Error *reterr) {
        STRV_FOREACH(name, r->untag) {
                _cleanup_(freep) char *familiar = reference_familiar_from_string(*name);
                if (!familiar || strv_extendf(&r->report, "Untagged: %s", familiar) < 0)
                        return error_oom(reterr);
        }
        if (r->whole && strv_extendf(&r->report, "Deleted: %s", r->image->id) < 0)
                return error_oom(reterr);
        return 0;
}

int image_remove(ImageStore *s, const char *image, const ImageRemoveOptions *options, char ***ret, Error *reterr) {
        const ImageRemoveOptions o = options ? *options : (ImageRemoveOptions) {};
        _cleanup_(strv_freep) char **layers = NULL;
        _cleanup_(removal_done) Removal removal = {};
        _cleanup_(closep) int lock_fd = -EBADF;
        int r;

        /* One lock over looking and doing: a name that is given to the image meanwhile must not go with it */
        r = image_store_lock(s, &lock_fd, reterr);
        if (r < 0)
                return r;
        r = plan(s, image, &o, &removal, reterr);
        if (r < 0)
                return r;
        r = report(&removal, reterr);
        if (r < 0)
                return r;
        r = store_update_index_locked(s, remove_from_index, &removal, reterr);
        if (r < 0)
                return r;

        if (removal.whole) {
                r = store_collect_locked(s, o.keep_layers, NULL, &layers, reterr);
                if (r < 0)
                        return r;
                STRV_FOREACH(layer, layers)
                        if (strv_extendf(&removal.report, "Deleted: %s", *layer) < 0)
                                return error_oom(reterr);
        }
        lock_fd = safe_close(lock_fd);

        r = removal.whole ? store_staging_clean(s, reterr) : 0;
        if (r < 0)
                return r;
        *ret = TAKE_PTR(removal.report);
        return 0;
}
