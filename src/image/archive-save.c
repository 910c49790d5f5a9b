/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "archive-save.h"
#include "decoder.h"
#include "image.h"
#include "oci/reference.h"
#include "shared/fd.h"
#include "shared/io.h"
#include "shared/string-map.h"
#include "shared/strv.h"
#include "shared/text.h"
#include "tar-writer.h"

#define CHUNK (1U << 20)

static const char *const image_archive_format_table[_IMAGE_ARCHIVE_FORMAT_MAX] = {
        [IMAGE_ARCHIVE_DOCKER] = "docker-archive",
        [IMAGE_ARCHIVE_OCI] = "oci-archive",
};
DEFINE_STRING_TABLE(image_archive_format, ImageArchiveFormat)

typedef struct SavedImage {
        Image *image;
        char **names; /* full: those that were asked for */
} SavedImage;

/* A blob as it will be in the archive. */
typedef struct SavedFile {
        char path[TAR_NAME_MAX + 1];
        char blob[DIGEST_SIZE];    /* in the store */
        char content[DIGEST_SIZE]; /* of what is written: the same, or the diff id if it is decompressed */
        bool decode;
        uint64_t size; /* of what is written */
} SavedFile;

typedef struct Save {
        ImageStore *store;
        ImageArchiveFormat format;
        SavedImage *images;
        size_t n_images;
        SavedFile *files;
        size_t n_files;
        StringMap *paths; /* of files */
        char *index;      /* manifest.json or index.json */
        char *buffer;
        TarWriter writer;
} Save;

static void save_done(Save *s) {
        for (size_t i = 0; i < s->n_images; i++) {
                image_unref(s->images[i].image);
                strv_free(s->images[i].names);
        }
        free(s->images);
        free(s->files);
        string_map_free(s->paths);
        free(s->index);
        free(s->buffer);
}

static int find_images(Save *s, char *const *texts, Error *reterr) {
        int r;

        r = image_store_refresh(s->store, reterr);
        if (r < 0)
                return r;

        s->images = new0(SavedImage, strv_length(texts) + 1);
        if (!s->images)
                return error_oom(reterr);

        STRV_FOREACH(text, texts) {
                _cleanup_(image_unrefp) Image *i = NULL;
                _cleanup_(freep) char *name = NULL;
                SavedImage *saved = NULL;

                r = image_store_resolve(s->store, *text, &i, &name, reterr);
                if (r < 0)
                        return r;
                r = image_check(i, reterr);
                if (r < 0)
                        return r;

                for (size_t n = 0; n < s->n_images; n++)
                        if (s->images[n].image == i)
                                saved = s->images + n;
                if (!saved) {
                        saved = s->images + s->n_images++;
                        saved->image = TAKE_PTR(i);
                }
                if (name && !strv_contains(saved->names, name) && strv_consume(&saved->names, TAKE_PTR(name)) < 0)
                        return error_oom(reterr);
        }

        return s->n_images > 0 ? 0 : error_set(reterr, -EINVAL, "There is no image to save");
}

static int read_and_hash(Save *s, const SavedFile *f, bool write, uint64_t *ret_size, Error *reterr);

/* Adds a blob; what is there already is not written twice */
static int add_file(Save *s, const char *path, const char *blob, const char *content, bool decode, uint64_t expected_size,
                    Error *reterr) {
        _cleanup_(closep) int fd = -EBADF;
        SavedFile *more, *f;
        uint64_t size;
        int r;

        r = string_map_put(s->paths, path, s);
        if (r == -EEXIST)
                return 0;
        if (r < 0)
                return error_oom(reterr);

        fd = image_store_open_blob(s->store, blob, &size);
        if (fd < 0)
                return error_errnof(reterr, fd, "Cannot read %s from the image store", blob);
        if (expected_size != UINT64_MAX && size != expected_size)
                return error_set(reterr, -EBADMSG, "%s is damaged in the image store: it has %" PRIu64 " bytes, not %" PRIu64,
                                 blob, size, expected_size);

        more = reallocarray(s->files, s->n_files + 1, sizeof(SavedFile));
        if (!more)
                return error_oom(reterr);
        s->files = more;
        f = s->files + s->n_files++;
        *f = (SavedFile) { .decode = decode, .size = size };
        snprintf(f->path, sizeof(f->path), "%s", path);
        memcpy(f->blob, blob, DIGEST_SIZE);
        memcpy(f->content, content, DIGEST_SIZE);

        /* The header comes before the content: how long is it? */
        return decode ? read_and_hash(s, f, false, &f->size, reterr) : 0;
}

static int add_layer_docker(Save *s, const Image *i, size_t n, JsonObject *list, Error *reterr) {
        const OciDescriptor *d = i->manifest->layers + n;
        const char *diff_id = i->config->diff_ids[n];
        char path[TAR_NAME_MAX + 1];
        JsonObject *element;

        snprintf(path, sizeof(path), "%s.tar", digest_hex(diff_id));
        element = json_object_new_string(path);
        if (!element)
                return error_oom(reterr);
        if (json_object_array_add(list, element) < 0) {
                json_object_put(element);
                return error_oom(reterr);
        }

        return add_file(s, path, d->digest, diff_id, !streq(d->digest, diff_id), d->size, reterr);
}

static int add_image_docker(Save *s, const SavedImage *saved, JsonObject *index, Error *reterr) {
        const Image *i = saved->image;
        JsonObject *o = json_object_new_object(), *layers = json_object_new_array();
        _cleanup_(strv_freep) char **names = NULL;
        char path[TAR_NAME_MAX + 1];
        int r;

        if (!o || !layers || json_object_array_add(index, o) < 0) {
                json_object_put(o);
                json_object_put(layers);
                return error_oom(reterr);
        }

        /* What docker itself writes: names as people do */
        names = new0(char *, 1);
        STRV_FOREACH(name, saved->names)
                if (strv_consume(&names, reference_familiar_from_string(*name)) < 0) {
                        json_object_put(layers);
                        return error_oom(reterr);
                }

        snprintf(path, sizeof(path), "%s.json", digest_hex(i->id));
        if (json_add_string(o, "Config", path) < 0 || json_add_strv(o, "RepoTags", names) < 0 ||
            json_add(o, "Layers", json_object_get(layers)) < 0)
                r = error_oom(reterr);
        else
                r = add_file(s, path, i->id, i->id, false, i->manifest->config.size, reterr);
        for (size_t n = 0; n < i->manifest->n_layers && r >= 0; n++)
                r = add_layer_docker(s, i, n, layers, reterr);
        json_object_put(layers);
        return r;
}

static int add_blob_oci(Save *s, const char *digest, uint64_t size, Error *reterr) {
        char path[TAR_NAME_MAX + 1];

        snprintf(path, sizeof(path), "blobs/sha256/%s", digest_hex(digest));
        return add_file(s, path, digest, digest, false, size, reterr);
}

/* An entry of index.json; skopeo goes by the first annotation, docker and containerd by the second */
static int add_entry_oci(Save *s, const Image *i, uint64_t size, const char *name, JsonObject *index, Error *reterr) {
        _cleanup_(oci_descriptor_done) OciDescriptor d = {};
        JsonObject *o;

        d.media_type = strdup(i->manifest->media_type ?: oci_media_type_to_string(OCI_MEDIA_MANIFEST));
        d.digest = strdup(i->digest);
        d.size = size;
        if (!d.media_type || !d.digest ||
            (name && (oci_descriptor_annotate(&d, OCI_ANNOTATION_CONTAINERD_NAME, name) < 0 ||
                      oci_descriptor_annotate(&d, OCI_ANNOTATION_REF_NAME, name) < 0)) ||
            oci_descriptor_to_json(&d, &o) < 0)
                return error_oom(reterr);

        if (json_object_array_add(index, o) < 0) {
                json_object_put(o);
                return error_oom(reterr);
        }
        return 0;
}

static int add_image_oci(Save *s, const SavedImage *saved, JsonObject *index, Error *reterr) {
        const Image *i = saved->image;
        _cleanup_(closep) int fd = -EBADF;
        uint64_t size;
        int r;

        fd = image_store_open_blob(s->store, i->digest, &size);
        if (fd < 0)
                return error_errnof(reterr, fd, "Cannot read %s from the image store", i->digest);

        r = strv_isempty(saved->names) ? add_entry_oci(s, i, size, NULL, index, reterr) : 0;
        STRV_FOREACH(name, saved->names) {
                if (r < 0)
                        return r;
                r = add_entry_oci(s, i, size, *name, index, reterr);
        }
        if (r < 0)
                return r;

        r = add_blob_oci(s, i->digest, size, reterr);
        if (r >= 0)
                r = add_blob_oci(s, i->id, i->manifest->config.size, reterr);
        for (size_t n = 0; n < i->manifest->n_layers && r >= 0; n++)
                r = add_blob_oci(s, i->manifest->layers[n].digest, i->manifest->layers[n].size, reterr);
        return r;
}

static int make_index(Save *s, Error *reterr) {
        _cleanup_(json_putp) JsonObject *o = NULL;
        JsonObject *list = json_object_new_array();
        int r = 0;

        if (!list)
                return error_oom(reterr);

        if (s->format == IMAGE_ARCHIVE_OCI) {
                o = json_object_new_object();
                if (!o || json_add_i64(o, "schemaVersion", 2) < 0 ||
                    json_add_string(o, "mediaType", oci_media_type_to_string(OCI_MEDIA_INDEX)) < 0 ||
                    json_add(o, "manifests", json_object_get(list)) < 0)
                        r = error_oom(reterr);
        } else
                o = json_object_get(list);

        for (size_t i = 0; i < s->n_images && r >= 0; i++)
                r = s->format == IMAGE_ARCHIVE_OCI ? add_image_oci(s, s->images + i, list, reterr) :
                                                    add_image_docker(s, s->images + i, list, reterr);
        json_object_put(list);
        if (r < 0)
                return r;

        s->index = strdup(json_text(o));
        return s->index ? 0 : error_oom(reterr);
}

/* The content of a file, to the archive or only to see what it is. It must be what the image says. */
static int read_and_hash(Save *s, const SavedFile *f, bool write, uint64_t *ret_size, Error *reterr) {
        _cleanup_(digest_freep) DigestContext *digest = NULL;
        _cleanup_(decoder_freep) Decoder *decoder = NULL;
        _cleanup_(closep) int fd = -EBADF;
        char actual[DIGEST_SIZE];
        uint64_t size = 0;
        int r;

        fd = image_store_open_blob(s->store, f->blob, NULL);
        if (fd < 0)
                return error_errnof(reterr, fd, "Cannot read %s from the image store", f->blob);
        r = f->decode ? decoder_new(fd, &decoder, reterr) : 0;
        if (r < 0)
                return error_prefix(reterr, r, "Cannot read %s", f->blob);
        if (digest_new(&digest) < 0)
                return error_oom(reterr);

        for (;;) {
                ssize_t n = f->decode ? decoder_read(decoder, s->buffer, CHUNK, reterr) : loop_read(fd, s->buffer, CHUNK);
                if (n < 0)
                        return f->decode ? error_prefix(reterr, (int) n, "Cannot read %s", f->blob) :
                                           error_errnof(reterr, (int) n, "Cannot read %s", f->blob);
                if (n == 0)
                        break;
                size += (uint64_t) n;
                if (write && size > f->size)
                        break;
                if (digest_update(digest, s->buffer, (size_t) n) < 0)
                        return error_set(reterr, -EIO, "Cannot compute a digest");
                r = write ? tar_writer_write(&s->writer, s->buffer, (size_t) n, reterr) : 0;
                if (r < 0)
                        return r;
        }

        if (digest_final(digest, actual) < 0)
                return error_set(reterr, -EIO, "Cannot compute a digest");
        if (!streq(actual, f->content) || (write && size != f->size))
                return error_set(reterr, -EBADMSG, "%s is damaged in the image store: load the image again", f->blob);

        if (ret_size)
                *ret_size = size;
        return 0;
}

static int write_archive(Save *s, Error *reterr) {
        static const char layout[] = "{\"imageLayoutVersion\":\"1.0.0\"}";
        TarWriter *w = &s->writer;
        int r;

        /* First what says what is what: whoever reads it from a pipe can use it */
        if (s->format == IMAGE_ARCHIVE_OCI) {
                r = tar_writer_file(w, "oci-layout", layout, strlen(layout), reterr);
                if (r >= 0)
                        r = tar_writer_file(w, "index.json", s->index, strlen(s->index), reterr);
                if (r >= 0)
                        r = tar_writer_directory(w, "blobs/", reterr);
                if (r >= 0)
                        r = tar_writer_directory(w, "blobs/sha256/", reterr);
        } else
                r = tar_writer_file(w, "manifest.json", s->index, strlen(s->index), reterr);

        for (size_t i = 0; i < s->n_files && r >= 0; i++) {
                const SavedFile *f = s->files + i;

                r = tar_writer_begin(w, f->path, f->size, reterr);
                if (r >= 0)
                        r = read_and_hash(s, f, true, NULL, reterr);
                if (r >= 0)
                        r = tar_writer_end(w, f->size, reterr);
        }

        return r < 0 ? r : tar_writer_finish(w, reterr);
}

int image_save(ImageStore *s, char *const *images, ImageArchiveFormat format, int fd, const ImageCallbacks *callbacks,
               Error *reterr) {
        _cleanup_(save_done) Save save = { .store = s, .format = format, .writer = { .fd = fd, .callbacks = callbacks } };
        int r;

        assert(format >= 0 && format < _IMAGE_ARCHIVE_FORMAT_MAX);

        save.paths = string_map_new(NULL);
        save.buffer = malloc(CHUNK);
        if (!save.paths || !save.buffer)
                return error_oom(reterr);

        r = find_images(&save, images, reterr);
        if (r < 0)
                return r;
        r = make_index(&save, reterr);
        if (r < 0)
                return r;

        for (size_t i = 0; i < save.n_files; i++)
                save.writer.total += save.files[i].size;
        return write_archive(&save, reterr);
}
