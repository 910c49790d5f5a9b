/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "runtime-spec-internal.h"
#include "shared/strv.h"
#include "shared/text.h"

static const JsonField root_fields[] = {
        { "path",     json_type_string,  json_read_string, offsetof(OciRoot, path),     JSON_REQUIRED },
        { "readonly", json_type_boolean, json_read_bool,   offsetof(OciRoot, readonly), 0             },
        {},
};

static const JsonArrayOf mounts_array = { sizeof(OciMount), oci_mount_fields, SPEC_ARRAY_MAX };

static const JsonField spec_fields[] = {
        { "ociVersion",  json_type_string, json_read_string,     offsetof(OciSpec, version),     JSON_REQUIRED },
        { "process",     json_type_object, json_read_struct,     offsetof(OciSpec, process),     JSON_NULL_IS_ABSENT, oci_process_fields },
        { "root",        json_type_object, json_read_struct,     offsetof(OciSpec, root),        JSON_NULL_IS_ABSENT, root_fields },
        { "hostname",    json_type_string, json_read_string,     offsetof(OciSpec, hostname),    0 },
        { "domainname",  json_type_string, json_read_string,     offsetof(OciSpec, domainname),  0 },
        { "mounts",      json_type_array,  json_read_array,      offsetof(OciSpec, mounts),      JSON_NULL_IS_ABSENT, &mounts_array },
        { "hooks",       json_type_object, json_read_struct,     offsetof(OciSpec, hooks),       JSON_NULL_IS_ABSENT, oci_hooks_fields },
        { "annotations", json_type_object, json_read_string_map, offsetof(OciSpec, annotations), JSON_NULL_IS_ABSENT },
        { "linux",       json_type_object, json_read_struct,     offsetof(OciSpec, linux_),      JSON_NULL_IS_ABSENT, oci_linux_fields },
        {},
};

int oci_read_number(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr) {
        OciNumber n = { .set = true };
        int r;

        r = json_read_i64(o, path, f, &n.value, reterr);
        if (r < 0)
                return r;

        *(OciNumber *) target = n;
        return 0;
}

int oci_read_number_bool(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr) {
        bool b = false;
        int r;

        r = json_read_bool(o, path, f, &b, reterr);
        if (r < 0)
                return r;

        *(OciNumber *) target = OCI_NUMBER(b);
        return 0;
}

/* A user or group: UINT32_MAX means "no change" to the kernel */
int oci_read_id(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr) {
        uint32_t id = 0;
        int r;

        r = json_read_u32(o, path, f, &id, reterr);
        if (r < 0)
                return r;
        if (id == UINT32_MAX)
                return json_error(path, reterr, "is not an id");

        *(uint32_t *) target = id;
        return 0;
}

int oci_add_number(JsonObject *o, const char *key, OciNumber n) {
        return n.set ? json_add_i64(o, key, n.value) : 0;
}

int oci_add_object(JsonObject *o, const char *key, JsonObject **member) {
        if (*member && json_object_object_length(*member) == 0)
                return 0;

        return json_add(o, key, TAKE_PTR(*member));
}

int oci_array_append(JsonObject *array, JsonObject **element) {
        if (!*element || json_object_array_add(array, *element) < 0)
                return -ENOMEM;

        *element = NULL;
        return 0;
}

int oci_spec_new(OciSpec **ret) {
        _cleanup_(oci_spec_freep) OciSpec *s = new0(OciSpec, 1);

        if (!s)
                return -ENOMEM;

        s->version = strdup(OCI_VERSION);
        if (!s->version)
                return -ENOMEM;

        *ret = TAKE_PTR(s);
        return 0;
}

OciSpec *oci_spec_free(OciSpec *s) {
        if (!s)
                return NULL;

        free(s->version);
        oci_process_done(&s->process);
        free(s->root.path);
        free(s->hostname);
        free(s->domainname);
        for (size_t i = 0; i < s->n_mounts; i++)
                oci_mount_done(s->mounts + i);
        free(s->mounts);
        oci_hooks_done(s->hooks);
        strv_free(s->annotations);
        oci_linux_done(&s->linux_);
        return mfree(s);
}

int oci_spec_parse(const char *name, const char *text, size_t size, OciSpec **ret, Error *reterr) {
        _cleanup_(json_putp) JsonObject *o = NULL;
        _cleanup_(oci_spec_freep) OciSpec *s = NULL;
        JsonPath path = { .key = name }, version_path = { .parent = &path, .key = "ociVersion" };
        int r;

        r = json_parse(name, text, size, &o, reterr);
        if (r < 0)
                return r;

        s = new0(OciSpec, 1);
        if (!s)
                return error_oom(reterr);

        r = json_read_object(o, &path, spec_fields, s, reterr);
        if (r < 0)
                return r;
        if (!startswith(s->version, "1."))
                return json_error(&version_path, reterr, "'%s' is not a version this program knows", s->version);

        *ret = TAKE_PTR(s);
        return 0;
}

static int add_root(JsonObject *o, const OciRoot *root) {
        _cleanup_(json_putp) JsonObject *member = json_object_new_object();
        int r;

        if (!member)
                return -ENOMEM;
        if (!root->path)
                return 0;

        r = json_add_string(member, "path", root->path);
        if (r < 0)
                return r;
        r = json_add_bool(member, "readonly", root->readonly);
        if (r < 0)
                return r;

        return json_add(o, "root", TAKE_PTR(member));
}

int oci_spec_to_json(const OciSpec *s, JsonObject **ret) {
        _cleanup_(json_putp) JsonObject *o = json_object_new_object();

        if (!o || json_add_string(o, "ociVersion", s->version) < 0 || oci_add_process(o, "process", &s->process) < 0 ||
            add_root(o, &s->root) < 0 || json_add_string(o, "hostname", s->hostname) < 0 ||
            json_add_string(o, "domainname", s->domainname) < 0 ||
            oci_add_mounts(o, "mounts", s->mounts, s->n_mounts) < 0 || oci_add_hooks(o, "hooks", s->hooks) < 0 ||
            json_add_string_map(o, "annotations", s->annotations) < 0 || oci_add_linux(o, "linux", &s->linux_) < 0)
                return -ENOMEM;

        *ret = TAKE_PTR(o);
        return 0;
}

int oci_spec_format(const OciSpec *s, char **ret) {
        _cleanup_(json_putp) JsonObject *o = NULL;
        const char *text;
        char *copy;
        int r;

        r = oci_spec_to_json(s, &o);
        if (r < 0)
                return r;

        text = json_text(o);
        copy = text ? strdup(text) : NULL;
        if (!copy)
                return -ENOMEM;

        *ret = copy;
        return 0;
}

const char *oci_spec_annotation(const OciSpec *s, const char *key) {
        return strv_env_get(s->annotations, key);
}

bool oci_spec_annotation_is_true(const OciSpec *s, const char *key) {
        return streq_ptr(oci_spec_annotation(s, key), "true");
}

const OciNamespace *oci_spec_namespace(const OciSpec *s, OciNamespaceType type) {
        for (size_t i = 0; i < s->linux_.n_namespaces; i++)
                if (s->linux_.namespaces[i].type == type)
                        return s->linux_.namespaces + i;

        return NULL;
}
