/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "runtime-spec-internal.h"
#include "shared/strv.h"

static const char *const oci_hook_type_table[OCI_HOOK_TYPE_MAX] = {
        [OCI_HOOK_PRESTART] = "prestart",
        [OCI_HOOK_CREATE_RUNTIME] = "createRuntime",
        [OCI_HOOK_CREATE_CONTAINER] = "createContainer",
        [OCI_HOOK_START_CONTAINER] = "startContainer",
        [OCI_HOOK_POSTSTART] = "poststart",
        [OCI_HOOK_POSTSTOP] = "poststop",
};
DEFINE_STRING_TABLE(oci_hook_type, OciHookType)

static int read_hook_path(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr) {
        char **hook = target;
        int r;

        r = json_read_string(o, path, f, hook, reterr);
        if (r < 0)
                return r;
        if ((*hook)[0] != '/')
                return json_error(path, reterr, "is not an absolute path");

        return 0;
}

static int read_timeout(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr) {
        uint32_t seconds = 0;
        int r;

        r = json_read_u32(o, path, f, &seconds, reterr);
        if (r < 0)
                return r;
        if (seconds == 0)
                return json_error(path, reterr, "must be more than 0");

        *(OciNumber *) target = OCI_NUMBER(seconds);
        return 0;
}

static const JsonField hook_fields[] = {
        { "path",    json_type_string, read_hook_path,  offsetof(OciHook, path),    JSON_REQUIRED },
        { "args",    json_type_array,  json_read_strv,  offsetof(OciHook, args),    JSON_NULL_IS_ABSENT },
        { "env",     json_type_array,  json_read_strv,  offsetof(OciHook, env),     JSON_NULL_IS_ABSENT },
        { "timeout", json_type_int,    read_timeout,    offsetof(OciHook, timeout), JSON_NULL_IS_ABSENT },
        {},
};
static const JsonArrayOf hooks_array = { sizeof(OciHook), hook_fields, 256 };

#define HOOKS(name, type)                                                                                    \
        { name, json_type_array, json_read_array, (type) * sizeof(OciHooks), JSON_NULL_IS_ABSENT, &hooks_array }

const JsonField oci_hooks_fields[] = {
        HOOKS("prestart", OCI_HOOK_PRESTART),
        HOOKS("createRuntime", OCI_HOOK_CREATE_RUNTIME),
        HOOKS("createContainer", OCI_HOOK_CREATE_CONTAINER),
        HOOKS("startContainer", OCI_HOOK_START_CONTAINER),
        HOOKS("poststart", OCI_HOOK_POSTSTART),
        HOOKS("poststop", OCI_HOOK_POSTSTOP),
        {},
};

int oci_add_hooks(JsonObject *o, const char *key, const OciHooks *hooks) {
        _cleanup_(json_putp) JsonObject *member = json_object_new_object();

        if (!member)
                return -ENOMEM;

        for (OciHookType t = 0; t < OCI_HOOK_TYPE_MAX; t++) {
                _cleanup_(json_putp) JsonObject *array = NULL;

                if (hooks[t].n == 0)
                        continue;

                array = json_object_new_array();
                if (!array)
                        return -ENOMEM;

                for (size_t i = 0; i < hooks[t].n; i++) {
                        _cleanup_(json_putp) JsonObject *h = json_object_new_object();
                        const OciHook *hook = hooks[t].hooks + i;

                        if (!h || json_add_string(h, "path", hook->path) < 0 ||
                            json_add_strv(h, "args", hook->args) < 0 || json_add_strv(h, "env", hook->env) < 0 ||
                            oci_add_number(h, "timeout", hook->timeout) < 0 || oci_array_append(array, &h) < 0)
                                return -ENOMEM;
                }

                if (json_add(member, oci_hook_type_to_string(t), TAKE_PTR(array)) < 0)
                        return -ENOMEM;
        }

        return oci_add_object(o, key, &member);
}

void oci_hooks_done(OciHooks *hooks) {
        for (OciHookType t = 0; t < OCI_HOOK_TYPE_MAX; t++) {
                for (size_t i = 0; i < hooks[t].n; i++) {
                        free(hooks[t].hooks[i].path);
                        strv_free(hooks[t].hooks[i].args);
                        strv_free(hooks[t].hooks[i].env);
                }
                free(hooks[t].hooks);
        }
}
