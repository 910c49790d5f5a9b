/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <unistd.h>

#include "index.h"
#include "shared/io.h"
#include "shared/text.h"

#define INDEX_FILE  "index.json"
#define BACKUP_FILE "index.json.backup"

static int read_file(ImageStore *s, const char *name, OciIndex **ret, size_t *ret_dropped, Error *reterr) {
        _cleanup_(freep) char *text = NULL;
        size_t size;
        int r;

        r = read_full_file_at(s->images_fd, name, JSON_SIZE_MAX, &text, &size);
        if (r == -ENOENT)
                return r;
        if (r < 0)
                return error_errnof(reterr, r, "Cannot read the image store's %s", name);

        return oci_index_parse_lenient(name, text, size, ret, ret_dropped, reterr);
}

int store_index_read(ImageStore *s, OciIndex **ret, size_t *ret_dropped, Error *reterr) {
        _cleanup_(error_done) Error error = {};
        size_t dropped = 0;
        int r, q;

        r = s->images_fd < 0 ? -ENOENT : read_file(s, INDEX_FILE, ret, &dropped, &error);
        if (r < 0 && s->images_fd >= 0) {
                q = read_file(s, BACKUP_FILE, ret, &dropped, NULL);
                if (q >= 0)
                        r = 0;
                else if (q != -ENOENT && r == -ENOENT)
                        r = error_set(&error, q, "%s is gone and %s cannot be read", INDEX_FILE, BACKUP_FILE);
        }
        if (r == -ENOENT) {
                *ret = new0(OciIndex, 1);
                if (!*ret)
                        return error_oom(reterr);
        } else if (r < 0)
                return error_set(reterr, -EBADMSG, "The image store is damaged: %s", error_message(&error, r));

        if (ret_dropped)
                *ret_dropped = dropped;
        return 0;
}

int store_index_write(ImageStore *s, const OciIndex *index, Error *reterr) {
        _cleanup_(json_putp) JsonObject *o = NULL;
        const char *text;
        size_t size;
        int r;

        r = oci_index_to_json(index, &o);
        if (r < 0)
                return error_oom(reterr);
        text = json_text(o);
        if (!text)
                return error_oom(reterr);

        /* What could not be read again must not be written */
        size = strlen(text);
        if (size > JSON_SIZE_MAX || index->n_manifests > OCI_MANIFESTS_MAX)
                return error_set(reterr, -E2BIG, "The image store has no room for more names");

        r = write_file_atomic_at(s->images_fd, INDEX_FILE, text, size, WRITE_FILE_SYNC);
        if (r < 0)
                return error_errnof(reterr, r, "Cannot write the image store's %s", INDEX_FILE);

        (void) write_file_atomic_at(s->images_fd, BACKUP_FILE, text, size, 0);
        return 0;
}

int store_entry_describe(OciDescriptor *entry, const char *id, const char *layer_sizes) {
        int r;

        r = oci_descriptor_annotate(entry, STORE_ANNOTATION_ID, id);
        if (r < 0)
                return r;
        return oci_descriptor_annotate(entry, STORE_ANNOTATION_LAYER_SIZES, empty_to_null(layer_sizes));
}

OciDescriptor *store_index_find(const OciIndex *index, const char *name) {
        for (size_t i = 0; i < index->n_manifests; i++) {
                const char *n = store_entry_name(index->manifests + i);
                if (n && streq(n, name))
                        return index->manifests + i;
        }

        return NULL;
}

static void remove_at(OciIndex *index, size_t i) {
        oci_descriptor_done(index->manifests + i);
        memmove(index->manifests + i, index->manifests + i + 1, (index->n_manifests - i - 1) * sizeof(OciDescriptor));
        index->n_manifests--;
}

static size_t count_manifest(const OciIndex *index, const char *digest) {
        size_t n = 0;

        for (size_t i = 0; i < index->n_manifests; i++)
                n += streq(index->manifests[i].digest, digest);
        return n;
}

static int append(OciIndex *index, const OciDescriptor *manifest, const char *name) {
        _cleanup_(oci_descriptor_done) OciDescriptor d = {};
        OciDescriptor *more;

        if (oci_descriptor_copy(manifest, &d) < 0 || oci_descriptor_annotate(&d, OCI_ANNOTATION_REF_NAME, name) < 0)
                return -ENOMEM;

        more = reallocarray(index->manifests, index->n_manifests + 1, sizeof(OciDescriptor));
        if (!more)
                return -ENOMEM;
        index->manifests = more;
        index->manifests[index->n_manifests++] = TAKE_GENERIC(d, OciDescriptor, OCI_DESCRIPTOR_NULL);
        return 0;
}

int store_index_add(OciIndex *index, const OciDescriptor *manifest, const char *name) {
        char digest[DIGEST_SIZE]; /* manifest may be an entry of the index and move */
        OciDescriptor *old;
        int r;

        assert(digest_is_valid(manifest->digest));
        memcpy(digest, manifest->digest, DIGEST_SIZE);

        if (!name)
                return count_manifest(index, digest) > 0 ? 0 : append(index, manifest, NULL);

        old = store_index_find(index, name);
        if (old && streq(old->digest, digest))
                return 0;

        r = append(index, manifest, name);
        if (r < 0)
                return r;

        /* The first of that name is still the old one, since the new one was appended */
        if (old) {
                r = store_index_untag(index, name);
                if (r < 0)
                        return r;
        }

        for (size_t i = 0; i < index->n_manifests; i++)
                if (!store_entry_name(index->manifests + i) && streq(index->manifests[i].digest, digest)) {
                        remove_at(index, i);
                        break;
                }

        return 0;
}

int store_index_untag(OciIndex *index, const char *name) {
        OciDescriptor *d = store_index_find(index, name);

        if (!d)
                return -ENOENT;

        if (count_manifest(index, d->digest) > 1) {
                remove_at(index, (size_t) (d - index->manifests));
                return 0;
        }

        return oci_descriptor_annotate(d, OCI_ANNOTATION_REF_NAME, NULL);
}

size_t store_index_remove(OciIndex *index, const char *manifest_digest) {
        char digest[DIGEST_SIZE]; /* manifest_digest may be an entry's own */
        size_t n = 0;

        assert(digest_is_valid(manifest_digest));
        memcpy(digest, manifest_digest, DIGEST_SIZE);

        for (size_t i = index->n_manifests; i > 0; i--)
                if (streq(index->manifests[i - 1].digest, digest)) {
                        remove_at(index, i - 1);
                        n++;
                }
        return n;
}
