/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image-config.h"
#include "manifest.h"
#include "shared/strv.h"
#include "shared/text.h"

/* The environment: what has no "=" was once filled in from the host's (CVE-2026-57231) and is dropped */
static int read_env(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr) {
        char ***env = target;
        size_t n = 0;
        int r;

        r = json_read_strv(o, path, f, target, reterr);
        if (r < 0)
                return r;

        for (char **e = *env; *e; e++)
                if (strchr(*e, '=') && (*e)[0] != '=')
                        (*env)[n++] = *e;
                else
                        free(*e);
        (*env)[n] = NULL;
        return 0;
}

/* Go's set of strings: {"80/tcp":{}} */
static int read_set(JsonObject *o, const JsonPath *path, const JsonField *f _unused_, void *target, Error *reterr) {
        _cleanup_(strv_freep) char **l = NULL;
        char ***ret = target;
        size_t n = 0, total = (size_t) json_object_object_length(o);

        if (total > 4096)
                return json_error(path, reterr, "has more than 4096 members");

        l = new0(char *, total + 1);
        if (!l)
                return error_oom(reterr);

        json_object_object_foreach(o, key, value) {
                (void) value;
                l[n] = strdup(key);
                if (!l[n++])
                        return error_oom(reterr);
        }

        strv_free(*ret);
        *ret = TAKE_PTR(l);
        return 0;
}

static int read_volumes(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr) {
        char ***volumes = target;
        size_t n = 0;
        int r;

        r = read_set(o, path, f, target, reterr);
        if (r < 0)
                return r;

        for (char **v = *volumes; *v; v++)
                if ((*v)[0] == '/')
                        (*volumes)[n++] = *v;
                else
                        free(*v);
        (*volumes)[n] = NULL;
        return 0;
}

static const JsonField healthcheck_fields[] = {
        { "Test",          json_type_array, json_read_strv, offsetof(OciHealthcheck, test),           JSON_NULL_IS_ABSENT },
        { "Interval",      json_type_int,   json_read_u64,  offsetof(OciHealthcheck, interval),       JSON_NULL_IS_ABSENT },
        { "Timeout",       json_type_int,   json_read_u64,  offsetof(OciHealthcheck, timeout),        JSON_NULL_IS_ABSENT },
        { "StartPeriod",   json_type_int,   json_read_u64,  offsetof(OciHealthcheck, start_period),   JSON_NULL_IS_ABSENT },
        { "StartInterval", json_type_int,   json_read_u64,  offsetof(OciHealthcheck, start_interval), JSON_NULL_IS_ABSENT },
        { "Retries",       json_type_int,   json_read_u64,  offsetof(OciHealthcheck, retries),        JSON_NULL_IS_ABSENT },
        {}
};

static int read_healthcheck(JsonObject *o, const JsonPath *path, const JsonField *f _unused_, void *target,
                            Error *reterr) {
        _cleanup_(oci_healthcheck_freep) OciHealthcheck *h = NULL;
        OciHealthcheck **ret = target;
        int r;

        h = new0(OciHealthcheck, 1);
        if (!h)
                return error_oom(reterr);
        r = json_read_object(o, path, healthcheck_fields, h, reterr);
        if (r < 0)
                return r;

        oci_healthcheck_free(*ret);
        *ret = TAKE_PTR(h);
        return 0;
}

static int read_stop_timeout(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr) {
        if (json_object_get_int64(o) < 0) /* docker: for ever; an image does not decide that */
                return 0;
        return json_read_u64(o, path, f, target, reterr);
}

#define CONFIG(name, type, read, member) { name, type, read, offsetof(OciImageConfig, member), JSON_NULL_IS_ABSENT }
static const JsonField config_fields[] = {
        CONFIG("User",         json_type_string,  json_read_string,     user),
        CONFIG("ExposedPorts", json_type_object,  read_set,             exposed_ports),
        CONFIG("Env",          json_type_array,   read_env,             env),
        CONFIG("Entrypoint",   json_type_array,   json_read_strv,       entrypoint),
        CONFIG("Cmd",          json_type_array,   json_read_strv,       cmd),
        CONFIG("Volumes",      json_type_object,  read_volumes,         volumes),
        CONFIG("WorkingDir",   json_type_string,  json_read_string,     working_dir),
        CONFIG("Labels",       json_type_object,  json_read_string_map, labels),
        CONFIG("StopSignal",   json_type_string,  json_read_string,     stop_signal),
        CONFIG("StopTimeout",  json_type_int,     read_stop_timeout,    stop_timeout),
        CONFIG("ArgsEscaped",  json_type_boolean, json_read_bool,       args_escaped),
        CONFIG("OnBuild",      json_type_array,   json_read_strv,       on_build),
        CONFIG("Shell",        json_type_array,   json_read_strv,       shell),
        CONFIG("Healthcheck",  json_type_object,  read_healthcheck,     healthcheck),
        {}
};

static int read_diff_ids(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr) {
        char ***ids = target;
        int r;

        if (json_object_array_length(o) > OCI_LAYERS_MAX)
                return json_error(path, reterr, "has more than %u elements", OCI_LAYERS_MAX);

        r = json_read_strv(o, path, f, target, reterr);
        if (r < 0)
                return r;

        for (size_t i = 0; (*ids)[i]; i++) {
                JsonPath here = { .parent = path, .index = i };

                if (!digest_is_valid((*ids)[i]))
                        return json_error(&here, reterr, "not a digest: expected sha256: and 64 hexadecimal digits");
        }
        return 0;
}

static int read_rootfs_type(JsonObject *o, const JsonPath *path, const JsonField *f _unused_, void *target _unused_,
                            Error *reterr) {
        if (!streq(json_object_get_string(o), "layers"))
                return json_error(path, reterr, "only 'layers' is supported");
        return 0;
}

static const JsonField rootfs_fields[] = {
        { "type",     json_type_string, read_rootfs_type, 0,                                  JSON_NULL_IS_ABSENT },
        { "diff_ids", json_type_array,  read_diff_ids,    offsetof(OciImageConfig, diff_ids), JSON_NULL_IS_ABSENT },
        {}
};

static const JsonField history_fields[] = {
        { "created",     json_type_string,  json_read_string, offsetof(OciHistory, created),     JSON_NULL_IS_ABSENT },
        { "created_by",  json_type_string,  json_read_string, offsetof(OciHistory, created_by),  JSON_NULL_IS_ABSENT },
        { "author",      json_type_string,  json_read_string, offsetof(OciHistory, author),      JSON_NULL_IS_ABSENT },
        { "comment",     json_type_string,  json_read_string, offsetof(OciHistory, comment),     JSON_NULL_IS_ABSENT },
        { "empty_layer", json_type_boolean, json_read_bool,   offsetof(OciHistory, empty_layer), JSON_NULL_IS_ABSENT },
        {}
};
static const JsonArrayOf history_of = { sizeof(OciHistory), history_fields, OCI_HISTORY_MAX };

static const JsonField image_fields[] = {
        CONFIG("created",      json_type_string, json_read_string, created),
        CONFIG("author",       json_type_string, json_read_string, author),
        CONFIG("os",           json_type_string, json_read_string, platform.os),
        CONFIG("architecture", json_type_string, json_read_string, platform.architecture),
        CONFIG("variant",      json_type_string, json_read_string, platform.variant),
        { "config",  json_type_object, json_read_struct, 0,                                 JSON_NULL_IS_ABSENT, config_fields },
        { "rootfs",  json_type_object, json_read_struct, 0,                                 JSON_REQUIRED,       rootfs_fields },
        { "history", json_type_array,  json_read_array,  offsetof(OciImageConfig, history), JSON_NULL_IS_ABSENT, &history_of   },
        {}
};

OciHealthcheck *oci_healthcheck_free(OciHealthcheck *h) {
        if (!h)
                return NULL;

        strv_free(h->test);
        return mfree(h);
}

OciImageConfig *oci_image_config_new(void) {
        return new0(OciImageConfig, 1);
}

OciImageConfig *oci_image_config_free(OciImageConfig *c) {
        if (!c)
                return NULL;

        free(c->created);
        free(c->author);
        platform_done(&c->platform);
        free(c->user);
        strv_free(c->exposed_ports);
        strv_free(c->env);
        strv_free(c->entrypoint);
        strv_free(c->cmd);
        strv_free(c->volumes);
        free(c->working_dir);
        strv_free(c->labels);
        free(c->stop_signal);
        strv_free(c->on_build);
        strv_free(c->shell);
        oci_healthcheck_free(c->healthcheck);
        strv_free(c->diff_ids);
        for (size_t i = 0; i < c->n_history; i++) {
                free(c->history[i].created);
                free(c->history[i].created_by);
                free(c->history[i].author);
                free(c->history[i].comment);
        }
        free(c->history);
        json_object_put(c->document);
        return mfree(c);
}

/* History and layers belong together: each entry that is not empty has made one */
static int check_history(const OciImageConfig *c, const JsonPath *path, Error *reterr) {
        JsonPath here = { .parent = path, .key = "history" };
        size_t n = 0;

        for (size_t i = 0; i < c->n_history; i++)
                n += !c->history[i].empty_layer;
        if (n > strv_length(c->diff_ids))
                return json_error(&here, reterr, "speaks of %zu layers, but there are %zu", n, strv_length(c->diff_ids));
        return 0;
}

int oci_image_config_parse(const char *name, const char *text, size_t size, OciImageConfig **ret, Error *reterr) {
        _cleanup_(oci_image_config_freep) OciImageConfig *c = NULL;
        JsonPath path = { .key = name };
        int r;

        c = oci_image_config_new();
        if (!c)
                return error_oom(reterr);

        r = json_parse(name, text, size, &c->document, reterr);
        if (r < 0)
                return r;
        r = json_read_object(c->document, &path, image_fields, c, reterr);
        if (r < 0)
                return r;
        r = check_history(c, &path, reterr);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(c);
        return 0;
}

/* Writing: a member keeps its place if it was there, and goes if we have nothing to say. */
static int put_string(JsonObject *o, const char *key, const char *value) {
        if (value)
                return json_add_string(o, key, value);
        json_object_object_del(o, key);
        return 0;
}

static int put_strv(JsonObject *o, const char *key, char *const *l) {
        if (l)
                return json_add_strv(o, key, l);
        json_object_object_del(o, key);
        return 0;
}

static int put_set(JsonObject *o, const char *key, char *const *l) {
        _cleanup_(json_putp) JsonObject *set = NULL;

        if (!l) {
                json_object_object_del(o, key);
                return 0;
        }

        set = json_object_new_object();
        if (!set)
                return -ENOMEM;
        STRV_FOREACH(s, l)
                if (json_add(set, *s, json_object_new_object()) < 0)
                        return -ENOMEM;
        return json_add(o, key, TAKE_PTR(set));
}

static int put_u64(JsonObject *o, const char *key, uint64_t value) {
        if (value > 0)
                return json_add_u64(o, key, value);
        json_object_object_del(o, key);
        return 0;
}

int oci_healthcheck_to_json(const OciHealthcheck *h, JsonObject **ret) {
        _cleanup_(json_putp) JsonObject *o = NULL;

        o = json_object_new_object();
        if (!o || put_strv(o, "Test", h->test) < 0 || put_u64(o, "Interval", h->interval) < 0 ||
            put_u64(o, "Timeout", h->timeout) < 0 || put_u64(o, "StartPeriod", h->start_period) < 0 ||
            put_u64(o, "StartInterval", h->start_interval) < 0 || put_u64(o, "Retries", h->retries) < 0)
                return -ENOMEM;

        *ret = TAKE_PTR(o);
        return 0;
}

static int put_healthcheck(const OciImageConfig *c, JsonObject *parent) {
        JsonObject *o;

        if (!c->healthcheck) {
                json_object_object_del(parent, "Healthcheck");
                return 0;
        }
        if (oci_healthcheck_to_json(c->healthcheck, &o) < 0)
                return -ENOMEM;

        return json_add(parent, "Healthcheck", o);
}

static int put_config(const OciImageConfig *c, JsonObject *parent) {
        JsonObject *o = json_get(parent, "config");

        if (!o) {
                if (json_add(parent, "config", json_object_new_object()) < 0)
                        return -ENOMEM;
                o = json_get(parent, "config");
        }

        if (put_string(o, "User", c->user) < 0 || put_set(o, "ExposedPorts", c->exposed_ports) < 0 ||
            put_strv(o, "Env", c->env) < 0 || put_strv(o, "Entrypoint", c->entrypoint) < 0 ||
            put_strv(o, "Cmd", c->cmd) < 0 || put_set(o, "Volumes", c->volumes) < 0 ||
            put_string(o, "WorkingDir", c->working_dir) < 0 || put_string(o, "StopSignal", c->stop_signal) < 0 ||
            put_u64(o, "StopTimeout", c->stop_timeout) < 0 || put_strv(o, "OnBuild", c->on_build) < 0 ||
            put_strv(o, "Shell", c->shell) < 0)
                return -ENOMEM;

        if (!c->labels)
                json_object_object_del(o, "Labels");
        else if (json_add_string_map(o, "Labels", c->labels) < 0)
                return -ENOMEM;

        if (!c->args_escaped)
                json_object_object_del(o, "ArgsEscaped");
        else if (json_add_bool(o, "ArgsEscaped", true) < 0)
                return -ENOMEM;

        return put_healthcheck(c, o);
}

int oci_image_config_defaults_to_json(const OciImageConfig *c, JsonObject **ret) {
        _cleanup_(json_putp) JsonObject *o = json_object_new_object();

        if (!o || put_config(c, o) < 0)
                return -ENOMEM;

        *ret = json_object_get(json_get(o, "config"));
        return 0;
}

static int put_rootfs(const OciImageConfig *c, JsonObject *parent) {
        static char *const none[] = { NULL };
        JsonObject *o = json_get(parent, "rootfs");

        if (!o) {
                o = json_object_new_object();
                if (json_add(parent, "rootfs", o) < 0)
                        return -ENOMEM;
        }

        if (json_add_string(o, "type", "layers") < 0)
                return -ENOMEM;
        return json_add_strv(o, "diff_ids", c->diff_ids ?: none);
}

static int put_history(const OciImageConfig *c, JsonObject *parent) {
        JsonObject *a = json_object_new_array();

        if (c->n_history == 0) {
                json_object_put(a);
                json_object_object_del(parent, "history");
                return 0;
        }
        if (json_add(parent, "history", a) < 0)
                return -ENOMEM;

        for (size_t i = 0; i < c->n_history; i++) {
                const OciHistory *h = c->history + i;
                _cleanup_(json_putp) JsonObject *o = json_object_new_object();

                if (!o || json_add_string(o, "created", h->created) < 0 ||
                    json_add_string(o, "created_by", h->created_by) < 0 ||
                    json_add_string(o, "author", h->author) < 0 || json_add_string(o, "comment", h->comment) < 0)
                        return -ENOMEM;
                if (h->empty_layer && json_add_bool(o, "empty_layer", true) < 0)
                        return -ENOMEM;
                if (json_object_array_add(a, o) < 0)
                        return -ENOMEM;
                o = NULL;
        }

        return 0;
}

int oci_image_config_format(const OciImageConfig *c, char **ret) {
        _cleanup_(json_putp) JsonObject *o = NULL;
        char *text;

        if (c->document) {
                if (json_object_deep_copy(c->document, &o, NULL) < 0)
                        return -ENOMEM;
        } else {
                o = json_object_new_object();
                if (!o)
                        return -ENOMEM;
        }

        if (put_string(o, "created", c->created) < 0 || put_string(o, "author", c->author) < 0 ||
            put_string(o, "architecture", c->platform.architecture) < 0 || put_string(o, "os", c->platform.os) < 0 ||
            put_string(o, "variant", c->platform.variant) < 0 || put_config(c, o) < 0 || put_rootfs(c, o) < 0 ||
            put_history(c, o) < 0)
                return -ENOMEM;

        text = strdup(json_text(o));
        if (!text)
                return -ENOMEM;

        *ret = text;
        return 0;
}
