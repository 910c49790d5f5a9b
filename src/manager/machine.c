/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <systemd/sd-bus.h>

#include "container.h"
#include "machine.h"
#include "manager.h"
#include "shared/identifier.h"
#include "shared/log.h"
#include "shared/text.h"

/* machined wants a name that could be a host's, and at most 64 characters. */
#define MACHINE_NAME_MAX 64U

#define MACHINE_DELAY_USEC (100U * 1000U)

static char *machine_name(const Container *c) {
        char *name;

        if (hostname_is_valid(c->name) && strlen(c->name) <= MACHINE_NAME_MAX)
                return strdup(c->name);

        /* web_1 as web-1; should that be another's name, machined refuses it, and we are content with that
         */
        name = strdup(c->name);
        if (!name)
                return NULL;
        for (char *p = name; *p; p++)
                if (!ascii_isalnum(*p) && !(*p == '.' && p[1] && p[1] != '.' && p > name))
                        *p = '-';
        if (strlen(name) > MACHINE_NAME_MAX)
                name[MACHINE_NAME_MAX] = 0;
        for (size_t n = strlen(name); n > 0 && !ascii_isalnum(name[n - 1]); n--)
                name[n - 1] = 0;
        return name;
}

static int on_registered(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const sd_bus_error *e = sd_bus_message_get_error(m);

        if (e)
                log_debug("machined did not register a container, ignoring: %s", e->message ?: e->name);
        return 0;
}

/* The identifier as machined has it: 16 bytes. Ours is longer, its beginning serves. */
static int append_machine_id(sd_bus_message *m, const char *id) {
        uint8_t bytes[16];

        for (size_t i = 0; i < sizeof(bytes); i++) {
                char digits[3] = {id[2 * i], id[2 * i + 1], 0};

                bytes[i] = (uint8_t) strtoul(digits, NULL, 16);
        }
        return sd_bus_message_append_array(m, 'y', bytes, sizeof(bytes));
}

static void machine_register(Container *c) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        _cleanup_(freep) char *name = machine_name(c);
        int r;

        if (isempty(name))
                return;

        /* The unit is that of the leader: machined looks for itself */
        r = sd_bus_message_new_method_call(c->manager->bus, &m, "org.freedesktop.machine1",
                                           "/org/freedesktop/machine1", "org.freedesktop.machine1.Manager",
                                           "RegisterMachine");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", name);
        if (r >= 0)
                r = append_machine_id(m, c->id);
        if (r >= 0)
                r = sd_bus_message_append(m, "ssus", "caisson", "container", (uint32_t) c->leader.pid, "");
        if (r >= 0)
                r = sd_bus_call_async(c->manager->bus, NULL, m, on_registered, NULL, 0);
        if (r < 0)
                (void) log_debug_errno(r, "Cannot register container %s with machined, ignoring: %m",
                                       c->name);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Container *c = ASSERT_PTR(userdata);

        c->machine_timer = sd_event_source_disable_unref(c->machine_timer);
        machine_register(c);
        return 0;
}

void machine_register_soon(Container *c) {
        c->machine_timer = sd_event_source_disable_unref(c->machine_timer);
        (void) sd_event_add_time_relative(c->manager->event, &c->machine_timer, CLOCK_MONOTONIC,
                                          MACHINE_DELAY_USEC, 0, on_timer, c);
}
