/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "shared/parse.h"
#include "shared/text.h"
#include "ulimit.h"

static const struct {
        const char *name;
        const char *short_name;
} ulimits[] = {
        { "RLIMIT_AS", "as" },
        { "RLIMIT_CORE", "core" },
        { "RLIMIT_CPU", "cpu" },
        { "RLIMIT_DATA", "data" },
        { "RLIMIT_FSIZE", "fsize" },
        { "RLIMIT_LOCKS", "locks" },
        { "RLIMIT_MEMLOCK", "memlock" },
        { "RLIMIT_MSGQUEUE", "msgqueue" },
        { "RLIMIT_NICE", "nice" },
        { "RLIMIT_NOFILE", "nofile" },
        { "RLIMIT_NPROC", "nproc" },
        { "RLIMIT_RSS", "rss" },
        { "RLIMIT_RTPRIO", "rtprio" },
        { "RLIMIT_RTTIME", "rttime" },
        { "RLIMIT_SIGPENDING", "sigpending" },
        { "RLIMIT_STACK", "stack" },
};

const char *ulimit_short_name(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(ulimits); i++)
                if (streq(ulimits[i].name, name))
                        return ulimits[i].short_name;
        return name;
}

static int parse_value(const char *text, uint64_t *ret) {
        if (STR_IN_SET(text, "-1", "unlimited", "infinity")) {
                *ret = ULIMIT_UNLIMITED;
                return 0;
        }
        return parse_u64(text, ret);
}

int ulimit_parse(const char *text, Ulimit *ret, Error *reterr) {
        _cleanup_(freep) char *name = NULL, *soft = NULL;
        const char *value, *hard;
        Ulimit u = {};

        value = strchr(text, '=');
        if (!value)
                return error_set(reterr, -EINVAL, "ulimit '%s': expected NAME=SOFT[:HARD]", text);

        name = strndup(text, value++ - text);
        hard = strchr(value, ':');
        soft = strndup(value, strcspn(value, ":"));
        if (!name || !soft)
                return error_oom(reterr);

        for (size_t i = 0; i < ELEMENTSOF(ulimits); i++)
                if (streq(ulimits[i].short_name, name))
                        u.name = ulimits[i].name;
        if (!u.name) {
                if (streq(name, "host"))
                        return error_set(reterr, -EOPNOTSUPP, "ulimit 'host' is not supported; name the limits one by one");
                return error_set(reterr, -EINVAL, "ulimit '%s': there is no limit '%s'", text, name);
        }

        if (parse_value(soft, &u.soft) < 0)
                return error_set(reterr, -EINVAL, "ulimit '%s': '%s' is not a number, nor -1 for no limit", text, soft);

        u.hard = u.soft;
        if (hard && parse_value(hard + 1, &u.hard) < 0)
                return error_set(reterr, -EINVAL, "ulimit '%s': '%s' is not a number, nor -1 for no limit", text, hard + 1);
        if (u.soft > u.hard)
                return error_set(reterr, -EINVAL, "ulimit '%s': the soft limit is above the hard limit", text);

        *ret = u;
        return 0;
}
