/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <inttypes.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "seccomp-pool.h"
#include "shared/fd.h"
#include "shared/log.h"
#include "shared/process.h"
#include "shared/seccomp-cache.h"
#include "shared/text.h"
#include "shared/worker-protocol.h"

#define WORKER_PATH       CAISSON_LIBEXECDIR "/caisson-worker"
#define COMPILATIONS_MAX  16U
#define COMPILE_TIME_USEC (30U * 1000U * 1000U)

/* One filter that is being made. */
typedef struct Compilation {
        SeccompPool *pool; /* weak */
        struct Compilation *next;
        char key[SECCOMP_KEY_LENGTH + 1];
        SeccompRequest *requests;
        int pidfd, socket;
        sd_event_source *exit_source, *timer;
        char *message; /* the worker's own sentence */
} Compilation;

struct SeccompRequest {
        Compilation *compilation; /* weak */
        SeccompRequest *next;
        seccomp_done_t done;
        void *userdata;
};

struct SeccompPool {
        sd_event *event;
        Compilation *compilations;

        /* The last answer for the profile of ours, which nearly everybody has */
        uint64_t capabilities;
        int fd;
};

SeccompRequest *seccomp_request_free(SeccompRequest *r) {
        if (!r)
                return NULL;

        if (r->compilation)
                for (SeccompRequest **p = &r->compilation->requests; *p; p = &(*p)->next)
                        if (*p == r) {
                                *p = r->next;
                                break;
                        }
        return mfree(r);
}

static Compilation *compilation_free(Compilation *c) {
        if (!c)
                return NULL;

        for (Compilation **p = &c->pool->compilations; *p; p = &(*p)->next)
                if (*p == c) {
                        *p = c->next;
                        break;
                }
        for (SeccompRequest *r = c->requests; r; r = r->next)
                r->compilation = NULL;
        if (c->pidfd >= 0)
                (void) pidfd_signal(c->pidfd, SIGKILL);
        sd_event_source_disable_unref(c->exit_source);
        sd_event_source_disable_unref(c->timer);
        safe_close(c->pidfd);
        safe_close(c->socket);
        free(c->message);
        return mfree(c);
}
DEFINE_TRIVIAL_CLEANUP_FUNC(Compilation *, compilation_free)

static void read_message(Compilation *c) {
        _cleanup_(freep) char *buffer = malloc(WORKER_RECORD_MAX);
        ssize_t n;

        while (buffer && (n = recv(c->socket, buffer, WORKER_RECORD_MAX, MSG_DONTWAIT)) > 0) {
                _cleanup_(json_putp) JsonObject *o = NULL;
                const char *type, *message;

                if (json_parse("worker", buffer, (size_t) n, &o, NULL) < 0)
                        continue;
                type = json_get_string(o, "type");
                message = json_get_string(o, "message");
                if (type && message && streq(type, "error")) {
                        free(c->message);
                        c->message = strdup(message);
                }
        }
}

static void compilation_finish(Compilation *finished) {
        _cleanup_(compilation_freep) Compilation *c = finished;
        _cleanup_(closep) int fd = -EBADF;
        _cleanup_(error_done) Error e = {};

        fd = seccomp_cache_open(c->key);
        if (fd < 0) {
                (void) error_set(&e, fd, "its seccomp profile cannot be compiled: %s",
                                 c->message ?: "caisson-worker ended without a filter");
                log_warning("A seccomp profile cannot be compiled: %s", strempty(c->message));
        }

        while (c->requests) {
                SeccompRequest *r = c->requests;
                int copy = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 3) : fd;

                c->requests = r->next;
                r->compilation = NULL;
                if (fd >= 0 && copy < 0)
                        (void) error_errnof(&e, copy = negative_errno(), "cannot open its seccomp filter");
                r->done(copy < 0 ? copy : 0, copy, &e, r->userdata); /* frees r */
        }
}

static int on_worker_exit(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Compilation *c = ASSERT_PTR(userdata);
        siginfo_t info = {};

        read_message(c);
        (void) waitid(P_PIDFD, (id_t) fd, &info, WEXITED | WNOHANG);
        c->pidfd = safe_close(c->pidfd);
        compilation_finish(c);
        return 0;
}

static int on_compile_timeout(sd_event_source *source, uint64_t usec, void *userdata) {
        Compilation *c = ASSERT_PTR(userdata);

        (void) pidfd_signal(c->pidfd, SIGKILL);
        return 0;
}

/* The verb "seccomp": the parameters are key and capabilities; the profile, which may be longer than a
 * record, is the file at WORKER_FD_FIRST, empty for caisson's own. */
static int spawn_worker(Compilation *c, const char *profile, uint64_t capabilities, Error *reterr) {
        char *argv[] = {(char *) "caisson-worker", (char *) "seccomp", NULL};
        _cleanup_(close_pairp) int pair[2] = PAIR_OF_EBADF;
        _cleanup_(closep) int profile_fd = -EBADF;
        SpawnOptions options = SPAWN_OPTIONS_INIT;
        char parameters[192];
        pid_t pid;
        int r, n;

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return error_errnof(reterr, negative_errno(), "cannot make a socket");
        profile_fd = memfd_from_bytes("seccomp-profile", strempty(profile), strlen(strempty(profile)));
        if (profile_fd < 0)
                return error_errnof(reterr, profile_fd, "cannot hand over the seccomp profile");

        n = snprintf(parameters, sizeof(parameters),
                     "{\"key\":\"%s\",\"capabilities\":%" PRIu64 ",\"default\":%s}", c->key, capabilities,
                     profile ? "false" : "true");
        if (send(pair[0], parameters, (size_t) n, MSG_NOSIGNAL) < 0)
                return error_errnof(reterr, negative_errno(), "cannot speak to caisson-worker");

        const int fds[] = {pair[1], profile_fd};
        options.fds = fds;
        options.n_fds = ELEMENTSOF(fds);
        options.stdio[2] = STDERR_FILENO;
        r = process_spawn(WORKER_PATH, argv, &options, &pid, &c->pidfd);
        if (r < 0)
                return error_errnof(reterr, r, "cannot run %s", WORKER_PATH);

        c->socket = TAKE_FD(pair[0]);
        return 0;
}

static int compile(SeccompPool *p, const char *key, const char *profile, uint64_t capabilities,
                   Compilation **ret, Error *reterr) {
        _cleanup_(compilation_freep) Compilation *c = NULL;
        size_t n = 0;
        int r;

        for (c = p->compilations; c; c = c->next, n++)
                if (streq(c->key, key)) {
                        *ret = TAKE_PTR(c);
                        return 0;
                }
        if (n >= COMPILATIONS_MAX)
                return error_set(reterr, -EAGAIN,
                                 "too many seccomp profiles are being compiled: try again later");

        c = new0(Compilation, 1);
        if (!c)
                return error_oom(reterr);
        *c = (Compilation){.pool = p, .next = p->compilations, .pidfd = -EBADF, .socket = -EBADF};
        memcpy(c->key, key, sizeof(c->key));
        p->compilations = c;

        r = spawn_worker(c, profile, capabilities, reterr);
        if (r < 0)
                return r;
        r = sd_event_add_io(p->event, &c->exit_source, c->pidfd, EPOLLIN, on_worker_exit, c);
        if (r >= 0)
                r = sd_event_add_time_relative(p->event, &c->timer, CLOCK_MONOTONIC, COMPILE_TIME_USEC, 0,
                                               on_compile_timeout, c);
        if (r < 0)
                return error_errnof(reterr, r, "cannot watch caisson-worker");

        *ret = TAKE_PTR(c);
        return 0;
}

int seccomp_pool_request(SeccompPool *p, const ContainerConfig *config, seccomp_done_t done, void *userdata,
                         SeccompRequest **ret, int *ret_fd, Error *reterr) {
        uint64_t capabilities = container_config_capabilities(config);
        bool is_default = !config->seccomp_profile;
        char key[SECCOMP_KEY_LENGTH + 1];
        SeccompRequest *q;
        Compilation *c;
        int fd, r;

        if (config->security.seccomp_unconfined || (config->privileged && is_default)) {
                *ret_fd = -EBADF;
                return 1;
        }

        if (is_default && p->fd >= 0 && p->capabilities == capabilities) {
                fd = fcntl(p->fd, F_DUPFD_CLOEXEC, 3);
                if (fd < 0)
                        return error_errnof(reterr, negative_errno(), "cannot open the seccomp filter");
                *ret_fd = fd;
                return 1;
        }

        r = seccomp_cache_key(config->seccomp_profile, capabilities, key, reterr);
        if (r < 0)
                return r;
        fd = seccomp_cache_open(key);
        if (fd >= 0) {
                if (is_default) {
                        safe_close(p->fd);
                        p->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
                        p->capabilities = capabilities;
                }
                *ret_fd = fd;
                return 1;
        }
        if (fd != -ENOENT)
                log_debug("Cannot open a compiled seccomp filter, making it again: %s", strerror(-fd));

        r = compile(p, key, config->seccomp_profile, capabilities, &c, reterr);
        if (r < 0)
                return r;
        q = new0(SeccompRequest, 1);
        if (!q)
                return error_oom(reterr);
        *q = (SeccompRequest){.compilation = c, .next = c->requests, .done = done, .userdata = userdata};
        c->requests = q;
        *ret = q;
        return 0;
}

void seccomp_pool_prepare(SeccompPool *p) {
        _cleanup_(container_config_unrefp) ContainerConfig *config = container_config_new();
        _cleanup_(error_done) Error e = {};
        char key[SECCOMP_KEY_LENGTH + 1];
        uint64_t capabilities;
        Compilation *c;
        int r, fd;

        if (!config)
                return;
        capabilities = container_config_capabilities(config);
        r = seccomp_cache_key(NULL, capabilities, key, &e);
        if (r >= 0) {
                fd = seccomp_cache_open(key);
                if (fd >= 0) {
                        safe_close(p->fd);
                        p->fd = fd;
                        p->capabilities = capabilities;
                        return;
                }
                r = compile(p, key, NULL, capabilities, &c, &e);
        }
        if (r < 0)
                log_warning("Cannot compile the default seccomp profile yet, ignoring: %s",
                            error_message(&e, r));
}

SeccompPool *seccomp_pool_free(SeccompPool *p) {
        if (!p)
                return NULL;

        while (p->compilations)
                compilation_free(p->compilations);
        safe_close(p->fd);
        sd_event_unref(p->event);
        return mfree(p);
}

int seccomp_pool_new(sd_event *event, SeccompPool **ret) {
        SeccompPool *p = new0(SeccompPool, 1);

        if (!p)
                return -ENOMEM;
        *p = (SeccompPool){.event = sd_event_ref(event), .fd = -EBADF};
        *ret = p;
        return 0;
}
