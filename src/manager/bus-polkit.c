/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <time.h>

#include "bus-polkit.h"
#include "shared/log.h"
#include "shared/strv.h"
#include "shared/text.h"

/* The idea: a message that needs polkit's answer is kept, polkit is asked, and when the answer is here the very same
 * message is put back into the queue, so that its handler is called once more and finds the answer. What is authorized is
 * therefore always what is then done: nobody can change a message. The subject is the sender's unique name on the bus,
 * which is never given to another connection; a PID could be. */

#define POLKIT_SERVICE   "org.freedesktop.PolicyKit1"
#define POLKIT_PATH      "/org/freedesktop/PolicyKit1/Authority"
#define POLKIT_INTERFACE "org.freedesktop.PolicyKit1.Authority"

#define QUERIES_MAX         256U
#define QUERIES_PER_UID_MAX 16U

#define TIMEOUT_USEC             (UINT64_C(25) * 1000000)
#define TIMEOUT_INTERACTIVE_USEC (UINT64_C(600) * 1000000) /* somebody types a password */

/* An answer whose message came to nothing before it was looked at again */
#define ANSWER_KEPT_SEC 10

#define CHECK_ALLOW_INTERACTION 1U

typedef enum Answer {
        ANSWER_NONE,
        ANSWER_YES,
        ANSWER_NO,
        ANSWER_CHALLENGE, /* yes, if somebody could be asked for a password */
} Answer;

typedef struct Query Query;
struct Query {
        PolkitRegistry *registry; /* weak */
        Query *next;
        sd_bus_message *message;
        sd_bus_slot *slot;
        sd_bus_track *track; /* of the sender */
        uid_t uid;
        char *action;
        char **details; /* name, value, name, value, … */
        char *cancellation_id;
        Answer answer;
        time_t answered; /* CLOCK_MONOTONIC */
};

struct PolkitRegistry {
        Query *queries;
        size_t n_queries;
        uint64_t last_id;
};

static Query *query_free(Query *q) {
        if (!q)
                return NULL;

        if (q->registry)
                for (Query **p = &q->registry->queries; *p; p = &(*p)->next)
                        if (*p == q) {
                                *p = q->next;
                                q->registry->n_queries--;
                                break;
                        }

        sd_bus_slot_unref(q->slot);
        sd_bus_track_unref(q->track);
        sd_bus_message_unref(q->message);
        strv_free(q->details);
        free(q->action);
        free(q->cancellation_id);
        return mfree(q);
}
DEFINE_TRIVIAL_CLEANUP_FUNC(Query *, query_free)

PolkitRegistry *polkit_registry_new(void) {
        return new0(PolkitRegistry, 1);
}

PolkitRegistry *polkit_registry_free(PolkitRegistry *r) {
        if (!r)
                return NULL;
        while (r->queries)
                query_free(r->queries);
        return mfree(r);
}

static time_t now_sec(void) {
        struct timespec ts = {};

        clock_gettime(CLOCK_MONOTONIC, &ts);
        return ts.tv_sec;
}

static void forget_old_answers(PolkitRegistry *r) {
        time_t now = now_sec();

        for (Query *q = r->queries, *next; q; q = next) {
                next = q->next;
                if (q->answer != ANSWER_NONE && now - q->answered > ANSWER_KEPT_SEC)
                        query_free(q);
        }
}

/* One question to the bus for each caller, not one for each look: a unique name is never given to another connection, and
 * what the bus says about a connection was settled when it was made. */
static struct {
        char *name;
        uid_t uid;
        pid_t pid;
} last_sender;

int bus_sender(sd_bus_message *message, uid_t *ret_uid, pid_t *ret_pid) {
        const char *name = sd_bus_message_get_sender(message);
        sd_bus_creds *creds = NULL;
        pid_t pid = 0;
        uid_t uid;
        int r;

        if (!name || !last_sender.name || !streq(name, last_sender.name)) {
                /* Only what the bus itself says, nothing from /proc by a PID that may be somebody else's */
                r = sd_bus_query_sender_creds(message, SD_BUS_CREDS_EUID | SD_BUS_CREDS_PID, &creds);
                if (r >= 0)
                        r = sd_bus_creds_get_euid(creds, &uid);
                if (r >= 0 && sd_bus_creds_get_pid(creds, &pid) < 0)
                        pid = 0;
                sd_bus_creds_unref(creds);
                if (r < 0)
                        return r;

                free(last_sender.name);
                last_sender.name = name ? strdup(name) : NULL;
                last_sender.uid = uid;
                last_sender.pid = pid;
        } else {
                uid = last_sender.uid;
                pid = last_sender.pid;
        }

        if (ret_uid)
                *ret_uid = uid;
        if (ret_pid)
                *ret_pid = pid;
        return 0;
}

int bus_sender_uid(sd_bus_message *message, uid_t *ret) {
        return bus_sender(message, ret, NULL);
}

static int read_answer(sd_bus_message *reply, Answer *ret) {
        int authorized, challenge, r;

        if (sd_bus_message_is_method_error(reply, NULL))
                return -EACCES;

        r = sd_bus_message_enter_container(reply, 'r', "bba{ss}");
        if (r < 0)
                return r;
        r = sd_bus_message_read(reply, "bb", &authorized, &challenge);
        if (r < 0)
                return r;

        *ret = authorized ? ANSWER_YES : challenge ? ANSWER_CHALLENGE : ANSWER_NO;
        return 0;
}

static int on_answer(sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        Query *q = ASSERT_PTR(userdata);
        int r;

        r = read_answer(reply, &q->answer);
        if (r < 0) {
                const sd_bus_error *e = sd_bus_message_get_error(reply);

                log_debug("polkit did not answer for %s: %s", q->action, e ? strempty(e->message) : strerror(-r));
                q->answer = ANSWER_NO;
        }
        q->answered = now_sec();
        q->slot = sd_bus_slot_unref(q->slot);

        r = sd_bus_enqueue_for_read(sd_bus_message_get_bus(reply), q->message);
        if (r < 0) {
                /* The caller hears no, at least */
                (void) sd_bus_reply_method_errorf(q->message, SD_BUS_ERROR_ACCESS_DENIED, "Not authorized");
                query_free(q);
        }
        return 0;
}

/* The caller is gone: nobody is left to do it for. */
static int on_sender_gone(sd_bus_track *track, void *userdata) {
        Query *q = ASSERT_PTR(userdata);
        sd_bus *bus = sd_bus_track_get_bus(track);

        if (q->answer == ANSWER_NONE)
                (void) sd_bus_call_method_async(bus, NULL, POLKIT_SERVICE, POLKIT_PATH, POLKIT_INTERFACE,
                                                "CancelCheckAuthorization", NULL, NULL, "s", q->cancellation_id);
        query_free(q);
        return 0;
}

static int copy_details(const char *const *details, char ***ret) {
        _cleanup_(strv_freep) char **l = NULL;

        for (size_t i = 0; details && details[i]; i += 2)
                if (details[i + 1] && (strv_extend(&l, details[i]) < 0 || strv_extend(&l, details[i + 1]) < 0))
                        return -ENOMEM;

        *ret = TAKE_PTR(l);
        return 0;
}

static int ask(sd_bus *bus, Query *q) {
        int interactive = sd_bus_message_get_allow_interactive_authorization(q->message), r;
        sd_bus_message *call = NULL;

        r = sd_bus_message_new_method_call(bus, &call, POLKIT_SERVICE, POLKIT_PATH, POLKIT_INTERFACE,
                                           "CheckAuthorization");
        if (r >= 0)
                r = sd_bus_message_append(call, "(sa{sv})s", "system-bus-name", 1, "name", "s",
                                          sd_bus_message_get_sender(q->message), q->action);
        if (r >= 0)
                r = sd_bus_message_open_container(call, 'a', "{ss}");
        for (size_t i = 0; r >= 0 && q->details && q->details[i]; i += 2)
                r = sd_bus_message_append(call, "{ss}", q->details[i], q->details[i + 1]);
        if (r >= 0)
                r = sd_bus_message_close_container(call);
        if (r >= 0)
                r = sd_bus_message_append(call, "us", interactive > 0 ? CHECK_ALLOW_INTERACTION : 0, q->cancellation_id);
        if (r >= 0)
                r = sd_bus_call_async(bus, &q->slot, call, on_answer, q,
                                      interactive > 0 ? TIMEOUT_INTERACTIVE_USEC : TIMEOUT_USEC);

        sd_bus_message_unref(call);
        return r;
}

static int start_query(PolkitRegistry *registry, sd_bus_message *message, uid_t uid, const char *action,
                       const char *const *details) {
        sd_bus *bus = sd_bus_message_get_bus(message);
        _cleanup_(query_freep) Query *q = NULL;
        size_t n_of_uid = 0;
        int r;

        forget_old_answers(registry);
        for (Query *i = registry->queries; i; i = i->next)
                n_of_uid += i->uid == uid;
        if (registry->n_queries >= QUERIES_MAX || n_of_uid >= QUERIES_PER_UID_MAX)
                return -EBUSY;

        q = new0(Query, 1);
        if (!q)
                return -ENOMEM;

        q->message = sd_bus_message_ref(message);
        q->uid = uid;
        q->action = strdup(action);
        q->cancellation_id = text_printf("caisson-%" PRIu64, ++registry->last_id);
        if (!q->action || !q->cancellation_id)
                return -ENOMEM;

        r = copy_details(details, &q->details);
        if (r < 0)
                return r;

        r = sd_bus_track_new(bus, &q->track, on_sender_gone, q);
        if (r < 0)
                return r;
        r = sd_bus_track_add_sender(q->track, message);
        if (r < 0)
                return r;

        r = ask(bus, q);
        if (r < 0)
                return r;

        q->registry = registry;
        q->next = registry->queries;
        registry->queries = q;
        registry->n_queries++;
        TAKE_PTR(q);
        return 0;
}

static int refuse(sd_bus_error *reterr) {
        return sd_bus_error_set(reterr, SD_BUS_ERROR_ACCESS_DENIED, "Not authorized: only root may do this, or whom polkit allows it");
}

static int use_answer(Query *query, const char *action, const char *const *details, sd_bus_error *reterr) {
        _cleanup_(query_freep) Query *q = query;
        _cleanup_(strv_freep) char **now = NULL;

        if (copy_details(details, &now) < 0)
                return -ENOMEM;

        /* What was asked must be what would be done now; a container of that name may have become another one */
        if (q->answer == ANSWER_YES && streq(q->action, action) && strv_equal(q->details, now))
                return 1;
        if (q->answer == ANSWER_CHALLENGE)
                return sd_bus_error_set(reterr, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED,
                                        "Not authorized without a password, and nobody can be asked for it");
        return refuse(reterr);
}

int bus_authorize(sd_bus_message *message, const char *action, const char *const *details, PolkitRegistry *registry,
                  sd_bus_error *reterr) {
        uid_t uid;
        int r;

        for (Query *q = registry->queries; q; q = q->next)
                if (q->message == message)
                        return q->answer == ANSWER_NONE ? refuse(reterr) : use_answer(q, action, details, reterr);

        r = bus_sender_uid(message, &uid);
        if (r < 0)
                return refuse(reterr);
        if (uid == 0)
                return 1;

        r = start_query(registry, message, uid, action, details);
        if (r == -EBUSY)
                return sd_bus_error_set(reterr, SD_BUS_ERROR_LIMITS_EXCEEDED, "Too many requests wait for authorization");
        if (r == -ENOMEM)
                return r;
        return r < 0 ? refuse(reterr) : 0;
}
