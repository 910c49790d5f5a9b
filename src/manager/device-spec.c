/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <limits.h>

#include "device-spec.h"
#include "shared/parse.h"
#include "shared/path.h"
#include "shared/strv.h"
#include "shared/text.h"

#define BLKIO_WEIGHT_MIN 10U
#define BLKIO_WEIGHT_MAX 1000U
#define DEVICE_NUMBER_MAX ((1 << 20) - 1)

const char *device_access_text(DeviceAccess access, char buffer[static 4]) {
        size_t n = 0;

        if (access & DEVICE_READ)
                buffer[n++] = 'r';
        if (access & DEVICE_WRITE)
                buffer[n++] = 'w';
        if (access & DEVICE_MKNOD)
                buffer[n++] = 'm';
        buffer[n] = 0;
        return buffer;
}

static int parse_access(const char *text, DeviceAccess *ret) {
        DeviceAccess access = 0;

        for (const char *p = text; *p; p++) {
                DeviceAccess a = *p == 'r' ? DEVICE_READ : *p == 'w' ? DEVICE_WRITE : *p == 'm' ? DEVICE_MKNOD : 0;

                if (a == 0 || (access & a))
                        return -EINVAL;
                access |= a;
        }
        if (access == 0)
                return -EINVAL;

        *ret = access;
        return 0;
}

void device_spec_done(DeviceSpec *d) {
        free(d->source);
        free(d->target);
        *d = (DeviceSpec) {};
}

/* Only what is in /dev: what else is a device there is not for containers, and nobody makes us wait for a path on a
 * network file system. */
static int clean_device_path(const char *text, const char *path, char **ret, Error *reterr) {
        _cleanup_(freep) char *clean = NULL;

        if (!path_is_absolute(path) || strlen(path) >= PATH_MAX)
                return error_set(reterr, -EINVAL, "device '%s': expected /dev/NAME[:/dev/NAME][:rwm]", text);

        clean = path_clean(path);
        if (!clean)
                return error_oom(reterr);
        if (!startswith(clean, "/dev/"))
                return error_set(reterr, -EINVAL, "device '%s': '%s' is not in /dev", text, clean);

        *ret = TAKE_PTR(clean);
        return 0;
}

int device_spec_parse(const char *text, DeviceSpec *ret, Error *reterr) {
        _cleanup_(device_spec_done) DeviceSpec d = { .access = DEVICE_ALL };
        _cleanup_(strv_freep) char **parts = NULL;
        const char *target = NULL;
        size_t n;
        int r;

        if (text[0] != '/' && strchr(text, '='))
                return error_set(reterr, -EOPNOTSUPP, "device '%s': CDI devices are not supported yet", text);

        r = strv_split(text, ":", &parts);
        if (r < 0)
                return error_oom(reterr);

        /* strv_split() knows no empty parts, but "a::b" must not pass for "a:b" */
        n = strv_length(parts);
        if (n == 0 || n > 3 || strstr(text, "::") || text[0] == ':' || endswith(text, ":"))
                return error_set(reterr, -EINVAL, "device '%s': expected /dev/NAME[:/dev/NAME][:rwm]", text);

        r = clean_device_path(text, parts[0], &d.source, reterr);
        if (r < 0)
                return r;

        if (n > 1 && path_is_absolute(parts[1]))
                target = parts[1];
        if (n == 3 && !target)
                return error_set(reterr, -EINVAL, "device '%s': '%s' is not an absolute path", text, parts[1]);

        r = clean_device_path(text, target ?: d.source, &d.target, reterr);
        if (r < 0)
                return r;

        if (n == 3 || (n == 2 && !target)) {
                r = parse_access(parts[n - 1], &d.access);
                if (r < 0)
                        return error_set(reterr, -EINVAL, "device '%s': '%s' is not a set of the letters r, w and m",
                                         text, parts[n - 1]);
        }

        *ret = TAKE_GENERIC(d, DeviceSpec, (DeviceSpec) {});
        return 0;
}

static int parse_device_number(const char *text, int64_t *ret) {
        uint32_t v;

        if (streq(text, "*")) {
                *ret = -1;
                return 0;
        }
        if (parse_u32(text, &v) < 0 || v > DEVICE_NUMBER_MAX)
                return -EINVAL;

        *ret = v;
        return 0;
}

int device_rule_parse(const char *text, DeviceRule *ret, Error *reterr) {
        _cleanup_(strv_freep) char **words = NULL;
        DeviceRule rule = {};
        char *minor;
        int r;

        r = strv_split(text, " ", &words);
        if (r < 0)
                return error_oom(reterr);

        if (strv_length(words) == 3 && strlen(words[0]) == 1 && strchr("abc", words[0][0]) &&
            (minor = strchr(words[1], ':'))) {
                *minor++ = 0;
                rule.type = words[0][0];
                if (parse_device_number(words[1], &rule.major) >= 0 && parse_device_number(minor, &rule.minor) >= 0 &&
                    parse_access(words[2], &rule.access) >= 0 && (rule.major >= 0 || rule.minor < 0) &&
                    (rule.type != 'a' || rule.major < 0)) {
                        *ret = rule;
                        return 0;
                }
        }

        return error_set(reterr, -EINVAL, "device rule '%s': expected e.g. 'c 10:229 rwm' or 'b 8:* r'", text);
}

void device_limit_done(DeviceLimit *d) {
        free(d->path);
        *d = (DeviceLimit) {};
}

static int device_limit_parse(const char *text, const char *what, DeviceLimit *ret, const char **ret_value,
                              Error *reterr) {
        _cleanup_(freep) char *path = NULL, *clean = NULL;
        const char *colon = strrchr(text, ':');

        if (!colon || colon == text || !colon[1])
                return error_set(reterr, -EINVAL, "limit '%s': expected /dev/NAME:%s", text, what);

        path = strndup(text, colon - text);
        if (!path)
                return error_oom(reterr);
        if (!path_is_absolute(path) || strlen(path) >= PATH_MAX)
                return error_set(reterr, -EINVAL, "limit '%s': '%s' is not an absolute path", text, path);

        clean = path_clean(path);
        if (!clean)
                return error_oom(reterr);
        if (!startswith(clean, "/dev/"))
                return error_set(reterr, -EINVAL, "limit '%s': '%s' is not in /dev", text, clean);

        ret->path = TAKE_PTR(clean);
        *ret_value = colon + 1;
        return 0;
}

int device_limit_parse_bytes(const char *text, DeviceLimit *ret, Error *reterr) {
        _cleanup_(device_limit_done) DeviceLimit d = {};
        const char *value;
        int r;

        r = device_limit_parse(text, "BYTES", &d, &value, reterr);
        if (r < 0)
                return r;
        if (parse_size(value, &d.value) < 0 || d.value == 0)
                return error_set(reterr, -EINVAL, "limit '%s': '%s' is not a number of bytes like 1mb", text, value);

        *ret = TAKE_GENERIC(d, DeviceLimit, (DeviceLimit) {});
        return 0;
}

int device_limit_parse_operations(const char *text, DeviceLimit *ret, Error *reterr) {
        _cleanup_(device_limit_done) DeviceLimit d = {};
        const char *value;
        int r;

        r = device_limit_parse(text, "OPERATIONS", &d, &value, reterr);
        if (r < 0)
                return r;
        if (parse_u64(value, &d.value) < 0 || d.value == 0)
                return error_set(reterr, -EINVAL, "limit '%s': '%s' is not a number of operations", text, value);

        *ret = TAKE_GENERIC(d, DeviceLimit, (DeviceLimit) {});
        return 0;
}

int device_limit_parse_weight(const char *text, DeviceLimit *ret, Error *reterr) {
        _cleanup_(device_limit_done) DeviceLimit d = {};
        const char *value;
        int r;

        r = device_limit_parse(text, "WEIGHT", &d, &value, reterr);
        if (r < 0)
                return r;
        if (parse_u64(value, &d.value) < 0 || d.value < BLKIO_WEIGHT_MIN || d.value > BLKIO_WEIGHT_MAX)
                return error_set(reterr, -EINVAL, "limit '%s': the weight must be %u to %u", text, BLKIO_WEIGHT_MIN,
                                 BLKIO_WEIGHT_MAX);

        *ret = TAKE_GENERIC(d, DeviceLimit, (DeviceLimit) {});
        return 0;
}
