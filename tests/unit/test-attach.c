/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmocka-all.h"

#include "ctl/attach.h"
#include "shared/fd.h"
#include "shared/io.h"
#include "shared/process.h"

/* A client in a process of its own, its standard streams pipes of ours, and we are the supervisor. */
typedef struct Client {
        pid_t pid;
        int socket;
        int in, out, err; /* our ends */
} Client;

static void client_start_early(Client *c, const AttachOptions *o, int early) {
        int in[2], out[2], err[2], ours, theirs;

        assert_int_equal(pipe2(in, O_CLOEXEC), 0);
        assert_int_equal(pipe2(out, O_CLOEXEC), 0);
        assert_int_equal(pipe2(err, O_CLOEXEC), 0);
        assert_int_equal(attach_make_sockets(&ours, &theirs, NULL), 0);

        c->pid = fork();
        if (c->pid == 0) {
                AttachResult result;
                int code = 99;

                dup2(in[0], 0);
                dup2(out[1], 1);
                dup2(err[1], 2);
                close(theirs);
                close(in[1]);
                close(out[0]);
                close(err[0]);
                if (attach_prepare(o, NULL) < 0)
                        _exit(98);
                if (early > 0)
                        raise(early); /* while the container is being made, say */
                if (attach_run(ours, o, &result, &code, NULL) < 0)
                        _exit(98);
                _exit(result == ATTACH_RESULT_ENDED ? code : 200 + (int) result);
        }

        close(ours);
        close(in[0]);
        close(out[1]);
        close(err[1]);
        *c = (Client) { c->pid, theirs, in[1], out[0], err[0] };
}

static void client_start(Client *c, const AttachOptions *o) {
        client_start_early(c, o, 0);
}

static int client_end(Client *c) {
        int status;

        assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
        safe_close(c->socket);
        safe_close(c->in);
        safe_close(c->out);
        safe_close(c->err);
        return wait_status_to_exit_code(status);
}

static void say(Client *c, AttachType type, const void *data, size_t n) {
        uint8_t record[1 + ATTACH_DATA_MAX] = { (uint8_t) type };

        memcpy(record + 1, data, n);
        assert_int_equal(send(c->socket, record, 1 + n, MSG_NOSIGNAL), 1 + n);
}

static void say_exit(Client *c, int code) {
        AttachExit e = { .exit_code = code };

        say(c, ATTACH_EXIT, &e, sizeof(e));
        c->socket = safe_close(c->socket);
}

static void expect_record(Client *c, AttachType type, const char *data) {
        uint8_t record[1 + ATTACH_DATA_MAX];
        ssize_t n = recv(c->socket, record, sizeof(record), 0);

        assert_true(n >= 1);
        assert_int_equal(record[0], type);
        assert_int_equal(n - 1, strlen(data));
        assert_memory_equal(record + 1, data, n - 1);
}

static void expect_output(int fd, const char *text) {
        char buffer[64] = "";

        assert_int_equal(loop_read(fd, buffer, strlen(text)), strlen(text));
        assert_string_equal(buffer, text);
}

static const AttachOptions everything = { .input = true, .output = true, .errors = true, .proxy_signals = true };

static void streams_arrive_where_they_belong(void **state) {
        Client c;

        client_start(&c, &everything);
        assert_int_equal(write(c.in, "hello", 5), 5);
        expect_record(&c, ATTACH_STDIN, "hello");
        say(&c, ATTACH_STDOUT, "out", 3);
        say(&c, ATTACH_STDERR, "err", 3);
        expect_output(c.out, "out");
        expect_output(c.err, "err");
        say(&c, 'Z', "from the future", 15);
        c.in = safe_close(c.in);
        expect_record(&c, ATTACH_STDIN_END, "");
        say(&c, ATTACH_STDOUT, "late", 4);
        say_exit(&c, 42);
        expect_output(c.out, "late");
        assert_int_equal(client_end(&c), 42);
}

static void what_was_not_asked_for_is_dropped(void **state) {
        static const AttachOptions o = { .errors = true };
        char byte;
        Client c;

        client_start(&c, &o);
        say(&c, ATTACH_STDOUT, "out", 3);
        say(&c, ATTACH_STDERR, "err", 3);
        expect_output(c.err, "err");
        say_exit(&c, 0);
        assert_int_equal(read(c.out, &byte, 1), 0);
        assert_int_equal(client_end(&c), 0);
}

static void an_end_without_an_exit_code_is_a_loss(void **state) {
        Client c;

        client_start(&c, &everything);
        say(&c, ATTACH_STDOUT, "x", 1);
        c.socket = safe_close(c.socket);
        expect_output(c.out, "x");
        assert_int_equal(client_end(&c), 200 + ATTACH_RESULT_LOST);
}

static void signals_are_passed_on_and_the_third_interrupt_ends_it(void **state) {
        Client c;

        client_start(&c, &everything);
        say(&c, ATTACH_STDOUT, "x", 1);
        expect_output(c.out, "x"); /* it is in its loop */
        assert_int_equal(kill(c.pid, SIGUSR1), 0);
        expect_record(&c, ATTACH_SIGNAL, (char[]) { SIGUSR1, 0 });
        for (int i = 0; i < 3; i++) {
                assert_int_equal(kill(c.pid, SIGTERM), 0);
                if (i < 2)
                        expect_record(&c, ATTACH_SIGNAL, (char[]) { SIGTERM, 0 });
        }
        assert_int_equal(client_end(&c), 200 + ATTACH_RESULT_GAVE_UP);
}

static void a_signal_that_comes_early_is_passed_on_later(void **state) {
        Client c;

        client_start_early(&c, &everything, SIGINT);
        expect_record(&c, ATTACH_SIGNAL, (char[]) { SIGINT, 0 });
        say_exit(&c, 130);
        assert_int_equal(client_end(&c), 130);
}

static void a_slow_reader_gets_everything(void **state) {
        enum { RECORDS = 64 };
        uint8_t data[ATTACH_DATA_MAX], got[4096];
        size_t total = 0;
        ssize_t n;
        Client c;
        pid_t feeder;

        memset(data, 'x', sizeof(data));
        client_start(&c, &everything);
        feeder = fork();
        if (feeder == 0) {
                for (int i = 0; i < RECORDS; i++)
                        say(&c, ATTACH_STDOUT, data, sizeof(data));
                say_exit(&c, 3);
                _exit(0);
        }
        c.socket = safe_close(c.socket);

        usleep(50000); /* the pipe is full by now, and the socket behind it */
        while ((n = read(c.out, got, sizeof(got))) > 0)
                total += (size_t) n;
        assert_int_equal(total, RECORDS * sizeof(data));
        assert_int_equal(waitpid(feeder, NULL, 0), feeder);
        assert_int_equal(client_end(&c), 3);
}

static void input_that_was_not_read_does_not_hide_the_exit_code(void **state) {
        for (int i = 0; i < 20; i++) {
                Client c;

                client_start(&c, &everything);
                say(&c, ATTACH_STDOUT, "x", 1);
                expect_output(c.out, "x");
                assert_int_equal(write(c.in, "unread", 6), 6);
                usleep(1000);
                say_exit(&c, 9); /* closes with that in its queue */
                assert_int_equal(client_end(&c), 9);
        }
}

static void input_that_nobody_reads_does_not_stop_output(void **state) {
        uint8_t data[65536] = {};
        Client c;

        client_start(&c, &everything);
        assert_int_equal(fcntl(c.in, F_SETFL, O_NONBLOCK), 0);
        for (int i = 0; i < 100; i++) {
                (void) !write(c.in, data, sizeof(data));
                usleep(500);
        }
        say(&c, ATTACH_STDOUT, "alive", 5);
        expect_output(c.out, "alive");
        say_exit(&c, 0);
        assert_int_equal(client_end(&c), 0);
}

static void an_output_that_is_closed_is_no_failure(void **state) {
        Client c;

        signal(SIGPIPE, SIG_IGN); /* inherited; otherwise the client would just die of it */
        client_start(&c, &everything);
        c.out = safe_close(c.out);
        say(&c, ATTACH_STDOUT, "nobody reads this", 17);
        say(&c, ATTACH_STDERR, "but this", 8);
        expect_output(c.err, "but this");
        say_exit(&c, 5);
        assert_int_equal(client_end(&c), 5);
        signal(SIGPIPE, SIG_DFL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(streams_arrive_where_they_belong),
                cmocka_unit_test(what_was_not_asked_for_is_dropped),
                cmocka_unit_test(an_end_without_an_exit_code_is_a_loss),
                cmocka_unit_test(signals_are_passed_on_and_the_third_interrupt_ends_it),
                cmocka_unit_test(a_signal_that_comes_early_is_passed_on_later),
                cmocka_unit_test(a_slow_reader_gets_everything),
                cmocka_unit_test(input_that_was_not_read_does_not_hide_the_exit_code),
                cmocka_unit_test(input_that_nobody_reads_does_not_stop_output),
                cmocka_unit_test(an_output_that_is_closed_is_no_failure),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
