/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "security-options.h"
#include "shared/parse.h"
#include "shared/path.h"
#include "shared/strv.h"
#include "shared/text.h"

void security_options_done(SecurityOptions *o) {
        strv_free(o->mask);
        strv_free(o->unmask);
        strv_free(o->labels);
        free(o->apparmor);
        *o = (SecurityOptions) { .no_new_privileges = -1 };
}

static int add_paths(char ***l, const char *text, const char *paths, Error *reterr) {
        _cleanup_(strv_freep) char **parts = NULL;
        int r;

        r = strv_split(paths, ":", &parts);
        if (r < 0)
                return error_oom(reterr);
        if (strv_isempty(parts))
                return error_set(reterr, -EINVAL, "security option '%s': expected paths like /proc/kcore:/sys/firmware", text);

        STRV_FOREACH(p, parts)
                if (!path_is_normalized(*p))
                        return error_set(reterr, -EINVAL, "security option '%s': '%s' is not a plain absolute path", text, *p);

        r = strv_extend_strv(l, parts);
        return r < 0 ? error_oom(reterr) : 0;
}

static int set_no_new_privileges(SecurityOptions *o, const char *text, const char *value, Error *reterr) {
        int b = value ? parse_boolean(value) : 1;

        if (b < 0)
                return error_set(reterr, -EINVAL, "security option '%s': expected no-new-privileges[=true|false]", text);
        o->no_new_privileges = b;
        return 0;
}

static int set_seccomp(SecurityOptions *o, const char *text, const char *value, Error *reterr) {
        if (streq(value, "unconfined"))
                o->seccomp_unconfined = true;
        else if (STR_IN_SET(value, "builtin", "default"))
                o->seccomp_unconfined = false;
        else
                return error_set(reterr, -EINVAL,
                                 "security option '%s': the profile's text belongs into the key SeccompProfile; "
                                 "here there are 'unconfined' and 'builtin'", text);
        return 0;
}

static int set_apparmor(SecurityOptions *o, const char *text, const char *value, Error *reterr) {
        char *copy;

        if (isempty(value) || strchr(value, '/'))
                return error_set(reterr, -EINVAL, "security option '%s': expected the name of a profile", text);
        copy = strdup(value);
        if (!copy)
                return error_oom(reterr);
        free(o->apparmor);
        o->apparmor = copy;
        return 0;
}

static int add_label(SecurityOptions *o, const char *text, const char *value, Error *reterr) {
        if (!STR_IN_SET(value, "disable", "nested") && !startswith(value, "user:") && !startswith(value, "role:") &&
            !startswith(value, "type:") && !startswith(value, "level:") && !startswith(value, "filetype:"))
                return error_set(reterr, -EINVAL, "security option '%s': expected label=disable or label=type:NAME, "
                                 "user:, role:, level: or filetype:", text);
        return strv_extend(&o->labels, value) < 0 ? error_oom(reterr) : 0;
}

int security_options_add(SecurityOptions *o, const char *text, Error *reterr) {
        size_t n = strcspn(text, "=:"); /* docker once had colons */
        _cleanup_(freep) char *key = strndup(text, n);
        const char *value = text[n] ? text + n + 1 : NULL;

        if (!key)
                return error_oom(reterr);

        if (streq(key, "no-new-privileges"))
                return set_no_new_privileges(o, text, value, reterr);
        if (!STR_IN_SET(key, "seccomp", "mask", "unmask", "apparmor", "label", "systempaths", "proc-opts"))
                return error_set(reterr, -EINVAL, "unknown security option '%s'; there are seccomp, no-new-privileges, mask, "
                                 "unmask, apparmor and label", text);
        if (isempty(value))
                return error_set(reterr, -EINVAL, "security option '%s' needs a value", text);

        if (streq(key, "seccomp"))
                return set_seccomp(o, text, value, reterr);
        if (streq(key, "mask"))
                return add_paths(&o->mask, text, value, reterr);
        if (streq(key, "apparmor"))
                return set_apparmor(o, text, value, reterr);
        if (streq(key, "label"))
                return add_label(o, text, value, reterr);
        if (streq(key, "unmask") || streq(key, "systempaths")) {
                if (STR_IN_SET(value, "ALL", "all") || (streq(key, "systempaths") && streq(value, "unconfined"))) {
                        o->unmask_all = true;
                        return 0;
                }
                return add_paths(&o->unmask, text, value, reterr);
        }

        return error_set(reterr, -EOPNOTSUPP, "security option '%s' is not supported", text);
}
