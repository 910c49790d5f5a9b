/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <arpa/inet.h>
#include <limits.h>

#include "config-value.h"
#include "cpu-list.h"
#include "shared/identifier.h"
#include "shared/parse.h"
#include "shared/path.h"
#include "shared/strv.h"
#include "shared/text.h"

#define KERNEL_NAME_MAX 64U /* __NEW_UTS_LEN */
#define USER_NAME_MAX   256U

int check_environment(const char *value, Error *reterr) {
        if (value[0] == '=' || !strchr(value, '='))
                return error_set(reterr, -EINVAL, "'%s' is not NAME=VALUE", value);
        return 0;
}

int check_environment_name(const char *value, Error *reterr) {
        if (isempty(value) || strchr(value, '='))
                return error_set(reterr, -EINVAL, "'%s' is not the name of a variable", value);
        return 0;
}

int check_absolute_path(const char *value, Error *reterr) {
        if (!path_is_absolute(value) || strlen(value) >= PATH_MAX)
                return error_set(reterr, -EINVAL, "'%s' is not an absolute path", value);
        return 0;
}

/* A number is one that the kernel takes, as a whole; everything else is a name, for the container's own files. */
static int check_user_part(const char *part, const char *what, Error *reterr) {
        uid_t id;

        if (isempty(part) || strlen(part) > USER_NAME_MAX)
                return error_set(reterr, -EINVAL, "'%s' is not a %s", part, what);

        if (part[strspn(part, "0123456789")] == 0) {
                if (parse_uid(part, &id) < 0)
                        return error_set(reterr, -EINVAL, "%s id %s is out of range", what, part);
                return 0;
        }

        if (part[0] == '-' || part[0] == '+')
                return error_set(reterr, -EINVAL, "'%s' is not a %s", part, what);
        for (const char *p = part; *p; p++)
                if ((unsigned char) *p <= ' ' || *p == 0x7f || strchr(":,/\\", *p))
                        return error_set(reterr, -EINVAL, "'%s' is not a %s", part, what);
        return 0;
}

int check_user(const char *value, Error *reterr) {
        _cleanup_(freep) char *user = strndup(value, strcspn(value, ":"));
        const char *group = strchr(value, ':');
        int r;

        if (!user)
                return error_oom(reterr);

        r = check_user_part(user, "user", reterr);
        if (r < 0 || !group)
                return r;
        return check_user_part(group + 1, "group", reterr);
}

int check_group(const char *value, Error *reterr) {
        if (streq(value, "keep-groups"))
                return error_set(reterr, -EOPNOTSUPP, "'keep-groups' is for containers without root");
        return check_user_part(value, "group", reterr);
}

int check_umask(const char *value, Error *reterr) {
        mode_t m;

        if (parse_mode(value, &m) < 0 || m > 0777)
                return error_set(reterr, -EINVAL, "'%s' is not a umask like 0022", value);
        return 0;
}

int check_stream(const char *value, Error *reterr) {
        if (!STR_IN_SET(value, "stdin", "stdout", "stderr"))
                return error_set(reterr, -EINVAL, "'%s' is none of stdin, stdout and stderr", value);
        return 0;
}

int check_detach_keys(const char *value, Error *reterr) {
        _cleanup_(strv_freep) char **keys = NULL;

        if (strv_split(value, ",", &keys) < 0)
                return error_oom(reterr);

        STRV_FOREACH(k, keys) {
                const char *control = startswith(*k, "ctrl-");

                if (control && strlen(control) == 1 && (ascii_isalpha(*control) || strchr("@[\\]^_", *control)))
                        continue;
                if (strlen(*k) == 1 && (unsigned char) **k > ' ')
                        continue;
                return error_set(reterr, -EINVAL, "'%s' is not a key; expected keys like ctrl-p,ctrl-q", *k);
        }

        return 0;
}

int check_signal(const char *value, Error *reterr) {
        if (parse_signal(value) <= 0)
                return error_set(reterr, -EINVAL, "'%s' is not a signal", value);
        return 0;
}

int check_hostname(const char *value, Error *reterr) {
        if (!hostname_is_valid(value) || strlen(value) > KERNEL_NAME_MAX)
                return error_set(reterr, -EINVAL, "'%s' is not a host name (letters, digits, '-' and '.', at most %u)",
                                 value, KERNEL_NAME_MAX);
        return 0;
}

int check_domainname(const char *value, Error *reterr) {
        if (!hostname_is_valid(value) || strlen(value) > KERNEL_NAME_MAX)
                return error_set(reterr, -EINVAL, "'%s' is not a domain name", value);
        return 0;
}

int check_timezone(const char *value, Error *reterr) {
        if (streq(value, "local"))
                return 0;
        if (strlen(value) > USER_NAME_MAX || value[0] == '/' || strstr(value, "..") || strstr(value, "//") ||
            endswith(value, "/"))
                return error_set(reterr, -EINVAL, "'%s' is not a time zone like Europe/Paris", value);
        for (const char *p = value; *p; p++)
                if (!ascii_isalnum(*p) && !strchr("_+-/", *p))
                        return error_set(reterr, -EINVAL, "'%s' is not a time zone like Europe/Paris", value);
        return 0;
}

/* What begins with io.caisson. is what the engine says to itself. */
int check_label(const char *value, Error *reterr) {
        if (value[0] == '=' || !strchr(value, '='))
                return error_set(reterr, -EINVAL, "the name is empty");
        if (startswith(value, "io.caisson."))
                return error_set(reterr, -EINVAL, "'%.*s': names that begin with io.caisson. are reserved",
                                 (int) MIN(strcspn(value, "="), (size_t) 128), value);
        return 0;
}

int check_slice(const char *value, Error *reterr) {
        const char *suffix = endswith(value, ".slice");

        if (!suffix || suffix == value || strlen(value) > 255 || value[0] == '-' || suffix[-1] == '-' ||
            strstr(value, "--"))
                return error_set(reterr, -EINVAL, "'%s' is not a slice of systemd, like tenant.slice", value);
        for (const char *p = value; *p; p++)
                if (!ascii_isalnum(*p) && !strchr(":-_.\\", *p))
                        return error_set(reterr, -EINVAL, "'%s' is not a slice of systemd, like tenant.slice", value);
        return 0;
}

int check_cpu_list(const char *value, Error *reterr) {
        CpuList list;

        return cpu_list_parse(value, &list, reterr);
}

int check_dns_server(const char *value, Error *reterr) {
        uint8_t address[sizeof(struct in6_addr)];

        if (inet_pton(AF_INET, value, address) != 1 && inet_pton(AF_INET6, value, address) != 1)
                return error_set(reterr, -EINVAL, "'%s' is not an IP address", value);
        return 0;
}

int check_dns_word(const char *value, Error *reterr) {
        if (isempty(value) || strlen(value) > 253)
                return error_set(reterr, -EINVAL, "'%s' does not belong into resolv.conf", value);
        for (const char *p = value; *p; p++)
                if (!ascii_isalnum(*p) && !strchr("-_.:", *p))
                        return error_set(reterr, -EINVAL, "'%s' does not belong into resolv.conf", value);
        return 0;
}

/* "NAME[;NAME…]:ADDRESS", as podman has it; the address may be one of IPv6 with or without brackets. */
int check_host_entry(const char *value, Error *reterr) {
        size_t n = strcspn(value, ":=");
        _cleanup_(freep) char *names = strndup(value, n), *address = strdup(value[n] ? value + n + 1 : "");
        _cleanup_(strv_freep) char **l = NULL;
        size_t length;

        if (!names || !address || strv_split(names, ";", &l) < 0)
                return error_oom(reterr);
        if (strv_isempty(l))
                return error_set(reterr, -EINVAL, "'%s' is not NAME:ADDRESS", value);
        STRV_FOREACH(name, l)
                if (!hostname_is_valid(*name))
                        return error_set(reterr, -EINVAL, "'%s': '%s' is not a host name", value, *name);

        if (streq(address, "host-gateway"))
                return error_set(reterr, -EOPNOTSUPP, "'%s': there are no networks with a gateway yet", value);

        length = strlen(address);
        if (address[0] == '[' && length > 2 && address[length - 1] == ']') {
                address[length - 1] = 0;
                return check_dns_server(address + 1, reterr);
        }
        return check_dns_server(address, reterr);
}

/* "80", "80-90/udp" */
int check_port(const char *value, Error *reterr) {
        size_t n = strcspn(value, "/");
        _cleanup_(freep) char *range = strndup(value, n);
        char *end;
        uint16_t first, last;

        if (!range)
                return error_oom(reterr);

        end = strchr(range, '-');
        if (end)
                *end++ = 0;
        if (parse_u16(range, &first) < 0 || parse_u16(end ?: range, &last) < 0 || first == 0 || last < first ||
            (value[n] && !STR_IN_SET(value + n + 1, "tcp", "udp", "sctp")))
                return error_set(reterr, -EINVAL, "'%s' is not a port like 80 or 53/udp", value);
        return 0;
}

int check_systemd(const char *value, Error *reterr) {
        if (!STR_IN_SET(value, "true", "false", "always"))
                return error_set(reterr, -EINVAL, "'%s' is none of true, false and always", value);
        return 0;
}

int check_log_driver(const char *value, Error *reterr) {
        if (STR_IN_SET(value, "journald", "none", "json-file", "passthrough"))
                return 0;
        if (STR_IN_SET(value, "k8s-file", "syslog", "local", "gelf", "fluentd", "awslogs", "splunk", "gcplogs",
                       "etwlogs", "passthrough-tty"))
                return error_set(reterr, -EOPNOTSUPP,
                                 "'%s' is not supported; there are journald, json-file, passthrough and none", value);
        return error_set(reterr, -EINVAL, "'%s' is not a log driver; there are journald, json-file, passthrough and none",
                         value);
}

int check_log_option(const char *value, Error *reterr) {
        _cleanup_(freep) char *name = strndup(value, strcspn(value, "="));
        uint64_t n;

        if (!name)
                return error_oom(reterr);
        value += strlen(name) + 1;

        if (streq(name, "max-size")) {
                if (parse_size(value, &n) < 0)
                        return error_set(reterr, -EINVAL, "max-size: '%s' is not a size", value);
                return 0;
        }
        if (streq(name, "max-file")) {
                if (parse_u64(value, &n) < 0 || n == 0 || n > 1000)
                        return error_set(reterr, -EINVAL, "max-file: '%s' is not a number from 1 to 1000", value);
                return 0;
        }
        if (streq(name, "direct")) {
                if (!STR_IN_SET(value, "true", "false"))
                        return error_set(reterr, -EINVAL, "direct: '%s' is neither true nor false", value);
                return 0;
        }
        return error_set(reterr, -EOPNOTSUPP, "'%s' is not supported; there are max-size, max-file and direct", name);
}

int check_platform(const char *value, Error *reterr) {
        const char *rest = startswith(value, "linux/");

        if (!rest || isempty(rest) || strlen(rest) > 64)
                return error_set(reterr, -EINVAL, "'%s' is not a platform like linux/amd64", value);
        for (const char *p = rest; *p; p++)
                if (!ascii_isalnum(*p) && !strchr("/._-", *p))
                        return error_set(reterr, -EINVAL, "'%s' is not a platform like linux/amd64", value);
        return 0;
}

int check_pull(const char *value, Error *reterr) {
        if (STR_IN_SET(value, "missing", "never", "false"))
                return 0;
        if (STR_IN_SET(value, "always", "newer", "true"))
                return error_set(reterr, -EOPNOTSUPP,
                                 "'%s': this version cannot pull images; there are missing and never", value);
        return error_set(reterr, -EINVAL, "'%s' is none of missing, never, always and newer", value);
}
