/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <archive.h>
#include <archive_entry.h>

#include "oci/digest.h"
#include "shared/fd.h"
#include "shared/io.h"
#include "shared/text.h"
#include "tar-builder.h"

/* Archives of images, in memory. */
typedef struct Bytes {
        char *data;
        size_t size;
        char digest[DIGEST_SIZE];
} Bytes;

static inline void bytes_done(Bytes *b) {
        free(b->data);
        *b = (Bytes) {};
}

/* Takes over the archive's memory */
static inline Bytes bytes_of_tar(Tar *t) {
        Bytes b = {};

        tar_end(t);
        fclose(t->f);
        b.data = t->data;
        b.size = t->size;
        *t = (Tar) {};
        assert_int_equal(digest_of_bytes(b.data, b.size, b.digest), 0);
        return b;
}

static inline Bytes bytes_of_text(char *text) {
        Bytes b = { .data = text, .size = strlen(text) };

        assert_int_equal(digest_of_bytes(b.data, b.size, b.digest), 0);
        return b;
}

/* A layer with one file */
static inline Bytes make_layer(const char *path, const char *content) {
        _cleanup_(tar_done) Tar t = {};

        tar_add(&t, .name = path, .data = content);
        return bytes_of_tar(&t);
}

/* "gzip", "zstd" or "xz", as one file */
static inline Bytes compress_bytes(const Bytes *in, const char *filter) {
        size_t room = in->size + 65536, used = 0;
        struct archive *a = archive_write_new();
        struct archive_entry *e = archive_entry_new();
        Bytes b = { .data = malloc(room) };

        assert_int_equal(archive_write_set_format_raw(a), ARCHIVE_OK);
        assert_int_equal(archive_write_add_filter_by_name(a, filter), ARCHIVE_OK);
        archive_write_set_bytes_in_last_block(a, 1);
        assert_int_equal(archive_write_open_memory(a, b.data, room, &used), ARCHIVE_OK);
        archive_entry_set_filetype(e, AE_IFREG);
        archive_entry_set_pathname(e, "data");
        assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
        assert_int_equal(archive_write_data(a, in->data, in->size), in->size);
        assert_int_equal(archive_write_close(a), ARCHIVE_OK);
        archive_entry_free(e);
        archive_write_free(a);

        b.size = used;
        assert_int_equal(digest_of_bytes(b.data, b.size, b.digest), 0);
        return b;
}

static inline Bytes make_config(const Bytes *const *layers, const char *extra) {
        char *text = NULL;

        assert_int_equal(text_append(&text, "{\"architecture\":\"amd64\",\"os\":\"linux\",%s\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[",
                                     strempty(extra)),
                         0);
        for (size_t i = 0; layers[i]; i++)
                assert_int_equal(text_append(&text, "%s\"%s\"", i > 0 ? "," : "", layers[i]->digest), 0);
        assert_int_equal(text_append(&text, "]}}"), 0);
        return bytes_of_text(text);
}

static inline void tar_add_bytes(Tar *t, const char *name, const Bytes *b) {
        tar_add(t, .name = name, .data = b->data, .size = b->size);
}

/* A memfd of it, or the reading end of a pipe into which a child writes */
static inline int bytes_fd(const Bytes *b) {
        int fd = memfd_from_bytes("archive", b->data, b->size);

        assert_true(fd >= 0);
        return fd;
}

/* docker-archive of one image whose layers are at "N/layer.tar" */
static inline Bytes make_docker_archive(const Bytes *const *layers, const Bytes *config, const char *names) {
        _cleanup_(freep) char *manifest = NULL;
        _cleanup_(tar_done) Tar t = {};
        char path[100];

        snprintf(path, sizeof(path), "%s.json", digest_hex(config->digest));
        assert_int_equal(text_append(&manifest, "[{\"Config\":\"%s\",\"RepoTags\":%s,\"Layers\":[", path, names), 0);
        tar_add_bytes(&t, path, config);
        for (size_t i = 0; layers[i]; i++) {
                snprintf(path, sizeof(path), "%zu/layer.tar", i);
                tar_add_bytes(&t, path, layers[i]);
                assert_int_equal(text_append(&manifest, "%s\"%s\"", i > 0 ? "," : "", path), 0);
        }
        assert_int_equal(text_append(&manifest, "]}]"), 0);
        tar_add(&t, .name = "manifest.json", .data = manifest);
        return bytes_of_tar(&t);
}

static inline void tar_add_blob(Tar *t, const Bytes *b) {
        char path[100];

        snprintf(path, sizeof(path), "blobs/sha256/%s", digest_hex(b->digest));
        tar_add_bytes(t, path, b);
}

static inline Bytes make_oci_manifest(const Bytes *const *layers, const char *layer_type, const Bytes *config) {
        char *text = NULL;

        assert_int_equal(text_append(&text,
                                     "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"config\":"
                                     "{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"%s\",\"size\":%zu},"
                                     "\"layers\":[",
                                     config->digest, config->size),
                         0);
        for (size_t i = 0; layers[i]; i++)
                assert_int_equal(text_append(&text,
                                             "%s{\"mediaType\":\"application/vnd.oci.image.layer.v1.%s\",\"digest\":\"%s\","
                                             "\"size\":%zu}",
                                             i > 0 ? "," : "", layer_type, layers[i]->digest, layers[i]->size),
                                 0);
        assert_int_equal(text_append(&text, "]}"), 0);
        return bytes_of_text(text);
}

#define OCI_ENTRY                                                                                             \
        "{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"digest\":\"%s\",\"size\":%zu%s}"

/* oci-archive of one image; annotations is what follows in the entry of index.json, e.g. ",\"annotations\":{…}" */
static inline Bytes make_oci_archive(const Bytes *const *layers, const Bytes *config, const Bytes *manifest,
                                     const char *annotations) {
        _cleanup_(freep) char *index = NULL;
        _cleanup_(tar_done) Tar t = {};

        assert_int_equal(text_append(&index, "{\"schemaVersion\":2,\"manifests\":[" OCI_ENTRY "]}", manifest->digest,
                                     manifest->size, annotations),
                         0);
        tar_add(&t, .name = "oci-layout", .data = "{\"imageLayoutVersion\":\"1.0.0\"}");
        tar_add(&t, .name = "index.json", .data = index);
        tar_add(&t, .name = "blobs/", .type = '5');
        tar_add_blob(&t, manifest);
        tar_add_blob(&t, config);
        for (size_t i = 0; layers[i]; i++)
                tar_add_blob(&t, layers[i]);
        return bytes_of_tar(&t);
}
