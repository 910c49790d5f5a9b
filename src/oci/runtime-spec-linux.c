/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "runtime-spec-internal.h"
#include "shared/strv.h"
#include "shared/text.h"

static const char *const oci_namespace_type_table[OCI_NAMESPACE_TYPE_MAX] = {
        [OCI_NAMESPACE_PID] = "pid",   [OCI_NAMESPACE_NETWORK] = "network", [OCI_NAMESPACE_MOUNT] = "mount",
        [OCI_NAMESPACE_IPC] = "ipc",   [OCI_NAMESPACE_UTS] = "uts",         [OCI_NAMESPACE_USER] = "user",
        [OCI_NAMESPACE_CGROUP] = "cgroup", [OCI_NAMESPACE_TIME] = "time",
};
DEFINE_STRING_TABLE(oci_namespace_type, OciNamespaceType)

static int read_namespace_type(JsonObject *o, const JsonPath *path, const JsonField *f, void *target,
                               Error *reterr) {
        OciNamespaceType type = oci_namespace_type_from_string(json_object_get_string(o));

        if (type < 0)
                return json_error(path, reterr, "unknown namespace '%s'", json_object_get_string(o));

        *(OciNamespaceType *) target = type;
        return 0;
}

static int read_namespaces(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr) {
        OciLinux *l = target;
        unsigned seen = 0;
        int r;

        r = json_read_array(o, path, f, &l->namespaces, reterr);
        if (r < 0)
                return r;

        for (size_t i = 0; i < l->n_namespaces; i++) {
                JsonPath here = { .parent = path, .index = i };

                if (seen & (1U << l->namespaces[i].type))
                        return json_error(&here, reterr, "a second namespace of type '%s'",
                                          oci_namespace_type_to_string(l->namespaces[i].type));
                seen |= 1U << l->namespaces[i].type;
        }

        return 0;
}

int oci_read_device_type(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr) {
        const char *s = json_object_get_string(o);

        if (!STR_IN_SET(s, "a", "b", "c", "u", "p"))
                return json_error(path, reterr, "unknown type of device '%s'", s);

        *(char *) target = s[0] == 'u' ? 'c' : s[0];
        return 0;
}

static int read_seccomp(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr) {
        JsonObject **seccomp = target;

        json_putp(seccomp);
        *seccomp = json_object_get(o);
        return 0;
}

static int read_propagation(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr) {
        const char *s = json_object_get_string(o);

        if (!STR_IN_SET(s, "", "private", "rprivate", "slave", "rslave", "shared", "rshared", "unbindable",
                        "runbindable"))
                return json_error(path, reterr, "unknown propagation '%s'", s);

        return json_read_string(o, path, f, target, reterr);
}

static int read_personality(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr) {
        if (!STR_IN_SET(json_object_get_string(o), "LINUX", "LINUX32"))
                return json_error(path, reterr, "unknown domain '%s'", json_object_get_string(o));

        return json_read_string(o, path, f, target, reterr);
}

static const JsonField namespace_fields[] = {
        { "type", json_type_string, read_namespace_type, offsetof(OciNamespace, type), JSON_REQUIRED },
        { "path", json_type_string, json_read_string,    offsetof(OciNamespace, path), 0             },
        {},
};
static const JsonArrayOf namespaces_array = { sizeof(OciNamespace), namespace_fields, OCI_NAMESPACE_TYPE_MAX };

static const JsonField device_fields[] = {
        { "type",     json_type_string, oci_read_device_type, offsetof(OciDevice, type),      JSON_REQUIRED },
        { "path",     json_type_string, json_read_string,     offsetof(OciDevice, path),      JSON_REQUIRED },
        { "major",    json_type_int,    json_read_u32,        offsetof(OciDevice, major),     0 },
        { "minor",    json_type_int,    json_read_u32,        offsetof(OciDevice, minor),     0 },
        { "fileMode", json_type_int,    oci_read_number,      offsetof(OciDevice, file_mode), JSON_NULL_IS_ABSENT },
        { "uid",      json_type_int,    oci_read_number,      offsetof(OciDevice, uid),       JSON_NULL_IS_ABSENT },
        { "gid",      json_type_int,    oci_read_number,      offsetof(OciDevice, gid),       JSON_NULL_IS_ABSENT },
        {},
};
static const JsonArrayOf devices_array = { sizeof(OciDevice), device_fields, SPEC_ARRAY_MAX };
static const JsonArrayOf id_maps_array = { sizeof(OciIdMap), oci_id_map_fields, 340 };

static const JsonField personality_fields[] = {
        { "domain", json_type_string, read_personality, offsetof(OciLinux, personality_domain), JSON_REQUIRED },
        {},
};

const JsonField oci_linux_fields[] = {
        { "namespaces",        json_type_array,  read_namespaces,      0,                                      JSON_NULL_IS_ABSENT, &namespaces_array },
        { "uidMappings",       json_type_array,  json_read_array,      offsetof(OciLinux, uid_mappings),       JSON_NULL_IS_ABSENT, &id_maps_array },
        { "gidMappings",       json_type_array,  json_read_array,      offsetof(OciLinux, gid_mappings),       JSON_NULL_IS_ABSENT, &id_maps_array },
        { "devices",           json_type_array,  json_read_array,      offsetof(OciLinux, devices),            JSON_NULL_IS_ABSENT, &devices_array },
        { "cgroupsPath",       json_type_string, json_read_string,     offsetof(OciLinux, cgroups_path),       0 },
        { "resources",         json_type_object, json_read_struct,     offsetof(OciLinux, resources),          JSON_NULL_IS_ABSENT, oci_resources_fields },
        { "sysctl",            json_type_object, json_read_string_map, offsetof(OciLinux, sysctl),             JSON_NULL_IS_ABSENT },
        { "seccomp",           json_type_object, read_seccomp,         offsetof(OciLinux, seccomp),            JSON_NULL_IS_ABSENT },
        { "maskedPaths",       json_type_array,  json_read_strv,       offsetof(OciLinux, masked_paths),       JSON_NULL_IS_ABSENT },
        { "readonlyPaths",     json_type_array,  json_read_strv,       offsetof(OciLinux, readonly_paths),     JSON_NULL_IS_ABSENT },
        { "rootfsPropagation", json_type_string, read_propagation,     offsetof(OciLinux, rootfs_propagation), 0 },
        { "mountLabel",        json_type_string, json_read_string,     offsetof(OciLinux, mount_label),        0 },
        { "personality",       json_type_object, json_read_struct,     0,                                      JSON_NULL_IS_ABSENT, personality_fields },
        {},
};

static int add_namespaces(JsonObject *o, const char *key, const OciNamespace *namespaces, size_t n) {
        _cleanup_(json_putp) JsonObject *array = NULL;

        if (n == 0)
                return 0;

        array = json_object_new_array();
        if (!array)
                return -ENOMEM;

        for (size_t i = 0; i < n; i++) {
                _cleanup_(json_putp) JsonObject *ns = json_object_new_object();

                if (!ns || json_add_string(ns, "type", oci_namespace_type_to_string(namespaces[i].type)) < 0 ||
                    json_add_string(ns, "path", namespaces[i].path) < 0 || oci_array_append(array, &ns) < 0)
                        return -ENOMEM;
        }

        return json_add(o, key, TAKE_PTR(array));
}

static int add_devices(JsonObject *o, const char *key, const OciDevice *devices, size_t n) {
        _cleanup_(json_putp) JsonObject *array = NULL;

        if (n == 0)
                return 0;

        array = json_object_new_array();
        if (!array)
                return -ENOMEM;

        for (size_t i = 0; i < n; i++) {
                _cleanup_(json_putp) JsonObject *d = json_object_new_object();
                const char type[] = { devices[i].type, 0 };

                if (!d || json_add_string(d, "type", type) < 0 || json_add_string(d, "path", devices[i].path) < 0 ||
                    json_add_u64(d, "major", devices[i].major) < 0 ||
                    json_add_u64(d, "minor", devices[i].minor) < 0 ||
                    oci_add_number(d, "fileMode", devices[i].file_mode) < 0 ||
                    oci_add_number(d, "uid", devices[i].uid) < 0 || oci_add_number(d, "gid", devices[i].gid) < 0 ||
                    oci_array_append(array, &d) < 0)
                        return -ENOMEM;
        }

        return json_add(o, key, TAKE_PTR(array));
}

static int add_personality(JsonObject *o, const char *key, const char *domain) {
        _cleanup_(json_putp) JsonObject *member = json_object_new_object();

        if (!member || json_add_string(member, "domain", domain) < 0)
                return -ENOMEM;

        return oci_add_object(o, key, &member);
}

int oci_add_linux(JsonObject *o, const char *key, const OciLinux *l) {
        _cleanup_(json_putp) JsonObject *member = json_object_new_object();

        if (!member || add_namespaces(member, "namespaces", l->namespaces, l->n_namespaces) < 0 ||
            oci_add_id_maps(member, "uidMappings", l->uid_mappings, l->n_uid_mappings) < 0 ||
            oci_add_id_maps(member, "gidMappings", l->gid_mappings, l->n_gid_mappings) < 0 ||
            add_devices(member, "devices", l->devices, l->n_devices) < 0 ||
            json_add_string(member, "cgroupsPath", l->cgroups_path) < 0 ||
            oci_add_resources(member, "resources", &l->resources) < 0 ||
            json_add_string_map(member, "sysctl", l->sysctl) < 0 ||
            (l->seccomp && json_add(member, "seccomp", json_object_get(l->seccomp)) < 0) ||
            json_add_strv(member, "maskedPaths", l->masked_paths) < 0 ||
            json_add_strv(member, "readonlyPaths", l->readonly_paths) < 0 ||
            json_add_string(member, "rootfsPropagation", l->rootfs_propagation) < 0 ||
            json_add_string(member, "mountLabel", l->mount_label) < 0 ||
            add_personality(member, "personality", l->personality_domain) < 0)
                return -ENOMEM;

        return oci_add_object(o, key, &member);
}

void oci_linux_done(OciLinux *l) {
        for (size_t i = 0; i < l->n_namespaces; i++)
                free(l->namespaces[i].path);
        free(l->namespaces);
        free(l->uid_mappings);
        free(l->gid_mappings);
        for (size_t i = 0; i < l->n_devices; i++)
                free(l->devices[i].path);
        free(l->devices);
        free(l->cgroups_path);
        oci_resources_done(&l->resources);
        strv_free(l->sysctl);
        json_putp(&l->seccomp);
        strv_free(l->masked_paths);
        strv_free(l->readonly_paths);
        free(l->rootfs_propagation);
        free(l->mount_label);
        free(l->personality_domain);
}
