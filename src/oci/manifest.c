/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "manifest.h"
#include "shared/strv.h"
#include "shared/text.h"

static const size_t layers_max = OCI_LAYERS_MAX, manifests_max = OCI_MANIFESTS_MAX;

static int read_schema_version(JsonObject *o, const JsonPath *path, const JsonField *f _unused_,
                               void *target _unused_, Error *reterr) {
        int64_t version = json_object_get_int64(o);

        if (version != 2)
                return json_error(path, reterr, "version %" PRIi64 " is not supported, only 2", version);
        return 0;
}

static const JsonField manifest_fields[] = {
        { "schemaVersion", json_type_int,    read_schema_version,   0,                                  JSON_REQUIRED       },
        { "mediaType",     json_type_string, json_read_string,      offsetof(OciManifest, media_type),  0                   },
        { "config",        json_type_object, json_read_descriptor,  offsetof(OciManifest, config),      JSON_REQUIRED       },
        { "layers",        json_type_array,  json_read_descriptors, offsetof(OciManifest, layers),
          JSON_NULL_IS_ABSENT, &layers_max                                                                                  },
        { "annotations",   json_type_object, json_read_string_map,  offsetof(OciManifest, annotations), JSON_NULL_IS_ABSENT },
        {}
};

static const JsonField index_fields[] = {
        { "schemaVersion", json_type_int,    read_schema_version,   0,                               JSON_REQUIRED       },
        { "mediaType",     json_type_string, json_read_string,      offsetof(OciIndex, media_type),  0                   },
        { "manifests",     json_type_array,  json_read_descriptors, offsetof(OciIndex, manifests),
          JSON_NULL_IS_ABSENT, &manifests_max                                                                            },
        { "annotations",   json_type_object, json_read_string_map,  offsetof(OciIndex, annotations), JSON_NULL_IS_ABSENT },
        {}
};

OciManifest *oci_manifest_free(OciManifest *m) {
        if (!m)
                return NULL;

        free(m->media_type);
        oci_descriptor_done(&m->config);
        oci_descriptors_free(m->layers, m->n_layers);
        strv_free(m->annotations);
        return mfree(m);
}

OciIndex *oci_index_free(OciIndex *i) {
        if (!i)
                return NULL;

        free(i->media_type);
        oci_descriptors_free(i->manifests, i->n_manifests);
        strv_free(i->annotations);
        return mfree(i);
}

/* CVE-2021-41190: what one program reads as a manifest must not be an index for another */
static int check_kind(JsonObject *o, const JsonPath *path, const char *needed, const char *forbidden,
                      const char *expected, bool (*fits)(OciMediaType), Error *reterr) {
        JsonPath media_type_path = { .parent = path, .key = "mediaType" };
        JsonPath needed_path = { .parent = path, .key = needed };
        JsonObject *member;
        const char *said;

        if (!json_object_is_type(o, json_type_object))
                return json_error(path, reterr, "expected object, got %s", json_type_word(json_object_get_type(o)));
        if (json_object_object_get_ex(o, forbidden, NULL))
                return json_error(path, reterr, "is both a manifest and an index");
        if (json_object_object_get_ex(o, "fsLayers", NULL))
                return json_error(path, reterr, "manifests of docker's schema 1 are not supported");
        if (!json_object_object_get_ex(o, needed, NULL))
                return json_error(&needed_path, reterr, "missing"); /* null is another matter: Go's empty list */

        if (!json_object_object_get_ex(o, "mediaType", &member))
                return 0;

        said = json_object_is_type(member, json_type_string) ? json_object_get_string(member) : "";
        if (!fits(oci_media_type_from_string(said)))
                return json_error(&media_type_path, reterr, "is not what the document contains");
        if (expected && !streq(said, expected))
                return json_error(&media_type_path, reterr, "is not the one it is referred to by");
        return 0;
}

static int check_manifest(const OciManifest *m, const JsonPath *path, Error *reterr) {
        JsonPath config_path = { .parent = path, .key = "config" }, layers_path = { .parent = path, .key = "layers" };

        if (!oci_media_type_is_config(oci_descriptor_type(&m->config)))
                return json_error(&config_path, reterr, "is not an image's configuration but '%s'", m->config.media_type);

        for (size_t i = 0; i < m->n_layers; i++) {
                JsonPath here = { .parent = &layers_path, .index = i };

                if (!oci_media_type_is_layer(oci_descriptor_type(m->layers + i)))
                        return json_error(&here, reterr, "is of a type that is not supported: '%s'",
                                          m->layers[i].media_type);
        }

        return 0;
}

int oci_manifest_parse(const char *name, const char *text, size_t size, const char *expected, OciManifest **ret,
                       Error *reterr) {
        _cleanup_(oci_manifest_freep) OciManifest *m = NULL;
        _cleanup_(json_putp) JsonObject *o = NULL;
        JsonPath path = { .key = name };
        int r;

        r = json_parse(name, text, size, &o, reterr);
        if (r < 0)
                return r;
        r = check_kind(o, &path, "layers", "manifests", expected, oci_media_type_is_manifest, reterr);
        if (r < 0)
                return r;

        m = new0(OciManifest, 1);
        if (!m)
                return error_oom(reterr);

        r = json_read_object(o, &path, manifest_fields, m, reterr);
        if (r < 0)
                return r;
        r = check_manifest(m, &path, reterr);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(m);
        return 0;
}

int oci_manifest_make(const OciDescriptor *config, const OciDescriptor *layers, size_t n_layers, char **ret) {
        _cleanup_(json_putp) JsonObject *o = NULL, *c = NULL, *l = NULL;
        char *text;
        int r;

        o = json_object_new_object();
        if (!o)
                return -ENOMEM;

        r = oci_descriptor_to_json(config, &c);
        if (r < 0)
                return r;
        r = oci_descriptors_to_json(layers, n_layers, &l);
        if (r < 0)
                return r;

        if (json_add_i64(o, "schemaVersion", 2) < 0 ||
            json_add_string(o, "mediaType", oci_media_type_to_string(OCI_MEDIA_MANIFEST)) < 0 ||
            json_add(o, "config", TAKE_PTR(c)) < 0 || json_add(o, "layers", TAKE_PTR(l)) < 0)
                return -ENOMEM;

        text = strdup(json_text(o));
        if (!text)
                return -ENOMEM;

        *ret = text;
        return 0;
}

static int index_parse(const char *name, const char *text, size_t size, const char *expected, size_t *ret_dropped,
                       OciIndex **ret, Error *reterr) {
        _cleanup_(oci_index_freep) OciIndex *index = NULL;
        _cleanup_(json_putp) JsonObject *o = NULL;
        JsonPath path = { .key = name }, manifests_path = { .parent = &path, .key = "manifests" };
        size_t dropped = 0;
        JsonObject *a;
        int r;

        r = json_parse(name, text, size, &o, reterr);
        if (r < 0)
                return r;
        r = check_kind(o, &path, "manifests", "layers", expected, oci_media_type_is_index, reterr);
        if (r < 0)
                return r;

        a = json_get(o, "manifests");
        if (ret_dropped && json_object_is_type(a, json_type_array))
                for (size_t i = json_object_array_length(a); i > 0; i--) {
                        JsonPath here = { .parent = &manifests_path, .index = i - 1 };
                        _cleanup_(oci_descriptor_done) OciDescriptor d = {};

                        if (oci_descriptor_read(json_object_array_get_idx(a, i - 1), &here, &d, NULL) < 0) {
                                json_object_array_del_idx(a, i - 1, 1);
                                dropped++;
                        }
                }

        index = new0(OciIndex, 1);
        if (!index)
                return error_oom(reterr);

        r = json_read_object(o, &path, index_fields, index, reterr);
        if (r < 0)
                return r;

        if (ret_dropped)
                *ret_dropped = dropped;
        *ret = TAKE_PTR(index);
        return 0;
}

int oci_index_parse(const char *name, const char *text, size_t size, const char *expected, OciIndex **ret,
                    Error *reterr) {
        return index_parse(name, text, size, expected, NULL, ret, reterr);
}

int oci_index_parse_lenient(const char *name, const char *text, size_t size, OciIndex **ret, size_t *ret_dropped,
                            Error *reterr) {
        size_t dropped;

        return index_parse(name, text, size, NULL, ret_dropped ?: &dropped, ret, reterr);
}

int oci_index_to_json(const OciIndex *index, JsonObject **ret) {
        _cleanup_(json_putp) JsonObject *o = NULL, *a = NULL;
        int r;

        o = json_object_new_object();
        if (!o)
                return -ENOMEM;

        r = oci_descriptors_to_json(index->manifests, index->n_manifests, &a);
        if (r < 0)
                return r;

        if (json_add_i64(o, "schemaVersion", 2) < 0 ||
            json_add_string(o, "mediaType", index->media_type ?: oci_media_type_to_string(OCI_MEDIA_INDEX)) < 0 ||
            json_add(o, "manifests", TAKE_PTR(a)) < 0 || json_add_string_map(o, "annotations", index->annotations) < 0)
                return -ENOMEM;

        *ret = TAKE_PTR(o);
        return 0;
}

const OciDescriptor *oci_index_select(const OciIndex *index, const OciPlatform *wanted) {
        const OciDescriptor *best = NULL;
        unsigned best_match = 0;

        for (size_t i = 0; i < index->n_manifests; i++) {
                const OciDescriptor *d = index->manifests + i;
                OciMediaType type = oci_descriptor_type(d);
                unsigned match;

                if (!oci_media_type_is_manifest(type) && !oci_media_type_is_index(type))
                        continue;

                match = d->platform.os || d->platform.architecture ? platform_match(wanted, &d->platform) : 1;
                if (match > best_match) {
                        best = d;
                        best_match = match;
                }
        }

        return best;
}
