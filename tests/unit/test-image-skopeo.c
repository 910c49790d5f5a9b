/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include <spawn.h>
#include <sys/wait.h>

#include "image-archive-builder.h"
#include "image/archive-load.h"
#include "image/archive-save.h"
#include "store-builder.h"

/* An independent program reads what we write and writes what we read. */

extern char **environ;

typedef const Bytes *const LayerList[];

/* skopeo ARGUMENT…, with what it prints; skips the test where there is none */
static int skopeo(const TestStore *t, char *const *arguments, char **ret_output) {
        _cleanup_(strv_freep) char **argv = NULL, **environment = NULL;
        _cleanup_(close_pairp) int pair[2] = PAIR_OF_EBADF;
        posix_spawn_file_actions_t actions;
        int status, r;
        pid_t pid;

        assert_int_equal(strv_extend(&argv, "skopeo"), 0);
        assert_int_equal(strv_extend(&argv, "--insecure-policy"), 0);
        assert_int_equal(strv_extend_strv(&argv, arguments), 0);
        environment = strv_copy(environ);
        assert_int_equal(strv_extendf(&environment, "TMPDIR=%s", t->path), 0);

        assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
        assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
        assert_int_equal(posix_spawn_file_actions_adddup2(&actions, pair[1], 1), 0);
        r = posix_spawnp(&pid, "skopeo", &actions, NULL, argv, environment);
        posix_spawn_file_actions_destroy(&actions);
        if (r == ENOENT)
                skip();
        assert_int_equal(r, 0);

        pair[1] = safe_close(pair[1]);
        assert_int_equal(read_full_fd(pair[0], 1U << 20, ret_output, NULL), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
#define SKOPEO(t, output, ...) skopeo(t, (char *const[]) { __VA_ARGS__, NULL }, output)

static char *path_in(const TestStore *t, const char *prefix, const char *name, const char *suffix) {
        char *s = text_join(prefix, t->path, "/", name, suffix, NULL);

        assert_non_null(s);
        return s;
}

/* An image of two layers with a whiteout */
static void make_image(Bytes *ret_layers, Bytes *ret_config) {
        _cleanup_(tar_done) Tar tar = {};

        tar_add(&tar, .name = "etc/", .type = '5');
        tar_add(&tar, .name = "etc/motd", .data = "first\n");
        ret_layers[0] = bytes_of_tar(&tar);
        tar_add(&tar, .name = "etc/", .type = '5');
        tar_add(&tar, .name = "etc/.wh.motd", .data = "");
        tar_add(&tar, .name = "etc/issue", .data = "second\n");
        ret_layers[1] = bytes_of_tar(&tar);
        *ret_config = make_config((LayerList) { ret_layers, ret_layers + 1, NULL },
                                  "\"created\":\"2024-05-01T12:00:00Z\",\"config\":{\"Cmd\":[\"/bin/true\"],\"Labels\":{\"a\":\"b\"}},"
                                  "\"history\":[{\"created_by\":\"one\"},{\"created_by\":\"two\"}],");
}

static void load(TestStore *t, const char *path, ImageLoadResult *ret) {
        _cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
        _cleanup_(error_done) Error error = {};

        assert_true(fd >= 0);
        if (image_load(t->store, fd, NULL, ret, &error) < 0)
                fail_msg("%s", error.message);
}

static void make_store(TestStore *t, Bytes *layers, Bytes *config, const char *filter) {
        _cleanup_(bytes_done) Bytes archive = {};
        _cleanup_(image_load_result_done) ImageLoadResult result = {};
        _cleanup_(closep) int fd = -EBADF;
        _cleanup_(error_done) Error error = {};

        test_store_make(t);
        make_image(layers, config);
        archive = make_docker_archive((LayerList) { layers, layers + 1, NULL }, config, "[\"app:1\",\"quay.io/x/app:2\"]");
        if (filter) {
                _cleanup_(bytes_done) Bytes a = compress_bytes(layers, filter), b = compress_bytes(layers + 1, filter);

                bytes_done(&archive);
                archive = make_docker_archive((LayerList) { &a, &b, NULL }, config, "[\"app:1\",\"quay.io/x/app:2\"]");
        }
        fd = bytes_fd(&archive);
        if (image_load(t->store, fd, NULL, &result, &error) < 0)
                fail_msg("%s", error.message);
}

static void the_store_is_a_layout_it_reads(void **state) {
        _cleanup_(bytes_done) Bytes first = {}, second = {}, config = {};
        _cleanup_(freep) char *output = NULL, *source = NULL;
        _cleanup_(test_store_done) TestStore t = {};
        Bytes layers[2];

        make_store(&t, layers, &config, NULL);
        first = layers[0];
        second = layers[1];
        source = path_in(&t, "oci:", "images", ":docker.io/library/app:1");
        assert_int_equal(SKOPEO(&t, &output, (char *) "inspect", (char *) "--config", (char *) "--raw", source), 0);
        assert_string_equal(output, config.data);
}

static void it_reads_what_is_saved(void **state) {
        static const char *const filters[] = { NULL, "gzip", "zstd" };
        static char *const images[] = { (char *) "app:1", (char *) "quay.io/x/app:2", NULL };

        for (size_t n = 0; n < ELEMENTSOF(filters); n++)
                for (ImageArchiveFormat format = 0; format < _IMAGE_ARCHIVE_FORMAT_MAX; format++) {
                        _cleanup_(freep) char *file = NULL, *source = NULL, *dir = NULL, *target = NULL, *output = NULL, *copied = NULL;
                        _cleanup_(bytes_done) Bytes first = {}, second = {}, config = {};
                        _cleanup_(test_store_done) TestStore t = {};
                        _cleanup_(error_done) Error error = {};
                        _cleanup_(closep) int fd = -EBADF;
                        Bytes layers[2];

                        make_store(&t, layers, &config, filters[n]);
                        first = layers[0];
                        second = layers[1];
                        file = path_in(&t, "", "saved.tar", "");
                        fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
                        if (image_save(t.store, images, format, fd, NULL, &error) < 0)
                                fail_msg("%s", error.message);

                        source = path_in(&t, format == IMAGE_ARCHIVE_OCI ? "oci-archive:" : "docker-archive:", "saved.tar",
                                         ":quay.io/x/app:2");
                        assert_int_equal(SKOPEO(&t, &output, (char *) "inspect", (char *) "--config", (char *) "--raw", source), 0);
                        assert_string_equal(output, config.data);

                        /* A copy reads and verifies every layer */
                        dir = path_in(&t, "", "copy", "");
                        target = text_join("dir:", dir, NULL);
                        assert_int_equal(SKOPEO(&t, &copied, (char *) "copy", (char *) "-q", source, target), 0);
                }
}

static void what_it_writes_is_loaded(void **state) {
        static const struct {
                const char *transport, *suffix, *compress, *name;
        } cases[] = {
                { "docker-archive:", ":quay.io/x/app:3", NULL, "quay.io/x/app:3" },
                { "oci-archive:", ":quay.io/x/app:4", NULL, "quay.io/x/app:4" },
                { "oci-archive:", ":quay.io/x/app:5", "gzip", "quay.io/x/app:5" },
                { "oci-archive:", ":quay.io/x/app:6", "zstd", "quay.io/x/app:6" },
                { "oci-archive:", ":short", NULL, "localhost/short:latest" },
                { "oci-archive:", "", NULL, NULL },
        };
        _cleanup_(bytes_done) Bytes first = {}, second = {}, config = {};
        _cleanup_(test_store_done) TestStore t = {};
        _cleanup_(freep) char *source = NULL;
        Bytes layers[2];

        make_store(&t, layers, &config, NULL);
        first = layers[0];
        second = layers[1];
        source = path_in(&t, "oci:", "images", ":docker.io/library/app:1");

        for (size_t n = 0; n < ELEMENTSOF(cases); n++) {
                _cleanup_(image_load_result_done) ImageLoadResult result = {};
                _cleanup_(freep) char *file = NULL, *target = NULL, *output = NULL, *listed = NULL;
                _cleanup_(test_store_done) TestStore other = {};
                _cleanup_(strv_freep) char **names = NULL;
                _cleanup_(image_unrefp) Image *i = NULL;
                _cleanup_(error_done) Error error = {};
                struct stat st;

                file = path_in(&t, "", "written.tar", "");
                target = text_join(cases[n].transport, file, cases[n].suffix, NULL);
                if (cases[n].compress)
                        assert_int_equal(SKOPEO(&t, &output, (char *) "copy", (char *) "-q", (char *) "--dest-compress-format",
                                                (char *) cases[n].compress, source, target),
                                         0);
                else
                        assert_int_equal(SKOPEO(&t, &output, (char *) "copy", (char *) "-q", source, target), 0);

                test_store_make(&other);
                load(&other, file, &result);
                assert_int_equal(unlink(file), 0);
                assert_int_equal(result.n_images, 1);
                assert_int_equal(strv_length(result.images[0].names), cases[n].name ? 1 : 0);
                if (cases[n].name)
                        assert_string_equal(result.images[0].names[0], cases[n].name);

                assert_int_equal(image_store_refresh(other.store, NULL), 1);
                assert_int_equal(image_store_resolve(other.store, result.images[0].id, &i, NULL, NULL), 0);
                assert_string_equal(i->config->cmd[0], "/bin/true");
                if (image_layer_names(other.store, i, &names, &error) < 0)
                        fail_msg("%s", error.message);
                assert_int_equal(strv_length(names), 2);
                listed = text_join(names[0], "/etc/issue", NULL);
                assert_int_equal(fstatat(other.store->layers_fd, listed, &st, AT_SYMLINK_NOFOLLOW), 0);
                assert_int_equal(st.st_size, strlen("second\n"));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_store_is_a_layout_it_reads),
                cmocka_unit_test(it_reads_what_is_saved),
                cmocka_unit_test(what_it_writes_is_loaded),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
