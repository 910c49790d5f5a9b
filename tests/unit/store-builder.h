/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/image.h"
#include "image/index.h"
#include "shared/fd.h"
#include "shared/io.h"
#include "shared/path.h"
#include "shared/strv.h"
#include "shared/text.h"

/* An image store in a temporary directory, filled by hand. */
typedef struct TestStore {
        char path[64];
        int root_fd;
        ImageStore *store;
} TestStore;

static inline void test_store_make(TestStore *t) {
        const char *base = getenv("TMPDIR") ?: "/tmp";

        assert_true((size_t) snprintf(t->path, sizeof(t->path), "%.40s/caisson-store-XXXXXX", base) < sizeof(t->path));
        assert_non_null(mkdtemp(t->path));
        t->root_fd = open(t->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(t->root_fd >= 0);
        assert_int_equal(image_store_open(t->root_fd, 0, &t->store, NULL), 0);
}

static inline void test_store_done(TestStore *t) {
        image_store_free(t->store);
        safe_close(t->root_fd);
        if (t->path[0])
                assert_int_equal(remove_tree_at(AT_FDCWD, t->path), 0);
}

static inline void test_store_put_blob(TestStore *t, const char *data, char digest[static DIGEST_SIZE]) {
        assert_int_equal(digest_of_bytes(data, strlen(data), digest), 0);
        assert_int_equal(write_file_atomic_at(t->store->blobs_fd, digest_hex(digest), data, strlen(data), 0), 0);
}

static inline void test_store_add_entry(TestStore *t, const char *manifest_digest, size_t size, const char *name) {
        _cleanup_(oci_descriptor_done) OciDescriptor d = {};
        _cleanup_(oci_index_freep) OciIndex *index = NULL;

        assert_int_equal(store_index_read(t->store, &index, NULL, NULL), 0);
        assert_int_equal(oci_descriptor_set(&d, OCI_MEDIA_MANIFEST, manifest_digest, size), 0);
        assert_int_equal(store_index_add(index, &d, name), 0);
        assert_int_equal(store_index_write(t->store, index, NULL), 0);
}

/* An image that has no more than a comment and, for each text in layers, a layer of these bytes, not unpacked. */
static inline void test_store_add_image(TestStore *t, const char *comment, const char *const *layers, const char *name,
                                        char ret_id[static DIGEST_SIZE], char ret_manifest[static DIGEST_SIZE]) {
        _cleanup_(freep) char *config = NULL, *manifest = NULL;
        char digest[DIGEST_SIZE];

        assert_int_equal(text_append(&config, "{\"author\":\"%s\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[", comment), 0);
        for (size_t i = 0; layers && layers[i]; i++) {
                test_store_put_blob(t, layers[i], digest);
                assert_int_equal(text_append(&config, "%s\"%s\"", i > 0 ? "," : "", digest), 0);
        }
        assert_int_equal(text_append(&config, "]}}"), 0);
        test_store_put_blob(t, config, ret_id);

        assert_int_equal(text_append(&manifest,
                                     "{\"schemaVersion\":2,\"config\":{\"mediaType\":"
                                     "\"application/vnd.oci.image.config.v1+json\",\"digest\":\"%s\",\"size\":%zu},\"layers\":[",
                                     ret_id, strlen(config)),
                         0);
        for (size_t i = 0; layers && layers[i]; i++) {
                assert_int_equal(digest_of_bytes(layers[i], strlen(layers[i]), digest), 0);
                assert_int_equal(text_append(&manifest,
                                             "%s{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",\"digest\":\"%s\","
                                             "\"size\":%zu}",
                                             i > 0 ? "," : "", digest, strlen(layers[i])),
                                 0);
        }
        assert_int_equal(text_append(&manifest, "]}"), 0);
        test_store_put_blob(t, manifest, ret_manifest);
        test_store_add_entry(t, ret_manifest, strlen(manifest), name);
}
