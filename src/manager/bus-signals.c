/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus-signals.h"
#include "bus-container.h"
#include "manager.h"
#include "shared/bus-names.h"
#include "shared/log.h"
#include "shared/text.h"

/* When a container is started there is a moment without anything to do before systemd is asked: this is longer than that. */
#define SIGNAL_DELAY_USEC (5U * 1000U)

/* One that has not been sent yet. What it says is kept, for the container may be gone by then. */
typedef enum SignalType {
        SIGNAL_ADDED,
        SIGNAL_STATE,
        SIGNAL_ENDED,
        SIGNAL_RENAMED,
        SIGNAL_REMOVED,
} SignalType;

typedef struct Signal {
        struct Signal *next;
        SignalType type;
        char id[CONTAINER_ID_LENGTH + 1];
        ContainerState old, new;
        int exit_code, exit_signal;
        bool oom_killed;
} Signal;

static Signal *first, **last = &first;
static sd_event_source *flush_source;

static void emit_failed(int r) {
        if (r < 0)
                (void) log_debug_errno(r, "Cannot emit a signal, ignoring: %m");
}

/* The properties are told once for all changes that wait: with their values of now. */
static bool is_last_change(const Signal *s) {
        for (const Signal *other = s->next; other; other = other->next)
                if (other->type == SIGNAL_STATE && streq(other->id, s->id))
                        return false;
        return true;
}

static void emit_state(sd_bus *bus, const char *path, const Signal *s, bool exists) {
        emit_failed(sd_bus_emit_signal(bus, path, BUS_IFACE_CONTAINER, "StateChanged", "ss",
                                       container_state_to_string(s->old),
                                       container_state_to_string(s->new)));
        if (exists && is_last_change(s))
                emit_failed(sd_bus_emit_properties_changed(bus, path, BUS_IFACE_CONTAINER, "State",
                                                           "ExitCode", "ExitSignal", "OOMKilled", "Error",
                                                           "Leader", "Unit", "Started", "Finished", NULL));
}

static void emit(Manager *m, const Signal *s) {
        _cleanup_(freep) char *path = text_join(BUS_PATH_CONTAINER "/", s->id, NULL);
        bool exists = string_map_get(m->containers, s->id);
        sd_bus *bus = m->bus;

        if (!path)
                return;

        switch (s->type) {
        case SIGNAL_ADDED:
                if (exists)
                        emit_failed(sd_bus_emit_object_added(bus, path));
                emit_failed(sd_bus_emit_signal(bus, BUS_PATH_MANAGER, BUS_IFACE_MANAGER, "ContainerNew",
                                               "so", s->id, path));
                break;

        case SIGNAL_STATE:
                emit_state(bus, path, s, exists);
                break;

        case SIGNAL_ENDED:
                emit_failed(sd_bus_emit_signal(bus, path, BUS_IFACE_CONTAINER, "Exited", "iib",
                                               (int32_t) s->exit_code, (int32_t) s->exit_signal,
                                               (int) s->oom_killed));
                break;

        case SIGNAL_RENAMED:
                if (exists)
                        emit_failed(sd_bus_emit_properties_changed(bus, path, BUS_IFACE_CONTAINER, "Name",
                                                                   NULL));
                break;

        case SIGNAL_REMOVED:
                emit_failed(sd_bus_emit_interfaces_removed(bus, path, BUS_IFACE_CONTAINER, NULL));
                emit_failed(sd_bus_emit_signal(bus, BUS_PATH_MANAGER, BUS_IFACE_MANAGER, "ContainerRemoved",
                                               "so", s->id, path));
                break;
        }
}

void bus_signals_flush(Manager *m) {
        while (first) {
                Signal *s = first;

                emit(m, s);
                first = s->next;
                free(s);
        }
        last = &first;
        flush_source = sd_event_source_disable_unref(flush_source);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        bus_signals_flush(userdata);
        return 0;
}

static void queue(Container *c, SignalType type, ContainerState old) {
        Manager *m = c->manager;
        Signal *s;

        s = new0(Signal, 1);
        if (!s)
                return;
        *s = (Signal){
                        .type = type,
                        .old = old,
                        .new = c->state,
                        .exit_code = c->exit_code,
                        .exit_signal = container_exit_signal(c),
                        .oom_killed = c->oom_killed,
        };
        memcpy(s->id, c->id, sizeof(s->id));
        *last = s;
        last = &s->next;

        if (flush_source)
                return;
        if (sd_event_add_time_relative(m->event, &flush_source, CLOCK_MONOTONIC, SIGNAL_DELAY_USEC, 0, on_timer, m) < 0 ||
            sd_event_source_set_priority(flush_source, SD_EVENT_PRIORITY_IDLE) < 0)
                bus_signals_flush(m);
}

static void on_added(Container *c) {
        queue(c, SIGNAL_ADDED, c->state);
}

static void on_changed(Container *c, ContainerState old) {
        queue(c, SIGNAL_STATE, old);
}

static void on_ended(Container *c) {
        queue(c, SIGNAL_ENDED, c->state);
        log_struct(LOG_INFO,
                   LOG_FIELDS("MESSAGE_ID", "6c1a7a31d9b4455ab0c7b8ef2f0d5a3e", "CAISSON_CONTAINER", c->name,
                              "CAISSON_CONTAINER_ID", c->id),
                   "Container %s ended with exit code %i%s%s", c->name, c->exit_code, c->error ? ": " : "",
                   strempty(c->error));
}

static void on_renamed(Container *c) {
        queue(c, SIGNAL_RENAMED, c->state);
}

static void on_removed(Container *c) {
        queue(c, SIGNAL_REMOVED, c->state);
}

const ContainerObserver bus_signals_observer = {
                .added = on_added,
                .changed = on_changed,
                .ended = on_ended,
                .renamed = on_renamed,
                .removed = on_removed,
};
