/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "decoder.h"
#include "load-plan.h"
#include "shared/fd.h"
#include "shared/strv.h"
#include "shared/text.h"

/* oci-archive: an OCI image layout. Every blob is named by its digest and described with its size; both are checked, and
 * manifests are stored as they are. */

#define INDEX_DEPTH_MAX 4U /* indexes in indexes */

static int not_accepted(int r, Error *reterr) {
        return r == -EINVAL ? error_prefix(reterr, -EBADMSG, "The archive is not accepted") : r;
}

/* The blob that a descriptor speaks of, verified */
static int find_blob(LoadPlan *p, const OciDescriptor *d, const ArchiveFile **ret, Error *reterr) {
        char path[sizeof("blobs/sha256/") + DIGEST_HEX_LENGTH];
        const ArchiveFile *f;

        snprintf(path, sizeof(path), "blobs/sha256/%s", digest_hex(d->digest));
        f = archive_files_get(p->files, path);
        if (!f)
                return error_set(reterr, -EBADMSG, "The archive is incomplete: '%s' is missing", path);
        if (f->size != d->size)
                return error_set(reterr, -EBADMSG, "The archive is damaged: '%s' has %" PRIu64 " bytes, not %" PRIu64, path,
                                 f->size, d->size);
        if (!streq(f->digest, d->digest))
                return error_set(reterr, -EBADMSG, "The archive is damaged: the content of '%s' is %s", path, f->digest);

        *ret = f;
        return 0;
}

static int read_blob(LoadPlan *p, const OciDescriptor *d, const char *what, char **ret, size_t *ret_size, Error *reterr) {
        const ArchiveFile *f;
        int r;

        r = find_blob(p, d, &f, reterr);
        if (r < 0)
                return r;
        r = store_job_read_blob(p->job, f->digest, what, ret, ret_size, reterr);
        return r == -EBADMSG ? error_prefix(reterr, r, "The archive is not accepted") : r;
}

static int check_compression(LoadPlan *p, const OciDescriptor *d, Error *reterr) {
        static const Compression by_type[_OCI_MEDIA_TYPE_MAX] = {
                [OCI_MEDIA_LAYER_GZIP] = COMPRESSION_GZIP,
                [OCI_MEDIA_LAYER_DOCKER_GZIP] = COMPRESSION_GZIP,
                [OCI_MEDIA_LAYER_ZSTD] = COMPRESSION_ZSTD,
                [OCI_MEDIA_LAYER_DOCKER_ZSTD] = COMPRESSION_ZSTD,
        };
        _cleanup_(closep) int fd = -EBADF;
        uint8_t magic[COMPRESSION_MAGIC_MAX];
        OciMediaType type = oci_descriptor_type(d);
        Compression actual;
        ssize_t n;

        fd = store_job_open_blob(p->job, d->digest, reterr);
        if (fd < 0)
                return fd;
        n = pread(fd, magic, sizeof(magic), 0);
        if (n < 0)
                return error_errnof(reterr, -errno, "Cannot read %s", d->digest);

        actual = compression_detect(magic, (size_t) n);
        if (actual != by_type[type])
                return error_set(reterr, -EBADMSG, "The archive is not accepted: layer %s is not what its media type '%s' says",
                                 d->digest, d->media_type);
        return 0;
}

static int read_layers(LoadPlan *p, const OciManifest *m, const PlannedImage *i, Error *reterr) {
        if (m->n_layers != strv_length(i->config->diff_ids))
                return error_set(reterr, -EBADMSG,
                                 "The archive is not accepted: a manifest has %zu layers, its configuration %zu", m->n_layers,
                                 strv_length(i->config->diff_ids));

        for (size_t k = 0; k < m->n_layers; k++) {
                const OciDescriptor *d = m->layers + k;
                _cleanup_(freep) char *label = NULL;
                const ArchiveFile *f;
                int r;

                r = find_blob(p, d, &f, reterr);
                if (r < 0)
                        return r;
                r = check_compression(p, d, reterr);
                if (r < 0)
                        return r;

                label = text_join("layer ", d->digest, NULL);
                if (!label)
                        return error_oom(reterr);
                r = store_job_keep_blob(p->job, d->digest, reterr);
                if (r < 0)
                        return r;
                r = layer_set_add(p->layers, i->config->diff_ids[k], d->digest, label, reterr);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* skopeo writes whatever stands behind the last colon of oci-archive:FILE:NAME, which may be no more than a tag. Podman
 * calls that localhost/NAME, and so do we. */
static int add_name(PlannedImage *i, const OciDescriptor *entry, Error *reterr) {
        const char *name = oci_descriptor_annotation(entry, OCI_ANNOTATION_CONTAINERD_NAME);
        _cleanup_(freep) char *local = NULL;

        if (!name) {
                name = oci_descriptor_annotation(entry, OCI_ANNOTATION_REF_NAME);
                if (isempty(name))
                        return 0;
                if (!name[strcspn(name, "/:@")]) {
                        local = text_join("localhost/", name, NULL);
                        if (!local)
                                return error_oom(reterr);
                        ascii_strlower(local);
                        name = local;
                }
        }

        return load_plan_add_name(i, name, reterr);
}

static int read_manifest(LoadPlan *p, const OciDescriptor *entry, const OciDescriptor *named, Error *reterr) {
        _cleanup_(freep) char *manifest_text = NULL, *config_text = NULL;
        _cleanup_(oci_manifest_freep) OciManifest *m = NULL;
        size_t manifest_size, config_size;
        PlannedImage *i;
        int r;

        r = read_blob(p, entry, "a manifest", &manifest_text, &manifest_size, reterr);
        if (r < 0)
                return r;
        r = oci_manifest_parse(entry->digest, manifest_text, manifest_size, entry->media_type, &m, reterr);
        if (r < 0)
                return not_accepted(r, reterr);

        r = read_blob(p, &m->config, "a configuration", &config_text, &config_size, reterr);
        if (r < 0)
                return r;
        r = load_plan_add(p, m->config.digest, m->config.digest, config_text, config_size, &i, reterr);
        if (r < 0)
                return r;
        r = add_name(i, named, reterr);
        if (r < 0)
                return r;
        r = read_layers(p, m, i, reterr);
        if (r < 0)
                return r;

        r = store_job_keep_blob(p->job, entry->digest, reterr);
        if (r >= 0)
                r = store_job_keep_blob(p->job, m->config.digest, reterr);
        if (r < 0)
                return r;
        return oci_descriptor_set(&i->manifest, oci_descriptor_type(entry), entry->digest, entry->size) < 0 ?
                               error_oom(reterr) :
                               0;
}

static int read_entry(LoadPlan *p, const OciDescriptor *entry, const OciDescriptor *named, unsigned depth, Error *reterr) {
        _cleanup_(freep) char *text = NULL, *platform = NULL;
        _cleanup_(oci_index_freep) OciIndex *index = NULL;
        const OciDescriptor *best;
        size_t size;
        int r;

        if (oci_media_type_is_manifest(oci_descriptor_type(entry)))
                return read_manifest(p, entry, named, reterr);
        if (depth >= INDEX_DEPTH_MAX)
                return error_set(reterr, -EBADMSG, "The archive is not accepted: indexes are nested too deeply");

        r = read_blob(p, entry, "an index", &text, &size, reterr);
        if (r < 0)
                return r;
        r = oci_index_parse(entry->digest, text, size, entry->media_type, &index, reterr);
        if (r < 0)
                return not_accepted(r, reterr);

        best = oci_index_select(index, p->platform);
        if (!best) {
                platform = platform_to_string(p->platform);
                return error_set(reterr, -EBADMSG, "The archive has no image for %s", strempty(platform));
        }
        return read_entry(p, best, named, depth + 1, reterr);
}

/* Images of one name for several platforms are one image, of which the best is taken */
static bool has_better(const LoadPlan *p, const OciIndex *index, size_t n) {
        const OciDescriptor *d = index->manifests + n;
        unsigned match = platform_match(p->platform, &d->platform);

        if (!d->platform.architecture)
                return false;

        for (size_t k = 0; k < index->n_manifests; k++) {
                const OciDescriptor *other = index->manifests + k;
                unsigned other_match = platform_match(p->platform, &other->platform);

                if (k != n && other->platform.architecture &&
                    streq_ptr(oci_descriptor_annotation(d, OCI_ANNOTATION_REF_NAME),
                              oci_descriptor_annotation(other, OCI_ANNOTATION_REF_NAME)) &&
                    (other_match > match || (other_match == match && match > 0 && k < n)))
                        return true;
        }
        return false;
}

static bool is_image(const OciDescriptor *d) {
        OciMediaType type = oci_descriptor_type(d);

        /* "unknown": attestations, which stand beside images but are none */
        return (oci_media_type_is_manifest(type) || oci_media_type_is_index(type)) &&
                        !streq_ptr(d->platform.architecture, "unknown");
}

static int check_layout(LoadPlan *p, Error *reterr) {
        _cleanup_(json_putp) JsonObject *o = NULL;
        _cleanup_(freep) char *text = NULL;
        const char *version;
        size_t size;
        int r;

        r = archive_files_read_document(p->files, p->job, "oci-layout", &text, &size, reterr);
        if (r < 0)
                return r;
        r = json_parse("oci-layout", text, size, &o, reterr);
        if (r < 0)
                return not_accepted(r, reterr);

        version = json_get_string(o, "imageLayoutVersion");
        if (!version || !startswith(version, "1."))
                return error_set(reterr, -EBADMSG, "The archive is not accepted: its OCI layout is not of version 1");
        return 0;
}

int load_plan_read_oci(LoadPlan *p, Error *reterr) {
        _cleanup_(oci_index_freep) OciIndex *index = NULL;
        _cleanup_(freep) char *text = NULL;
        size_t size;
        int r;

        r = check_layout(p, reterr);
        if (r < 0)
                return r;
        r = archive_files_read_document(p->files, p->job, "index.json", &text, &size, reterr);
        if (r < 0)
                return r;
        r = oci_index_parse("index.json", text, size, NULL, &index, reterr);
        if (r < 0)
                return not_accepted(r, reterr);

        for (size_t n = 0; n < index->n_manifests; n++) {
                if (!is_image(index->manifests + n) || has_better(p, index, n))
                        continue;
                r = read_entry(p, index->manifests + n, index->manifests + n, 0, reterr);
                if (r < 0)
                        return r;
        }

        return 0;
}
