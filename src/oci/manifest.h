/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "descriptor.h"

/* Manifests and indexes, OCI's and docker's version 2 schema 2. A document that could be read as both is refused, and
 * so is one whose media type is not what it contains. */

#define OCI_LAYERS_MAX    500U   /* what overlayfs stacks */
#define OCI_MANIFESTS_MAX 16384U /* of one index; our own store's has one entry per name */

typedef struct OciManifest {
        char *media_type; /* NULL: not said, which OCI allows */
        OciDescriptor config;
        OciDescriptor *layers; /* bottom first */
        size_t n_layers;
        char **annotations;
} OciManifest;

OciManifest *oci_manifest_free(OciManifest *m);
DEFINE_TRIVIAL_CLEANUP_FUNC(OciManifest *, oci_manifest_free)

/* name is for messages. expected: the media type by which the document was found, or NULL. */
int oci_manifest_parse(const char *name, const char *text, size_t size, const char *expected, OciManifest **ret,
                       Error *reterr);

/* A new manifest, OCI's, as text: the same input gives the same bytes. */
int oci_manifest_make(const OciDescriptor *config, const OciDescriptor *layers, size_t n_layers, char **ret);

typedef struct OciIndex {
        char *media_type;
        OciDescriptor *manifests;
        size_t n_manifests;
        char **annotations;
} OciIndex;

OciIndex *oci_index_free(OciIndex *i);
DEFINE_TRIVIAL_CLEANUP_FUNC(OciIndex *, oci_index_free)

int oci_index_parse(const char *name, const char *text, size_t size, const char *expected, OciIndex **ret,
                    Error *reterr);

/* The same, but entries that cannot be read are left out and counted: one of them must not cost the others. */
int oci_index_parse_lenient(const char *name, const char *text, size_t size, OciIndex **ret, size_t *ret_dropped,
                            Error *reterr);

int oci_index_to_json(const OciIndex *index, JsonObject **ret);

/* The entry that fits the platform best, or NULL. Entries without a platform fit if there is no other. */
const OciDescriptor *oci_index_select(const OciIndex *index, const OciPlatform *wanted);
