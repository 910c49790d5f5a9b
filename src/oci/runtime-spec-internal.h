/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "runtime-spec.h"

/* What the files runtime-spec-*.c share: one file per object of the specification, with its table, its writer and its
 * destructor. Writers make an object and add it to o under key, unless nothing is in it. */

#define SPEC_ARRAY_MAX 4096U

extern const JsonField oci_process_fields[], oci_mount_fields[], oci_id_map_fields[], oci_hooks_fields[],
        oci_linux_fields[], oci_resources_fields[];

int oci_read_number(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr);
int oci_read_number_bool(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr);
int oci_read_id(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr);
int oci_read_device_type(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr);

int oci_add_number(JsonObject *o, const char *key, OciNumber n);
int oci_add_object(JsonObject *o, const char *key, JsonObject **member); /* takes it; an empty one adds nothing */
int oci_array_append(JsonObject *array, JsonObject **element);           /* takes it */

int oci_add_process(JsonObject *o, const char *key, const OciProcess *p);
int oci_add_mounts(JsonObject *o, const char *key, const OciMount *mounts, size_t n);
int oci_add_id_maps(JsonObject *o, const char *key, const OciIdMap *maps, size_t n);
int oci_add_hooks(JsonObject *o, const char *key, const OciHooks *hooks);
int oci_add_linux(JsonObject *o, const char *key, const OciLinux *l);
int oci_add_resources(JsonObject *o, const char *key, const OciResources *r);

void oci_process_done(OciProcess *p);
void oci_mount_done(OciMount *m);
void oci_hooks_done(OciHooks *hooks);
void oci_linux_done(OciLinux *l);
void oci_resources_done(OciResources *r);

/* One more element, zeroed, at the end of the array; NULL: out of memory. */
void *oci_grow(void **array, size_t *n, size_t size);
