/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/fd.h"
#include "shared/io.h"
#include "shared/path.h"
#include "shared/text.h"

/* A directory "root" beside a file "secret" that nothing may reach. */
typedef struct Fixture {
        char path[64];
        int outside_fd;
        int root_fd;
} Fixture;

static int setup(void **state) {
        Fixture *f = new0(Fixture, 1);

        strcpy(f->path, "/tmp/test-path.XXXXXX");
        assert_non_null(mkdtemp(f->path));
        f->outside_fd = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_int_equal(mkdirat(f->outside_fd, "root", 0755), 0);
        f->root_fd = openat(f->outside_fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
        assert_int_equal(write_file_atomic_at(f->outside_fd, "secret", "s", 1, 0), 0);
        *state = f;
        return 0;
}

static int teardown(void **state) {
        Fixture *f = *state;

        safe_close(f->root_fd);
        safe_close(f->outside_fd);
        assert_int_equal(remove_tree_at(AT_FDCWD, f->path), 0);
        free(f);
        return 0;
}

static void links_stay_in_the_root(void **state) {
        static const char *const targets[] = { "/secret", "../secret", "../../../../secret", "/../secret" };
        Fixture *f = *state;

        assert_int_equal(write_file_atomic_at(f->root_fd, "secret", "inside", 6, 0), 0);
        for (size_t i = 0; i < ELEMENTSOF(targets); i++) {
                _cleanup_(closep) int fd = -EBADF;
                char buffer[16] = {};

                assert_int_equal(symlinkat(targets[i], f->root_fd, "link"), 0);
                fd = open_in_root(f->root_fd, "link", O_RDONLY, 0);
                assert_true(fd >= 0);
                assert_int_equal(loop_read(fd, buffer, sizeof(buffer)), 6);
                assert_string_equal(buffer, "inside");

                assert_int_equal(open_in_root_nofollow(f->root_fd, "link", O_RDONLY, 0), -ELOOP);
                assert_int_equal(open_beneath(f->root_fd, "link", O_RDONLY, 0), -ELOOP);
                assert_int_equal(unlinkat(f->root_fd, "link", 0), 0);
        }

        assert_int_equal(open_beneath(f->root_fd, "../secret", O_RDONLY, 0), -EXDEV);
}

static void magic_links_are_refused(void **state) {
        _cleanup_(closep) int proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

        assert_int_equal(open_in_root(proc_fd, "self/cwd", O_PATH, 0), -ELOOP);
        assert_int_equal(open_in_root(proc_fd, "self/root/etc", O_PATH, 0), -ELOOP);
}

static void directories_are_made_inside(void **state) {
        _cleanup_(closep) int fd = -EBADF;
        Fixture *f = *state;
        struct stat st, same;

        assert_int_equal(symlinkat("/a", f->root_fd, "to-a"), 0);
        fd = mkdir_in_root(f->root_fd, "/a/b/c", 0750, (uid_t) -1, (gid_t) -1);
        assert_true(fd >= 0);
        assert_int_equal(fstat(fd, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0750);

        safe_close(fd);
        fd = mkdir_in_root(f->root_fd, "to-a/../to-a/b/c", 0700, (uid_t) -1, (gid_t) -1);
        assert_true(fd >= 0);
        assert_int_equal(fstat(fd, &same), 0);
        assert_int_equal(st.st_ino, same.st_ino);

        /* A link to nowhere is not an invitation to make what it names */
        assert_int_equal(symlinkat("../made", f->root_fd, "dangling"), 0);
        assert_true(mkdir_in_root(f->root_fd, "dangling/x", 0700, (uid_t) -1, (gid_t) -1) < 0);
        assert_int_equal(faccessat(f->outside_fd, "made", F_OK, 0), -1);

        assert_int_equal(write_file_atomic_at(f->root_fd, "file", "", 0, 0), 0);
        assert_int_equal(mkdir_in_root(f->root_fd, "file/x", 0700, (uid_t) -1, (gid_t) -1), -ENOTDIR);
}

static void mount_points_are_made_once(void **state) {
        _cleanup_(closep) int a = -EBADF, b = -EBADF;
        Fixture *f = *state;
        struct stat first, second;

        a = open_mount_point_in_root(f->root_fd, "/etc/hosts", false);
        b = open_mount_point_in_root(f->root_fd, "etc//hosts", false);
        assert_true(a >= 0 && b >= 0);
        assert_int_equal(fstat(a, &first), 0);
        assert_int_equal(fstat(b, &second), 0);
        assert_true(S_ISREG(first.st_mode));
        assert_int_equal(first.st_ino, second.st_ino);
        assert_int_equal(open_mount_point_in_root(f->root_fd, "missing/..", false), -EINVAL);
}

static void removal_does_not_follow(void **state) {
        Fixture *f = *state;
        char name[32];

        safe_close(mkdir_in_root(f->root_fd, "/tree/deep/er", 0755, (uid_t) -1, (gid_t) -1));
        assert_int_equal(symlinkat("../../secret", f->root_fd, "tree/link"), 0);
        assert_int_equal(symlinkat(f->path, f->root_fd, "tree/deep/up"), 0);
        for (unsigned i = 0; i < 300; i++) {
                snprintf(name, sizeof(name), "tree/deep/%u", i);
                assert_int_equal(mknodat(f->root_fd, name, S_IFREG | 0600, 0), 0);
        }

        assert_int_equal(remove_tree_at(f->root_fd, "tree"), 0);
        assert_int_equal(faccessat(f->root_fd, "tree", F_OK, 0), -1);
        assert_int_equal(faccessat(f->outside_fd, "secret", F_OK, 0), 0);
        assert_int_equal(remove_tree_at(f->root_fd, "tree"), 0);
}

static void cleaning_paths(void **state) {
        static const struct { const char *path, *clean; } cases[] = {
                { "/", "/" },         { "", "/" },           { "/a/../../b//", "/b" }, { "a/./b", "/a/b" },
                { "/..", "/" },       { "/a/b/..", "/a" },   { "/a/b/../..", "/" },    { "//a", "/a" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(freep) char *clean = path_clean(cases[i].path);
                assert_string_equal(clean, cases[i].clean);
                assert_true(path_is_normalized(clean));
        }

        assert_false(path_is_normalized("a"));
        assert_false(path_is_normalized("/a/"));
        assert_false(path_is_normalized("/a//b"));
        assert_false(path_is_normalized("/a/../b"));
        assert_false(filename_is_valid(".."));
        assert_false(filename_is_valid("a/b"));
        assert_false(filename_is_valid(""));
}

static void files_are_replaced_as_a_whole(void **state) {
        _cleanup_(freep) char *text = NULL;
        Fixture *f = *state;
        struct stat st;

        assert_int_equal(write_file_atomic_at(f->outside_fd, "x", "one", 3, WRITE_FILE_SYNC), 0);
        assert_int_equal(write_file_atomic_at(f->outside_fd, "x", "two", 3, WRITE_FILE_MODE_0644), 0);
        assert_int_equal(write_file_atomic_at(f->outside_fd, "x", "three", 5, WRITE_FILE_EXCLUSIVE), -EEXIST);
        assert_int_equal(read_full_file_at(f->outside_fd, "x", 16, &text, NULL), 0);
        assert_string_equal(text, "two");
        assert_int_equal(fstatat(f->outside_fd, "x", &st, 0), 0);
        assert_int_equal(st.st_mode & 07777, 0644);

        text = mfree(text);
        assert_int_equal(read_full_file_at(f->outside_fd, "x", 2, &text, NULL), -EFBIG);
        assert_int_equal(mkfifoat(f->outside_fd, "fifo", 0600), 0);
        assert_int_equal(read_full_file_at(f->outside_fd, "fifo", 2, &text, NULL), -EBADF);
        assert_int_equal(symlinkat("x", f->outside_fd, "to-x"), 0);
        assert_int_equal(read_full_file_at(f->outside_fd, "to-x", 2, &text, NULL), -ELOOP);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(links_stay_in_the_root, setup, teardown),
                cmocka_unit_test(magic_links_are_refused),
                cmocka_unit_test_setup_teardown(directories_are_made_inside, setup, teardown),
                cmocka_unit_test_setup_teardown(mount_points_are_made_once, setup, teardown),
                cmocka_unit_test_setup_teardown(removal_does_not_follow, setup, teardown),
                cmocka_unit_test(cleaning_paths),
                cmocka_unit_test_setup_teardown(files_are_replaced_as_a_whole, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
