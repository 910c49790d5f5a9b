/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include <openssl/sha.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "image/layer-unpack.h"
#include "shared/io.h"
#include "shared/path.h"
#include "tar-builder.h"
#include "tree-listing.h"

/* A capability set as setcap writes it: cap_net_raw+ep */
static const char capability[20] = {1, 0, 0, 2, 0, 32};

static void links_lead_within_the_layer(Tar *t) {
        tar_add(t, .name = "usr/", .type = '5');
        tar_add(t, .name = "usr/lib/", .type = '5');
        tar_add(t, .name = "lib", .type = '2', .link = "/usr/lib");
        tar_add(t, .name = "lib/x", .data = "one");
        tar_add(t, .name = "up", .type = '2', .link = "../../../usr/./lib/..");
        tar_add(t, .name = "up/lib/y", .data = "two");
}

static void absolute_names_are_relative(Tar *t) {
        tar_add(t, .name = "/etc/", .type = '5');
        tar_add(t, .name = "//etc/.///passwd", .data = "root");
}

static void owners_modes_devices(Tar *t) {
        tar_add(t, .name = "./", .type = '5', .mode = 0751, .uid = 7);
        tar_add(t, .name = "./suid", .mode = 04755, .uid = 1000, .gid = 100, .data = "s");
        tar_add(t, .name = "./sgid/", .type = '5', .mode = 02775, .gid = 50);
        tar_add(t, .name = "./sgid/file", .data = "not of group 50");
        tar_add(t, .name = "./sgid/sub/", .type = '5');
        tar_add(t, .name = "./sticky/", .type = '5', .mode = 01777);
        tar_add(t, .name = "./null", .type = '3', .mode = 0666, .major = 1, .minor = 3);
        tar_add(t, .name = "./loop", .type = '4', .mode = 0660, .gid = 6, .major = 7, .minor = 1);
        tar_add(t, .name = "./pipe", .type = '6', .mode = 0600);
        tar_add(t, .name = "./link", .type = '2', .link = "nowhere", .uid = 5);
        tar_add(t, .name = "./secret/", .type = '5', .mode = 01);
        tar_add(t, .name = "./secret/file", .mode = 0001, .data = "x");
}

static void large_ids_and_odd_names(Tar *t) {
        tar_pax(t, {"uid", "4294967294"}, {"gid", "100000"});
        tar_add(t, .name = "big", .data = "b");
        tar_pax(t, {"path", "latin-\xe9"});
        tar_add(t, .name = "x", .data = "raw");
        tar_add(t, .name = "raw-\xff", .data = "ustar");
        tar_pax(t, {"path", "utf-\xc3\xa9"});
        tar_add(t, .name = "y", .data = "utf");
        tar_add(t, .name = "new\nline", .data = "z");
}

static void attributes(Tar *t) {
        tar_pax(t, {"SCHILY.xattr.user.one", "1"}, {"SCHILY.xattr.security.capability", capability, 20},
                {"SCHILY.xattr.trusted.overlay.redirect", "/etc"}, {"SCHILY.xattr.user.overlay.opaque", "y"},
                {"SCHILY.xattr.security.selinux", "bad"}, {"SCHILY.xattr.trusted.overlay.opaque", "y"});
        tar_add(t, .name = "ping", .uid = 3, .data = "p");
        tar_pax(t, {"SCHILY.acl.access", "user::rw-,user:7:r--:7,group::r--,mask::r--,other::---"});
        tar_add(t, .name = "acl", .mode = 0640, .data = "a");
        tar_pax(t, {"SCHILY.acl.default", "user::rwx,user:7:rwx:7,group::r-x,mask::rwx,other::---"},
                {"SCHILY.xattr.trusted.overlay.opaque", "y"});
        tar_add(t, .name = "inherit/", .type = '5');
        tar_add(t, .name = "inherit/nothing", .mode = 0666, .data = "n");
        tar_add(t, .name = "inherit/dir/", .type = '5');
}

static void the_later_entry_wins(Tar *t) {
        tar_add(t, .name = "a", .data = "first");
        tar_add(t, .name = "a", .data = "second");
        tar_add(t, .name = "dir/", .type = '5');
        tar_add(t, .name = "dir/sub/", .type = '5');
        tar_add(t, .name = "dir/sub/file", .data = "gone");
        tar_add(t, .name = "dir", .data = "a file now");
        tar_add(t, .name = "file", .data = "gone");
        tar_add(t, .name = "file/", .type = '5', .mode = 0700);
        tar_add(t, .name = "file/in", .data = "it");
        tar_add(t, .name = "link", .type = '2', .link = "file");
        tar_add(t, .name = "link", .data = "not through the link");
        tar_add(t, .name = "todir", .type = '2', .link = "file");
        tar_add(t, .name = "todir/", .type = '5');
        tar_add(t, .name = "todir/own", .data = "own");
        tar_add(t, .name = "file/", .type = '5', .mode = 0711);
}

static void hard_links(Tar *t) {
        tar_add(t, .name = "d/", .type = '5');
        tar_add(t, .name = "d/one", .data = "1");
        tar_add(t, .name = "two", .type = '1', .link = "d/one");
        tar_add(t, .name = "d/three", .type = '1', .link = "/two");
        tar_add(t, .name = "two", .type = '1', .link = "./two");
        tar_add(t, .name = "sym", .type = '2', .link = "nowhere");
        tar_add(t, .name = "symtoo", .type = '1', .link = "sym");
}

static void whiteouts(Tar *t) {
        tar_add(t, .name = "etc/", .type = '5');
        tar_add(t, .name = "etc/.wh.passwd");
        tar_add(t, .name = "opaque/", .type = '5');
        tar_add(t, .name = "opaque/kept", .data = "k");
        tar_add(t, .name = "opaque/.wh..wh..opq");
        tar_add(t, .name = ".wh..wh.plnk/", .type = '5');
        tar_add(t, .name = ".wh..wh.plnk/123.45", .data = "aufs");
        tar_add(t, .name = ".wh..wh.aufs");
        /* removed and made again, in either order, in one layer */
        tar_add(t, .name = ".wh.again");
        tar_add(t, .name = "again/", .type = '5');
        tar_add(t, .name = "before/", .type = '5');
        tar_add(t, .name = ".wh.before");
        tar_add(t, .name = ".wh.implied");
        tar_add(t, .name = "implied/x", .data = "x");
        tar_add(t, .name = "filetoo", .data = "f");
        tar_add(t, .name = ".wh.filetoo");
}

static void missing_parents(Tar *t) {
        tar_add(t, .name = "a/b/c", .data = "deep");
        tar_add(t, .name = "a/", .type = '5', .mode = 0700);
}

static void devices_to_links(Tar *t) {
        tar_add(t, .name = "loop", .type = '2', .link = "loop/x");
        tar_add(t, .name = "loop/y", .data = "never");
}

static void below_a_file(Tar *t) {
        tar_add(t, .name = "f", .data = "file");
        tar_add(t, .name = "f/below", .data = "never");
}

static void dot_dot(Tar *t) {
        tar_add(t, .name = "a/../../escape", .data = "never");
}

static void link_out(Tar *t) {
        tar_add(t, .name = "x", .type = '1', .link = "../../../etc/passwd");
}

static void link_to_nothing(Tar *t) {
        tar_add(t, .name = "x", .type = '1', .link = "/etc/passwd");
}

static void link_to_directory(Tar *t) {
        tar_add(t, .name = "d/", .type = '5');
        tar_add(t, .name = "x", .type = '1', .link = "d");
}

static void root_is_a_link(Tar *t) {
        tar_add(t, .name = "./", .type = '2', .link = "/etc");
}

static void root_is_a_file(Tar *t) {
        tar_add(t, .name = "./.", .data = "x");
}

static void checksum(Tar *t) {
        tar_add(t, .name = "good", .data = "x");
        tar_add(t, .name = "bad", .data = "x", .bad_checksum = true);
}

static void truncated(Tar *t) {
        tar_add(t, .name = "big", .data = "x", .claim_size = 1U << 20);
}

static void owner_minus_one(Tar *t) {
        tar_pax(t, {"uid", "4294967295"});
        tar_add(t, .name = "x", .data = "x");
}

static void owner_negative(Tar *t) {
        tar_pax(t, {"uid", "-5"});
        tar_add(t, .name = "x", .data = "x");
}

static void long_name(Tar *t) {
        char name[300];

        memset(name, 'n', sizeof(name));
        name[256] = 0;
        tar_pax(t, {"path", name});
        tar_add(t, .name = "x", .data = "x");
}

static void longest_name(Tar *t) {
        char name[300];

        memset(name, 'n', sizeof(name));
        name[255] = 0;
        tar_add(t, .name = "././@LongLink", .type = 'L', .data = name, .size = 256);
        tar_add(t, .name = "x", .data = "x");
}

static void too_deep(Tar *t) {
        char path[2 * 600 + 1];

        for (size_t i = 0; i + 2 < sizeof(path); i += 2)
                memcpy(path + i, "d/", 2);
        path[sizeof(path) - 1] = 0;
        tar_pax(t, {"path", path});
        tar_add(t, .name = "x", .data = "x");
}

static void no_name_in_whiteout(Tar *t) {
        tar_add(t, .name = "etc/.wh.");
}

static void dot_dot_in_whiteout(Tar *t) {
        tar_add(t, .name = ".wh...");
}

static void below_a_whiteout(Tar *t) {
        tar_add(t, .name = ".wh.x/y", .data = "x");
}

static void link_to_removed(Tar *t) {
        tar_add(t, .name = ".wh.gone");
        tar_add(t, .name = "x", .type = '1', .link = "gone");
}

static void layer_below(Tar *t) {
        tar_add(t, .name = "lib", .type = '2', .link = "usr/lib");
        tar_add(t, .name = "usr/", .type = '5', .mode = 0711);
        tar_add(t, .name = "usr/lib/", .type = '5', .mode = 0750, .uid = 9);
        tar_add(t, .name = "usr/lib/linked", .data = "lower", .mode = 0600, .uid = 4);
        tar_add(t, .name = "gone/", .type = '5', .mode = 0700);
        tar_add(t, .name = "gone/link", .type = '2', .link = "/usr");
        tar_add(t, .name = "dangling", .type = '2', .link = "nowhere");
}

static void layer_between(Tar *t) {
        tar_add(t, .name = ".wh.gone");
        tar_add(t, .name = "veil/", .type = '5');
        tar_add(t, .name = "veil/.wh..wh..opq");
}

static void into_the_layers_below(Tar *t) {
        tar_add(t, .name = "lib/x", .data = "through a link");
        tar_add(t, .name = "hard", .type = '1', .link = "lib/linked");
        tar_add(t, .name = "gone/link/x", .data = "not through it");
}

static void hides_all_below(Tar *t) {
        tar_add(t, .name = "usr/", .type = '5');
        tar_add(t, .name = "usr/own", .data = "o");
        tar_add(t, .name = ".wh..wh..opq");
}

typedef void (*build_t)(Tar *t);

static const struct {
        const char *name;
        build_t build;
        build_t lower[2]; /* topmost first */
        bool needs_lower;
        const char *tree;
        const char *error; /* part of the sentence */
} cases[] = {
                {"links",
                 links_lead_within_the_layer,                                                                    {},
                 false, "lib l 777 0:0 /usr/lib\n"
                 "up l 777 0:0 ../../../usr/./lib/..\n"
                 "usr d 755 0:0\n"
                 "usr/lib d 755 0:0\n"
                 "usr/lib/x f 644 0:0 one\n"
                 "usr/lib/y f 644 0:0 two"},
                {"absolute",
                 absolute_names_are_relative,                                                   {},
                 false, "etc d 755 0:0\n"
                 "etc/passwd f 644 0:0 root"},
                {"metadata",
                 owners_modes_devices,                                                                                          {},
                 false, "link l 777 5:0 nowhere\n"
                 "loop b 660 0:6 7:1\n"
                 "null c 666 0:0 1:3\n"
                 "pipe p 600 0:0\n"
                 "secret d 1 0:0\n"
                 "secret/file f 1 0:0 x\n"
                 "sgid d 2775 0:50\n"
                 "sgid/file f 644 0:0 not of group 50\n"
                 "sgid/sub d 755 0:0\n"
                 "sticky d 1777 0:0\n"
                 "suid f 4755 1000:100 s"},
                {"ids and names",
                 large_ids_and_odd_names,                                                                           {},
                 false, "big f 644 4294967294:100000 b\n"
                 "latin-\\xe9 f 644 0:0 raw\n"
                 "new\\x0aline f 644 0:0 z\n"
                 "raw-\\xff f 644 0:0 ustar\n"
                 "utf-\xc3\xa9 f 644 0:0 utf"},
                {"attributes",
                 attributes,                                                    {},
                 false, "acl f 640 0:0 a system.posix_acl_access[44]\n"
                 "inherit d 755 0:0 system.posix_acl_default[44]\n"
                 "inherit/dir d 755 0:0\n"
                 "inherit/nothing f 666 0:0 n\n"
                 "ping f 644 3:0 p security.capability[20] user.one=1"},
                {"later wins",
                 the_later_entry_wins,                                                                                          {},
                 false, "a f 644 0:0 second\n"
                 "dir f 644 0:0 a file now\n"
                 "file d 711 0:0\n"
                 "file/in f 644 0:0 it\n"
                 "link f 644 0:0 not through the link\n"
                 "todir d 755 0:0\n"
                 "todir/own f 644 0:0 own"},
                {"hard links",
                 hard_links,                                                                                     {},
                 false, "d d 755 0:0\n"
                 "d/one f 644 0:0 1 x3\n"
                 "d/three f 644 0:0 1 x3\n"
                 "sym l 777 0:0 nowhere\n"
                 "symtoo l 777 0:0 nowhere\n"
                 "two f 644 0:0 1 x3"},
                {"whiteouts",
                 whiteouts,                       {},
                 false, "again d 755 0:0 trusted.overlay.opaque=y\n"
                 "before d 755 0:0 trusted.overlay.opaque=y\n"
                 "etc d 755 0:0\n"
                 "etc/passwd c 0 0:0 0:0\n"
                 "filetoo f 644 0:0 f\n"
                 "implied d 755 0:0 trusted.overlay.opaque=y\n"
                 "implied/x f 644 0:0 x\n"
                 "opaque d 755 0:0 trusted.overlay.opaque=y\n"
                 "opaque/kept f 644 0:0 k"},
                {"missing parents",
                 missing_parents,                                                                                          {},
                 true, "a d 700 0:0\n"
                 "a/b d 755 0:0\n"
                 "a/b/c f 644 0:0 deep"},
                {"longest name",                                                           longest_name,                                                                                     {},                                                                                                                                   false, NULL},
                {"layers below",
                 into_the_layers_below,                                                        {layer_between, layer_below},
                 true, "gone d 755 0:0\n"
                 "gone/link d 755 0:0\n"
                 "gone/link/x f 644 0:0 not through it\n"
                 "hard f 600 4:0 lower x2\n"
                 "usr d 711 0:0\n"
                 "usr/lib d 750 9:0\n"
                 "usr/lib/linked f 600 4:0 lower x2\n"
                 "usr/lib/x f 644 0:0 through a link"},
                {"opaque root",
                 hides_all_below,                                                                                          {layer_below},
                 true, "dangling c 0 0:0 0:0\n"
                 "gone c 0 0:0 0:0\n"
                 "lib c 0 0:0 0:0\n"
                 "usr d 755 0:0 trusted.overlay.opaque=y\n"
                 "usr/own f 644 0:0 o"},

                {"link loop",                                                      devices_to_links,
                 .error = "'loop/y': 'loop' leads through too many symbolic links"                                                                                                                        },
                {"below a file",                                below_a_file,
                 .error = "'f/below': 'f' leads through something that is not a directory"                                                                                                                                                                            },
                {"..",                                                                    dot_dot, .error = "'a/../../escape': the path contains '..'"},
                {"link out",                                                         link_out,                                                                          .error = "'x': its link target: the path contains '..'"                                                                                                                          },
                {"link to nothing",                  link_to_nothing,
                 .error = "'x': a hard link to a file that does not exist"                                                                                                                                                               },
                {"link to directory",                                                         link_to_directory,                                                                                           .error = "'x': a hard link to a directory"                                                                                                                                                                                         },
                {"link to removed",                                                            link_to_removed,
                 .error = "'x': a hard link to a file that the layer removes"                                                                                                                                                                   },
                {"root link",                                                         root_is_a_link,                                    .error = "the root of the layer is not a directory"                                                                                                                                                           },
                {"root file",                                                                   root_is_a_file,               .error = "the root of the layer is not a directory"                                                                                               },
                {"checksum",                                                             checksum,                   .error = "it is not a valid tar archive: Damaged tar archive"                      },
                {"truncated",                                                      truncated,                                            .error = "'big': it is not a valid tar archive: Truncated"                                                                                                                                                                           },
                {"uid -1",                                                    owner_minus_one, .error = "'x': the owner's id is out of range"},
                {"uid < 0",                                                      owner_negative,  .error = "'x': the owner's id is out of range"                                                                                                                                                                        },
                {"long name",                                                            long_name,            .error = "a name of more than 255 bytes"                                                         },
                {"too deep",                                                            too_deep,  .error = "is more than 512 directories deep"                                                                    },
                {"whiteout of nothing",                                                             no_name_in_whiteout,               .error = "a whiteout that names nothing"                                                                   },
                {"whiteout of ..",                                                            dot_dot_in_whiteout,                    .error = "a whiteout that names nothing"                                                  },
                {"below a whiteout",                                                               below_a_whiteout,                   .error = "a file below a whiteout"                                                                                                        },
};

static int archive_fd(const void *data, size_t size) {
        int fd = memfd_from_bytes("layer", data, size);

        assert_true(fd >= 0);
        return fd;
}

/* On a real file system: attributes are not kept everywhere. */
static int scratch_directory(char path[static 32]) {
        int fd;

        strcpy(path, "/var/tmp/caisson-test-XXXXXX");
        assert_non_null(mkdtemp(path));
        assert_int_equal(chmod(path, 0755), 0);
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(fd >= 0);
        return fd;
}

static void remove_scratch(int fd, const char *path) {
        safe_close(fd);
        assert_int_equal(remove_tree_at(AT_FDCWD, path), 0);
}

static int unpack_with(build_t build, int dest_fd, const LayerUnpackOptions *options, LayerUnpackResult *ret,
                       Error *reterr) {
        _cleanup_(tar_done) Tar t = {};
        _cleanup_(closep) int fd = -EBADF;

        build(&t);
        tar_end(&t);
        fd = archive_fd(t.data, t.size);
        return layer_unpack(fd, dest_fd, options, ret, reterr);
}

static void trees_arrive_as_they_were(void **state) {
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                int lower[2] = {-EBADF, -EBADF}, dest_fd, r;
                char lower_path[2][32], path[32];
                LayerUnpackOptions options = {.lower_fds = lower};
                _cleanup_(error_done) Error error = {};
                _cleanup_(freep) char *listing = NULL;
                LayerUnpackResult result = {};

                for (; options.n_lower_fds < 2 && cases[i].lower[options.n_lower_fds];
                     options.n_lower_fds++) {
                        size_t k = options.n_lower_fds;

                        lower[k] = scratch_directory(lower_path[k]);
                        assert_int_equal(unpack_with(cases[i].lower[k], lower[k], NULL, &result, NULL), 0);
                }
                result = (LayerUnpackResult){};

                dest_fd = scratch_directory(path);
                r = unpack_with(cases[i].build, dest_fd, &options, &result, &error);
                listing = tree_listing(dest_fd);

                if (cases[i].error) {
                        if (r >= 0)
                                fail_msg("%s: no error, but\n%s", cases[i].name, listing);
                        if (!strstr(error_message(&error, r), cases[i].error))
                                fail_msg("%s: expected an error with\n%s\ngot\n%s", cases[i].name,
                                         cases[i].error, error_message(&error, r));
                        assert_int_equal(result.n_entries, 0); /* untouched on failure */
                } else {
                        if (r < 0)
                                fail_msg("%s: %s", cases[i].name, error_message(&error, r));
                        if (cases[i].tree && !streq(listing, cases[i].tree))
                                fail_msg("%s: expected\n%s\ngot\n%s", cases[i].name, cases[i].tree, listing);
                        if (result.needs_lower != cases[i].needs_lower)
                                fail_msg("%s: needs_lower is %i", cases[i].name, result.needs_lower);
                }

                for (size_t k = 0; k < options.n_lower_fds; k++)
                        remove_scratch(lower[k], lower_path[k]);
                remove_scratch(dest_fd, path);
        }
}

static void times_are_those_of_the_archive(void **state) {
        static const char *const names[] = {".", "d", "d/sub", "d/sub/x", "link"};
        _cleanup_(tar_done) Tar t = {};
        _cleanup_(closep) int fd = -EBADF;
        _cleanup_(error_done) Error error = {};
        LayerUnpackResult result;
        char path[32];
        struct stat st;
        int dest_fd;

        tar_add(&t, .name = "./", .type = '5', .mtime = 1000);
        tar_pax(&t, {"mtime", "1000.123456789"});
        tar_add(&t, .name = "d/", .type = '5');
        tar_pax(&t, {"mtime", "1000.123456789"});
        tar_add(&t, .name = "d/sub/", .type = '5');
        tar_add(&t, .name = "d/sub/x", .data = "x", .mtime = 1000);
        tar_add(&t, .name = "link", .type = '2', .link = "d", .mtime = 1000);
        tar_add(&t, .name = "new/", .type = '5');
        /* Back in a directory that was left */
        tar_add(&t, .name = "link/sub/y", .data = "y");
        tar_add(&t, .name = "d/.wh.z");
        tar_end(&t);
        fd = archive_fd(t.data, t.size);

        dest_fd = scratch_directory(path);
        assert_int_equal(layer_unpack(fd, dest_fd, NULL, &result, &error), 0);
        assert_int_equal(result.n_files_bytes, 2);
        assert_int_equal(result.n_entries, 8);

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                assert_int_equal(fstatat(dest_fd, names[i], &st, AT_SYMLINK_NOFOLLOW), 0);
                assert_int_equal(st.st_mtim.tv_sec, 1000);
                assert_int_equal(st.st_mtim.tv_nsec,
                                 names[i][0] == 'd' && !S_ISREG(st.st_mode) ? 123456789 : 0);
        }
        remove_scratch(dest_fd, path);
}

static void holes_stay_holes(void **state) {
        static const char map[] = "2\n0\n3\n1048576\n3\n"; /* two pieces: where, how long */
        char data[512 + 6] = {};
        _cleanup_(tar_done) Tar t = {};
        _cleanup_(closep) int fd = -EBADF, file_fd = -EBADF;
        LayerUnpackResult result;
        char path[32], content[3];
        struct stat st;
        int dest_fd;

        memcpy(data, map, sizeof(map) - 1);
        memcpy(data + 512, "abcdef", 6);
        tar_pax(&t, {"GNU.sparse.major", "1"}, {"GNU.sparse.minor", "0"}, {"GNU.sparse.name", "sparse"},
                {"GNU.sparse.realsize", "2097152"});
        tar_add(&t, .name = "GNUSparseFile.0/sparse", .data = data, .size = sizeof(data));
        tar_end(&t);
        fd = archive_fd(t.data, t.size);

        dest_fd = scratch_directory(path);
        assert_int_equal(layer_unpack(fd, dest_fd, NULL, &result, NULL), 0);
        file_fd = openat(dest_fd, "sparse", O_RDONLY | O_CLOEXEC);
        assert_int_equal(fstat(file_fd, &st), 0);
        assert_int_equal(st.st_size, 2097152);
        assert_true(st.st_blocks * 512 < 65536);
        assert_int_equal(pread(file_fd, content, 3, 1048576), 3);
        assert_memory_equal(content, "def", 3);
        remove_scratch(dest_fd, path);
}

/* Runs a compressor of the system over the archive. */
static int compressed_fd(const Tar *t, const char *program) {
        _cleanup_(closep) int in = archive_fd(t->data, t->size);
        int out = memfd_create("compressed", MFD_CLOEXEC), status;
        pid_t pid = fork();

        if (pid == 0) {
                dup2(in, 0);
                dup2(out, 1);
                execlp(program, program, "-c", NULL);
                _exit(127);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (status != 0) {
                safe_close(out);
                return -ENOENT;
        }
        assert_int_equal(lseek(out, 0, SEEK_SET), 0);
        return out;
}

/* Long enough to be read ahead. */
static void long_layer(Tar *t) {
        size_t size = 5U << 20;
        _cleanup_(freep) char *data = malloc(size);

        assert_non_null(data);
        for (size_t i = 0; i < size; i++)
                data[i] = (char) (i * i >> 7);
        hard_links(t);
        tar_add(t, .name = "long", .data = data, .size = size);
        tar_add(t, .name = "after", .data = "after");
}

static void long_layer_with_an_escape(Tar *t) {
        dot_dot(t);
        long_layer(t);
}

static void every_byte_counts_for_the_digest(void **state) {
        static const char *const programs[] = {NULL, "gzip", "zstd", "xz"};
        _cleanup_(tar_done) Tar t = {};
        char expected[LAYER_DIGEST_MAX] = "sha256:";
        uint8_t digest[SHA256_DIGEST_LENGTH];

        long_layer(&t);
        tar_end(&t);
        for (unsigned i = 0; i < 4096; i++) /* padding, and bytes that no reader of tar would look at */
                fwrite("padding", 1, i % 8, t.f);
        fflush(t.f);
        SHA256((const uint8_t *) t.data, t.size, digest);
        hex_encode(expected + strlen(expected), digest, sizeof(digest));

        for (size_t i = 0; i < ELEMENTSOF(programs); i++) {
                LayerUnpackOptions options = {.expected_diff_id = expected};
                _cleanup_(closep) int fd = -EBADF, cut_fd = -EBADF;
                _cleanup_(error_done) Error error = {};
                LayerUnpackResult result;
                char path[32];
                off_t size;
                int dest_fd, r;

                fd = programs[i] ? compressed_fd(&t, programs[i]) : archive_fd(t.data, t.size);
                if (fd < 0)
                        continue;

                dest_fd = scratch_directory(path);
                r = layer_unpack(fd, dest_fd, &options, &result, &error);
                if (r < 0)
                        fail_msg("%s: %s", strempty(programs[i]), error_message(&error, r));
                assert_string_equal(result.diff_id, expected);
                assert_int_equal(result.n_bytes, t.size);
                remove_scratch(dest_fd, path);

                /* Cut short by a byte it is another layer, or none */
                size = lseek(fd, 0, SEEK_END);
                cut_fd = memfd_create("cut", MFD_CLOEXEC);
                assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
                assert_true(copy_bytes(fd, cut_fd, (uint64_t) size - 1) == -EFBIG);
                assert_int_equal(lseek(cut_fd, 0, SEEK_SET), 0);
                dest_fd = scratch_directory(path);
                r = layer_unpack(cut_fd, dest_fd, &options, &result, &error);
                assert_int_equal(r, -EBADMSG);
                assert_true(error_is_set(&error));
                remove_scratch(dest_fd, path);
        }
}

static int on_progress(uint64_t bytes_read, void *userdata) {
        return bytes_read > 4U << 20 ? -ECANCELED : 0;
}

static void limits_hold(void **state) {
        static const struct {
                build_t build;
                LayerUnpackOptions options;
                int code;
                const char *error;
        } limits[] = {
                        {hard_links, {.bytes_max = 1024}, -EFBIG, "it is more than 1024 bytes when unpacked"},
                        {hard_links, {.entries_max = 3}, -EFBIG, "it has more than 3 entries"},
                        /* with the reader ahead of us */
                        {long_layer, {.bytes_max = 3U << 20}, -EFBIG, "it is more than 3145728 bytes when unpacked"},
                        {long_layer, {.entries_max = 3}, -EFBIG, "it has more than 3 entries"},
                        {long_layer, {.progress = on_progress}, -ECANCELED, "interrupted"},
                        {long_layer_with_an_escape, {}, -EBADMSG, "contains '..'"},
        };

        for (size_t i = 0; i < ELEMENTSOF(limits); i++) {
                _cleanup_(error_done) Error error = {};
                LayerUnpackResult result;
                char path[32];
                int dest_fd = scratch_directory(path);

                assert_int_equal(unpack_with(limits[i].build, dest_fd, &limits[i].options, &result, &error),
                                 limits[i].code);
                assert_non_null(strstr(error.message, limits[i].error));
                remove_scratch(dest_fd, path);
        }
}

static void rubbish_is_refused(void **state) {
        static const char *const rubbish[] = {
                        "",
                        "x",
                        "#!/bin/sh\n",
                        "\x1f\x8b\x08",
                        "\x28\xb5\x2f\xfd",
                        "PK\x03\x04zip",
                        "#mtree\n./x type=file contents=/etc/passwd\n",
        };

        for (size_t i = 0; i < ELEMENTSOF(rubbish); i++) {
                _cleanup_(closep) int fd = archive_fd(rubbish[i], strlen(rubbish[i]));
                _cleanup_(error_done) Error error = {};
                _cleanup_(freep) char *listing = NULL;
                LayerUnpackResult result;
                char path[32];
                int dest_fd = scratch_directory(path);

                assert_int_equal(layer_unpack(fd, dest_fd, NULL, &result, &error), -EBADMSG);
                assert_true(error_is_set(&error));
                listing = tree_listing(dest_fd);
                assert_string_equal(listing, "");
                remove_scratch(dest_fd, path);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                        cmocka_unit_test(trees_arrive_as_they_were),
                        cmocka_unit_test(times_are_those_of_the_archive),
                        cmocka_unit_test(holes_stay_holes),
                        cmocka_unit_test(every_byte_counts_for_the_digest),
                        cmocka_unit_test(limits_hold),
                        cmocka_unit_test(rubbish_is_refused),
        };

        /* Owners, devices and file capabilities are root's */
        if (geteuid() != 0)
                return 77;

        return cmocka_run_group_tests(tests, NULL, NULL);
}
