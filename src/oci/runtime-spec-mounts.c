/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <limits.h>

#include "runtime-spec-internal.h"
#include "shared/strv.h"

#define ID_MAPS_MAX 340U /* of the kernel */

const JsonField oci_id_map_fields[] = {
        { "containerID", json_type_int, json_read_u32, offsetof(OciIdMap, container_id), JSON_REQUIRED },
        { "hostID",      json_type_int, json_read_u32, offsetof(OciIdMap, host_id),      JSON_REQUIRED },
        { "size",        json_type_int, json_read_u32, offsetof(OciIdMap, size),         JSON_REQUIRED },
        {},
};
static const JsonArrayOf id_maps_array = { sizeof(OciIdMap), oci_id_map_fields, ID_MAPS_MAX };

static int read_destination(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr) {
        char **destination = target;
        int r;

        r = json_read_string(o, path, f, destination, reterr);
        if (r < 0)
                return r;
        if ((*destination)[0] != '/')
                return json_error(path, reterr, "is not an absolute path");
        if (strlen(*destination) >= PATH_MAX)
                return json_error(path, reterr, "is too long");

        return 0;
}

const JsonField oci_mount_fields[] = {
        { "destination", json_type_string, read_destination, offsetof(OciMount, destination),  JSON_REQUIRED },
        { "type",        json_type_string, json_read_string, offsetof(OciMount, type),         0 },
        { "source",      json_type_string, json_read_string, offsetof(OciMount, source),       0 },
        { "options",     json_type_array,  json_read_strv,   offsetof(OciMount, options),      JSON_NULL_IS_ABSENT },
        { "uidMappings", json_type_array,  json_read_array,  offsetof(OciMount, uid_mappings), JSON_NULL_IS_ABSENT, &id_maps_array },
        { "gidMappings", json_type_array,  json_read_array,  offsetof(OciMount, gid_mappings), JSON_NULL_IS_ABSENT, &id_maps_array },
        {},
};

int oci_add_id_maps(JsonObject *o, const char *key, const OciIdMap *maps, size_t n) {
        _cleanup_(json_putp) JsonObject *array = NULL;

        if (n == 0)
                return 0;

        array = json_object_new_array();
        if (!array)
                return -ENOMEM;

        for (size_t i = 0; i < n; i++) {
                _cleanup_(json_putp) JsonObject *m = json_object_new_object();

                if (!m || json_add_u64(m, "containerID", maps[i].container_id) < 0 ||
                    json_add_u64(m, "hostID", maps[i].host_id) < 0 || json_add_u64(m, "size", maps[i].size) < 0 ||
                    oci_array_append(array, &m) < 0)
                        return -ENOMEM;
        }

        return json_add(o, key, TAKE_PTR(array));
}

int oci_add_mounts(JsonObject *o, const char *key, const OciMount *mounts, size_t n) {
        _cleanup_(json_putp) JsonObject *array = NULL;

        if (n == 0)
                return 0;

        array = json_object_new_array();
        if (!array)
                return -ENOMEM;

        for (size_t i = 0; i < n; i++) {
                _cleanup_(json_putp) JsonObject *m = json_object_new_object();

                if (!m || json_add_string(m, "destination", mounts[i].destination) < 0 ||
                    json_add_string(m, "type", mounts[i].type) < 0 ||
                    json_add_string(m, "source", mounts[i].source) < 0 ||
                    json_add_strv(m, "options", mounts[i].options) < 0 ||
                    oci_add_id_maps(m, "uidMappings", mounts[i].uid_mappings, mounts[i].n_uid_mappings) < 0 ||
                    oci_add_id_maps(m, "gidMappings", mounts[i].gid_mappings, mounts[i].n_gid_mappings) < 0 ||
                    oci_array_append(array, &m) < 0)
                        return -ENOMEM;
        }

        return json_add(o, key, TAKE_PTR(array));
}

void oci_mount_done(OciMount *m) {
        free(m->destination);
        free(m->type);
        free(m->source);
        strv_free(m->options);
        free(m->uid_mappings);
        free(m->gid_mappings);
}
