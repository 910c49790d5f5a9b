/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "oci/manifest.h"
#include "store.h"

/* index.json: one entry per name, each with the full name as an annotation, and one without for an image that has no
 * name. Entries are changed in memory and written back as a whole, under the store's lock. */

/* Ours, on each entry: the unpacked size of each layer, bottom first, "123,0,456". */
#define STORE_ANNOTATION_LAYER_SIZES "io.caisson.layer-sizes"

/* Ours too: the image's id, so that one whose manifest is damaged is still known by it, also as being in use. */
#define STORE_ANNOTATION_ID "io.caisson.id"

int store_entry_describe(OciDescriptor *entry, const char *id, const char *layer_sizes);

/* What is read when there is none is an empty index; when it is damaged, its copy. If that is of no use either:
 * -EBADMSG and a sentence. *ret_dropped (may be NULL): entries left out since they cannot be read. */
int store_index_read(ImageStore *s, OciIndex **ret, size_t *ret_dropped, Error *reterr);

/* Durable when it returns. */
int store_index_write(ImageStore *s, const OciIndex *index, Error *reterr);

static inline const char *store_entry_name(const OciDescriptor *entry) {
        return oci_descriptor_annotation(entry, OCI_ANNOTATION_REF_NAME);
}

/* The entry of that full name, or NULL. */
OciDescriptor *store_index_find(const OciIndex *index, const char *name);

/* Gives manifest a name (NULL: makes sure that it is in the index at all), taking the name from whoever has it. */
int store_index_add(OciIndex *index, const OciDescriptor *manifest, const char *name);

/* Takes away the name. The manifest stays, without a name if this was its last; -ENOENT if there is no such name. */
int store_index_untag(OciIndex *index, const char *name);

/* Takes away all entries of that manifest; the number of them. */
size_t store_index_remove(OciIndex *index, const char *manifest_digest);
