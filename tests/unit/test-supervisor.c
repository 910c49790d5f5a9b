/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "shared/attach-protocol.h"
#include "shared/fd.h"
#include "shared/identifier.h"
#include "shared/io.h"
#include "shared/json.h"
#include "shared/process.h"
#include "shared/supervisor-protocol.h"
#include "shared/text.h"

/* The real supervisor with a caissond of ours, and containers of nothing but busybox. */

#define BUSYBOX     "/bin/busybox"
#define DEADLINE_MS 20000

typedef struct Fixture {
        char *directory;
        int run_dir_fd;
        int control;
        int client; /* our end of the attach socket; -EBADF: detached */
        pid_t supervisor;
        int supervisor_pidfd;
        pid_t payload;
} Fixture;

typedef struct Options {
        bool attached;
        bool terminal;
        const char *annotations; /* more of them: ,"a":"b" */
        const char *program;     /* other than the shell */
} Options;

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        return remove(path);
}

static void make_bundle(Fixture *f, const Options *o, const char *script) {
        _cleanup_(json_putp) JsonObject *quoted = json_object_new_string(script);
        _cleanup_(freep) char *config = NULL;
        int from, to, rootfs;

        assert_int_equal(mkdirat(f->run_dir_fd, "rootfs", 0755), 0);
        assert_int_equal(mkdirat(f->run_dir_fd, "rootfs/bin", 0755), 0);
        assert_int_equal(mkdirat(f->run_dir_fd, "rootfs/proc", 0755), 0);
        assert_int_equal(mkdirat(f->run_dir_fd, "rootfs/dev", 0755), 0);
        rootfs = openat(f->run_dir_fd, "rootfs", O_PATH | O_DIRECTORY | O_CLOEXEC);
        from = open(BUSYBOX, O_RDONLY | O_CLOEXEC);
        to = openat(rootfs, "bin/busybox", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
        assert_true(rootfs >= 0 && from >= 0 && to >= 0);
        assert_int_equal(copy_bytes(from, to, UINT64_MAX), 0);
        close(from);
        close(to);
        close(rootfs);

        config = text_printf(
                "{\"ociVersion\":\"1.1.0\",\"root\":{\"path\":\"rootfs\"},"
                "\"process\":{\"terminal\":%s,\"cwd\":\"/\",\"user\":{\"uid\":0,\"gid\":0},"
                "\"env\":[\"PATH=/bin\",\"TERM=linux\"],\"args\":[\"%s\",\"sh\",\"-c\",%s],"
                "\"consoleSize\":{\"height\":24,\"width\":80}},"
                "\"annotations\":{\"io.caisson.name\":\"test\",\"io.caisson.interactive\":\"true\","
                "\"io.caisson.log-driver\":\"none\"%s},"
                "\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"},"
                "{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\",\"options\":[\"nosuid\"]},"
                "{\"destination\":\"/dev/pts\",\"type\":\"devpts\",\"source\":\"devpts\","
                "\"options\":[\"newinstance\",\"ptmxmode=0666\",\"mode=0620\"]}],"
                "\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"mount\"},{\"type\":\"ipc\"},{\"type\":\"uts\"}]}}",
                o->terminal ? "true" : "false", o->program ?: "/bin/busybox", json_text(quoted),
                strempty(o->annotations));
        assert_non_null(config);
        assert_int_equal(write_file_atomic_at(f->run_dir_fd, "config.json", config, strlen(config), 0), 0);
}

static void receive(int fd, SupervisorMessage *m) {
        struct pollfd p = { .fd = fd, .events = POLLIN };

        assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
        assert_int_equal(recv(fd, m, sizeof(*m), 0), sizeof(*m));
        assert_int_equal(m->version, SUPERVISOR_PROTOCOL_VERSION);
}

static void say(int fd, uint32_t type, int argument) {
        SupervisorMessage m = { .version = SUPERVISOR_PROTOCOL_VERSION, .type = type, .argument = argument };

        assert_int_equal(send(fd, &m, sizeof(m), MSG_NOSIGNAL), sizeof(m));
}

/* Up to CREATED, or a failure before it. */
static void spawn(Fixture *f, const Options *o, const char *script, SupervisorMessage *m) {
        char id[CONTAINER_ID_LENGTH + 1];
        char *argv[] = { (char *) "caisson-supervisor", id, NULL };
        int control[2], attach[2] = PAIR_OF_EBADF, null;
        SpawnOptions s = SPAWN_OPTIONS_INIT;

        *f = (Fixture) { .control = -EBADF, .client = -EBADF, .supervisor_pidfd = -EBADF };
        f->directory = strdup("/tmp/caisson-supervisor.XXXXXX");
        assert_non_null(mkdtemp(f->directory));
        f->run_dir_fd = open(f->directory, O_DIRECTORY | O_CLOEXEC);
        assert_true(f->run_dir_fd >= 0);
        make_bundle(f, o, script);

        assert_int_equal(identifier_new(id), 0);
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control), 0);
        if (o->attached)
                assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, attach), 0);
        null = open("/dev/null", O_RDWR | O_CLOEXEC);

        s.stdio[2] = STDERR_FILENO;
        s.fds = (int[]) { control[1], f->run_dir_fd, o->attached ? attach[1] : null, null };
        s.n_fds = 4;
        assert_int_equal(process_spawn(SUPERVISOR, argv, &s, &f->supervisor, &f->supervisor_pidfd), 0);
        close(control[1]);
        close(null);
        safe_close(attach[1]);
        f->control = control[0];
        f->client = attach[0];

        receive(f->control, m);
        if (m->type == SUPERVISOR_CREATED)
                f->payload = m->pid;
}

static void start(Fixture *f, const Options *o, const char *script) {
        SupervisorMessage m;

        spawn(f, o, script, &m);
        if (m.type == SUPERVISOR_FAILED)
                fail_msg("%s", m.message);
        assert_int_equal(m.type, SUPERVISOR_CREATED);
        assert_true(m.pid > 0);

        say(f->control, SUPERVISOR_RELEASE, 0);
        receive(f->control, &m);
        if (m.type == SUPERVISOR_FAILED)
                fail_msg("%s", m.message);
        assert_int_equal(m.type, SUPERVISOR_STARTED);
        assert_int_equal(m.pid, f->payload);
}

static int wait_supervisor(Fixture *f) {
        struct pollfd p = { .fd = f->supervisor_pidfd, .events = POLLIN };
        int status;

        assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
        assert_int_equal(waitpid(f->supervisor, &status, 0), f->supervisor);
        f->supervisor = 0;
        return status;
}

static void finish(Fixture *f) {
        if (f->supervisor > 0) {
                kill(f->supervisor, SIGKILL);
                (void) wait_supervisor(f);
        }
        safe_close(f->control);
        safe_close(f->client);
        safe_close(f->supervisor_pidfd);
        safe_close(f->run_dir_fd);
        nftw(f->directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
        free(f->directory);
}

/* The end as caissond hears it, the exit file and the supervisor's own exit status. */
static void expect_end(Fixture *f, int exit_code) {
        _cleanup_(freep) char *text = NULL;
        _cleanup_(json_putp) JsonObject *o = NULL;
        SupervisorMessage m;

        if (f->control >= 0) {
                receive(f->control, &m);
                assert_int_equal(m.type, SUPERVISOR_EXITED);
                assert_int_equal(m.status, exit_code);
        }
        assert_int_equal(wait_supervisor(f), 0);

        assert_int_equal(read_full_file_at(f->run_dir_fd, SUPERVISOR_EXIT_FILE, 4096, &text, NULL), 0);
        assert_int_equal(json_parse("exit", text, strlen(text), &o, NULL), 0);
        assert_int_equal(json_get_i64(o, "version"), 1);
        assert_int_equal(json_get_i64(o, "exitCode"), exit_code);
        assert_int_equal(json_get_i64(o, "signal"), exit_code > 128 && exit_code < 128 + _NSIG ? exit_code - 128 : 0);
        assert_false(json_get_bool(o, "oomKilled"));
        assert_true(json_get_i64(o, "finishedUSec") > 1600000000000000);
}

/* One message for a client; 0: the end of the stream. */
static char client_receive(int fd, char *data, size_t *size) {
        static uint8_t buffer[1 + ATTACH_DATA_MAX];
        struct pollfd p = { .fd = fd, .events = POLLIN };
        ssize_t n;

        assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
        n = recv(fd, buffer, sizeof(buffer), 0);
        if (n <= 0)
                return 0;

        *size = (size_t) n - 1;
        memcpy(data, buffer + 1, *size);
        return (char) buffer[0];
}

static void client_send(int fd, char type, const void *data, size_t size) {
        uint8_t buffer[1 + ATTACH_DATA_MAX];

        buffer[0] = (uint8_t) type;
        memcpy(buffer + 1, data, size);
        assert_int_equal(send(fd, buffer, 1 + size, MSG_NOSIGNAL), 1 + size);
}

/* All of a stream until ATTACH_EXIT, or until the text has come. */
static int collect(int fd, char type, const char *until, char *ret, size_t max) {
        char data[ATTACH_DATA_MAX];
        size_t size, n = 0;
        char t;

        ret[0] = 0;
        for (;;) {
                t = client_receive(fd, data, &size);
                if (t == 0)
                        return -1;
                if (t == ATTACH_EXIT) {
                        AttachExit e;

                        assert_int_equal(size, sizeof(e));
                        memcpy(&e, data, sizeof(e));
                        return e.exit_code;
                }
                if (t == type) {
                        assert_true(n + size < max);
                        memcpy(ret + n, data, size);
                        n += size;
                        ret[n] = 0;
                        if (until && strstr(ret, until))
                                return -2;
                }
        }
}

static void exit_codes_and_signals(void **state) {
        static const struct {
                const char *script;
                int expected;
        } cases[] = {
                { "exit 0", 0 },
                { "exit 42", 42 },
                { "exit 255", 255 },
        };
        Fixture f;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                start(&f, &(Options) {}, cases[i].script);
                expect_end(&f, cases[i].expected);
                finish(&f);
        }

        start(&f, &(Options) {}, "sleep 1000");
        say(f.control, SUPERVISOR_SIGNAL, SIGKILL);
        expect_end(&f, 128 + SIGKILL);
        finish(&f);

        start(&f, &(Options) {}, "trap 'exit 7' USR1; echo; while :; do sleep 0.05; done");
        while (kill(f.supervisor, 0) == 0) {
                struct pollfd p = { .fd = f.control, .events = POLLIN };

                say(f.control, SUPERVISOR_SIGNAL, SIGUSR1); /* until the shell has got to the trap */
                if (poll(&p, 1, 50) > 0)
                        break;
        }
        expect_end(&f, 7);
        finish(&f);
}

static void what_cannot_be_executed_is_told(void **state) {
        SupervisorMessage m;
        Fixture f;

        spawn(&f, &(Options) { .program = "/bin/nothing" }, "exit 0", &m);
        assert_int_equal(m.type, SUPERVISOR_CREATED);
        say(f.control, SUPERVISOR_RELEASE, 0);
        receive(f.control, &m);
        assert_int_equal(m.type, SUPERVISOR_FAILED);
        assert_int_equal(m.status, SUPERVISOR_FAILURE_NOT_FOUND);
        assert_non_null(strstr(m.message, "/bin/nothing"));
        assert_int_not_equal(wait_supervisor(&f), 0);
        assert_int_equal(faccessat(f.run_dir_fd, SUPERVISOR_EXIT_FILE, F_OK, 0), -1);
        finish(&f);
}

static void a_bad_configuration_is_told(void **state) {
        SupervisorMessage m;
        Fixture f;

        spawn(&f, &(Options) { .annotations = ",\"io.caisson.log-driver\":\"paper\"" }, "exit 0", &m);
        assert_int_equal(m.type, SUPERVISOR_FAILED);
        assert_int_equal(m.status, SUPERVISOR_FAILURE_SETUP);
        assert_string_equal(m.message, "Unknown log driver 'paper'");
        assert_int_not_equal(wait_supervisor(&f), 0);
        finish(&f);
}

static void streams_are_told_apart(void **state) {
        char text[4096];
        Fixture f;

        start(&f, &(Options) { .attached = true }, "echo to out; echo to err >&2; printf partial; exit 3");
        assert_int_equal(collect(f.client, ATTACH_STDOUT, NULL, text, sizeof(text)), 3);
        assert_string_equal(text, "to out\npartial");
        expect_end(&f, 3);
        finish(&f);

        start(&f, &(Options) { .attached = true }, "echo to out; echo to err >&2");
        assert_int_equal(collect(f.client, ATTACH_STDERR, NULL, text, sizeof(text)), 0);
        assert_string_equal(text, "to err\n");
        expect_end(&f, 0);
        finish(&f);
}

static void standard_input_ends(void **state) {
        char text[4096];
        Fixture f;

        start(&f, &(Options) { .attached = true }, "cat; echo end");
        client_send(f.client, ATTACH_STDIN, "a\nb\n", 4);
        assert_int_equal(collect(f.client, ATTACH_STDOUT, "b\n", text, sizeof(text)), -2);
        client_send(f.client, ATTACH_STDIN_END, "", 0);
        assert_int_equal(collect(f.client, ATTACH_STDOUT, NULL, text, sizeof(text)), 0);
        assert_string_equal(text, "end\n");
        expect_end(&f, 0);
        finish(&f);
}

static void standard_output_can_be_opened_again(void **state) {
        char text[4096];
        Fixture f;

        start(&f, &(Options) { .attached = true },
              "echo one >/proc/self/fd/1; echo two >/proc/self/fd/1; ls /proc/self/fd | tr '\\n' ' '");
        assert_int_equal(collect(f.client, ATTACH_STDOUT, NULL, text, sizeof(text)), 0);
        assert_string_equal(text, "one\ntwo\n0 1 2 3 "); /* and no descriptor but these and that of ls */
        expect_end(&f, 0);
        finish(&f);
}

/* 100 MB arrive as they were written, through a client that is not always there to read. */
static void big_output_is_whole(void **state) {
        static const char line[] = "0123456789abcdefghijklmnopqrstuvwxyz\n";
        const size_t total = 100U << 20;
        char data[ATTACH_DATA_MAX];
        size_t n = 0, size;
        bool paused = false;
        Fixture f;
        char t;

        start(&f, &(Options) { .attached = true },
              "yes 0123456789abcdefghijklmnopqrstuvwxyz | head -c 104857600");
        while ((t = client_receive(f.client, data, &size)) == ATTACH_STDOUT) {
                for (size_t i = 0; i < size; i++)
                        if (data[i] != line[(n + i) % (sizeof(line) - 1)])
                                fail_msg("byte %zu is wrong", n + i);
                n += size;
                if (n > total / 2 && !paused) {
                        paused = true;
                        usleep(300000);
                }
        }
        assert_int_equal(t, ATTACH_EXIT);
        assert_int_equal(n, total);
        expect_end(&f, 0);
        finish(&f);
}

/* What was written last is there also when the client comes to read it only after the end. */
static void a_late_reader_gets_the_rest(void **state) {
        char data[ATTACH_DATA_MAX];
        size_t n = 0, size;
        Fixture f;
        char t;

        start(&f, &(Options) { .attached = true }, "yes | head -c 150000; exit 9");
        expect_end(&f, 9);
        while ((t = client_receive(f.client, data, &size)) == ATTACH_STDOUT)
                n += size;
        assert_int_equal(t, ATTACH_EXIT);
        assert_int_equal(n, 150000);
        finish(&f);
}

static void both_directions_push_back(void **state) {
        static uint8_t out[1 + ATTACH_DATA_MAX];
        const size_t total = 20U << 20;
        char data[ATTACH_DATA_MAX];
        size_t sent = 0, received = 0, size;
        bool ended = false;
        Fixture f;
        char t = 0;

        start(&f, &(Options) { .attached = true }, "cat");
        memset(out, 'x', sizeof(out));
        out[0] = ATTACH_STDIN;
        fd_set_nonblock(f.client, true);

        /* First as much as goes, then both */
        while (sent < total) {
                if (send(f.client, out, sizeof(out), MSG_NOSIGNAL) < 0) {
                        assert_int_equal(errno, EAGAIN);
                        break;
                }
                sent += ATTACH_DATA_MAX;
        }
        assert_true(sent < total);

        do {
                struct pollfd p = { .fd = f.client, .events = (short) (POLLIN | (ended ? 0 : POLLOUT)) };

                assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
                if (p.revents & POLLOUT) {
                        if (sent >= total) {
                                ended = true;
                                (void) send(f.client, &(uint8_t) { ATTACH_STDIN_END }, 1, MSG_NOSIGNAL);
                        } else if (send(f.client, out, sizeof(out), MSG_NOSIGNAL) > 0)
                                sent += ATTACH_DATA_MAX;
                }
                if (p.revents & POLLIN) {
                        t = client_receive(f.client, data, &size);
                        if (t == ATTACH_STDOUT)
                                received += size;
                }
        } while (t != ATTACH_EXIT);

        assert_int_equal(received, sent);
        expect_end(&f, 0);
        finish(&f);
}

static void a_client_that_vanishes_takes_nothing_along(void **state) {
        char text[4096];
        Fixture f;

        start(&f, &(Options) { .attached = true }, "echo here; sleep 0.2; yes | head -c 1000000; exit 5");
        assert_int_equal(collect(f.client, ATTACH_STDOUT, "here", text, sizeof(text)), -2);
        f.client = safe_close(f.client);
        expect_end(&f, 5);
        finish(&f);
}

static int connect_again(Fixture *f) {
        struct sockaddr_un a = { .sun_family = AF_UNIX };
        int fd;

        fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        assert_true(fd >= 0);
        (void) snprintf(a.sun_path, sizeof(a.sun_path), "%s/" SUPERVISOR_SOCKET_NAME, f->directory);
        assert_int_equal(connect(fd, (const struct sockaddr *) &a, sizeof(a)), 0);
        return fd;
}

static void attach_later(Fixture *f, int flags) {
        SupervisorMessage m = {
                .version = SUPERVISOR_PROTOCOL_VERSION, .type = SUPERVISOR_ATTACH, .argument = flags,
        };
        int pair[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
        assert_int_equal(send_with_fds(f->control, &m, sizeof(m), &pair[1], 1, 0), sizeof(m));
        close(pair[1]);
        f->client = pair[0];
}

static void another_caissond_finds_everything_again(void **state) {
        SupervisorMessage m;
        char text[4096];
        struct stat st;
        Fixture f;

        start(&f, &(Options) {}, "while read line; do echo got $line; done; exit 6");
        f.control = safe_close(f.control);
        assert_int_equal(fstatat(f.run_dir_fd, SUPERVISOR_SOCKET_NAME, &st, 0), 0);
        assert_int_equal(st.st_mode, S_IFSOCK | 0600);

        f.control = connect_again(&f);
        say(f.control, SUPERVISOR_QUERY, 0);
        receive(f.control, &m);
        assert_int_equal(m.type, SUPERVISOR_STARTED);
        assert_int_equal(m.pid, f.payload);

        attach_later(&f, 0);
        client_send(f.client, ATTACH_STDIN, "x\n", 2);
        assert_int_equal(collect(f.client, ATTACH_STDOUT, "got x\n", text, sizeof(text)), -2);

        /* A client that leaves in good order is told so; the next one comes in */
        client_send(f.client, ATTACH_DETACH, "", 0);
        assert_int_equal(client_receive(f.client, text, &(size_t) { 0 }), ATTACH_DETACHED);
        close(f.client);
        attach_later(&f, 0);
        client_send(f.client, ATTACH_STDIN, "y\n", 2);
        assert_int_equal(collect(f.client, ATTACH_STDOUT, "got y\n", text, sizeof(text)), -2);
        client_send(f.client, ATTACH_STDIN_END, "", 0);
        assert_int_equal(collect(f.client, ATTACH_STDOUT, NULL, text, sizeof(text)), 6);
        expect_end(&f, 6);
        finish(&f);
}

static void nonsense_is_ignored(void **state) {
        SupervisorMessage m = { .version = 99, .type = SUPERVISOR_SIGNAL, .argument = SIGKILL };
        uint8_t big[ATTACH_DATA_MAX + 100];
        char text[4096];
        Fixture f;

        start(&f, &(Options) { .attached = true }, "read line; exit 4");
        assert_true(send(f.control, &m, sizeof(m), 0) > 0);
        assert_true(send(f.control, "x", 1, 0) > 0);
        say(f.control, 4711, 0);
        say(f.control, SUPERVISOR_ATTACH, 0); /* without a descriptor */
        say(f.control, SUPERVISOR_SIGNAL, 1000);

        client_send(f.client, '?', "what", 4);
        client_send(f.client, ATTACH_SIGNAL, "", 0);
        client_send(f.client, ATTACH_RESIZE, "1", 1);
        client_send(f.client, ATTACH_STDIN, "\n", 1);
        assert_int_equal(collect(f.client, ATTACH_STDOUT, NULL, text, sizeof(text)), 4);
        expect_end(&f, 4);
        finish(&f);

        /* More than the protocol allows: that client is thrown out */
        start(&f, &(Options) { .attached = true }, "read line; exit 4");
        memset(big, ATTACH_STDIN, sizeof(big));
        assert_true(send(f.client, big, sizeof(big), 0) > 0);
        assert_int_equal(client_receive(f.client, text, &(size_t) { 0 }), 0);
        finish(&f);
}

static void a_terminal_is_one(void **state) {
        char text[65536];
        Fixture f;

        start(&f, &(Options) { .attached = true, .terminal = true },
              "test -t 0 && test -t 1 && test -t 2 && echo is a tty; stty size; read x; stty size; cat; exit 8");
        assert_int_equal(collect(f.client, ATTACH_STDOUT, "24 80", text, sizeof(text)), -2);
        assert_non_null(strstr(text, "is a tty\r\n"));

        client_send(f.client, ATTACH_RESIZE, &(AttachSize) { 50, 132 }, sizeof(AttachSize));
        client_send(f.client, ATTACH_STDIN, "go\n", 3);
        assert_int_equal(collect(f.client, ATTACH_STDOUT, "50 132", text, sizeof(text)), -2);

        client_send(f.client, ATTACH_STDIN, "echoed\n", 7);
        assert_int_equal(collect(f.client, ATTACH_STDOUT, "echoed\r\nechoed\r\n", text, sizeof(text)), -2);

        /* The end of input is what a person would type */
        client_send(f.client, ATTACH_STDIN_END, "", 0);
        assert_int_equal(collect(f.client, ATTACH_STDOUT, NULL, text, sizeof(text)), 8);
        expect_end(&f, 8);
        finish(&f);
}

static void a_screen_is_shown_again(void **state) {
        char text[65536];
        Fixture f;

        start(&f, &(Options) { .attached = true, .terminal = true },
              "i=0; while test $i -lt 3000; do echo line $i; i=$((i+1)); done; echo prompt; read x; exit 1");
        do
                assert_int_equal(collect(f.client, ATTACH_STDOUT, "\n", text, sizeof(text)), -2);
        while (!strstr(text, "prompt"));
        close(f.client);

        attach_later(&f, ATTACH_REPLAY);
        assert_int_equal(collect(f.client, ATTACH_STDOUT, "prompt", text, sizeof(text)), -2);
        assert_non_null(strstr(text, "line 2998\r\nline 2999\r\nprompt"));
        assert_null(strstr(text, "line 100\r\n"));
        assert_true(strlen(text) > 12000);
        client_send(f.client, ATTACH_STDIN, "\n", 1);
        assert_int_equal(collect(f.client, ATTACH_STDOUT, NULL, text, sizeof(text)), 1);
        expect_end(&f, 1);
        finish(&f);
}

static void control_c_is_for_the_terminal(void **state) {
        char text[65536];
        Fixture f;

        start(&f, &(Options) { .attached = true, .terminal = true },
              "trap 'echo caught; exit 5' INT; echo ready; while :; do sleep 0.1; done");
        assert_int_equal(collect(f.client, ATTACH_STDOUT, "ready", text, sizeof(text)), -2);
        client_send(f.client, ATTACH_STDIN, "\003", 1);
        assert_int_equal(collect(f.client, ATTACH_STDOUT, NULL, text, sizeof(text)), 5);
        assert_non_null(strstr(text, "caught"));
        expect_end(&f, 5);
        finish(&f);
}

static void signals_are_for_the_payload(void **state) {
        char text[4096];
        Fixture f;

        start(&f, &(Options) { .attached = true, .annotations = ",\"io.caisson.stop-signal\":\"SIGUSR2\"" },
              "trap '' INT; trap 'echo one' HUP; trap 'echo stop; exit 2' USR2; echo ready; while :; do sleep 0.05; done");
        assert_int_equal(collect(f.client, ATTACH_STDOUT, "ready", text, sizeof(text)), -2);
        kill(f.supervisor, SIGHUP);
        assert_int_equal(collect(f.client, ATTACH_STDOUT, "one", text, sizeof(text)), -2);
        client_send(f.client, ATTACH_SIGNAL, &(uint8_t) { SIGHUP }, 1);
        assert_int_equal(collect(f.client, ATTACH_STDOUT, "one", text, sizeof(text)), -2);
        kill(f.supervisor, SIGINT);
        kill(f.supervisor, SIGPIPE);
        kill(f.supervisor, SIGTERM);
        assert_int_equal(collect(f.client, ATTACH_STDOUT, NULL, text, sizeof(text)), 2);
        expect_end(&f, 2);
        finish(&f);
}

static void assert_gone(pid_t pid, int pidfd) {
        struct pollfd p = { .fd = pidfd, .events = POLLIN };

        assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
        close(pidfd);
}

static void it_dies_with_its_supervisor(void **state) {
        Fixture f;
        int pidfd;

        start(&f, &(Options) {}, "trap '' TERM HUP; sleep 1000");
        pidfd = pidfd_open_pid(f.payload);
        assert_true(pidfd >= 0);
        kill(f.supervisor, SIGKILL);
        assert_gone(f.payload, pidfd);
        (void) wait_supervisor(&f);
        finish(&f);
}

static void nothing_is_left_of_a_start_nobody_waits_for(void **state) {
        SupervisorMessage m;
        Fixture f;
        int pidfd;

        spawn(&f, &(Options) {}, "exit 0", &m);
        assert_int_equal(m.type, SUPERVISOR_CREATED);
        pidfd = pidfd_open_pid(m.pid);
        assert_true(pidfd >= 0);
        f.control = safe_close(f.control);
        assert_int_not_equal(wait_supervisor(&f), 0);
        assert_gone(m.pid, pidfd);
        assert_int_equal(faccessat(f.run_dir_fd, SUPERVISOR_EXIT_FILE, F_OK, 0), -1);
        finish(&f);

        /* and the same by a signal, which is told */
        spawn(&f, &(Options) {}, "exit 0", &m);
        kill(f.supervisor, SIGTERM);
        receive(f.control, &m);
        assert_int_equal(m.type, SUPERVISOR_FAILED);
        assert_int_not_equal(wait_supervisor(&f), 0);
        finish(&f);
}

static void json_files_are_dockers(void **state) {
        _cleanup_(freep) char *annotations = NULL, *text = NULL, *old = NULL, *path = NULL;
        char directory[] = "/tmp/caisson-log.XXXXXX", *line, *next;
        size_t length = 0;
        Fixture f;
        int dir_fd;

        assert_non_null(mkdtemp(directory));
        annotations = text_printf(",\"io.caisson.log-driver\":\"json-file\",\"io.caisson.log-path\":\"%s/log\"", directory);

        start(&f, &(Options) { .annotations = annotations },
              "echo 'tab\t\"quoted\" ü'; printf '\\377\\n'; yes a | head -n 20000 | tr -d '\\n'; echo; "
              "echo err >&2; printf 'no end'");
        expect_end(&f, 0);
        finish(&f);

        dir_fd = open(directory, O_DIRECTORY | O_CLOEXEC);
        assert_int_equal(read_full_file_at(dir_fd, "log", 1U << 20, &text, NULL), 0);
        assert_non_null(strstr(text, "{\"log\":\"tab\\t\\\"quoted\\\" ü\\n\",\"stream\":\"stdout\",\"time\":\"20"));
        assert_non_null(strstr(text, "{\"log\":\"\\ufffd\\n\","));
        assert_non_null(strstr(text, "{\"log\":\"err\\n\",\"stream\":\"stderr\",\"time\":\"20"));
        assert_non_null(strstr(text, "{\"log\":\"no end\",\"stream\":\"stdout\","));
        for (line = text; *line; line = next) {
                _cleanup_(json_putp) JsonObject *o = NULL;
                const char *s;

                next = strchr(line, '\n') + 1;
                assert_int_equal(json_parse("line", line, (size_t) (next - line), &o, NULL), 0);
                s = json_get_string(o, "log");
                assert_true(strlen(s) <= 16384);
                length += s[0] == 'a' ? strspn(s, "a") : 0;
        }
        assert_int_equal(length, 20000);
        close(dir_fd);

        path = text_printf("%s/log", directory);
        assert_int_equal(unlink(path), 0);

        /* and bounded */
        free(annotations);
        annotations = text_printf(",\"io.caisson.log-driver\":\"json-file\",\"io.caisson.log-path\":\"%s/log\","
                                  "\"io.caisson.log-opt.max-size\":\"10k\",\"io.caisson.log-opt.max-file\":\"3\"",
                                  directory);
        start(&f, &(Options) { .annotations = annotations }, "yes | head -n 2000; echo last");
        expect_end(&f, 0);
        finish(&f);
        dir_fd = open(directory, O_DIRECTORY | O_CLOEXEC);
        text = mfree(text);
        assert_int_equal(read_full_file_at(dir_fd, "log", 10240, &text, NULL), 0);
        assert_non_null(strstr(text, "last"));
        assert_int_equal(read_full_file_at(dir_fd, "log.2", 10240, &old, NULL), 0);
        assert_int_equal(faccessat(dir_fd, "log.3", F_OK, 0), -1);
        close(dir_fd);
        nftw(directory, remove_entry, 4, FTW_DEPTH | FTW_PHYS);
}

/* Later clients are not waited for without limit, and the one that reads is not cut short by one that does not. */
static void a_client_that_stalls_is_thrown_out(void **state) {
        char data[ATTACH_DATA_MAX];
        size_t size, n = 0;
        int stalled;
        Fixture f;
        char t;

        start(&f, &(Options) { .attached = true }, "read x; yes | head -c 3000000; exit 0");
        stalled = f.client;
        attach_later(&f, 0);
        /* the later one stalls */
        client_send(stalled, ATTACH_STDIN, "\n", 1);
        while ((t = client_receive(stalled, data, &size)) == ATTACH_STDOUT)
                n += size;
        assert_int_equal(t, ATTACH_EXIT);
        assert_int_equal(n, 3000000);
        expect_end(&f, 0);
        close(stalled);
        finish(&f);
}

static void go_on_in_child(void) {
        int status;
        pid_t pid;

        pid = fork();
        assert(pid >= 0);
        if (pid == 0)
                return;

        assert(waitpid(pid, &status, 0) == pid);
        _exit(wait_status_to_exit_code(status));
}

/* The machine's PID 1 may be out of our reach; that of a namespace of our own is not, and everything ends with it. */
static void enter_namespaces(void) {
        if (unshare(CLONE_NEWNS | CLONE_NEWPID) < 0) {
                printf("Cannot make namespaces: %m\n");
                exit(77);
        }

        go_on_in_child();
        if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
            mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0) {
                printf("Cannot mount /proc: %m\n");
                exit(77);
        }
        go_on_in_child(); /* who is PID 1 cannot be looked at by the leak sanitizer */
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(exit_codes_and_signals),
                cmocka_unit_test(what_cannot_be_executed_is_told),
                cmocka_unit_test(a_bad_configuration_is_told),
                cmocka_unit_test(streams_are_told_apart),
                cmocka_unit_test(standard_input_ends),
                cmocka_unit_test(standard_output_can_be_opened_again),
                cmocka_unit_test(big_output_is_whole),
                cmocka_unit_test(a_late_reader_gets_the_rest),
                cmocka_unit_test(both_directions_push_back),
                cmocka_unit_test(a_client_that_vanishes_takes_nothing_along),
                cmocka_unit_test(another_caissond_finds_everything_again),
                cmocka_unit_test(nonsense_is_ignored),
                cmocka_unit_test(a_terminal_is_one),
                cmocka_unit_test(a_screen_is_shown_again),
                cmocka_unit_test(control_c_is_for_the_terminal),
                cmocka_unit_test(signals_are_for_the_payload),
                cmocka_unit_test(it_dies_with_its_supervisor),
                cmocka_unit_test(nothing_is_left_of_a_start_nobody_waits_for),
                cmocka_unit_test(json_files_are_dockers),
                cmocka_unit_test(a_client_that_stalls_is_thrown_out),
        };

        if (geteuid() != 0 || access(BUSYBOX, X_OK) < 0) {
                printf("Needs root and " BUSYBOX "\n");
                return 77;
        }
        enter_namespaces();

        return cmocka_run_group_tests(tests, NULL, NULL);
}
