/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "runtime/seccomp-profile.h"

#include "shared/parse.h"
#include "shared/strv.h"
#include "shared/text.h"

#define RULES_MAX         4096U
#define NAMES_MAX         1024U
#define ERRNO_MAX         4095U /* the kernel's MAX_ERRNO */
#define COMPARISONS_MAX   64U
#define LIST_MAX          64U /* of capabilities, of architectures */

static const char *const action_names[_SECCOMP_ACTION_MAX] = {
        [SECCOMP_ACTION_ALLOW] = "SCMP_ACT_ALLOW",
        [SECCOMP_ACTION_ERRNO] = "SCMP_ACT_ERRNO",
        [SECCOMP_ACTION_KILL_PROCESS] = "SCMP_ACT_KILL_PROCESS",
        [SECCOMP_ACTION_KILL_THREAD] = "SCMP_ACT_KILL_THREAD",
        [SECCOMP_ACTION_TRAP] = "SCMP_ACT_TRAP",
        [SECCOMP_ACTION_TRACE] = "SCMP_ACT_TRACE",
        [SECCOMP_ACTION_LOG] = "SCMP_ACT_LOG",
};

static const char *const operator_names[_SECCOMP_OPERATOR_MAX] = {
        [SECCOMP_OPERATOR_NE] = "SCMP_CMP_NE", [SECCOMP_OPERATOR_LT] = "SCMP_CMP_LT",
        [SECCOMP_OPERATOR_LE] = "SCMP_CMP_LE", [SECCOMP_OPERATOR_EQ] = "SCMP_CMP_EQ",
        [SECCOMP_OPERATOR_GE] = "SCMP_CMP_GE", [SECCOMP_OPERATOR_GT] = "SCMP_CMP_GT",
        [SECCOMP_OPERATOR_MASKED_EQ] = "SCMP_CMP_MASKED_EQ",
};

static int read_action(JsonObject *o, const JsonPath *path, const JsonField *f _unused_, void *target,
                       Error *reterr) {
        const char *s = json_object_get_string(o);

        for (SeccompAction a = 0; a < _SECCOMP_ACTION_MAX; a++)
                if (streq(s, action_names[a])) {
                        *(SeccompAction *) target = a;
                        return 0;
                }

        if (streq(s, "SCMP_ACT_KILL")) {
                *(SeccompAction *) target = SECCOMP_ACTION_KILL_THREAD;
                return 0;
        }
        if (streq(s, "SCMP_ACT_NOTIFY"))
                return json_error(path, reterr, "SCMP_ACT_NOTIFY needs a listener, which caisson does not have");

        return json_error(path, reterr, "unknown action '%.64s'", s);
}

static int read_operator(JsonObject *o, const JsonPath *path, const JsonField *f _unused_, void *target,
                         Error *reterr) {
        const char *s = json_object_get_string(o);

        for (SeccompOperator op = 0; op < _SECCOMP_OPERATOR_MAX; op++)
                if (streq(s, operator_names[op])) {
                        *(SeccompOperator *) target = op;
                        return 0;
                }

        return json_error(path, reterr, "unknown operator '%.64s'", s);
}

static int read_errno(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr) {
        uint32_t v;
        int r;

        r = json_read_u32(o, path, f, &v, reterr);
        if (r < 0)
                return r;
        if (v > ERRNO_MAX)
                return json_error(path, reterr, "is not an error number");

        *(uint32_t *) target = v;
        return 0;
}

static int read_index(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr) {
        uint32_t v;
        int r;

        r = json_read_u32(o, path, f, &v, reterr);
        if (r < 0)
                return r;
        if (v >= SECCOMP_ARGUMENTS)
                return json_error(path, reterr, "system calls have no argument %u", v);

        *(uint32_t *) target = v;
        return 0;
}

static int read_min_kernel(JsonObject *o, const JsonPath *path, const JsonField *f _unused_, void *target,
                           Error *reterr) {
        uint32_t *ret = target, major, minor = 0;
        const char *s = json_object_get_string(o), *dot = strchr(s, '.');
        _cleanup_(freep) char *head = strndup(s, dot ? (size_t) (dot - s) : strlen(s));

        if (!head)
                return error_oom(reterr);
        if (parse_u32(head, &major) < 0 || (dot && parse_u32(dot + 1, &minor) < 0))
                return json_error(path, reterr, "'%.64s' is not a kernel version", s);

        ret[0] = major;
        ret[1] = minor;
        return 0;
}

static int read_names(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr) {
        size_t max = (size_t) (uintptr_t) f->data;

        if (json_object_array_length(o) > max)
                return json_error(path, reterr, "has more than %zu elements", max);

        return json_read_strv(o, path, f, target, reterr);
}

#define NAMES(max) .data = (const void *) (uintptr_t) (max)

static const JsonField comparison_fields[] = {
        { "index", json_type_int, read_index, offsetof(SeccompComparison, index), JSON_REQUIRED, NULL },
        { "value", json_type_int, json_read_u64, offsetof(SeccompComparison, value), JSON_REQUIRED, NULL },
        { "valueTwo", json_type_int, json_read_u64, offsetof(SeccompComparison, value_two), JSON_NULL_IS_ABSENT, NULL },
        { "op", json_type_string, read_operator, offsetof(SeccompComparison, operator), JSON_REQUIRED, NULL },
        {},
};

static const JsonField condition_fields[] = {
        { "caps", json_type_array, read_names, offsetof(SeccompCondition, capabilities), JSON_NULL_IS_ABSENT,
          NAMES(LIST_MAX) },
        { "arches", json_type_array, read_names, offsetof(SeccompCondition, architectures), JSON_NULL_IS_ABSENT,
          NAMES(LIST_MAX) },
        { "minKernel", json_type_string, read_min_kernel, offsetof(SeccompCondition, min_kernel), JSON_NULL_IS_ABSENT,
          NULL },
        {},
};

static const JsonField rule_fields[] = {
        { "names", json_type_array, read_names, offsetof(SeccompRule, names), JSON_NULL_IS_ABSENT, NAMES(NAMES_MAX) },
        { "name", json_type_string, json_read_string, offsetof(SeccompRule, name), JSON_NULL_IS_ABSENT, NULL },
        { "action", json_type_string, read_action, offsetof(SeccompRule, action), JSON_REQUIRED, NULL },
        { "errnoRet", json_type_int, read_errno, offsetof(SeccompRule, error_number), JSON_NULL_IS_ABSENT, NULL },
        { "args", json_type_array, json_read_array, offsetof(SeccompRule, comparisons), JSON_NULL_IS_ABSENT,
          &(const JsonArrayOf) { sizeof(SeccompComparison), comparison_fields, COMPARISONS_MAX } },
        { "includes", json_type_object, json_read_struct, offsetof(SeccompRule, includes), JSON_NULL_IS_ABSENT,
          condition_fields },
        { "excludes", json_type_object, json_read_struct, offsetof(SeccompRule, excludes), JSON_NULL_IS_ABSENT,
          condition_fields },
        {},
};

static const JsonField arch_map_fields[] = {
        { "architecture", json_type_string, json_read_string, offsetof(SeccompArchMap, architecture), JSON_REQUIRED,
          NULL },
        { "subArchitectures", json_type_array, read_names, offsetof(SeccompArchMap, sub_architectures),
          JSON_NULL_IS_ABSENT, NAMES(LIST_MAX) },
        {},
};

/* "flags" and the listener's members are not read here: they are for who loads the filter. */
static const JsonField profile_fields[] = {
        { "defaultAction", json_type_string, read_action, offsetof(SeccompProfile, default_action), JSON_REQUIRED, NULL },
        { "defaultErrnoRet", json_type_int, read_errno, offsetof(SeccompProfile, default_error_number),
          JSON_NULL_IS_ABSENT, NULL },
        { "architectures", json_type_array, read_names, offsetof(SeccompProfile, architectures), JSON_NULL_IS_ABSENT,
          NAMES(LIST_MAX) },
        { "archMap", json_type_array, json_read_array, offsetof(SeccompProfile, arch_map), JSON_NULL_IS_ABSENT,
          &(const JsonArrayOf) { sizeof(SeccompArchMap), arch_map_fields, LIST_MAX } },
        { "syscalls", json_type_array, json_read_array, offsetof(SeccompProfile, rules), JSON_NULL_IS_ABSENT,
          &(const JsonArrayOf) { sizeof(SeccompRule), rule_fields, RULES_MAX } },
        {},
};

static void condition_done(SeccompCondition *c) {
        c->capabilities = strv_free(c->capabilities);
        c->architectures = strv_free(c->architectures);
}

SeccompProfile *seccomp_profile_free(SeccompProfile *p) {
        if (!p)
                return NULL;

        for (size_t i = 0; i < p->n_rules; i++) {
                strv_free(p->rules[i].names);
                free(p->rules[i].name);
                free(p->rules[i].comparisons);
                condition_done(&p->rules[i].includes);
                condition_done(&p->rules[i].excludes);
        }
        for (size_t i = 0; i < p->n_arch_map; i++) {
                free(p->arch_map[i].architecture);
                strv_free(p->arch_map[i].sub_architectures);
        }
        free(p->rules);
        free(p->arch_map);
        strv_free(p->architectures);
        return mfree(p);
}

static int check_rule(SeccompRule *rule, const JsonPath *path, Error *reterr) {
        int r;

        if (rule->name) {
                if (rule->names)
                        return json_error(path, reterr, "has both 'name' and 'names'");

                r = strv_consume(&rule->names, TAKE_PTR(rule->name));
                if (r < 0)
                        return error_oom(reterr);
        }
        if (strv_isempty(rule->names))
                return json_error(path, reterr, "names no system call");

        return 0;
}

int seccomp_profile_read(JsonObject *o, const JsonPath *path, SeccompProfile **ret, Error *reterr) {
        _cleanup_(seccomp_profile_freep) SeccompProfile *p = NULL;
        JsonPath rules_path = { .parent = path, .key = "syscalls" };
        JsonObject *rules;
        int r;

        p = new0(SeccompProfile, 1);
        if (!p)
                return error_oom(reterr);

        p->default_error_number = EPERM;

        r = json_read_object(o, path, profile_fields, p, reterr);
        if (r < 0)
                return r;

        rules = json_get(o, "syscalls");
        for (size_t i = 0; i < p->n_rules; i++) {
                JsonPath here = { .parent = &rules_path, .index = i };

                r = check_rule(&p->rules[i], &here, reterr);
                if (r < 0)
                        return r;
                if (!json_get(json_object_array_get_idx(rules, i), "errnoRet"))
                        p->rules[i].error_number = EPERM;
        }

        *ret = TAKE_PTR(p);
        return 0;
}

int seccomp_profile_parse(const char *name, const char *text, size_t size, SeccompProfile **ret, Error *reterr) {
        _cleanup_(json_putp) JsonObject *o = NULL;
        int r;

        r = json_parse(name, text, size, &o, reterr);
        if (r < 0)
                return r;

        return seccomp_profile_read(o, &(JsonPath) { .key = name }, ret, reterr);
}
