/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/user-lookup.h"
#include "shared/fd.h"
#include "shared/io.h"
#include "shared/path.h"
#include "shared/text.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
                             "web:x:1000:1001:web,,,:/srv:/bin/sh\n"
                             "1234:x:5:5::/:/bin/sh\n"
                             "short:x:7\n"
                             "bad:x:-1:0::/:\n"
                             "big:x:4294967295:0::/:\n"
                             ":x:9:9::/:\n"
                             "web:x:2000:2000:second:/srv:/bin/sh\n"
                             "last:x:3000:3000::/:/bin/sh";
static const char group[] = "root:x:0:\n"
                            "web:x:1001:\n"
                            "audio:x:29:web,other\n"
                            "video:x:44:other,web\n"
                            "webs:x:45:webs,aweb\n"
                            "audio2:x:29:web\n"
                            "bad:x:x:web\n"
                            "zero:x:0:last";

typedef struct Root {
        char path[64];
        int fd;
} Root;

static int root_make(void **state) {
        static Root root;

        strcpy(root.path, "/tmp/test-user-lookup.XXXXXX");
        if (!mkdtemp(root.path))
                return -1;
        root.fd = open(root.path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (mkdirat(root.fd, "etc", 0755) < 0)
                return -1;

        *state = &root;
        return 0;
}

static int root_remove(void **state) {
        Root *root = *state;

        safe_close(root->fd);
        return remove_tree_at(AT_FDCWD, root->path);
}

static void write_files(const Root *root, const char *passwd_text, const char *group_text) {
        _cleanup_(closep) int etc = openat(root->fd, "etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        (void) unlinkat(etc, "passwd", 0);
        (void) unlinkat(etc, "group", 0);
        if (passwd_text)
                assert_int_equal(write_file_atomic_at(etc, "passwd", passwd_text, strlen(passwd_text), 0), 0);
        if (group_text)
                assert_int_equal(write_file_atomic_at(etc, "group", group_text, strlen(group_text), 0), 0);
}

static void users_are_found(void **state) {
        static const struct {
                const char *user;
                uid_t uid;
                gid_t gid;
                gid_t groups[4];
                size_t n_groups;
        } cases[] = {
                { "",              0,    0,    { 0 },            1 },
                { "0",             0,    0,    { 0 },            1 },
                { "root",          0,    0,    { 0 },            1 },
                { "web",           1000, 1001, { 1001, 29, 44 }, 3 },
                { "1000",          1000, 1001, { 1001, 29, 44 }, 3 },
                { "web:audio",     1000, 29,   { 29 },           1 },
                { "web:7",         1000, 7,    { 7 },            1 },
                { "1000:1001",     1000, 1001, { 1001 },         1 },
                { "1234",          1234, 0,    { 0 },            1 }, /* a number is that number */
                { "99:video",      99,   44,   { 44 },           1 },
                { "last",          3000, 3000, { 3000, 0 },      2 },
                { "4294967294:0",  4294967294, 0, { 0 },         1 },
        };
        const Root *root = *state;

        write_files(root, passwd, group);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(user_identity_done) UserIdentity u = {};
                _cleanup_(error_done) Error error = {};

                assert_int_equal(user_lookup(root->fd, cases[i].user, &u, &error), 0);
                assert_int_equal(u.uid, cases[i].uid);
                assert_int_equal(u.gid, cases[i].gid);
                assert_int_equal(u.n_groups, cases[i].n_groups);
                assert_memory_equal(u.groups, cases[i].groups, u.n_groups * sizeof(gid_t));
        }
}

static void what_is_no_user_gets_a_sentence(void **state) {
        static const struct {
                const char *user, *message;
        } cases[] = {
                { "nobody",       "unable to find user nobody: no matching entries in passwd file"   },
                { "web:nobody",   "unable to find group nobody: no matching entries in group file"   },
                { "short",        "unable to find user short: no matching entries in passwd file"    },
                { "bad",          "unable to find user bad: no matching entries in passwd file"      },
                { "big",          "unable to find user big: no matching entries in passwd file"      },
                { "4294967295",   "'4294967295' is not a user id"                                    },
                { "4294967296",   "'4294967296' is not a user id"                                    },
                { "65535",        "'65535' is not a user id"                                         },
                { "0:4294967295", "'4294967295' is not a group id"                                   },
                { "-1",           "unable to find user -1: no matching entries in passwd file"       },
                { " 0",           "unable to find user  0: no matching entries in passwd file"       },
                { "0x0",          "unable to find user 0x0: no matching entries in passwd file"      },
                { "web:",         "'web:' is not a user: expected USER[:GROUP]"                      },
                { ":0",           "':0' is not a user: expected USER[:GROUP]"                        },
                { "web:0:0",      "'web:0:0' is not a user: expected USER[:GROUP]"                   },
        };
        const Root *root = *state;

        write_files(root, passwd, group);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(error_done) Error error = {};
                UserIdentity u = { .uid = 77 };

                assert_true(user_lookup(root->fd, cases[i].user, &u, &error) < 0);
                assert_string_equal(error.message, cases[i].message);
                assert_int_equal(u.uid, 77);
        }
}

static void missing_files_are_empty(void **state) {
        _cleanup_(user_identity_done) UserIdentity u = {};
        const Root *root = *state;

        write_files(root, NULL, NULL);
        assert_int_equal(user_lookup(root->fd, "12:13", &u, NULL), 0);
        assert_int_equal(u.uid, 12);
        assert_int_equal(user_lookup(root->fd, "root", &u, NULL), -ENOENT);
}

static void files_of_other_kinds_are_refused(void **state) {
        const Root *root = *state;
        char path[128];

        write_files(root, NULL, NULL);
        snprintf(path, sizeof(path), "%s/etc/passwd", root->path);

        for (unsigned kind = 0; kind < 4; kind++) {
                _cleanup_(user_identity_done) UserIdentity u = {};
                _cleanup_(error_done) Error error = {};

                switch (kind) {
                case 0:
                        assert_int_equal(mkfifo(path, 0600), 0);
                        break;
                case 1:
                        assert_int_equal(mkdir(path, 0700), 0);
                        break;
                case 2:
                        assert_int_equal(symlink("/dev/zero", path), 0);
                        break;
                case 3: {
                        _cleanup_(closep) int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
                        assert_int_equal(ftruncate(fd, (1 << 20) + 1), 0);
                        break;
                }
                }

                assert_true(user_lookup(root->fd, "web", &u, &error) < 0);
                assert_non_null(error.message);
                assert_int_equal(user_lookup(root->fd, "0:0", &u, NULL), 0); /* needs no file */
                assert_int_equal(remove_tree_at(AT_FDCWD, path), 0);
        }
}

static void groups_are_added_once(void **state) {
        _cleanup_(user_identity_done) UserIdentity u = {};
        _cleanup_(error_done) Error error = {};
        const Root *root = *state;

        write_files(root, passwd, group);
        assert_int_equal(user_lookup(root->fd, "web", &u, &error), 0);
        assert_int_equal(user_lookup_add_groups(root->fd, "audio,77,video,77", &u, &error), 0);
        assert_int_equal(u.n_groups, 4);
        assert_int_equal(u.groups[3], 77);
        assert_int_equal(user_lookup_add_groups(root->fd, "nogroup", &u, &error), -ENOENT);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(users_are_found),
                cmocka_unit_test(what_is_no_user_gets_a_sentence),
                cmocka_unit_test(missing_files_are_empty),
                cmocka_unit_test(files_of_other_kinds_are_refused),
                cmocka_unit_test(groups_are_added_once),
        };

        return cmocka_run_group_tests(tests, root_make, root_remove);
}
