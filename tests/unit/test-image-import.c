/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include "image-archive-builder.h"
#include "image/import.h"
#include "store-builder.h"

static Bytes make_rootfs(void) {
        _cleanup_(tar_done) Tar t = {};

        tar_add(&t, .name = "./", .type = '5');
        tar_add(&t, .name = "./etc/", .type = '5');
        tar_add(&t, .name = "./etc/hostname", .data = "host\n");
        return bytes_of_tar(&t);
}

static int import(TestStore *t, const Bytes *archive, const ImageImportOptions *options, char id[static DIGEST_SIZE],
                  Error *reterr) {
        _cleanup_(closep) int fd = bytes_fd(archive);

        return image_import(t->store, fd, options, id, reterr);
}

static void assert_nothing_left(TestStore *t) {
        static const char *const directories[] = { "images/blobs/sha256", "images/staging", "layers" };

        for (size_t i = 0; i < ELEMENTSOF(directories); i++) {
                _cleanup_(closedirp) DIR *d = fdopendir(openat(t->root_fd, directories[i], O_RDONLY | O_DIRECTORY));

                assert_non_null(d);
                for (struct dirent *de; (de = readdir(d));)
                        if (!STR_IN_SET(de->d_name, ".", ".."))
                                fail_msg("%s/%s was left", directories[i], de->d_name);
        }
        assert_true(image_store_refresh(t->store, NULL) >= 0);
        assert_int_equal(t->store->n_images, 0);
}

static void every_wrapping_gives_the_same_layer(void **state) {
        static const char *const filters[] = { NULL, "gzip", "zstd", "xz" };
        static char *const changes[] = { (char *) "CMD [\"/bin/sh\"]", (char *) "ENV A=1", NULL };
        _cleanup_(bytes_done) Bytes rootfs = make_rootfs();
        _cleanup_(test_store_done) TestStore t = {};
        char id[DIGEST_SIZE], first[DIGEST_SIZE] = "";

        if (geteuid() != 0) /* the tree belongs to root */
                skip();

        test_store_make(&t);
        for (size_t n = 0; n < ELEMENTSOF(filters); n++) {
                const ImageImportOptions options = { .name = "debian:12", .changes = changes, .created_usec = 1714564800000000 };
                _cleanup_(bytes_done) Bytes packed = {};
                _cleanup_(strv_freep) char **layers = NULL;
                _cleanup_(image_unrefp) Image *i = NULL;
                _cleanup_(error_done) Error error = {};
                _cleanup_(freep) char *path = NULL, *data = NULL;

                if (filters[n])
                        packed = compress_bytes(&rootfs, filters[n]);
                if (import(&t, filters[n] ? &packed : &rootfs, &options, id, &error) < 0)
                        fail_msg("%s: %s", filters[n], error.message);

                /* The content makes the id, not how it came */
                if (n == 0)
                        memcpy(first, id, sizeof(first));
                assert_string_equal(id, first);

                assert_true(image_store_refresh(t.store, NULL) >= 0);
                assert_int_equal(image_store_resolve(t.store, "debian:12", &i, NULL, NULL), 0);
                assert_string_equal(i->id, id);
                assert_int_equal(i->size, strlen("host\n"));
                assert_string_equal(i->config->cmd[0], "/bin/sh");
                assert_string_equal(i->config->env[0], "A=1");
                assert_string_equal(i->config->history[0].comment, "Imported from -");
                assert_string_equal(i->config->diff_ids[0], rootfs.digest);
                assert_int_equal(i->created_usec, 1714564800000000);
                assert_int_equal(image_layer_names(t.store, i, &layers, NULL), 0);
                assert_string_equal(layers[0], digest_hex(rootfs.digest));
                path = text_join(layers[0], "/etc/hostname", NULL);
                assert_int_equal(read_full_file_at(t.store->layers_fd, path, 100, &data, NULL), 0);
                assert_string_equal(data, "host\n");
        }
}

static void a_layer_without_directories_is_keyed_by_its_chain(void **state) {
        _cleanup_(bytes_done) Bytes rootfs = make_layer("usr/bin/x", "x");
        _cleanup_(strv_freep) char **layers = NULL;
        _cleanup_(image_unrefp) Image *i = NULL;
        _cleanup_(test_store_done) TestStore t = {};
        char id[DIGEST_SIZE];

        test_store_make(&t);
        assert_int_equal(import(&t, &rootfs, NULL, id, NULL), 0);
        assert_int_equal(image_store_refresh(t.store, NULL), 1);
        assert_int_equal(image_store_resolve(t.store, id, &i, NULL, NULL), 0);
        assert_int_equal(strv_length(i->names), 0);
        assert_int_equal(image_layer_names(t.store, i, &layers, NULL), 0);
        assert_non_null(startswith(layers[0], "chain-"));
}

static void mistakes_change_nothing(void **state) {
        static char *const bad_change[] = { (char *) "RUN x", NULL };
        _cleanup_(bytes_done) Bytes rootfs = make_rootfs(), cut = {}, outside = {}, text = bytes_of_text(strdup("hello, world"));
        _cleanup_(bytes_done) Bytes packed = compress_bytes(&rootfs, "gzip"), twice = compress_bytes(&packed, "gzip");
        _cleanup_(bytes_done) Bytes empty = { .data = strdup("") };
        _cleanup_(tar_done) Tar tar = {};

        tar_add(&tar, .name = "../../etc/passwd", .data = "x");
        outside = bytes_of_tar(&tar);
        cut = (Bytes) { .data = malloc(packed.size), .size = packed.size - 12 };
        memcpy(cut.data, packed.data, cut.size);

        const struct {
                const Bytes *archive;
                ImageImportOptions options;
                const char *message;
        } cases[] = {
                { &rootfs, { .name = "Bad Name" }, "'Bad Name' is not an image name: it must be lower-case" },
                { &rootfs, { .changes = bad_change },
                  "Change 'RUN x': not an instruction that changes an image's configuration" },
                { &rootfs, { .bytes_max = 1000 }, "The archive is more than 1000 bytes" },
                { &empty, {}, "The archive is empty" },
                { &text, {}, "Cannot unpack the archive: it is not a valid tar archive" },
                { &cut, {}, "Cannot unpack the archive: " },
                { &twice, {}, "Cannot unpack the archive: " },
                { &outside, {}, "Cannot unpack the archive: '../../etc/passwd': the path contains '..'" },
        };

        for (size_t n = 0; n < ELEMENTSOF(cases); n++) {
                _cleanup_(test_store_done) TestStore t = {};
                _cleanup_(error_done) Error error = {};
                char id[DIGEST_SIZE];

                test_store_make(&t);
                assert_true(import(&t, cases[n].archive, &cases[n].options, id, &error) < 0);
                if (!startswith(error.message, cases[n].message))
                        fail_msg("%s", error.message);
                assert_nothing_left(&t);
        }
}

static int stop_at(const char *phase, uint64_t current, uint64_t total, void *userdata) {
        return streq(phase, userdata) ? -ECANCELED : 0;
}

static void whoever_listens_can_stop_it(void **state) {
        static const char *const phases[] = { "reading", "storing" };

        if (geteuid() != 0) /* the tree belongs to root */
                skip();

        for (size_t n = 0; n < ELEMENTSOF(phases); n++) {
                const ImageCallbacks callbacks = { .progress = stop_at, .userdata = (void *) phases[n] };
                _cleanup_(bytes_done) Bytes rootfs = make_rootfs();
                _cleanup_(test_store_done) TestStore t = {};
                _cleanup_(error_done) Error error = {};
                char id[DIGEST_SIZE];

                test_store_make(&t);
                assert_int_equal(import(&t, &rootfs, &(ImageImportOptions) { .callbacks = &callbacks }, id, &error), -ECANCELED);
                assert_string_equal(error.message, "Interrupted");
                assert_nothing_left(&t);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_wrapping_gives_the_same_layer),
                cmocka_unit_test(a_layer_without_directories_is_keyed_by_its_chain),
                cmocka_unit_test(mistakes_change_nothing),
                cmocka_unit_test(whoever_listens_can_stop_it),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
