/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <sys/sysmacros.h>

#include "device-tree.h"
#include "resource-devices.h"
#include "shared/fd.h"
#include "shared/text.h"

/* What every container may use, and nothing else: the six nodes, its terminals. By number, since systemd need not look
 * at files then, and the nodes in the container are not those of the host. */
static const struct {
        const char *node;
        const char *access;
} standard_devices[] = {
        { "/dev/char/1:3", "rwm" },  /* null */
        { "/dev/char/1:5", "rwm" },  /* zero */
        { "/dev/char/1:7", "rwm" },  /* full */
        { "/dev/char/1:8", "rwm" },  /* random */
        { "/dev/char/1:9", "rwm" },  /* urandom */
        { "/dev/char/5:0", "rwm" },  /* tty */
        { "/dev/char/5:2", "rwm" },  /* ptmx */
        { "char-pts", "rw" },
};

static int append(sd_bus_message *m, const char *node, const char *access) {
        return sd_bus_message_append(m, "(ss)", node, access);
}

/* "alsa" of major number 116: systemd knows groups of devices by the name that /proc/devices has. Empty: the kernel has
 * no such devices now. */
static int find_group(char type, int64_t major_number, char ret[static 64]) {
        _cleanup_(fclosep) FILE *f = fopen("/proc/devices", "re");
        bool blocks = false;
        char line[128];

        if (!f)
                return negative_errno();

        ret[0] = 0;
        while (fgets(line, sizeof(line), f)) {
                unsigned number;
                char name[64];

                if (startswith(line, "Block devices"))
                        blocks = true;
                else if (blocks == (type == 'b') && sscanf(line, "%u %63s", &number, name) == 2 &&
                         number == major_number)
                        memcpy(ret, name, sizeof(name));
        }
        return 0;
}

static int append_rule(sd_bus_message *m, const DeviceRule *rule) {
        char access[4];
        int r = 0;

        device_access_text(rule->access, access);

        for (const char *type = "cb"; r >= 0 && *type; type++) {
                const char *word = *type == 'c' ? "char" : "block";
                char node[128], group[64];

                if (rule->type != 'a' && rule->type != *type)
                        continue;

                if (rule->major < 0)
                        snprintf(node, sizeof(node), "%s-*", word);
                else if (rule->minor >= 0)
                        snprintf(node, sizeof(node), "/dev/%s/%" PRIi64 ":%" PRIi64, word, rule->major, rule->minor);
                else {
                        r = find_group(*type, rule->major, group);
                        if (r < 0 || isempty(group))
                                continue;
                        snprintf(node, sizeof(node), "%s-%s", word, group);
                }
                r = append(m, node, access);
        }

        return r;
}

typedef struct AppendNode {
        sd_bus_message *message;
        const char *access;
} AppendNode;

static int append_node(const char *path, const struct stat *st, void *userdata) {
        AppendNode *a = userdata;
        char node[64];

        snprintf(node, sizeof(node), "/dev/%s/%u:%u", S_ISCHR(st->st_mode) ? "char" : "block", major(st->st_rdev),
                 minor(st->st_rdev));
        return append(a->message, node, a->access);
}

/* Allowed by the numbers that they have now. That one is missing was said when the specification was made. */
static int append_device(sd_bus_message *m, const DeviceSpec *d) {
        char access[4];
        AppendNode a = { m, device_access_text(d->access, access) };
        int r;

        r = device_tree_walk(d->source, d->target, append_node, &a);
        return ERRNO_IS_NOT_FOUND(r) || r == -ENODEV ? 0 : r;
}

int resource_devices_append(sd_bus_message *m, const ContainerConfig *c) {
        int r;

        if (c->privileged)
                return sd_bus_message_append(m, "(sv)", "DevicePolicy", "s", "auto");

        r = sd_bus_message_append(m, "(sv)", "DevicePolicy", "s", "strict");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'r', "sv");
        if (r >= 0)
                r = sd_bus_message_append_basic(m, 's', "DeviceAllow");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', "a(ss)");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "(ss)");

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(standard_devices); i++)
                r = append(m, standard_devices[i].node, standard_devices[i].access);
        for (size_t i = 0; r >= 0 && i < c->n_device_specs; i++)
                r = append_device(m, c->device_specs + i);
        for (size_t i = 0; r >= 0 && i < c->n_device_rules; i++)
                r = append_rule(m, c->device_rules + i);

        if (r >= 0)
                r = sd_bus_message_close_container(m);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r < 0 ? r : sd_bus_message_close_container(m);
}
