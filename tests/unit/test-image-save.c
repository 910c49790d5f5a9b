/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include <signal.h>
#include <sys/mman.h>

#include "image-archive-builder.h"
#include "image/archive-load.h"
#include "image/archive-save.h"
#include "image/inspect.h"
#include "image/remove.h"
#include "store-builder.h"

typedef const Bytes *const LayerList[];

/* Two images, "one" and "two", that share a layer; the layers compressed by the filter */
static void fill(TestStore *t, const char *filter, char ids[2][DIGEST_SIZE]) {
        _cleanup_(bytes_done) Bytes a = make_layer("a", "first"), b = make_layer("b", "second");
        LayerList one = { &a, NULL }, two = { &a, &b, NULL };
        _cleanup_(bytes_done) Bytes packed_a = filter ? compress_bytes(&a, filter) : make_layer("a", "first"),
                                    packed_b = filter ? compress_bytes(&b, filter) : make_layer("b", "second");
        LayerList packed_one = { &packed_a, NULL }, packed_two = { &packed_a, &packed_b, NULL };
        _cleanup_(bytes_done) Bytes config_one = make_config(one, NULL);
        _cleanup_(bytes_done) Bytes config_two = make_config(
                two, "\"config\":{\"Healthcheck\":{\"Test\":[\"NONE\"]}},\"history\":[{\"created_by\":\"x\",\"empty_layer\":true},"
                     "{\"created_by\":\"y\",\"created\":\"2024-05-01T12:00:00Z\",\"comment\":\"z\"}],");
        _cleanup_(bytes_done) Bytes archive_one = make_docker_archive(packed_one, &config_one, "[\"one\"]"),
                                    archive_two = make_docker_archive(packed_two, &config_two,
                                                                      "[\"two\",\"quay.io/x/two:2\"]");

        memcpy(ids[0], config_one.digest, DIGEST_SIZE);
        memcpy(ids[1], config_two.digest, DIGEST_SIZE);
        for (size_t i = 0; i < 2; i++) {
                _cleanup_(image_load_result_done) ImageLoadResult result = {};
                _cleanup_(closep) int fd = bytes_fd(i == 0 ? &archive_one : &archive_two);
                _cleanup_(error_done) Error error = {};

                if (image_load(t->store, fd, NULL, &result, &error) < 0)
                        fail_msg("%s", error.message);
        }
}

static int save(TestStore *t, ImageArchiveFormat format, const char *const *images, int *ret_fd, Error *reterr) {
        _cleanup_(closep) int fd = memfd_create("archive", MFD_CLOEXEC);
        int r;

        r = image_save(t->store, (char *const *) images, format, fd, NULL, reterr);
        if (r < 0)
                return r;
        assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
        *ret_fd = TAKE_FD(fd);
        return 0;
}

static void what_is_saved_can_be_loaded(void **state) {
        static const char *const filters[] = { NULL, "gzip", "zstd", "xz" };
        static const char *const images[] = { "one", "two", "quay.io/x/two:2", "two", NULL };

        for (size_t n = 0; n < ELEMENTSOF(filters); n++)
                for (ImageArchiveFormat format = 0; format < _IMAGE_ARCHIVE_FORMAT_MAX; format++) {
                        _cleanup_(test_store_done) TestStore t = {}, other = {};
                        _cleanup_(image_load_result_done) ImageLoadResult result = {};
                        _cleanup_(error_done) Error error = {};
                        _cleanup_(closep) int fd = -EBADF;
                        char ids[2][DIGEST_SIZE];

                        test_store_make(&t);
                        fill(&t, filters[n], ids);
                        if (save(&t, format, images, &fd, &error) < 0)
                                fail_msg("%s", error.message);

                        test_store_make(&other);
                        if (image_load(other.store, fd, NULL, &result, &error) < 0)
                                fail_msg("%s", error.message);
                        assert_true(result.n_images >= 2);
                        assert_int_equal(image_store_refresh(other.store, NULL), 1);
                        assert_int_equal(other.store->n_images, 2);

                        for (size_t k = 0; k < 2; k++) {
                                _cleanup_(image_unrefp) Image *i = NULL;
                                _cleanup_(strv_freep) char **layers = NULL;

                                assert_int_equal(image_store_resolve(other.store, k == 0 ? "one" : "two", &i, NULL, NULL), 0);
                                assert_string_equal(i->id, ids[k]);
                                assert_int_equal(strv_length(i->names), k + 1);
                                assert_int_equal(image_layer_names(other.store, i, &layers, NULL), 0);
                                assert_int_equal(strv_length(layers), k + 1);
                        }
                }
}

static void the_same_images_give_the_same_bytes(void **state) {
        static const char *const images[] = { "two", "one", NULL };

        for (ImageArchiveFormat format = 0; format < _IMAGE_ARCHIVE_FORMAT_MAX; format++) {
                _cleanup_(test_store_done) TestStore t = {};
                char ids[2][DIGEST_SIZE], digests[2][DIGEST_SIZE];

                test_store_make(&t);
                fill(&t, "gzip", ids);
                for (size_t k = 0; k < 2; k++) {
                        _cleanup_(closep) int fd = -EBADF;

                        assert_int_equal(save(&t, format, images, &fd, NULL), 0);
                        assert_int_equal(digest_of_fd(fd, digests[k], NULL), 0);
                }
                assert_string_equal(digests[0], digests[1]);
        }
}

static void an_image_by_its_id_has_no_name(void **state) {
        for (ImageArchiveFormat format = 0; format < _IMAGE_ARCHIVE_FORMAT_MAX; format++) {
                _cleanup_(test_store_done) TestStore t = {}, other = {};
                _cleanup_(image_load_result_done) ImageLoadResult result = {};
                _cleanup_(closep) int fd = -EBADF;
                char ids[2][DIGEST_SIZE];

                test_store_make(&t);
                fill(&t, NULL, ids);
                const char *images[] = { ids[1], NULL };
                assert_int_equal(save(&t, format, images, &fd, NULL), 0);
                test_store_make(&other);
                assert_int_equal(image_load(other.store, fd, NULL, &result, NULL), 0);
                assert_int_equal(result.n_images, 1);
                assert_int_equal(strv_length(result.images[0].names), 0);
        }
}

/* The contents written into a pipe while somebody reads; and nobody at all */
static void saving_into_a_pipe(void **state) {
        static char *const images[] = { (char *) "one", NULL };
        _cleanup_(test_store_done) TestStore t = {};
        _cleanup_(close_pairp) int pair[2] = PAIR_OF_EBADF;
        _cleanup_(error_done) Error error = {};
        char ids[2][DIGEST_SIZE];

        test_store_make(&t);
        fill(&t, NULL, ids);
        assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
        pair[0] = safe_close(pair[0]);
        signal(SIGPIPE, SIG_IGN);
        assert_int_equal(image_save(t.store, images, IMAGE_ARCHIVE_DOCKER, pair[1], NULL, &error), -EPIPE);
        assert_string_equal(error.message, "Cannot write the archive: nobody reads it");
}

static void a_full_disk_is_told(void **state) {
        static char *const images[] = { (char *) "one", NULL };
        _cleanup_(closep) int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
        _cleanup_(test_store_done) TestStore t = {};
        _cleanup_(error_done) Error error = {};
        char ids[2][DIGEST_SIZE];

        test_store_make(&t);
        fill(&t, NULL, ids);
        assert_int_equal(image_save(t.store, images, IMAGE_ARCHIVE_OCI, fd, NULL, &error), -ENOSPC);
        assert_string_equal(error.message, "Cannot write the archive: No space left on device");
}

static void damage_is_noticed(void **state) {
        for (ImageArchiveFormat format = 0; format < _IMAGE_ARCHIVE_FORMAT_MAX; format++)
                for (unsigned how = 0; how < 3; how++) {
                        static const char *const images[] = { "one", NULL };
                        _cleanup_(test_store_done) TestStore t = {};
                        _cleanup_(image_unrefp) Image *i = NULL;
                        _cleanup_(error_done) Error error = {};
                        _cleanup_(closep) int fd = -EBADF, blob_fd = -EBADF;
                        char ids[2][DIGEST_SIZE];
                        const char *blob;

                        test_store_make(&t);
                        fill(&t, "gzip", ids);
                        assert_int_equal(image_store_refresh(t.store, NULL), 1);
                        assert_int_equal(image_store_resolve(t.store, "one", &i, NULL, NULL), 0);
                        blob = digest_hex(i->manifest->layers[0].digest);
                        blob_fd = openat(t.store->blobs_fd, blob, O_RDWR | O_CLOEXEC);
                        assert_true(blob_fd >= 0);
                        if (how == 0)
                                assert_int_equal(unlinkat(t.store->blobs_fd, blob, 0), 0);
                        else if (how == 1)
                                assert_int_equal(ftruncate(blob_fd, 20), 0);
                        else
                                assert_int_equal(pwrite(blob_fd, "xx", 2, 30), 2);
                        assert_true(save(&t, format, images, &fd, &error) < 0);
                        assert_non_null(error.message);
                        assert_non_null(strstr(error.message, blob));
                }
}

static void what_is_not_there_cannot_be_saved(void **state) {
        static const char *const images[] = { "one", "three", NULL }, *const none[] = { NULL };
        _cleanup_(test_store_done) TestStore t = {};
        _cleanup_(error_done) Error error = {}, nothing = {};
        _cleanup_(closep) int fd = -EBADF;
        char ids[2][DIGEST_SIZE];

        test_store_make(&t);
        fill(&t, NULL, ids);
        assert_int_equal(save(&t, 0, images, &fd, &error), -ENOENT);
        assert_string_equal(error.message, "There is no image 'three'");
        assert_int_equal(save(&t, 0, none, &fd, &nothing), -EINVAL);
}

static void history_goes_with_the_layers(void **state) {
        _cleanup_(test_store_done) TestStore t = {};
        _cleanup_(image_unrefp) Image *one = NULL, *two = NULL;
        _cleanup_(freep) ImageHistoryLine *lines = NULL, *bare = NULL;
        char ids[2][DIGEST_SIZE];
        size_t n;

        test_store_make(&t);
        fill(&t, NULL, ids);
        assert_int_equal(image_store_refresh(t.store, NULL), 1);
        assert_int_equal(image_store_resolve(t.store, "two", &two, NULL, NULL), 0);
        assert_int_equal(image_history(two, &lines, &n), 0);
        assert_int_equal(n, 3);
        assert_string_equal(lines[0].id, ids[1]);
        assert_string_equal(lines[0].created_by, "y");
        assert_string_equal(lines[0].comment, "z");
        assert_int_equal(lines[0].size, strlen("second"));
        assert_int_equal(lines[0].created_usec, 1714564800000000);
        assert_int_equal(lines[1].size, 0);
        assert_string_equal(lines[1].created_by, "x");
        assert_null(lines[1].id);
        assert_int_equal(lines[2].size, strlen("first"));

        assert_int_equal(image_store_resolve(t.store, "one", &one, NULL, NULL), 0);
        assert_int_equal(image_history(one, &bare, &n), 0);
        assert_int_equal(n, 1);
}

static void inspecting_has_dockers_fields(void **state) {
        _cleanup_(test_store_done) TestStore t = {};
        _cleanup_(json_putp) JsonObject *o = NULL;
        _cleanup_(image_unrefp) Image *i = NULL;
        char ids[2][DIGEST_SIZE];

        test_store_make(&t);
        fill(&t, NULL, ids);
        assert_int_equal(image_store_refresh(t.store, NULL), 1);
        assert_int_equal(image_store_resolve(t.store, "two", &i, NULL, NULL), 0);
        assert_int_equal(image_inspect(i, &o), 0);
        assert_string_equal(json_get_string(o, "Id"), ids[1]);
        assert_string_equal(json_text(json_get(o, "RepoTags")), "[\"two:latest\",\"quay.io/x/two:2\"]");
        assert_string_equal(json_text(json_get(o, "Config")), "{\"Healthcheck\":{\"Test\":[\"NONE\"]}}");
        assert_int_equal(json_get_i64(o, "Size"), strlen("first") + strlen("second"));
        assert_int_equal(json_object_array_length(json_get(json_get(o, "RootFS"), "Layers")), 2);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_saved_can_be_loaded),
                cmocka_unit_test(the_same_images_give_the_same_bytes),
                cmocka_unit_test(an_image_by_its_id_has_no_name),
                cmocka_unit_test(saving_into_a_pipe),
                cmocka_unit_test(a_full_disk_is_told),
                cmocka_unit_test(damage_is_noticed),
                cmocka_unit_test(what_is_not_there_cannot_be_saved),
                cmocka_unit_test(history_goes_with_the_layers),
                cmocka_unit_test(inspecting_has_dockers_fields),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
