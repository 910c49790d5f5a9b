/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include "container.h"
#include "setup.h"
#include "shared/text.h"

static bool wants_userns(const Setup *s) {
        return s->userns;
}

static bool wants_names(const Setup *s) {
        return s->spec->hostname || s->spec->domainname;
}

static bool wants_loopback(const Setup *s) {
        return s->clone_flags & CLONE_NEWNET;
}

static bool wants_cgroupns(const Setup *s) {
        return s->cgroupns;
}

static bool wants_parent(const Setup *s) {
        return !s->outlive_parent;
}

static bool wants_terminal(const Setup *s) {
        return s->spec->process.terminal;
}

static bool wants_seccomp_early(const Setup *s) {
        return s->filter.len > 0 && !s->spec->process.no_new_privileges;
}

static bool wants_seccomp_late(const Setup *s) {
        return s->filter.len > 0 && s->spec->process.no_new_privileges;
}

/* The order in which a container comes to life; comments say why a line cannot move. */
static const struct {
        const char *verb;
        bool (*wanted)(const Setup *s); /* NULL: always */
        int (*run)(Setup *s, SetupReport *report);
} setup_steps[] = {
        { "map",       wants_userns,        setup_mapping           }, /* before anything that an id owns */
        { "start",     NULL,                setup_session           },
        { "set",       wants_names,         setup_names             },
        { "bring up",  wants_loopback,      setup_loopback          },
        { "make",      NULL,                setup_propagation       }, /* from here on no mount of ours reaches the host */
        { "make",      NULL,                setup_filesystems       }, /* while the parent makes the root; procfs must see
                                                                          * the host's, which the pivot takes away */
        { "receive",   NULL,                setup_receive           },
        { "mount",     NULL,                setup_root              },
        { "mount",     NULL,                setup_mounts            },
        { "make",      NULL,                setup_devices           },
        { "open",      wants_terminal,      setup_terminal          }, /* needs devpts */
        { "set",       NULL,                setup_sysctls           }, /* before /proc/sys is read-only */
        { "protect",   NULL,                setup_readonly_paths    },
        { "mask",      NULL,                setup_masked_paths      }, /* may lie in what was just protected */
        { "arrange",   NULL,                setup_stdio             },
        { "change to", NULL,                setup_pivot_root        },
        { "close",     NULL,                setup_close_descriptors }, /* before a path that the container chose is entered */
        { "enter",     NULL,                setup_working_directory }, /* may have to be made */
        { "protect",   NULL,                setup_root_readonly     },
        { "wait for",  NULL,                setup_ready             }, /* for our cgroup */
        { "enter",     wants_cgroupns,      setup_cgroup_namespace  }, /* its root is where we are now */
        { "mount",     NULL,                setup_cgroup_mounts     },
        { "set",       NULL,                setup_personality       },
        { "load",      wants_seccomp_early, setup_seccomp           }, /* without no_new_privs this needs CAP_SYS_ADMIN */
        { "drop",      NULL,                setup_bounding          }, /* needs CAP_SETPCAP */
        { "become",    NULL,                setup_user              }, /* needs CAP_SETUID */
        { "drop",      NULL,                setup_capabilities      },
        { "bind",      wants_parent,        setup_parent_death      }, /* a change of credentials undoes it */
        { "set",       NULL,                setup_no_new_privileges },
        { "execute",   NULL,                setup_find_executable   }, /* as the user who must be able to see it */
        { "load",      wants_seccomp_late,  setup_seccomp           }, /* the filter may forbid all of the above */
        { "execute",   NULL,                setup_exec              },
};

void setup_subject(SetupReport *report, const char *subject) {
        size_t n = strnlen(subject, sizeof(report->subject) - 1);

        memcpy(report->subject, subject, n);
        report->subject[n] = 0;
}

void setup_detail(SetupReport *report, const char *detail) {
        size_t n = strnlen(detail, sizeof(report->detail) - 1);

        memcpy(report->detail, detail, n);
        report->detail[n] = 0;
}

int setup_send(int socket, const SetupMessage *m, const int *fds, size_t n_fds) {
        ssize_t n = send_with_fds(socket, m, setup_message_size(m), fds, n_fds, 0);

        return n < 0 ? (int) n : 0;
}

int setup_receive_message(int socket, SetupMessage *ret, int *fds, size_t *n_fds) {
        size_t capacity = n_fds ? *n_fds : 0, n_received = capacity;
        ssize_t n;

        n = receive_with_fds(socket, ret, sizeof(*ret), fds, &n_received, 0);
        if (n == -ECONNRESET) {
                /* Said once, and first, when the other side left with unread messages: what it sent is still there */
                n_received = capacity;
                n = receive_with_fds(socket, ret, sizeof(*ret), fds, &n_received, 0);
        }
        if (n < 0)
                return n;
        if (n_fds)
                *n_fds = n_received;
        if (n == 0)
                return -ECONNRESET;
        if ((size_t) n < sizeof(ret->type) ||
            (ret->type == SETUP_ROOT &&
             ((size_t) n < offsetof(SetupMessage, identity.groups) || ret->identity.n_groups > SETUP_GROUPS_MAX)) ||
            (size_t) n != setup_message_size(ret))
                return -EPROTO;

        return 0;
}

void setup_child(Setup *s) {
        SetupMessage m = { .type = SETUP_FAILED, .report.failure = RUNTIME_FAILURE_SETUP };
        SetupReport *report = &m.report;
        int r = 0;

        for (report->step = 0; report->step < ELEMENTSOF(setup_steps); report->step++) {
                if (setup_steps[report->step].wanted && !setup_steps[report->step].wanted(s))
                        continue;

                report->detail[0] = report->subject[0] = 0;
                r = setup_steps[report->step].run(s, report);
                if (r < 0)
                        break;
        }

        report->error = r;
        (void) setup_send(s->socket, &m, NULL, 0);
        _exit((int) report->failure);
}

int setup_report_to_error(const SetupReport *report, Error *reterr) {
        int error = report->error < 0 ? report->error : -EIO;
        const char *verb = report->step < ELEMENTSOF(setup_steps) ? setup_steps[report->step].verb : "run";
        _cleanup_(freep) char *subject = NULL, *detail = NULL;

        subject = text_escape(report->subject);
        detail = text_escape(report->detail);
        if (!subject || !detail)
                return error_oom(reterr);

        if (report->failure == RUNTIME_FAILURE_NOT_FOUND && isempty(detail)) {
                if (error == -ENOENT && !strchr(subject, '/'))
                        return error_set(reterr, error, "exec: \"%s\": executable file not found in $PATH", subject);
                return error_errnof(reterr, error, "exec: \"%s\": stat %s", subject, subject);
        }
        if (report->failure == RUNTIME_FAILURE_NOT_FOUND || report->failure == RUNTIME_FAILURE_NOT_EXECUTABLE)
                return error_set(reterr, error, "exec: \"%s\": %s%s%s%s", subject, strerror(-error),
                                 isempty(detail) ? "" : " (", detail, isempty(detail) ? "" : ")");
        if (!isempty(detail))
                return error_set(reterr, error, "%s %s: %s (%s)", verb, subject, strerror(-error), detail);

        return error_errnof(reterr, error, "%s %s", verb, subject);
}
