/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store-verb.h"
#include "shared/strv.h"

int store_verb_open(ImageStore **ret, Error *reterr) {
        return image_store_open(WORKER_FD_STATE, 0, ret, reterr);
}

static int on_progress(const char *phase, uint64_t current, uint64_t total, void *userdata) {
        return worker_link_progress(userdata, phase, current, total);
}

static int on_item(const char *id, const char *phase, uint64_t current, uint64_t total, void *userdata) {
        return worker_link_item(userdata, id, phase, current, total);
}

ImageCallbacks store_verb_callbacks(WorkerLink *link) {
        return (ImageCallbacks){
                        .progress = on_progress,
                        .item = on_item,
                        .userdata = link,
                        .opaque = sandbox_opaque_ops(),
        };
}

int store_verb_result(char *const *images, char *const *names, JsonObject **ret, Error *reterr) {
        _cleanup_(json_putp) JsonObject *o = json_object_new_object();
        static char *const none[] = {NULL};

        if (!o || json_add_strv(o, "images", images ?: none) < 0 ||
            json_add_strv(o, "names", names ?: none) < 0)
                return error_oom(reterr);

        *ret = TAKE_PTR(o);
        return 0;
}

int store_verb_get_string(JsonObject *parameters, const char *key, const char **ret, Error *reterr) {
        *ret = json_get_string(parameters, key);

        return *ret ? 0 : error_set(reterr, -EINVAL, "the parameter '%s' is missing", key);
}

int store_verb_get_strv(JsonObject *parameters, const char *key, char ***ret, Error *reterr) {
        JsonObject *array = json_get(parameters, key);
        const JsonPath root = {.key = "parameters"};
        const JsonField field = {.name = key};

        *ret = NULL;
        if (!array)
                return 0;
        if (!json_object_is_type(array, json_type_array))
                return json_error(&(JsonPath){.parent = &root, .key = key}, reterr, "expected array");

        return json_read_strv(array, &(JsonPath){.parent = &root, .key = key}, &field, ret, reterr);
}
