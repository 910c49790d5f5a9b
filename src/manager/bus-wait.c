/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus-wait.h"
#include "bus-polkit.h"
#include "manager.h"
#include "shared/bus-names.h"
#include "shared/log.h"

#define OPERATIONS_PER_UID_MAX 256U

typedef struct BusWait {
        struct BusWait *next, **previous_next;
        sd_bus_message *message;
        sd_bus_track *track;
        ContainerWaiter *waiter;
        bus_wait_done_t done;
        uid_t uid;
} BusWait;

static BusWait *waits;
static size_t n_waits;

static BusWait *bus_wait_free(BusWait *w) {
        if (!w)
                return NULL;

        *w->previous_next = w->next;
        if (w->next)
                w->next->previous_next = w->previous_next;
        n_waits--;

        container_waiter_free(w->waiter);
        sd_bus_track_unref(w->track);
        sd_bus_message_unref(w->message);
        return mfree(w);
}
DEFINE_TRIVIAL_CLEANUP_FUNC(BusWait *, bus_wait_free)

static size_t count_waits(uid_t uid) {
        size_t n = 0;

        for (BusWait *w = waits; w; w = w->next)
                n += w->uid == uid;
        return n;
}

static void on_condition(Container *c, void *userdata) {
        _cleanup_(bus_wait_freep) BusWait *w = userdata;
        sd_bus_error error = SD_BUS_ERROR_NULL;
        int r;

        w->waiter = NULL; /* has been taken out already */
        r = w->done(w->message, c, &error);
        if (r < 0)
                r = sd_bus_reply_method_errno(w->message, r, &error);
        if (r < 0)
                (void) log_debug_errno(r, "Cannot answer a caller, ignoring: %m");
        sd_bus_error_free(&error);
}

static int on_caller_gone(sd_bus_track *track, void *userdata) {
        bus_wait_free(userdata);
        return 0;
}

int bus_wait(sd_bus_message *message, Container *c, ContainerCondition condition, bus_wait_done_t done,
             sd_bus_error *reterr) {
        _cleanup_(bus_wait_freep) BusWait *w = NULL;
        uid_t uid;
        int r;

        /* The common case needs no bookkeeping */
        if (condition == CONTAINER_CONDITION_STOPPED && container_state_is_at_rest(c->state)) {
                r = done(message, c, reterr);
                return r < 0 ? r : 1;
        }

        r = bus_sender_uid(message, &uid);
        if (r < 0)
                return r;
        if (n_waits >= OPERATIONS_MAX || (uid != 0 && count_waits(uid) >= OPERATIONS_PER_UID_MAX))
                return sd_bus_error_set(reterr, BUS_ERROR_LIMIT,
                                        "Too many calls are waiting for containers");

        w = new0(BusWait, 1);
        if (!w)
                return -ENOMEM;
        *w = (BusWait){
                        .next = waits,
                        .previous_next = &waits,
                        .message = sd_bus_message_ref(message),
                        .done = done,
                        .uid = uid,
        };
        if (waits)
                waits->previous_next = &w->next;
        waits = w;
        n_waits++;

        r = sd_bus_track_new(sd_bus_message_get_bus(message), &w->track, on_caller_gone, w);
        if (r >= 0)
                r = sd_bus_track_add_sender(w->track, message);
        if (r >= 0)
                r = container_wait(c, condition, on_condition, w, &w->waiter);
        if (r < 0)
                return r;

        TAKE_PTR(w);
        return 1;
}

int bus_wait_reply_empty(sd_bus_message *message, Container *c, sd_bus_error *reterr) {
        return sd_bus_reply_method_return(message, NULL);
}
