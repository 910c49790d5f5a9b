/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "descriptor.h"
#include "shared/strv.h"
#include "shared/text.h"

#define MEDIA_TYPE_MAX 255U
#define ANNOTATIONS_MAX 512U

static const char *const oci_media_type_table[_OCI_MEDIA_TYPE_MAX] = {
        [OCI_MEDIA_MANIFEST] = "application/vnd.oci.image.manifest.v1+json",
        [OCI_MEDIA_MANIFEST_DOCKER] = "application/vnd.docker.distribution.manifest.v2+json",
        [OCI_MEDIA_INDEX] = "application/vnd.oci.image.index.v1+json",
        [OCI_MEDIA_INDEX_DOCKER] = "application/vnd.docker.distribution.manifest.list.v2+json",
        [OCI_MEDIA_CONFIG] = "application/vnd.oci.image.config.v1+json",
        [OCI_MEDIA_CONFIG_DOCKER] = "application/vnd.docker.container.image.v1+json",
        [OCI_MEDIA_LAYER_TAR] = "application/vnd.oci.image.layer.v1.tar",
        [OCI_MEDIA_LAYER_GZIP] = "application/vnd.oci.image.layer.v1.tar+gzip",
        [OCI_MEDIA_LAYER_ZSTD] = "application/vnd.oci.image.layer.v1.tar+zstd",
        [OCI_MEDIA_LAYER_DOCKER_TAR] = "application/vnd.docker.image.rootfs.diff.tar",
        [OCI_MEDIA_LAYER_DOCKER_GZIP] = "application/vnd.docker.image.rootfs.diff.tar.gzip",
        [OCI_MEDIA_LAYER_DOCKER_ZSTD] = "application/vnd.docker.image.rootfs.diff.tar.zstd",
};

DEFINE_STRING_TABLE(oci_media_type, OciMediaType)

static int read_media_type(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr) {
        const char *s = json_object_get_string(o);
        size_t n = strlen(s);

        if (n == 0 || n > MEDIA_TYPE_MAX || s[strcspn(s, " \t\r\n\x7f")])
                return json_error(path, reterr, "not a media type");

        return json_read_string(o, path, f, target, reterr);
}

static int read_digest(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr) {
        int r;

        r = json_read_string(o, path, f, target, reterr);
        if (r < 0)
                return r;
        if (!digest_is_valid(*(char **) target))
                return json_error(path, reterr, "not a digest: expected sha256: and 64 hexadecimal digits");
        return 0;
}

static int read_size(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr) {
        int r;

        r = json_read_u64(o, path, f, target, reterr);
        if (r < 0)
                return r;
        if (*(uint64_t *) target > OCI_BLOB_SIZE_MAX)
                return json_error(path, reterr, "larger than any blob may be");
        return 0;
}

static int read_annotations(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr) {
        if (json_object_object_length(o) > (int) ANNOTATIONS_MAX)
                return json_error(path, reterr, "has more than %u members", ANNOTATIONS_MAX);

        return json_read_string_map(o, path, f, target, reterr);
}

static const JsonField descriptor_fields[] = {
        { "mediaType",   json_type_string, read_media_type,  offsetof(OciDescriptor, media_type),  JSON_REQUIRED       },
        { "digest",      json_type_string, read_digest,      offsetof(OciDescriptor, digest),      JSON_REQUIRED       },
        { "size",        json_type_int,    read_size,        offsetof(OciDescriptor, size),        JSON_REQUIRED       },
        { "platform",    json_type_object, json_read_struct, offsetof(OciDescriptor, platform),    JSON_NULL_IS_ABSENT,
          platform_fields                                                                                              },
        { "annotations", json_type_object, read_annotations, offsetof(OciDescriptor, annotations), JSON_NULL_IS_ABSENT },
        {}
};

void oci_descriptor_done(OciDescriptor *d) {
        free(d->media_type);
        free(d->digest);
        platform_done(&d->platform);
        strv_free(d->annotations);
        json_object_put(d->document);
        *d = OCI_DESCRIPTOR_NULL;
}

static char *strdup_or_null(const char *s) {
        return s ? strdup(s) : NULL;
}

int oci_descriptor_copy(const OciDescriptor *d, OciDescriptor *ret) {
        _cleanup_(oci_descriptor_done) OciDescriptor c = {
                .media_type = strdup_or_null(d->media_type),
                .digest = strdup_or_null(d->digest),
                .size = d->size,
                .platform = {
                        .os = strdup_or_null(d->platform.os),
                        .architecture = strdup_or_null(d->platform.architecture),
                        .variant = strdup_or_null(d->platform.variant),
                },
                .annotations = strv_copy(d->annotations),
                .document = json_object_get(d->document),
        };

        if (!c.media_type != !d->media_type || !c.digest != !d->digest || !c.platform.os != !d->platform.os ||
            !c.platform.architecture != !d->platform.architecture || !c.platform.variant != !d->platform.variant ||
            (!c.annotations && d->annotations))
                return -ENOMEM;

        *ret = TAKE_GENERIC(c, OciDescriptor, OCI_DESCRIPTOR_NULL);
        return 0;
}

int oci_descriptor_set(OciDescriptor *d, OciMediaType type, const char *digest, uint64_t size) {
        _cleanup_(freep) char *t = strdup(oci_media_type_to_string(type)), *s = strdup(digest);

        if (!t || !s)
                return -ENOMEM;

        free_and_replace(d->media_type, t);
        free_and_replace(d->digest, s);
        d->size = size;
        return 0;
}

OciMediaType oci_descriptor_type(const OciDescriptor *d) {
        return oci_media_type_from_string(d->media_type);
}

const char *oci_descriptor_annotation(const OciDescriptor *d, const char *name) {
        return strv_env_get(d->annotations, name);
}

int oci_descriptor_annotate(OciDescriptor *d, const char *name, const char *value) {
        _cleanup_(freep) char *assignment = NULL;
        size_t n = strlen(name);

        if (value) {
                assignment = text_join(name, "=", value, NULL);
                if (!assignment)
                        return -ENOMEM;
                return strv_env_set(&d->annotations, assignment);
        }

        for (size_t i = 0; d->annotations && d->annotations[i]; i++)
                if (strncmp(d->annotations[i], name, n) == 0 && d->annotations[i][n] == '=') {
                        strv_remove_at(d->annotations, i);
                        break;
                }
        return 0;
}

int oci_descriptor_read(JsonObject *o, const JsonPath *path, OciDescriptor *ret, Error *reterr) {
        _cleanup_(oci_descriptor_done) OciDescriptor d = {};
        int r;

        r = json_read_object(o, path, descriptor_fields, &d, reterr);
        if (r < 0)
                return r;

        d.document = json_object_get(o);
        *ret = TAKE_GENERIC(d, OciDescriptor, OCI_DESCRIPTOR_NULL);
        return 0;
}

static int platform_to_json(const OciPlatform *p, JsonObject *parent) {
        _cleanup_(json_putp) JsonObject *o = NULL;

        if (!p->os && !p->architecture)
                return 0;

        o = json_object_new_object();
        if (!o || json_add_string(o, "architecture", p->architecture) < 0 || json_add_string(o, "os", p->os) < 0 ||
            json_add_string(o, "variant", p->variant) < 0)
                return -ENOMEM;

        return json_add(parent, "platform", TAKE_PTR(o));
}

int oci_descriptor_to_json(const OciDescriptor *d, JsonObject **ret) {
        _cleanup_(json_putp) JsonObject *o = NULL;

        if (d->document) {
                if (json_object_deep_copy(d->document, &o, NULL) < 0)
                        return -ENOMEM;
        } else {
                o = json_object_new_object();
                if (!o || platform_to_json(&d->platform, o) < 0)
                        return -ENOMEM;
        }

        /* The specification's order, since Go's maps have it; a member that is there already keeps its place */
        if (json_add_string(o, "mediaType", d->media_type) < 0 || json_add_string(o, "digest", d->digest) < 0 ||
            json_add_u64(o, "size", d->size) < 0)
                return -ENOMEM;

        if (strv_isempty(d->annotations))
                json_object_object_del(o, "annotations");
        else if (json_add_string_map(o, "annotations", d->annotations) < 0)
                return -ENOMEM;

        *ret = TAKE_PTR(o);
        return 0;
}

int json_read_descriptor(JsonObject *o, const JsonPath *path, const JsonField *f _unused_, void *target,
                         Error *reterr) {
        OciDescriptor *d = target, fresh = {};
        int r;

        r = oci_descriptor_read(o, path, &fresh, reterr);
        if (r < 0)
                return r;

        oci_descriptor_done(d);
        *d = fresh;
        return 0;
}

int json_read_descriptors(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr) {
        struct {
                OciDescriptor *elements;
                size_t n;
        } *ret = target;
        const size_t *max = f->data;
        size_t n = json_object_array_length(o);

        assert(!ret->elements);

        if (n > *max)
                return json_error(path, reterr, "has more than %zu elements", *max);
        if (n == 0)
                return 0;

        ret->elements = new0(OciDescriptor, n);
        if (!ret->elements)
                return error_oom(reterr);
        ret->n = n;

        for (size_t i = 0; i < n; i++) {
                JsonPath here = { .parent = path, .index = i };
                int r;

                r = oci_descriptor_read(json_object_array_get_idx(o, i), &here, ret->elements + i, reterr);
                if (r < 0)
                        return r;
        }

        return 0;
}

int oci_descriptors_to_json(const OciDescriptor *d, size_t n, JsonObject **ret) {
        _cleanup_(json_putp) JsonObject *a = NULL;

        a = json_object_new_array_ext((int) MAX(n, (size_t) 1));
        if (!a)
                return -ENOMEM;

        for (size_t i = 0; i < n; i++) {
                _cleanup_(json_putp) JsonObject *o = NULL;
                int r;

                r = oci_descriptor_to_json(d + i, &o);
                if (r < 0)
                        return r;
                if (json_object_array_add(a, o) < 0)
                        return -ENOMEM;
                o = NULL;
        }

        *ret = TAKE_PTR(a);
        return 0;
}

void oci_descriptors_free(OciDescriptor *d, size_t n) {
        for (size_t i = 0; i < n; i++)
                oci_descriptor_done(d + i);
        free(d);
}
