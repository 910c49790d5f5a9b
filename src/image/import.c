/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "decoder.h"
#include "import.h"
#include "oci/change.h"
#include "oci/manifest.h"
#include "oci/reference.h"
#include "shared/fd.h"
#include "shared/io.h"
#include "shared/strv.h"
#include "shared/text.h"
#include "store-job.h"

#define CHUNK           (1U << 20)
#define MESSAGE_DEFAULT "Imported from -"

typedef struct Import {
        const ImageImportOptions *options;
        StoreJob *job;
        char *name;              /* full, or NULL */
        OciImageConfig *config;
        OciDescriptor layer;
        OciDescriptor manifest;
        char id[DIGEST_SIZE];
        LayerUnpackResult result;
        uint64_t total;
} Import;

static void import_done(Import *i) {
        free(i->name);
        oci_image_config_free(i->config);
        oci_descriptor_done(&i->layer);
        oci_descriptor_done(&i->manifest);
        store_job_free(i->job);
}

/* All that can be wrong with what was asked for, before anything is read */
static int prepare(Import *i, Error *reterr) {
        const ImageImportOptions *o = i->options;
        struct timespec now;
        uint64_t usec = o->created_usec;
        int r;

        i->config = oci_image_config_new();
        if (!i->config)
                return error_oom(reterr);

        if (o->name) {
                r = reference_normalize(o->name, &i->name, reterr);
                if (r < 0)
                        return r;
        }
        r = changes_apply(i->config, o->changes, reterr);
        if (r < 0)
                return r;

        if (usec == 0) {
                clock_gettime(CLOCK_REALTIME, &now);
                usec = (uint64_t) now.tv_sec * 1000000 + (uint64_t) now.tv_nsec / 1000;
        }
        i->config->created = oci_time_format(usec);
        if (!i->config->created)
                return error_oom(reterr);

        if (o->platform) {
                _cleanup_(freep) char *text = platform_to_string(o->platform);
                r = text ? platform_parse(text, &i->config->platform, reterr) : error_oom(reterr);
        } else
                r = platform_host(&i->config->platform);
        return r < 0 ? error_prefix(reterr, r, "Cannot tell what the image is for") : 0;
}

static OciMediaType media_type_of(Compression c) {
        return c == COMPRESSION_GZIP ? OCI_MEDIA_LAYER_GZIP :
               c == COMPRESSION_ZSTD ? OCI_MEDIA_LAYER_ZSTD :
                                       OCI_MEDIA_LAYER_TAR;
}

static int copy_chunk(Import *i, BlobWriter *w, const char *data, size_t n, uint64_t max, Error *reterr) {
        int r;

        if (w->size + n > max)
                return error_set(reterr, -EBADMSG, "The archive is more than %" PRIu64 " bytes", max);
        r = blob_writer_write(w, data, n, reterr);
        if (r < 0)
                return r;
        r = image_callbacks_progress(i->options->callbacks, "reading", w->size, i->total);
        return r < 0 ? error_set(reterr, r, "Interrupted") : 0;
}

/* The archive becomes the layer's blob as it is; but xz, which images know nothing of, is unpacked */
static int read_archive(Import *i, int fd, Error *reterr) {
        _cleanup_(blob_writer_done) BlobWriter w = BLOB_WRITER_NULL;
        _cleanup_(decoder_freep) Decoder *decoder = NULL;
        _cleanup_(closep) int copy_fd = -EBADF;
        _cleanup_(freep) char *buffer = malloc(CHUNK);
        uint64_t max = i->options->bytes_max ?: LAYER_BYTES_MAX;
        char digest[DIGEST_SIZE];
        Compression compression = COMPRESSION_NONE;
        int r;

        if (!buffer)
                return error_oom(reterr);
        r = blob_writer_init(&w, i->job, reterr);
        if (r < 0)
                return r;

        for (;;) {
                ssize_t n = loop_read(fd, buffer, CHUNK);
                if (n < 0)
                        return error_errnof(reterr, (int) n, "The archive cannot be read");
                if (n == 0)
                        break;
                if (w.size == 0)
                        compression = compression_detect(buffer, (size_t) n);
                r = copy_chunk(i, &w, buffer, (size_t) n, max, reterr);
                if (r < 0)
                        return r;
        }
        r = blob_writer_finish(&w, digest, reterr);
        if (r < 0)
                return r;
        if (w.size == 0)
                return error_set(reterr, -EBADMSG, "The archive is empty");

        if (compression == COMPRESSION_XZ) {
                blob_writer_done(&w);
                copy_fd = store_job_open_blob(i->job, digest, reterr);
                if (copy_fd < 0)
                        return copy_fd;
                r = decoder_new(copy_fd, &decoder, reterr);
                if (r >= 0)
                        r = blob_writer_init(&w, i->job, reterr);
                if (r < 0)
                        return r;

                for (;;) {
                        ssize_t n = decoder_read(decoder, buffer, CHUNK, reterr);
                        if (n < 0)
                                return error_prefix(reterr, (int) n, "The archive cannot be read");
                        if (n == 0)
                                break;
                        r = copy_chunk(i, &w, buffer, (size_t) n, max, reterr);
                        if (r < 0)
                                return r;
                }
                r = blob_writer_finish(&w, digest, reterr);
                if (r < 0)
                        return r;
        }

        if (oci_descriptor_set(&i->layer, media_type_of(compression), digest, w.size) < 0)
                return error_oom(reterr);
        return store_job_keep_blob(i->job, digest, reterr);
}

static int on_unpack(uint64_t bytes, void *userdata) {
        const Import *i = userdata;

        return image_callbacks_progress(i->options->callbacks, "unpacking", bytes, i->layer.size);
}

static int unpack(Import *i, Error *reterr) {
        _cleanup_(closep) int blob_fd = -EBADF, dir_fd = -EBADF;
        char name[LAYER_NAME_MAX];
        size_t slot;
        int r;

        blob_fd = store_job_open_blob(i->job, i->layer.digest, reterr);
        if (blob_fd < 0)
                return blob_fd;
        r = store_job_new_layer(i->job, &slot, &dir_fd, reterr);
        if (r < 0)
                return r;

        r = layer_unpack(blob_fd, dir_fd,
                         &(LayerUnpackOptions) {
                                 .bytes_max = i->options->bytes_max,
                                 .opaque = i->options->callbacks ? i->options->callbacks->opaque : NULL,
                                 .progress = on_unpack,
                                 .userdata = i,
                         },
                         &i->result, reterr);
        if (r < 0)
                return error_prefix(reterr, r, "Cannot unpack the archive");

        /* On nothing but itself, the chain's id is the layer's own */
        if (i->result.needs_lower)
                layer_name_from_chain_id(name, i->result.diff_id);
        else
                layer_name_from_diff_id(name, i->result.diff_id);
        return store_job_keep_layer(i->job, slot, name, reterr);
}

/* Configuration and manifest */
static int describe(Import *i, Error *reterr) {
        _cleanup_(oci_descriptor_done) OciDescriptor config = {};
        _cleanup_(freep) char *config_text = NULL, *manifest = NULL;
        char sizes[32], digest[DIGEST_SIZE];
        int r;

        if (strv_extend(&i->config->diff_ids, i->result.diff_id) < 0 ||
            oci_image_config_add_history(i->config, i->config->created, NULL, NULL, i->options->message ?: MESSAGE_DEFAULT,
                                         false) < 0 ||
            oci_image_config_format(i->config, &config_text) < 0)
                return error_oom(reterr);
        if (strlen(config_text) > STORE_DOCUMENT_MAX)
                return error_set(reterr, -E2BIG, "The image's configuration is longer than %u bytes", STORE_DOCUMENT_MAX);

        r = store_job_put_blob(i->job, config_text, strlen(config_text), i->id, reterr);
        if (r < 0)
                return r;
        if (oci_descriptor_set(&config, OCI_MEDIA_CONFIG, i->id, strlen(config_text)) < 0 ||
            oci_manifest_make(&config, &i->layer, 1, &manifest) < 0)
                return error_oom(reterr);
        r = store_job_put_blob(i->job, manifest, strlen(manifest), digest, reterr);
        if (r < 0)
                return r;

        snprintf(sizes, sizeof(sizes), "%" PRIu64, i->result.n_files_bytes);
        if (oci_descriptor_set(&i->manifest, OCI_MEDIA_MANIFEST, digest, strlen(manifest)) < 0 ||
            store_entry_describe(&i->manifest, i->id, sizes) < 0)
                return error_oom(reterr);
        return 0;
}

static int add_to_index(OciIndex *index, void *userdata, Error *reterr) {
        const Import *i = userdata;

        return store_index_add(index, &i->manifest, i->name) < 0 ? error_oom(reterr) : 0;
}

int image_import(ImageStore *s, int fd, const ImageImportOptions *options, char ret_id[static DIGEST_SIZE], Error *reterr) {
        static const ImageImportOptions defaults = {};
        _cleanup_(import_done) Import i = { .options = options ?: &defaults };
        struct stat st;
        int r;

        r = prepare(&i, reterr);
        if (r < 0)
                return r;

        if (fstat(fd, &st) < 0)
                return error_errnof(reterr, -errno, "The archive cannot be read");
        if (S_ISDIR(st.st_mode))
                return error_set(reterr, -EISDIR, "The archive is a directory");
        i.total = S_ISREG(st.st_mode) ? (uint64_t) st.st_size : 0;

        r = store_job_new(s, &i.job, reterr);
        if (r < 0)
                return r;
        r = read_archive(&i, fd, reterr);
        if (r < 0)
                return r;
        r = unpack(&i, reterr);
        if (r < 0)
                return r;
        r = describe(&i, reterr);
        if (r < 0)
                return r;

        r = image_callbacks_progress(i.options->callbacks, "storing", 0, 0);
        if (r < 0)
                return error_set(reterr, r, "Interrupted");
        r = store_job_publish(i.job, add_to_index, &i, reterr);
        if (r < 0)
                return r;

        memcpy(ret_id, i.id, DIGEST_SIZE);
        return 0;
}
