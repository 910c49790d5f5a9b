/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sys/resource.h>

#include "runtime-spec-internal.h"
#include "shared/strv.h"
#include "shared/text.h"

#define ADDITIONAL_GIDS_MAX 65536U /* NGROUPS_MAX */

static const char *const oci_rlimit_table[RLIM_NLIMITS] = {
        [RLIMIT_AS] = "RLIMIT_AS",
        [RLIMIT_CORE] = "RLIMIT_CORE",
        [RLIMIT_CPU] = "RLIMIT_CPU",
        [RLIMIT_DATA] = "RLIMIT_DATA",
        [RLIMIT_FSIZE] = "RLIMIT_FSIZE",
        [RLIMIT_LOCKS] = "RLIMIT_LOCKS",
        [RLIMIT_MEMLOCK] = "RLIMIT_MEMLOCK",
        [RLIMIT_MSGQUEUE] = "RLIMIT_MSGQUEUE",
        [RLIMIT_NICE] = "RLIMIT_NICE",
        [RLIMIT_NOFILE] = "RLIMIT_NOFILE",
        [RLIMIT_NPROC] = "RLIMIT_NPROC",
        [RLIMIT_RSS] = "RLIMIT_RSS",
        [RLIMIT_RTPRIO] = "RLIMIT_RTPRIO",
        [RLIMIT_RTTIME] = "RLIMIT_RTTIME",
        [RLIMIT_SIGPENDING] = "RLIMIT_SIGPENDING",
        [RLIMIT_STACK] = "RLIMIT_STACK",
};

int oci_rlimit_from_string(const char *s) {
        for (int i = 0; i < (int) ELEMENTSOF(oci_rlimit_table); i++)
                if (streq_ptr(oci_rlimit_table[i], s))
                        return i;

        return -EINVAL;
}

const char *oci_rlimit_to_string(int resource) {
        return resource >= 0 && resource < (int) ELEMENTSOF(oci_rlimit_table) ? oci_rlimit_table[resource] : NULL;
}

static int read_rlimit_type(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr) {
        int resource = oci_rlimit_from_string(json_object_get_string(o));

        if (resource < 0)
                return json_error(path, reterr, "unknown limit '%s'", json_object_get_string(o));

        *(int *) target = resource;
        return 0;
}

static int read_gids(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr) {
        size_t n = json_object_array_length(o);
        OciUser *u = target;
        uint32_t *gids;

        if (n > ADDITIONAL_GIDS_MAX)
                return json_error(path, reterr, "has more than %u elements", ADDITIONAL_GIDS_MAX);

        gids = new0(uint32_t, n + 1);
        if (!gids)
                return error_oom(reterr);
        free(u->additional_gids);
        u->additional_gids = gids;
        u->n_additional_gids = n;

        for (size_t i = 0; i < n; i++) {
                JsonPath here = { .parent = path, .index = i };
                int r;

                r = oci_read_id(json_object_array_get_idx(o, i), &here, f, gids + i, reterr);
                if (r < 0)
                        return r;
        }

        return 0;
}

static int read_umask(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr) {
        uint32_t umask = 0;
        int r;

        r = json_read_u32(o, path, f, &umask, reterr);
        if (r < 0)
                return r;
        if (umask > 0777)
                return json_error(path, reterr, "is not a umask");

        *(OciNumber *) target = OCI_NUMBER(umask);
        return 0;
}

static int read_env(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr) {
        char ***env = target;
        int r;

        r = json_read_strv(o, path, f, env, reterr);
        if (r < 0)
                return r;

        for (size_t i = 0; (*env)[i]; i++) {
                JsonPath here = { .parent = path, .index = i };
                const char *equals = strchr((*env)[i], '=');

                if (!equals || equals == (*env)[i])
                        return json_error(&here, reterr, "expected NAME=VALUE");
        }

        return 0;
}

static int read_cwd(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr) {
        char **cwd = target;
        int r;

        r = json_read_string(o, path, f, cwd, reterr);
        if (r < 0)
                return r;
        if ((*cwd)[0] != '/')
                return json_error(path, reterr, "is not an absolute path");

        return 0;
}

static int read_capabilities(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr) {
        OciCapabilities *c = target;

        c->set = true;
        return json_read_object(o, path, f->data, c, reterr);
}

static const JsonField user_fields[] = {
        { "uid",            json_type_int,    oci_read_id,      offsetof(OciUser, uid), 0 },
        { "gid",            json_type_int,    oci_read_id,      offsetof(OciUser, gid), 0 },
        { "umask",          json_type_int,    read_umask,       offsetof(OciUser, umask), JSON_NULL_IS_ABSENT },
        { "additionalGids", json_type_array,  read_gids,        0, JSON_NULL_IS_ABSENT },
        { "username",       json_type_string, json_read_string, offsetof(OciUser, username), 0 },
        {},
};

static const JsonField console_fields[] = {
        { "height", json_type_int, json_read_u32, offsetof(OciProcess, console_height), 0 },
        { "width",  json_type_int, json_read_u32, offsetof(OciProcess, console_width),  0 },
        {},
};

static const JsonField capabilities_fields[] = {
        { "bounding",    json_type_array, json_read_strv, offsetof(OciCapabilities, bounding),    JSON_NULL_IS_ABSENT },
        { "effective",   json_type_array, json_read_strv, offsetof(OciCapabilities, effective),   JSON_NULL_IS_ABSENT },
        { "permitted",   json_type_array, json_read_strv, offsetof(OciCapabilities, permitted),   JSON_NULL_IS_ABSENT },
        { "inheritable", json_type_array, json_read_strv, offsetof(OciCapabilities, inheritable), JSON_NULL_IS_ABSENT },
        { "ambient",     json_type_array, json_read_strv, offsetof(OciCapabilities, ambient),     JSON_NULL_IS_ABSENT },
        {},
};

static const JsonField rlimit_fields[] = {
        { "type", json_type_string, read_rlimit_type, offsetof(OciRlimit, resource), JSON_REQUIRED },
        { "soft", json_type_int,    json_read_u64,    offsetof(OciRlimit, soft),     JSON_REQUIRED },
        { "hard", json_type_int,    json_read_u64,    offsetof(OciRlimit, hard),     JSON_REQUIRED },
        {},
};
static const JsonArrayOf rlimits_array = { sizeof(OciRlimit), rlimit_fields, RLIM_NLIMITS };

const JsonField oci_process_fields[] = {
        { "terminal",        json_type_boolean, json_read_bool,    offsetof(OciProcess, terminal),          0 },
        { "consoleSize",     json_type_object,  json_read_struct,  0,                                       JSON_NULL_IS_ABSENT, console_fields },
        { "user",            json_type_object,  json_read_struct,  offsetof(OciProcess, user),              0, user_fields },
        { "args",            json_type_array,   json_read_strv,    offsetof(OciProcess, args),              JSON_NULL_IS_ABSENT },
        { "env",             json_type_array,   read_env,          offsetof(OciProcess, env),               JSON_NULL_IS_ABSENT },
        { "cwd",             json_type_string,  read_cwd,          offsetof(OciProcess, cwd),               JSON_REQUIRED },
        { "capabilities",    json_type_object,  read_capabilities, offsetof(OciProcess, capabilities),      JSON_NULL_IS_ABSENT, capabilities_fields },
        { "rlimits",         json_type_array,   json_read_array,   offsetof(OciProcess, rlimits),           JSON_NULL_IS_ABSENT, &rlimits_array },
        { "noNewPrivileges", json_type_boolean, json_read_bool,    offsetof(OciProcess, no_new_privileges), 0 },
        { "oomScoreAdj",     json_type_int,     oci_read_number,   offsetof(OciProcess, oom_score_adj),     JSON_NULL_IS_ABSENT },
        { "apparmorProfile", json_type_string,  json_read_string,  offsetof(OciProcess, apparmor_profile),  0 },
        { "selinuxLabel",    json_type_string,  json_read_string,  offsetof(OciProcess, selinux_label),     0 },
        {},
};

static int add_user(JsonObject *o, const char *key, const OciUser *u) {
        _cleanup_(json_putp) JsonObject *member = json_object_new_object(), *gids = NULL;

        if (!member || json_add_u64(member, "uid", u->uid) < 0 || json_add_u64(member, "gid", u->gid) < 0 ||
            oci_add_number(member, "umask", u->umask) < 0 || json_add_string(member, "username", u->username) < 0)
                return -ENOMEM;

        if (u->n_additional_gids > 0) {
                gids = json_object_new_array_ext((int) u->n_additional_gids);
                if (!gids)
                        return -ENOMEM;
                for (size_t i = 0; i < u->n_additional_gids; i++) {
                        _cleanup_(json_putp) JsonObject *gid = json_object_new_uint64(u->additional_gids[i]);
                        if (oci_array_append(gids, &gid) < 0)
                                return -ENOMEM;
                }
                if (json_add(member, "additionalGids", TAKE_PTR(gids)) < 0)
                        return -ENOMEM;
        }

        return json_add(o, key, TAKE_PTR(member));
}

static int add_console_size(JsonObject *o, const char *key, const OciProcess *p) {
        _cleanup_(json_putp) JsonObject *member = NULL;

        if (p->console_height == 0 && p->console_width == 0)
                return 0;

        member = json_object_new_object();
        if (!member || json_add_u64(member, "height", p->console_height) < 0 ||
            json_add_u64(member, "width", p->console_width) < 0)
                return -ENOMEM;

        return json_add(o, key, TAKE_PTR(member));
}

static int add_capabilities(JsonObject *o, const char *key, const OciCapabilities *c) {
        _cleanup_(json_putp) JsonObject *member = NULL;

        if (!c->set)
                return 0;

        member = json_object_new_object();
        if (!member || json_add_strv(member, "bounding", c->bounding) < 0 ||
            json_add_strv(member, "effective", c->effective) < 0 ||
            json_add_strv(member, "permitted", c->permitted) < 0 ||
            json_add_strv(member, "inheritable", c->inheritable) < 0 || json_add_strv(member, "ambient", c->ambient) < 0)
                return -ENOMEM;

        return json_add(o, key, TAKE_PTR(member));
}

static int add_rlimits(JsonObject *o, const char *key, const OciRlimit *limits, size_t n) {
        _cleanup_(json_putp) JsonObject *array = NULL;

        if (n == 0)
                return 0;

        array = json_object_new_array();
        if (!array)
                return -ENOMEM;

        for (size_t i = 0; i < n; i++) {
                _cleanup_(json_putp) JsonObject *l = json_object_new_object();
                const char *type = oci_rlimit_to_string(limits[i].resource);

                if (!l || json_add_string(l, "type", type) < 0 || json_add_u64(l, "soft", limits[i].soft) < 0 ||
                    json_add_u64(l, "hard", limits[i].hard) < 0 || oci_array_append(array, &l) < 0)
                        return -ENOMEM;
        }

        return json_add(o, key, TAKE_PTR(array));
}

int oci_add_process(JsonObject *o, const char *key, const OciProcess *p) {
        _cleanup_(json_putp) JsonObject *member = NULL;

        if (!p->cwd)
                return 0; /* there is none */

        member = json_object_new_object();
        if (!member || json_add_bool(member, "terminal", p->terminal) < 0 ||
            add_console_size(member, "consoleSize", p) < 0 || add_user(member, "user", &p->user) < 0 ||
            json_add_strv(member, "args", p->args) < 0 || json_add_strv(member, "env", p->env) < 0 ||
            json_add_string(member, "cwd", p->cwd) < 0 ||
            add_capabilities(member, "capabilities", &p->capabilities) < 0 ||
            add_rlimits(member, "rlimits", p->rlimits, p->n_rlimits) < 0 ||
            json_add_bool(member, "noNewPrivileges", p->no_new_privileges) < 0 ||
            oci_add_number(member, "oomScoreAdj", p->oom_score_adj) < 0 ||
            json_add_string(member, "apparmorProfile", p->apparmor_profile) < 0 ||
            json_add_string(member, "selinuxLabel", p->selinux_label) < 0)
                return -ENOMEM;

        return json_add(o, key, TAKE_PTR(member));
}

void oci_process_done(OciProcess *p) {
        free(p->user.additional_gids);
        free(p->user.username);
        strv_free(p->args);
        strv_free(p->env);
        free(p->cwd);
        strv_free(p->capabilities.bounding);
        strv_free(p->capabilities.effective);
        strv_free(p->capabilities.permitted);
        strv_free(p->capabilities.inheritable);
        strv_free(p->capabilities.ambient);
        free(p->rlimits);
        free(p->apparmor_profile);
        free(p->selinux_label);
}
