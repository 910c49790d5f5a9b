/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include <unistd.h>

#include "manager-for-test.h"

static bool exists(int dir_fd, const char *name) {
        return faccessat(dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) >= 0;
}

static size_t count(int dir_fd) {
        _cleanup_(closedirp) DIR *d = fdopendir(openat(dir_fd, ".", O_DIRECTORY | O_RDONLY | O_CLOEXEC));
        size_t n = 0;

        assert_non_null(d);
        while (readdir(d))
                n++;
        return n - 2;
}

static void run_until_idle(Manager *m) {
        int r;

        do
                r = sd_event_run(m->event, 0);
        while (r > 0);
        assert_int_equal(r, 0);
}

static void touch(int dir_fd, const char *name) {
        safe_close(openat(dir_fd, name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
}

static void many_deep_and_linked_files_go(void **state) {
        Manager *m = test_manager_new();
        _cleanup_(closep) int trash_fd = openat(m->state_fd, "trash", O_DIRECTORY | O_RDONLY | O_CLOEXEC);
        _cleanup_(closep) int top_fd = -EBADF, fd = -EBADF;
        char name[32];

        assert_int_equal(mkdirat(m->state_fd, "outside", 0700), 0);
        assert_int_equal(mkdirat(m->state_fd, "outside/kept", 0700), 0);
        assert_int_equal(mkdirat(m->containers_fd, "x", 0700), 0);
        top_fd = openat(m->containers_fd, "x", O_DIRECTORY | O_RDONLY | O_CLOEXEC);
        assert_int_equal(symlinkat("../../outside", top_fd, "link"), 0);
        assert_int_equal(mkfifoat(top_fd, "fifo", 0600), 0);
        for (unsigned i = 0; i < 1000; i++) {
                snprintf(name, sizeof(name), "f%u", i);
                touch(top_fd, name);
        }
        fd = dup(top_fd);
        for (unsigned i = 0; i < 500; i++) { /* deeper than there are descriptors for */
                int next;

                assert_int_equal(mkdirat(fd, "d", 0700), 0);
                next = openat(fd, "d", O_DIRECTORY | O_RDONLY | O_CLOEXEC);
                touch(next, "f");
                close(fd);
                fd = next;
        }

        assert_int_equal(trash_put(m->trash, m->containers_fd, "x"), 0);
        assert_false(exists(m->containers_fd, "x"));
        assert_int_equal(count(trash_fd), 1); /* not at once */
        run_until_idle(m);
        assert_int_equal(count(trash_fd), 0);
        assert_true(exists(m->state_fd, "outside/kept"));
        assert_int_equal(trash_put(m->trash, m->containers_fd, "x"), -ENOENT);
        test_manager_free(m);
}

static void the_same_name_twice_is_fine(void **state) {
        Manager *m = test_manager_new();
        _cleanup_(closep) int trash_fd = openat(m->state_fd, "trash", O_DIRECTORY | O_RDONLY | O_CLOEXEC);

        for (unsigned i = 0; i < 3; i++) {
                assert_int_equal(mkdirat(m->containers_fd, "x", 0700), 0);
                assert_int_equal(mkdirat(m->containers_fd, "x/y", 0700), 0);
                assert_int_equal(trash_put(m->trash, m->containers_fd, "x"), 0);
        }
        run_until_idle(m);
        assert_int_equal(count(trash_fd), 0);
        test_manager_free(m);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(many_deep_and_linked_files_go),
                cmocka_unit_test(the_same_name_twice_is_fine),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
