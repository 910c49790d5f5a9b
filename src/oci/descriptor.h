/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "digest.h"
#include "platform.h"

/* What a blob is. Docker's media types and OCI's name the same things. */
typedef enum OciMediaType {
        OCI_MEDIA_MANIFEST,
        OCI_MEDIA_MANIFEST_DOCKER,
        OCI_MEDIA_INDEX,
        OCI_MEDIA_INDEX_DOCKER,
        OCI_MEDIA_CONFIG,
        OCI_MEDIA_CONFIG_DOCKER,
        OCI_MEDIA_LAYER_TAR,
        OCI_MEDIA_LAYER_GZIP,
        OCI_MEDIA_LAYER_ZSTD,
        OCI_MEDIA_LAYER_DOCKER_TAR,
        OCI_MEDIA_LAYER_DOCKER_GZIP,
        OCI_MEDIA_LAYER_DOCKER_ZSTD,
        _OCI_MEDIA_TYPE_MAX,
        _OCI_MEDIA_TYPE_INVALID = -EINVAL,
} OciMediaType;
DECLARE_STRING_TABLE(oci_media_type, OciMediaType);

static inline bool oci_media_type_is_manifest(OciMediaType t) {
        return t == OCI_MEDIA_MANIFEST || t == OCI_MEDIA_MANIFEST_DOCKER;
}
static inline bool oci_media_type_is_index(OciMediaType t) {
        return t == OCI_MEDIA_INDEX || t == OCI_MEDIA_INDEX_DOCKER;
}
static inline bool oci_media_type_is_config(OciMediaType t) {
        return t == OCI_MEDIA_CONFIG || t == OCI_MEDIA_CONFIG_DOCKER;
}
static inline bool oci_media_type_is_layer(OciMediaType t) {
        return t >= OCI_MEDIA_LAYER_TAR && t <= OCI_MEDIA_LAYER_DOCKER_ZSTD;
}

#define OCI_BLOB_SIZE_MAX (UINT64_C(1) << 44) /* 16 TiB: a size beyond is a mistake or worse */

/* The full names of annotations that caisson reads or writes. */
#define OCI_ANNOTATION_REF_NAME        "org.opencontainers.image.ref.name"
#define OCI_ANNOTATION_CONTAINERD_NAME "io.containerd.image.name" /* docker's and containerd's archives */

typedef struct OciDescriptor {
        char *media_type; /* as it is written; see oci_descriptor_type() */
        char *digest;
        uint64_t size;
        OciPlatform platform;
        char **annotations;   /* "name=value" */
        JsonObject *document; /* what it was read from: members we do not know stay; NULL for one made here */
} OciDescriptor;

#define OCI_DESCRIPTOR_NULL ((OciDescriptor) {})

void oci_descriptor_done(OciDescriptor *d);
int oci_descriptor_copy(const OciDescriptor *d, OciDescriptor *ret);

int oci_descriptor_set(OciDescriptor *d, OciMediaType type, const char *digest, uint64_t size);

/* One of the types above or _OCI_MEDIA_TYPE_INVALID. */
OciMediaType oci_descriptor_type(const OciDescriptor *d);

const char *oci_descriptor_annotation(const OciDescriptor *d, const char *name);
/* value == NULL removes it. */
int oci_descriptor_annotate(OciDescriptor *d, const char *name, const char *value);

int oci_descriptor_read(JsonObject *o, const JsonPath *path, OciDescriptor *ret, Error *reterr);
int oci_descriptor_to_json(const OciDescriptor *d, JsonObject **ret);

/* For the tables of others: a descriptor at the offset; data is unused. */
int json_read_descriptor(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr);

/* For the tables of others: OciDescriptor* with its count behind it, at most *data of them. */
int json_read_descriptors(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr);

int oci_descriptors_to_json(const OciDescriptor *d, size_t n, JsonObject **ret);
void oci_descriptors_free(OciDescriptor *d, size_t n);
