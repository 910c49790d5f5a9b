/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <unistd.h>

#include "container-spec.h"
#include "shared/strv.h"
#include "shared/text.h"

/* The texts of /etc/hosts, /etc/hostname and /etc/resolv.conf. */

static int append_hosts(char **text, char *const *entries) {
        STRV_FOREACH(entry, entries) {
                size_t n = strcspn(*entry, ":=");
                _cleanup_(freep) char *names = strndup(*entry, n), *address = strdup(*entry + n + 1);
                size_t length;
                int r;

                if (!names || !address)
                        return -ENOMEM;
                for (char *p = names; *p; p++)
                        if (*p == ';')
                                *p = ' ';

                length = strlen(address);
                if (address[0] == '[' && length > 2)
                        address[length - 1] = 0;
                r = text_append(text, "%s\t%s\n", address + (address[0] == '['), names);
                if (r < 0)
                        return r;
        }
        return 0;
}

int container_spec_make_hosts(const ContainerConfig *c, const char *host_hosts, char **ret) {
        _cleanup_(freep) char *text = NULL;
        int r;

        if (c->network_ns == NAMESPACE_HOST && host_hosts)
                r = text_append(&text, "%s%s", host_hosts, isempty(host_hosts) || endswith(host_hosts, "\n") ? "" : "\n");
        else
                r = text_append(&text, "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n");

        if (r >= 0 && c->hostname && c->network_ns != NAMESPACE_HOST) {
                if (c->domainname)
                        r = text_append(&text, "127.0.1.1\t%s.%s %s\n", c->hostname, c->domainname, c->hostname);
                else
                        r = text_append(&text, "127.0.1.1\t%s\n", c->hostname);
        }
        if (r >= 0)
                r = append_hosts(&text, c->add_host);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(text);
        return 0;
}

int container_spec_make_hostname(const ContainerConfig *c, char **ret) {
        char name[65] = "";

        if (!c->hostname)
                (void) gethostname(name, sizeof(name) - 1);

        *ret = text_join(c->hostname ?: name, "\n", NULL);
        return *ret ? 0 : -ENOMEM;
}

/* A line of the host's that says something else than what we say. */
static bool is_replaced(const ContainerConfig *c, const char *line) {
        if (startswith(line, "nameserver"))
                return !strv_isempty(c->dns);
        if (startswith(line, "search") || startswith(line, "domain"))
                return !strv_isempty(c->dns_search);
        if (startswith(line, "options"))
                return !strv_isempty(c->dns_option);
        return false;
}

int container_spec_make_resolv_conf(const ContainerConfig *c, const char *host_resolv, char **ret) {
        _cleanup_(freep) char *text = strdup(""), *words = NULL;
        int r = text ? 0 : -ENOMEM;

        /* Servers that a container without a network cannot reach are only a wait */
        if (c->network_ns == NAMESPACE_HOST && host_resolv) {
                _cleanup_(strv_freep) char **lines = NULL;

                if (r >= 0)
                        r = strv_split(host_resolv, "\n", &lines);
                STRV_FOREACH(line, lines)
                        if (r >= 0 && !is_replaced(c, *line))
                                r = text_append(&text, "%s\n", *line);
        }

        STRV_FOREACH(s, c->dns)
                if (r >= 0)
                        r = text_append(&text, "nameserver %s\n", *s);

        if (r >= 0 && !strv_isempty(c->dns_search) && !strv_contains(c->dns_search, ".")) {
                words = strv_join(c->dns_search, " ");
                r = words ? text_append(&text, "search %s\n", words) : -ENOMEM;
        }
        if (r >= 0 && !strv_isempty(c->dns_option)) {
                free(words);
                words = strv_join(c->dns_option, " ");
                r = words ? text_append(&text, "options %s\n", words) : -ENOMEM;
        }
        if (r < 0)
                return r;

        *ret = TAKE_PTR(text);
        return 0;
}
