/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/socket.h>
#include <systemd/sd-bus.h>

#include "cmocka-all.h"

/* Messages without a bus: a connection to nobody, whose messages can be written, sealed and read. */
static inline sd_bus *bus_to_nobody(int pair[static 2]) {
        sd_bus *bus;

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
        assert_true(sd_bus_new(&bus) >= 0);
        assert_true(sd_bus_set_fd(bus, pair[0], pair[0]) >= 0);
        assert_true(sd_bus_start(bus) >= 0);
        return bus;
}

static inline sd_bus_message *message_new(sd_bus *bus) {
        sd_bus_message *m;

        assert_true(sd_bus_message_new_method_call(bus, &m, "a.b", "/a", "a.b", "C") >= 0);
        return m;
}

static inline void message_finish(sd_bus_message *m) {
        assert_true(sd_bus_message_seal(m, 1, 0) >= 0);
        assert_true(sd_bus_message_rewind(m, 1) >= 0);
}
