/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shared/fd.h"
#include "shared/io.h"
#include "shared/process.h"

static int spawn_and_wait(char *const *argv, const SpawnOptions *options) {
        _cleanup_(closep) int pidfd = -EBADF;
        int status;
        pid_t pid;

        assert_int_equal(process_spawn(argv[0], argv, options, &pid, &pidfd), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_false(pidfd_is_alive(pidfd));
        return wait_status_to_exit_code(status);
}

static void exit_codes_and_signals(void **state) {
        char *const exits[] = { (char *) "/bin/sh", (char *) "-c", (char *) "exit 42", NULL };
        char *const dies[] = { (char *) "/bin/sh", (char *) "-c", (char *) "kill -9 $$", NULL };

        assert_int_equal(spawn_and_wait(exits, &(SpawnOptions) SPAWN_OPTIONS_INIT), 42);
        assert_int_equal(spawn_and_wait(dies, &(SpawnOptions) SPAWN_OPTIONS_INIT), 137);
}

static void a_failed_exec_is_the_callers_error(void **state) {
        char *const argv[] = { (char *) "/does/not/exist", NULL };
        int pidfd = -EBADF;
        pid_t pid = 0;

        assert_int_equal(process_spawn(argv[0], argv, &(SpawnOptions) SPAWN_OPTIONS_INIT, &pid, &pidfd), -ENOENT);
        assert_int_equal(pid, 0);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no zombie is left */
}

static void the_child_gets_what_it_is_given_and_no_more(void **state) {
        char *const argv[] = { (char *) "/bin/sh", (char *) "-c",
                               (char *) "echo $(ls /proc/self/fd | wc -l) $(cat <&3) $(cat <&4) $A-$HOME; grep SigBlk /proc/self/status",
                               NULL };
        char *const environment[] = { (char *) "A=b", (char *) "PATH=/usr/bin:/bin", NULL };
        _cleanup_(close_pairp) int out[2] = PAIR_OF_EBADF;
        _cleanup_(closep) int first = memfd_from_bytes("first", "one", 3), second = memfd_from_bytes("second", "two", 3);
        _cleanup_(freep) char *text = NULL;
        /* Targets that are sources of one another: 3 and 4 must not be overwritten before they are copied */
        int fds[] = { first, second };
        SpawnOptions options = SPAWN_OPTIONS_INIT;
        sigset_t blocked;

        sigemptyset(&blocked);
        sigaddset(&blocked, SIGUSR1);
        sigprocmask(SIG_BLOCK, &blocked, NULL);

        assert_int_equal(pipe2(out, O_CLOEXEC), 0);
        options.stdio[1] = out[1];
        options.fds = fds;
        options.n_fds = 2;
        options.environment = environment;
        assert_int_equal(spawn_and_wait(argv, &options), 0);
        out[1] = safe_close(out[1]);
        assert_int_equal(read_full_fd(out[0], 4096, &text, NULL), 0);

        /* 0, 1, 2, 3, 4 and the one ls opens */
        assert_string_equal(text, "6 one two b-\nSigBlk:\t0000000000000000\n");
        sigprocmask(SIG_UNBLOCK, &blocked, NULL);
}

static void a_process_is_more_than_its_number(void **state) {
        ProcessId self, other;
        int fd;

        assert_int_equal(process_identify(getpid(), &self), 0);
        assert_true(self.start_time > 0);
        fd = process_open(&self);
        assert_true(fd >= 0);
        assert_true(pidfd_is_alive(fd));
        safe_close(fd);

        other = (ProcessId) { self.pid, self.start_time + 1 };
        assert_int_equal(process_open(&other), -ESRCH);
        assert_int_equal(process_open(&(ProcessId) {}), -ESRCH);
        assert_int_equal(process_identify(-1, &other), -ESRCH);
}

static void descriptors_travel_and_extra_ones_are_closed(void **state) {
        _cleanup_(close_pairp) int pair[2] = PAIR_OF_EBADF;
        int sent[3] = { 0, 1, 2 }, received[3];
        size_t n = 3;
        char c;

        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
        assert_int_equal(send_with_fds(pair[0], "x", 1, sent, 3, 0), 1);
        assert_int_equal(receive_with_fds(pair[1], &c, 1, received, &n, 0), 1);
        assert_int_equal(n, 3);
        for (size_t i = 0; i < n; i++) {
                assert_true(fcntl(received[i], F_GETFD) & FD_CLOEXEC);
                safe_close(received[i]);
        }

        n = 1;
        assert_int_equal(send_with_fds(pair[0], "x", 1, sent, 3, 0), 1);
        assert_int_equal(receive_with_fds(pair[1], &c, 1, received, &n, 0), -EBADMSG);

        pair[0] = safe_close(pair[0]);
        n = 0;
        assert_int_equal(receive_with_fds(pair[1], &c, 1, NULL, NULL, 0), 0);
}

static void memfds_are_sealed(void **state) {
        _cleanup_(closep) int fd = memfd_from_bytes("sealed", "abc", 3);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, "x", 1), -1);
        assert_int_equal(ftruncate(fd, 0), -1);
}

static void copying_stops_at_the_limit(void **state) {
        _cleanup_(closep) int from = memfd_from_bytes("from", "0123456789", 10), to = memfd_create("to", MFD_CLOEXEC);
        _cleanup_(close_pairp) int pipes[2] = PAIR_OF_EBADF;
        char buffer[16] = {};

        assert_int_equal(copy_bytes(from, to, 10), 0);
        assert_int_equal(lseek(from, 0, SEEK_SET), 0);
        assert_int_equal(copy_bytes(from, to, 9), -EFBIG);
        assert_int_equal(lseek(to, 0, SEEK_END), 19);

        assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
        assert_int_equal(write(pipes[1], "abc", 3), 3);
        pipes[1] = safe_close(pipes[1]);
        assert_int_equal(copy_bytes(pipes[0], to, UINT64_MAX), 0);
        assert_int_equal(pread(to, buffer, sizeof(buffer), 19), 3);
        assert_string_equal(buffer, "abc");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(exit_codes_and_signals),
                cmocka_unit_test(a_failed_exec_is_the_callers_error),
                cmocka_unit_test(the_child_gets_what_it_is_given_and_no_more),
                cmocka_unit_test(a_process_is_more_than_its_number),
                cmocka_unit_test(descriptors_travel_and_extra_ones_are_closed),
                cmocka_unit_test(memfds_are_sealed),
                cmocka_unit_test(copying_stops_at_the_limit),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
