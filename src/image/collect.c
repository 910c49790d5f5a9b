/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <unistd.h>

#include "collect.h"
#include "image.h"
#include "remove.h"
#include "shared/fd.h"
#include "shared/path.h"
#include "shared/string-map.h"
#include "shared/strv.h"
#include "shared/text.h"
#include "store-job.h"
#include "store-staging.h"

/* A name that no job has: what is called so is removed by the next one that cleans up */
#define REMOVED_PREFIX STAGED_LAYER_PREFIX "removed-"

/* What is needed, by name of the file or directory. The values mean nothing. */
typedef struct Needed {
        StringMap *blobs;
        StringMap *layers;
} Needed;

static void needed_done(Needed *n) {
        string_map_free(n->blobs);
        string_map_free(n->layers);
}

static int need(StringMap *m, const char *name) {
        int r = string_map_put(m, name, m);

        return r == -EEXIST ? 0 : r;
}

static int need_image(Needed *n, const Image *i) {
        char name[LAYER_NAME_MAX];
        int r;

        STRV_FOREACH(digest, i->manifests) {
                r = need(n->blobs, digest_hex(*digest));
                if (r < 0)
                        return r;
        }
        r = need(n->blobs, digest_hex(i->manifest->config.digest));
        if (r < 0)
                return r;

        for (size_t k = 0; k < i->manifest->n_layers; k++) {
                layer_name_from_chain_id(name, i->chain_ids[k]);
                if (need(n->blobs, digest_hex(i->manifest->layers[k].digest)) < 0 ||
                    need(n->layers, digest_hex(i->config->diff_ids[k])) < 0 || need(n->layers, name) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* The layers' blobs of manifests that an image has besides its first */
static int need_other_manifests(ImageStore *s, Needed *n, const Image *i, Error *reterr) {
        for (size_t k = 1; i->manifests && i->manifests[0] && i->manifests[k]; k++) {
                _cleanup_(oci_manifest_freep) OciManifest *m = NULL;
                _cleanup_(freep) char *text = NULL;
                size_t size;
                int r;

                r = image_store_read_blob(s, i->manifests[k], "manifest", &text, &size, reterr);
                if (r >= 0)
                        r = oci_manifest_parse("manifest", text, size, NULL, &m, reterr);
                if (r < 0)
                        return r;
                for (size_t l = 0; l < m->n_layers; l++)
                        if (need(n->blobs, digest_hex(m->layers[l].digest)) < 0)
                                return error_oom(reterr);
        }
        return 0;
}

/* 1: all is known; 0: something cannot be read and nothing may be removed */
static int find_needed(ImageStore *s, char *const *keep_layers, Needed *n, Error *reterr) {
        _cleanup_(strv_freep) char **pins = NULL;
        int r;

        n->blobs = string_map_new(NULL);
        n->layers = string_map_new(NULL);
        if (!n->blobs || !n->layers)
                return error_oom(reterr);

        r = image_store_refresh(s, reterr);
        if (r < 0)
                return r;
        if (s->trouble)
                return 0;

        for (size_t k = 0; k < s->n_images; k++) {
                if (s->images[k]->damage)
                        return 0;
                if (need_image(n, s->images[k]) < 0)
                        return error_oom(reterr);
                if (need_other_manifests(s, n, s->images[k], NULL) < 0)
                        return 0;
        }

        r = store_jobs_list_pins(s, &pins, reterr);
        if (r < 0)
                return r;
        STRV_FOREACH(name, pins)
                if (need(n->layers, *name) < 0)
                        return error_oom(reterr);
        STRV_FOREACH(name, keep_layers)
                if (need(n->layers, *name) < 0)
                        return error_oom(reterr);
        return 1;
}

static int list(int dir_fd, StringMap *needed, char ***ret) {
        _cleanup_(closedirp) DIR *d = NULL;
        int copy;

        copy = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        d = copy < 0 ? NULL : fdopendir(copy);
        if (!d) {
                safe_close(copy);
                return -errno;
        }

        for (struct dirent *de; (de = readdir(d));)
                if (!streq(de->d_name, ".") && !streq(de->d_name, "..") && !startswith(de->d_name, STAGED_LAYER_PREFIX) &&
                    !string_map_get(needed, de->d_name) && strv_extend(ret, de->d_name) < 0)
                        return -ENOMEM;
        return 0;
}

/* Out of sight under the lock, removed without it */
static int hide_layer(ImageStore *s, const char *name) {
        _cleanup_(freep) char *hidden = text_join(REMOVED_PREFIX, name, NULL);

        if (!hidden)
                return -ENOMEM;
        (void) remove_tree_at(s->layers_fd, hidden);
        return renameat(s->layers_fd, name, s->layers_fd, hidden) < 0 ? -errno : 0;
}

static int note_removed(const char *name, char ***removed) {
        const char *hex = startswith(name, "chain-") ?: name;

        if (!removed || !text_is_hex(hex, DIGEST_HEX_LENGTH))
                return 0;
        return strv_extendf(removed, DIGEST_PREFIX "%s", hex);
}

int store_collect_locked(ImageStore *s, char *const *keep_layers, char *const *only, char ***removed, Error *reterr) {
        _cleanup_(needed_done) Needed needed = {};
        _cleanup_(strv_freep) char **blobs = NULL, **layers = NULL;
        int r;

        r = find_needed(s, keep_layers, &needed, reterr);
        if (r <= 0)
                return r;

        if (list(s->blobs_fd, needed.blobs, &blobs) < 0 || list(s->layers_fd, needed.layers, &layers) < 0)
                return error_set(reterr, -EIO, "Cannot list what is in the image store");

        STRV_FOREACH(name, blobs)
                if (!only || strv_contains(only, *name))
                        (void) unlinkat(s->blobs_fd, *name, 0);
        STRV_FOREACH(name, layers)
                if ((!only || strv_contains(only, *name)) && hide_layer(s, *name) >= 0 && note_removed(*name, removed) < 0)
                        return error_oom(reterr);
        return 0;
}

int image_store_collect(ImageStore *s, char *const *keep_layers, char ***ret_layers, Error *reterr) {
        _cleanup_(strv_freep) char **removed = NULL;
        _cleanup_(closep) int lock_fd = -EBADF;
        int r;

        r = image_store_lock(s, &lock_fd, reterr);
        if (r < 0)
                return r;
        r = store_collect_locked(s, keep_layers, NULL, &removed, reterr);
        lock_fd = safe_close(lock_fd);
        if (r < 0)
                return r;

        /* Without the lock: it may take its time */
        r = store_staging_clean(s, reterr);
        if (r < 0)
                return r;
        if (ret_layers)
                *ret_layers = TAKE_PTR(removed);
        return 0;
}
