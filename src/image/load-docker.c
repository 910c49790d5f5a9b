/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <unistd.h>

#include "archive-load.h"
#include "decoder.h"
#include "load-plan.h"
#include "shared/fd.h"
#include "shared/strv.h"
#include "shared/text.h"

/* docker-archive: manifest.json lists for each image its configuration, its names and its layers as paths of the archive.
 * Nothing there has a digest of its own but the configuration's file name; the configuration has the layers' diff
 * ids. The manifest that the store wants is made here. */

#define NAMES_MAX 1000U

typedef struct DockerImage {
        char *config;
        char **names;
        char **layers;
} DockerImage;

static const JsonField docker_fields[] = {
        { "Config",   json_type_string, json_read_string, offsetof(DockerImage, config), JSON_REQUIRED       },
        { "RepoTags", json_type_array,  json_read_strv,   offsetof(DockerImage, names),  JSON_NULL_IS_ABSENT },
        { "Layers",   json_type_array,  json_read_strv,   offsetof(DockerImage, layers), JSON_NULL_IS_ABSENT },
        {}
};

static void docker_image_done(DockerImage *d) {
        free(d->config);
        strv_free(d->names);
        strv_free(d->layers);
}

/* "HEX.json", "blobs/sha256/HEX": a name that is a digest must be the right one */
static int check_config_name(const DockerImage *d, const ArchiveFile *f, Error *reterr) {
        const char *slash = strrchr(d->config, '/'), *name = slash ? slash + 1 : d->config;
        char hex[DIGEST_HEX_LENGTH + 1] = "";

        if (strlen(name) >= DIGEST_HEX_LENGTH)
                memcpy(hex, name, DIGEST_HEX_LENGTH);
        if (!text_is_hex(hex, DIGEST_HEX_LENGTH) || streq(hex, digest_hex(f->digest)) ||
            !STR_IN_SET(name + DIGEST_HEX_LENGTH, "", ".json"))
                return 0;

        return error_set(reterr, -EBADMSG, "The archive is damaged: the content of '%.256s' is %s", d->config, f->digest);
}

/* xz has no place in a manifest: such a layer is stored as it is when unpacked */
static int store_decoded(StoreJob *j, int fd, uint64_t bytes_max, OciDescriptor *ret, Error *reterr) {
        _cleanup_(blob_writer_done) BlobWriter w = BLOB_WRITER_NULL;
        _cleanup_(decoder_freep) Decoder *decoder = NULL;
        _cleanup_(freep) char *buffer = malloc(1U << 20);
        char digest[DIGEST_SIZE];
        int r;

        if (!buffer)
                return error_oom(reterr);
        r = decoder_new(fd, &decoder, reterr);
        if (r < 0)
                return r;
        r = blob_writer_init(&w, j, reterr);
        if (r < 0)
                return r;

        for (;;) {
                ssize_t n = decoder_read(decoder, buffer, 1U << 20, reterr);
                if (n < 0)
                        return n;
                if (n == 0)
                        break;
                if (w.size + (uint64_t) n > bytes_max)
                        return error_set(reterr, -EBADMSG, "it is too large");
                r = blob_writer_write(&w, buffer, (size_t) n, reterr);
                if (r < 0)
                        return r;
        }

        r = blob_writer_finish(&w, digest, reterr);
        if (r < 0)
                return r;
        return oci_descriptor_set(ret, OCI_MEDIA_LAYER_TAR, digest, w.size) < 0 ? error_oom(reterr) : 0;
}

static int describe_layer(LoadPlan *p, const ArchiveFile *f, OciDescriptor *ret, Error *reterr) {
        _cleanup_(closep) int fd = -EBADF;
        uint8_t magic[COMPRESSION_MAGIC_MAX];
        OciMediaType type;
        ssize_t n;

        fd = store_job_open_blob(p->job, f->digest, reterr);
        if (fd < 0)
                return fd;
        n = pread(fd, magic, sizeof(magic), 0);
        if (n < 0)
                return error_errnof(reterr, -errno, "cannot read it");

        switch (compression_detect(magic, (size_t) n)) {
        case COMPRESSION_GZIP:
                type = OCI_MEDIA_LAYER_GZIP;
                break;
        case COMPRESSION_ZSTD:
                type = OCI_MEDIA_LAYER_ZSTD;
                break;
        case COMPRESSION_XZ:
                return store_decoded(p->job, fd, LAYER_BYTES_MAX, ret, reterr);
        default:
                type = OCI_MEDIA_LAYER_TAR;
        }

        return oci_descriptor_set(ret, type, f->digest, f->size) < 0 ? error_oom(reterr) : 0;
}

static int read_layer(LoadPlan *p, const char *path, const char *diff_id, OciDescriptor *ret, Error *reterr) {
        _cleanup_(freep) char *shown = text_escape(path), *label = NULL;
        const ArchiveFile *f = archive_files_get(p->files, path);
        int r;

        label = text_printf("layer '%.256s'", strempty(shown));
        if (!label)
                return error_oom(reterr);
        if (!f)
                return error_set(reterr, -EBADMSG, "The archive is incomplete: %s is missing", label);

        r = describe_layer(p, f, ret, reterr);
        if (r < 0)
                return error_prefix(reterr, r, "Cannot read %s", label);
        if (oci_descriptor_type(ret) == OCI_MEDIA_LAYER_TAR && !streq(ret->digest, diff_id))
                return error_set(reterr, -EBADMSG,
                                 "The archive is damaged: %s is %s, but the image's configuration says %s", label,
                                 ret->digest, diff_id);

        r = store_job_keep_blob(p->job, ret->digest, reterr);
        if (r < 0)
                return r;
        return layer_set_add(p->layers, diff_id, ret->digest, label, reterr);
}

static int read_layers(LoadPlan *p, const DockerImage *d, PlannedImage *i, const ArchiveFile *config, size_t config_size,
                       Error *reterr) {
        _cleanup_(oci_descriptor_done) OciDescriptor config_descriptor = {};
        size_t n = strv_length(d->layers);
        _cleanup_(freep) char *manifest = NULL;
        char digest[DIGEST_SIZE];
        OciDescriptor *layers;
        int r = 0;

        if (n != strv_length(i->config->diff_ids))
                return error_set(reterr, -EBADMSG,
                                 "The archive is not accepted: manifest.json has %zu layers for '%.256s', which has %zu", n,
                                 d->config, strv_length(i->config->diff_ids));

        layers = new0(OciDescriptor, n + 1);
        if (!layers)
                return error_oom(reterr);
        for (size_t k = 0; k < n && r >= 0; k++)
                r = read_layer(p, d->layers[k], i->config->diff_ids[k], layers + k, reterr);
        if (r >= 0 && (oci_descriptor_set(&config_descriptor, OCI_MEDIA_CONFIG, config->digest, config_size) < 0 ||
                       oci_manifest_make(&config_descriptor, layers, n, &manifest) < 0))
                r = error_oom(reterr);
        oci_descriptors_free(layers, n);
        if (r < 0)
                return r;

        r = store_job_keep_blob(p->job, config->digest, reterr);
        if (r < 0)
                return r;
        r = store_job_put_blob(p->job, manifest, strlen(manifest), digest, reterr);
        if (r < 0)
                return r;
        return oci_descriptor_set(&i->manifest, OCI_MEDIA_MANIFEST, digest, strlen(manifest)) < 0 ? error_oom(reterr) : 0;
}

static int read_image(LoadPlan *p, const DockerImage *d, Error *reterr) {
        _cleanup_(freep) char *text = NULL, *shown = NULL;
        const ArchiveFile *f;
        PlannedImage *i;
        size_t size;
        int r;

        shown = text_escape(d->config);
        if (!shown)
                return error_oom(reterr);
        if (strv_length(d->names) > NAMES_MAX)
                return error_set(reterr, -EBADMSG, "The archive is not accepted: an image has more than %u names", NAMES_MAX);

        r = archive_files_read_document(p->files, p->job, d->config, &text, &size, reterr);
        if (r < 0)
                return r;
        f = archive_files_get(p->files, d->config);
        r = check_config_name(d, f, reterr);
        if (r < 0)
                return r;

        r = load_plan_add(p, shown, f->digest, text, size, &i, reterr);
        if (r < 0)
                return r;
        STRV_FOREACH(name, d->names) {
                r = load_plan_add_name(i, *name, reterr);
                if (r < 0)
                        return r;
        }

        return read_layers(p, d, i, f, size, reterr);
}

int load_plan_read_docker(LoadPlan *p, Error *reterr) {
        const JsonPath path = { .key = "manifest.json" };
        _cleanup_(json_putp) JsonObject *o = NULL;
        _cleanup_(freep) char *text = NULL;
        size_t size;
        int r;

        r = archive_files_read_document(p->files, p->job, "manifest.json", &text, &size, reterr);
        if (r < 0)
                return r;
        r = json_parse("manifest.json", text, size, &o, reterr);
        if (r >= 0 && !json_object_is_type(o, json_type_array))
                r = json_error(&path, reterr, "expected array, got %s", json_type_word(json_object_get_type(o)));
        if (r == -EINVAL)
                r = error_prefix(reterr, -EBADMSG, "The archive is not accepted");
        if (r < 0)
                return r;

        for (size_t n = 0; n < json_object_array_length(o); n++) {
                _cleanup_(docker_image_done) DockerImage d = {};
                const JsonPath here = { .parent = &path, .index = n };

                r = json_read_object(json_object_array_get_idx(o, n), &here, docker_fields, &d, reterr);
                if (r == -EINVAL)
                        r = error_prefix(reterr, -EBADMSG, "The archive is not accepted");
                if (r >= 0)
                        r = read_image(p, &d, reterr);
                if (r < 0)
                        return r;
        }

        return 0;
}
