/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/mount-options.h"
#include "runtime/overlay.h"
#include "shared/fd.h"
#include "shared/path.h"
#include "shared/strv.h"
#include "shared/text.h"

#define OPTIONS(...) ((char *const[]) { __VA_ARGS__, NULL })
#define O(s)         ((char *) (s))

static void options_are_sorted_by_who_takes_them(void **state) {
        _cleanup_(mount_options_done) MountOptions o = {};

        assert_int_equal(mount_options_parse("/x", OPTIONS(O("nosuid"), O("ro"), O("size=1m"), O("newinstance"), O("rslave"),
                                                           O("noatime"), O("rnodev"), O("defaults")),
                                             false, &o, NULL),
                         0);
        assert_int_equal(o.attr_set, MOUNT_ATTR_NOSUID | MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOATIME | MOUNT_ATTR_NODEV);
        assert_int_equal(o.attr_clear, MOUNT_ATTR__ATIME); /* the kernel wants all of these bits or none */
        assert_int_equal(o.recursive_set, MOUNT_ATTR_NODEV);
        assert_int_equal(o.propagation, MS_SLAVE);
        assert_true(o.propagation_recursive);
        assert_false(o.bind);
        assert_int_equal(strv_length(o.filesystem), 2);
        assert_string_equal(o.filesystem[0], "size=1m");
        assert_string_equal(o.filesystem[1], "newinstance");
}

static void the_last_of_opposites_counts(void **state) {
        _cleanup_(mount_options_done) MountOptions o = {};

        assert_int_equal(mount_options_parse("/x", OPTIONS(O("ro"), O("rw"), O("exec"), O("noexec")), false, &o, NULL), 0);
        assert_int_equal(o.attr_set, MOUNT_ATTR_NOEXEC);
        assert_int_equal(o.attr_clear, MOUNT_ATTR_RDONLY);
}

static void readonly_goes_down_a_recursive_bind(void **state) {
        _cleanup_(mount_options_done) MountOptions deep = {}, flat = {};

        assert_int_equal(mount_options_parse("/x", OPTIONS(O("rbind"), O("ro"), O("nosuid")), false, &deep, NULL), 0);
        assert_true(deep.bind && deep.recursive);
        assert_int_equal(deep.recursive_set, MOUNT_ATTR_RDONLY);

        assert_int_equal(mount_options_parse("/x", OPTIONS(O("ro"), O("idmap")), true, &flat, NULL), 0);
        assert_true(flat.bind && !flat.recursive && flat.idmap && !flat.idmap_recursive);
        assert_int_equal(flat.recursive_set, 0);
}

static void a_bind_mount_has_no_file_system_to_ask(void **state) {
        _cleanup_(error_done) Error error = {};
        MountOptions o = {};

        assert_int_equal(mount_options_parse("/x", OPTIONS(O("rbind"), O("size=1m")), false, &o, &error), -EINVAL);
        assert_string_equal(error.message, "mount /x: unknown option 'size=1m' for a bind mount");
}

typedef struct Tree {
        char path[64];
        int fd;
} Tree;

static void tree_make(Tree *t, const char *const *directories, size_t n) {
        strcpy(t->path, "/tmp/test-runtime-mounts.XXXXXX");
        assert_non_null(mkdtemp(t->path));
        t->fd = open(t->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(t->fd >= 0);
        for (size_t i = 0; i < n; i++)
                assert_int_equal(mkdirat(t->fd, directories[i], 0755), 0);
}

static void tree_remove(Tree *t) {
        safe_close(t->fd);
        assert_int_equal(remove_tree_at(AT_FDCWD, t->path), 0);
}

/* What kernels before 6.15 need, forced on any. */
static void overlay_without_detached_layers(void **state) {
        static const char *const directories[] = { "layers", "layers/one", "layers/two", "upper", "work" };
        _cleanup_(strv_freep) char **options = NULL;
        _cleanup_(error_done) Error error = {};
        _cleanup_(closep) int fd = -EBADF;
        OciMount m = { .destination = O("/"), .type = O("overlay") };
        struct stat st;
        Tree t;
        int r;

        if (geteuid() != 0)
                skip();

        tree_make(&t, directories, ELEMENTSOF(directories));
        assert_int_equal(mkdirat(t.fd, "layers/one/from-one", 0755), 0);
        assert_int_equal(mkdirat(t.fd, "layers/two/from-two", 0755), 0);
        assert_int_equal(strv_extendf(&options, "lowerdir=%s/layers/one", t.path), 0);
        for (unsigned i = 0; i < 120; i++) {
                char name[128];

                snprintf(name, sizeof(name), "layers/%0100u", i);
                assert_int_equal(mkdirat(t.fd, name, 0755), 0);
                assert_int_equal(strv_extendf(&options, "lowerdir=%s/%s", t.path, name), 0);
        }
        assert_int_equal(strv_extendf(&options, "lowerdir=%s/layers/two", t.path), 0);
        assert_int_equal(strv_extendf(&options, "upperdir=%s/upper", t.path), 0);
        assert_int_equal(strv_extendf(&options, "workdir=%s/work", t.path), 0);
        m.options = options;

        fd = overlay_mount_attached(&m, -EBADF, &error);
        if (fd == -EPERM) {
                tree_remove(&t);
                skip(); /* a root without the right to mount */
        }
        if (fd < 0)
                print_error("%s\n", error.message);
        assert_true(fd >= 0);
        assert_int_equal(fstatat(fd, "from-one", &st, 0), 0);
        assert_int_equal(fstatat(fd, "from-two", &st, 0), 0);
        assert_int_equal(mkdirat(fd, "new", 0755), 0);
        assert_int_equal(fstatat(t.fd, "upper/new", &st, 0), 0);
        fd = safe_close(fd);

        /* Its mount namespace is gone, and nothing of it was ours: the directory is nobody's mount point */
        r = umount2(t.path, MNT_DETACH | UMOUNT_NOFOLLOW);
        assert_true(r < 0 && errno == EINVAL);
        tree_remove(&t);
}

static void overlay_options_are_checked(void **state) {
        static const struct {
                const char *options[4];
                const char *message;
        } cases[] = {
                { { "lowerdir=relative" },                "mount /: 'lowerdir=relative' is not an absolute path"          },
                { { "lowerdir=/a/../b" },                 "mount /: 'lowerdir=/a/../b' is not an absolute path"           },
                { { "lowerdir=/a", "upperdir=/b" },       "mount /: upperdir and workdir need one another"                },
                { { "volatile" },                         "mount /: neither layers nor an upper directory"                },
                { { "lowerdir=/a", "idmap" },             "mount /: 'idmap' needs a user namespace"                       },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                OciMount m = { .destination = O("/"), .options = (char **) cases[i].options };
                _cleanup_(error_done) Error error = {};

                assert_true(overlay_mount(&m, -EBADF, &error) < 0);
                assert_string_equal(error.message, cases[i].message);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(options_are_sorted_by_who_takes_them),
                cmocka_unit_test(the_last_of_opposites_counts),
                cmocka_unit_test(readonly_goes_down_a_recursive_bind),
                cmocka_unit_test(a_bind_mount_has_no_file_system_to_ask),
                cmocka_unit_test(overlay_without_detached_layers),
                cmocka_unit_test(overlay_options_are_checked),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
