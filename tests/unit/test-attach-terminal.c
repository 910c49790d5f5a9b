/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "cmocka-all.h"

#include "ctl/attach.h"
#include "shared/fd.h"
#include "shared/io.h"
#include "shared/process.h"

#define DEADLINE_MSEC 10000

/* A client with a terminal of its own. We hold the other end of that, and play the supervisor. */
typedef struct Client {
        pid_t pid;
        int socket;
        int master;
} Client;

static int run_client(int socket, bool proxy_signals) {
        AttachOptions o = { .input = true, .output = true, .errors = true, .tty = true, .proxy_signals = proxy_signals };
        AttachResult result;
        int code;

        if (detach_keys_parse(DETACH_KEYS_DEFAULT, &o.detach_keys, NULL) < 0 || attach_prepare(&o, NULL) < 0 ||
            attach_run(socket, &o, &result, &code, NULL) < 0)
                return 99;
        return result == ATTACH_RESULT_ENDED ? code : 200 + (int) result;
}

static void expect_record(Client *c, AttachType type, const void *data, size_t size) {
        uint8_t record[1 + ATTACH_DATA_MAX];
        struct pollfd p = { .fd = c->socket, .events = POLLIN };
        ssize_t n;

        assert_int_equal(poll(&p, 1, DEADLINE_MSEC), 1);
        n = recv(c->socket, record, sizeof(record), 0);
        assert_int_equal(n, 1 + size);
        assert_int_equal(record[0], type);
        assert_memory_equal(record + 1, data, size);
}

static void expect_size(Client *c, uint16_t rows, uint16_t columns) {
        const AttachSize size = { .rows = rows, .columns = columns };

        expect_record(c, ATTACH_RESIZE, &size, sizeof(size));
}

static void client_start(Client *c, bool proxy_signals) {
        struct winsize size = { .ws_row = 33, .ws_col = 99 };
        int ours, theirs;

        assert_int_equal(attach_make_sockets(&ours, &theirs, NULL), 0);
        c->pid = forkpty(&c->master, NULL, NULL, &size);
        assert_true(c->pid >= 0);
        if (c->pid == 0) {
                close(theirs);
                for (int i = 1; i < SIGRTMIN; i++)
                        signal(i, SIG_DFL); /* cmocka catches some */
                _exit(run_client(ours, proxy_signals));
        }
        close(ours);
        c->socket = theirs;
        expect_size(c, 33, 99); /* the terminal is raw before that */
}

static bool is_raw(const Client *c) {
        struct termios t;

        assert_int_equal(tcgetattr(c->master, &t), 0);
        return !(t.c_lflag & (ICANON | ECHO | ISIG));
}

static void wait_until(const Client *c, bool raw) {
        for (int i = 0; i < DEADLINE_MSEC && is_raw(c) != raw; i++)
                usleep(1000);
        assert_int_equal(is_raw(c), raw);
}

static int client_end(Client *c) {
        int status;

        assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
        assert_false(is_raw(c)); /* whatever has happened */
        safe_close(c->socket);
        safe_close(c->master);
        return wait_status_to_exit_code(status);
}

static void say_exit(Client *c, int code) {
        struct _packed_ {
                uint8_t type;
                AttachExit e;
        } record = { ATTACH_EXIT, { code } };

        assert_int_equal(send(c->socket, &record, sizeof(record), MSG_NOSIGNAL), sizeof(record));
        c->socket = safe_close(c->socket);
}

static void type_keys(Client *c, const char *keys) {
        assert_int_equal(loop_write(c->master, keys, strlen(keys)), 0);
}

static void every_key_goes_to_the_container(void **state) {
        Client c;

        client_start(&c, true);
        assert_true(is_raw(&c));
        type_keys(&c, "a\x03\x1a\x1c\r");
        expect_record(&c, ATTACH_STDIN, "a\x03\x1a\x1c\r", 5);
        say_exit(&c, 7);
        assert_int_equal(client_end(&c), 7);
}

static void sizes_follow_the_window(void **state) {
        struct winsize size = { .ws_row = 10, .ws_col = 20 };
        Client c;

        client_start(&c, true);
        assert_int_equal(ioctl(c.master, TIOCSWINSZ, &size), 0);
        expect_size(&c, 10, 20);
        say_exit(&c, 0);
        assert_int_equal(client_end(&c), 0);
}

static void the_keys_leave_the_container(void **state) {
        Client c;

        client_start(&c, true);
        type_keys(&c, "x\x10");
        expect_record(&c, ATTACH_STDIN, "x", 1);
        type_keys(&c, "\x11");
        expect_record(&c, ATTACH_DETACH, "", 0);
        assert_int_equal(client_end(&c), 200 + ATTACH_RESULT_DETACHED);
}

static void the_terminal_is_given_back_when_the_other_side_vanishes(void **state) {
        Client c;

        client_start(&c, true);
        c.socket = safe_close(c.socket);
        assert_int_equal(client_end(&c), 200 + ATTACH_RESULT_LOST);
}

static void the_terminal_is_given_back_when_we_are_killed(void **state) {
        static const int signals[] = { SIGTERM, SIGHUP, SIGINT, SIGSEGV, SIGABRT, SIGBUS };

        for (size_t i = 0; i < ELEMENTSOF(signals); i++) {
                Client c;

                client_start(&c, false);
                assert_int_equal(kill(c.pid, signals[i]), 0);
                assert_int_equal(client_end(&c), 128 + signals[i]);
        }
}

static void the_terminal_is_given_back_while_we_are_stopped(void **state) {
        int status;
        Client c;

        client_start(&c, true);
        assert_int_equal(kill(c.pid, SIGTSTP), 0);
        assert_int_equal(waitpid(c.pid, &status, WUNTRACED), c.pid);
        assert_true(WIFSTOPPED(status));
        assert_false(is_raw(&c));

        assert_int_equal(kill(c.pid, SIGCONT), 0);
        expect_size(&c, 33, 99); /* it may have changed meanwhile */
        wait_until(&c, true);
        say_exit(&c, 0);
        assert_int_equal(client_end(&c), 0);
}

static void a_hangup_ends_the_input(void **state) {
        Client c;

        client_start(&c, true);
        c.master = safe_close(c.master);
        /* SIGHUP first or the end of input first */
        for (bool end = false, hangup = false; !end || !hangup;) {
                uint8_t record[16];
                struct pollfd p = { .fd = c.socket, .events = POLLIN };
                ssize_t n;

                assert_int_equal(poll(&p, 1, DEADLINE_MSEC), 1);
                n = recv(c.socket, record, sizeof(record), 0);
                assert_true(n >= 1);
                end = end || record[0] == ATTACH_STDIN_END;
                hangup = hangup || (record[0] == ATTACH_SIGNAL && record[1] == SIGHUP);
        }
        say_exit(&c, 0);
        assert_int_equal(waitpid(c.pid, NULL, 0), c.pid);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_key_goes_to_the_container),
                cmocka_unit_test(sizes_follow_the_window),
                cmocka_unit_test(the_keys_leave_the_container),
                cmocka_unit_test(the_terminal_is_given_back_when_the_other_side_vanishes),
                cmocka_unit_test(the_terminal_is_given_back_when_we_are_killed),
                cmocka_unit_test(the_terminal_is_given_back_while_we_are_stopped),
                cmocka_unit_test(a_hangup_ends_the_input),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
