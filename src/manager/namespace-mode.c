/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "namespace-mode.h"
#include "shared/parse.h"
#include "shared/text.h"
#include "userns-pool.h"

#define IDS_MIN 1000U /* fewer are no use to any image */

static int refuse(const char *flag, const char *text, const char *have, Error *reterr) {
        if (STR_IN_SET(text, "container", "ns") || startswith(text, "container:") || startswith(text, "ns:"))
                return error_set(reterr, -EOPNOTSUPP, "%s %s: this version cannot join other namespaces; there are %s",
                                 flag, text, have);
        return error_set(reterr, -EINVAL, "%s '%s': expected %s", flag, text, have);
}

int network_mode_parse(const char *text, NamespaceMode *ret, Error *reterr) {
        if (isempty(text) || streq(text, "none"))
                *ret = NAMESPACE_PRIVATE;
        else if (streq(text, "host"))
                *ret = NAMESPACE_HOST;
        else
                return error_set(reterr, -EOPNOTSUPP,
                                 "network '%s': this version has only the networks 'none' and 'host'", text);
        return 0;
}

static int parse_private_or_host(const char *flag, const char *text, NamespaceMode *ret, Error *reterr) {
        if (isempty(text) || streq(text, "private"))
                *ret = NAMESPACE_PRIVATE;
        else if (streq(text, "host"))
                *ret = NAMESPACE_HOST;
        else
                return refuse(flag, text, "'private' and 'host'", reterr);
        return 0;
}

int pid_mode_parse(const char *text, NamespaceMode *ret, Error *reterr) {
        return parse_private_or_host("--pid", text, ret, reterr);
}

int uts_mode_parse(const char *text, NamespaceMode *ret, Error *reterr) {
        return parse_private_or_host("--uts", text, ret, reterr);
}

int cgroup_mode_parse(const char *text, NamespaceMode *ret, Error *reterr) {
        return parse_private_or_host("--cgroupns", text, ret, reterr);
}

int ipc_mode_parse(const char *text, NamespaceMode *ret, Error *reterr) {
        if (isempty(text) || streq(text, "private"))
                *ret = NAMESPACE_PRIVATE;
        else if (streq(text, "shareable"))
                *ret = NAMESPACE_SHAREABLE;
        else if (streq(text, "host"))
                *ret = NAMESPACE_HOST;
        else if (streq(text, "none"))
                return error_set(reterr, -EOPNOTSUPP, "--ipc none is not supported; private is as much apart");
        else
                return refuse("--ipc", text, "'private', 'shareable' and 'host'", reterr);
        return 0;
}

int user_mode_parse(const char *text, NamespaceMode *ret, uint32_t *ret_size, Error *reterr) {
        const char *options;

        if (isempty(text) || STR_IN_SET(text, "auto", "private")) {
                *ret = NAMESPACE_PRIVATE;
                *ret_size = USERNS_SLOT_SIZE;
                return 0;
        }

        if (streq(text, "host")) {
                *ret = NAMESPACE_HOST;
                *ret_size = 0;
                return 0;
        }

        options = startswith(text, "auto:");
        if (options) {
                const char *number = startswith(options, "size=");
                uint32_t size;

                if (!number)
                        return error_set(reterr, -EOPNOTSUPP, "--userns %s: the only option of 'auto' is size=N", text);
                if (parse_u32(number, &size) < 0 || size < IDS_MIN || size > USERNS_SIZE_MAX)
                        return error_set(reterr, -EINVAL, "--userns %s: the size must be %u to %u", text, IDS_MIN,
                                         USERNS_SIZE_MAX);

                *ret = NAMESPACE_PRIVATE;
                *ret_size = size;
                return 0;
        }

        if (startswith(text, "keep-id") || streq(text, "nomap"))
                return error_set(reterr, -EOPNOTSUPP,
                                 "--userns %s is for containers without root; there are 'auto', 'auto:size=N' and 'host'", text);
        return refuse("--userns", text, "'auto', 'auto:size=N' and 'host'", reterr);
}
