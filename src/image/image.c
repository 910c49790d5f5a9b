/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image.h"
#include "index.h"
#include "oci/reference.h"
#include "shared/parse.h"
#include "shared/string-map.h"
#include "shared/strv.h"
#include "shared/text.h"

static Image *image_free(Image *i) {
        free(i->id);
        free(i->digest);
        strv_free(i->names);
        strv_free(i->manifests);
        free(i->damage);
        oci_manifest_free(i->manifest);
        oci_image_config_free(i->config);
        strv_free(i->chain_ids);
        free(i->layer_sizes);
        return mfree(i);
}

DEFINE_REF_UNREF(Image, image, image_free)

static int read_layer_sizes(Image *i, const OciDescriptor *entry) {
        const char *annotation = oci_descriptor_annotation(entry, STORE_ANNOTATION_LAYER_SIZES);
        _cleanup_(strv_freep) char **words = NULL;

        i->layer_sizes = new0(uint64_t, i->manifest->n_layers + 1);
        if (!i->layer_sizes)
                return -ENOMEM;

        if (annotation && strv_split(annotation, ",", &words) < 0)
                return -ENOMEM;

        /* Put there by somebody else: the best we know is the size of the blobs */
        for (size_t n = 0; n < i->manifest->n_layers; n++)
                i->layer_sizes[n] = i->manifest->layers[n].size;
        if (strv_length(words) == i->manifest->n_layers)
                for (size_t n = 0; words && words[n]; n++)
                        (void) parse_u64(words[n], i->layer_sizes + n);

        for (size_t n = 0; n < i->manifest->n_layers; n++)
                i->size += i->layer_sizes[n];
        return 0;
}

/* Manifest and configuration of an entry */
static int image_read(ImageStore *s, Image *i, const OciDescriptor *entry, Error *reterr) {
        _cleanup_(freep) char *manifest_text = NULL, *config_text = NULL;
        size_t manifest_size, config_size;
        int r;

        if (!oci_media_type_is_manifest(oci_descriptor_type(entry)))
                return error_set(reterr, -EBADMSG, "'%s' is not an image's manifest", entry->media_type);

        r = image_store_read_blob(s, entry->digest, "manifest", &manifest_text, &manifest_size, reterr);
        if (r < 0)
                return r;
        r = oci_manifest_parse("manifest", manifest_text, manifest_size, entry->media_type, &i->manifest, reterr);
        if (r < 0)
                return r;

        r = image_store_read_blob(s, i->manifest->config.digest, "configuration", &config_text, &config_size, reterr);
        if (r < 0)
                return r;
        r = oci_image_config_parse("configuration", config_text, config_size, &i->config, reterr);
        if (r < 0)
                return r;

        if (strv_length(i->config->diff_ids) != i->manifest->n_layers)
                return error_set(reterr, -EBADMSG, "The manifest has %zu layers, the configuration %zu",
                                 i->manifest->n_layers, strv_length(i->config->diff_ids));

        json_object_put(i->config->document);
        i->config->document = NULL;
        i->created_usec = oci_time_parse(i->config->created);

        if (oci_chain_ids(i->config->diff_ids, &i->chain_ids) < 0 || read_layer_sizes(i, entry) < 0)
                return error_oom(reterr);
        return 0;
}

/* What a damaged image is called: as it was when it was whole, if that is known */
static const char *id_of(const Image *i, const OciDescriptor *entry) {
        const char *annotation = oci_descriptor_annotation(entry, STORE_ANNOTATION_ID);

        if (i->manifest)
                return i->manifest->config.digest;
        return annotation && digest_is_valid(annotation) ? annotation : i->digest;
}

static int image_new(ImageStore *s, const OciDescriptor *entry, Image **ret) {
        _cleanup_(image_unrefp) Image *i = NULL;
        _cleanup_(error_done) Error error = {};
        int r;

        i = malloc(sizeof(Image));
        if (!i)
                return -ENOMEM;
        *i = (Image) { .n_ref = 1 };

        i->digest = strdup(entry->digest);
        if (!i->digest)
                return -ENOMEM;

        r = image_read(s, i, entry, &error);
        if (r == -ENOMEM)
                return r;
        i->id = strdup(id_of(i, entry));
        if (!i->id)
                return -ENOMEM;

        if (r < 0) {
                i->damage = strdup(error_message(&error, r));
                if (!i->damage)
                        return -ENOMEM;
                i->manifest = oci_manifest_free(i->manifest);
                i->config = oci_image_config_free(i->config);
                i->chain_ids = strv_free(i->chain_ids);
                i->size = 0;
        }

        *ret = TAKE_PTR(i);
        return 0;
}

/* A new generation of the cache while it is put together. */
typedef struct Generation {
        ImageStore *store;
        StringMap *old;         /* by manifest: images of the last generation that are in order */
        StringMap *by_manifest; /* of this one */
        StringMap *by_id;
        Image **images; /* references */
        size_t n_images;
} Generation;

static void generation_done(Generation *g) {
        string_map_free(g->old);
        string_map_free(g->by_manifest);
        string_map_free(g->by_id);
        for (size_t i = 0; i < g->n_images; i++)
                image_unref(g->images[i]);
        free(g->images);
}

/* The image of an entry: of this generation, of the last, or read from disk. Not a new reference. */
static int generation_get(Generation *g, const OciDescriptor *entry, Image **ret) {
        _cleanup_(image_unrefp) Image *i = NULL;
        Image *known;
        int r;

        known = string_map_get(g->by_manifest, entry->digest);
        if (known) {
                *ret = known;
                return 0;
        }

        known = string_map_get(g->old, entry->digest);
        if (known) {
                i = image_ref(known);
                i->names = strv_free(i->names);
                i->manifests = strv_free(i->manifests);
        } else {
                r = image_new(g->store, entry, &i);
                if (r < 0)
                        return r;
        }

        known = i->damage ? NULL : string_map_get(g->by_id, i->id);
        if (known) {
                /* Another manifest of the same configuration, compressed otherwise for example: one image */
                *ret = known;
        } else {
                r = i->damage ? 0 : string_map_put(g->by_id, i->id, i);
                if (r < 0)
                        return r;
                *ret = i;
                g->images[g->n_images++] = TAKE_PTR(i);
        }

        r = strv_extend(&(*ret)->manifests, entry->digest);
        if (r < 0)
                return r;
        return string_map_put(g->by_manifest, entry->digest, *ret);
}

static int by_age(const void *a, const void *b) {
        const Image *x = *(Image *const *) a, *y = *(Image *const *) b;

        if (x->created_usec != y->created_usec)
                return x->created_usec < y->created_usec ? 1 : -1;
        return strcmp(x->id, y->id);
}

/* A name that we would not have written (by another tool) is none: nobody could ask for it */
static bool name_is_ours(const char *name) {
        _cleanup_(freep) char *full = NULL;

        return reference_normalize(name, &full, NULL) >= 0 && streq(full, name);
}

static int generation_fill(Generation *g, const OciIndex *index) {
        int r;

        g->old = string_map_new(NULL);
        g->by_manifest = string_map_new(NULL);
        g->by_id = string_map_new(NULL);
        g->images = new0(Image *, index->n_manifests + 1);
        if (!g->old || !g->by_manifest || !g->by_id || !g->images)
                return -ENOMEM;

        for (size_t n = 0; n < g->store->n_images; n++) {
                Image *i = g->store->images[n];

                r = i->damage ? 0 : string_map_put(g->old, i->digest, i);
                if (r < 0 && r != -EEXIST)
                        return r;
        }

        for (size_t n = 0; n < index->n_manifests; n++) {
                const OciDescriptor *entry = index->manifests + n;
                const char *name = store_entry_name(entry);
                Image *i;

                r = generation_get(g, entry, &i);
                if (r < 0)
                        return r;
                if (name && name_is_ours(name) && !strv_contains(i->names, name)) {
                        r = strv_extend(&i->names, name);
                        if (r < 0)
                                return r;
                }
        }

        for (size_t n = 0; n < g->n_images; n++)
                if (g->images[n]->names)
                        strv_sort(g->images[n]->names);
        qsort(g->images, g->n_images, sizeof(Image *), by_age);
        return 0;
}

static bool index_is_unchanged(ImageStore *s, const struct stat *st) {
        return s->loaded && s->seen_dev == st->st_dev && s->seen_ino == st->st_ino && s->seen_size == st->st_size &&
                        s->seen_mtime.tv_sec == st->st_mtim.tv_sec && s->seen_mtime.tv_nsec == st->st_mtim.tv_nsec;
}

int image_store_refresh(ImageStore *s, Error *reterr) {
        _cleanup_(generation_done) Generation g = { .store = s };
        _cleanup_(oci_index_freep) OciIndex *index = NULL;
        _cleanup_(error_done) Error error = {};
        size_t dropped = 0;
        struct stat st = {};
        int r;

        /* Looked at before it is read: what changes meanwhile is seen the next time */
        if (fstatat(s->root_fd, "images/index.json", &st, AT_SYMLINK_NOFOLLOW) < 0 && errno != ENOENT)
                return error_errnof(reterr, -errno, "Cannot look at the image store");
        if (index_is_unchanged(s, &st))
                return 0;

        r = image_store_open_directories(s);
        if (r < 0 && r != -ENOENT)
                return error_errnof(reterr, r, "Cannot open the image store");

        r = store_index_read(s, &index, &dropped, &error);
        if (r < 0) {
                index = new0(OciIndex, 1);
                if (!index)
                        return error_oom(reterr);
        }

        r = generation_fill(&g, index);
        if (r < 0)
                return error_oom(reterr);

        free(s->trouble);
        s->trouble = error_is_set(&error) ? strdup(error.message) :
                     dropped > 0 ? text_printf("The image store is damaged: %zu entries of index.json cannot be read", dropped) :
                     NULL;

        /* The old ones go with the generation */
        Image **images = s->images;
        size_t n_images = s->n_images;
        s->images = TAKE_PTR(g.images);
        s->n_images = g.n_images;
        g.images = images;
        g.n_images = n_images;

        s->loaded = true;
        s->seen_dev = st.st_dev;
        s->seen_ino = st.st_ino;
        s->seen_size = st.st_size;
        s->seen_mtime = st.st_mtim;
        return 1;
}

int image_check(const Image *i, Error *reterr) {
        _cleanup_(freep) char *name = NULL;

        if (!i->damage)
                return 0;

        name = image_display_name(i);
        return error_set(reterr, -EBADMSG, "Image %s cannot be used: %s", strempty(name), i->damage);
}

int image_layer_names(ImageStore *s, const Image *i, char ***ret, Error *reterr) {
        _cleanup_(strv_freep) char **l = NULL;
        int r;

        r = image_check(i, reterr);
        if (r < 0)
                return r;

        l = new0(char *, 1);
        if (!l)
                return error_oom(reterr);

        for (size_t n = i->manifest->n_layers; n > 0; n--) {
                char name[LAYER_NAME_MAX];

                r = image_store_find_layer(s, i->config->diff_ids[n - 1], i->chain_ids[n - 1], name);
                if (r == 0) {
                        _cleanup_(freep) char *display = image_display_name(i);
                        return error_set(reterr, -ENOENT, "Image %s cannot be used: its layer %s is missing from the store",
                                         strempty(display), i->config->diff_ids[n - 1]);
                }
                if (r < 0)
                        return error_errnof(reterr, r, "Cannot look for layer %s", i->config->diff_ids[n - 1]);

                /* overlayfs takes no directory twice; what is below the same again cannot be seen */
                if (!strv_contains(l, name) && strv_extend(&l, name) < 0)
                        return error_oom(reterr);
        }

        *ret = TAKE_PTR(l);
        return 0;
}

char *image_short_id(const Image *i) {
        return strndup(digest_hex(i->id), IMAGE_ID_SHORT);
}

char *image_display_name(const Image *i) {
        return strv_isempty(i->names) ? image_short_id(i) : reference_familiar_from_string(i->names[0]);
}
