/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include <sys/wait.h>

#include "image-archive-builder.h"
#include "image/archive-load.h"
#include "store-builder.h"

typedef const Bytes *const LayerList[];

static int load(TestStore *t, const Bytes *archive, ImageLoadResult *ret, Error *reterr) {
        _cleanup_(closep) int fd = bytes_fd(archive);

        return image_load(t->store, fd, NULL, ret, reterr);
}

static size_t count_names(int dir_fd, const char *path) {
        _cleanup_(closedirp) DIR *d = fdopendir(openat(dir_fd, path, O_RDONLY | O_DIRECTORY));
        size_t n = 0;

        assert_non_null(d);
        for (struct dirent *de; (de = readdir(d));)
                n += de->d_name[0] != '.' || !STR_IN_SET(de->d_name, ".", "..");
        return n;
}

static void assert_file(TestStore *t, const char *text, const char *path, const char *content) {
        _cleanup_(image_unrefp) Image *i = NULL;
        _cleanup_(error_done) Error error = {};
        _cleanup_(strv_freep) char **layers = NULL;
        _cleanup_(freep) char *data = NULL, *full = NULL;

        assert_true(image_store_refresh(t->store, NULL) >= 0);
        if (image_store_resolve(t->store, text, &i, NULL, &error) < 0 || image_layer_names(t->store, i, &layers, &error) < 0)
                fail_msg("%s", error.message);

        STRV_FOREACH(layer, layers) {
                full = text_join(*layer, "/", path, NULL);
                if (read_full_file_at(t->store->layers_fd, full, 1000, &data, NULL) >= 0) {
                        assert_string_equal(data, content);
                        return;
                }
                full = mfree(full);
        }
        fail_msg("%s has no %s", text, path);
}

/* Archives that say what they mean, in every wrapping */
static void docker_archives_are_loaded(void **state) {
        static const char *const filters[] = { NULL, "gzip", "zstd", "xz" };
        _cleanup_(bytes_done) Bytes a = make_layer("a", "first"), b = make_layer("b", "second");
        LayerList layers = { &a, &b, NULL };
        _cleanup_(bytes_done) Bytes config = make_config(layers, "\"config\":{\"Cmd\":[\"/a\"]},");
        _cleanup_(bytes_done) Bytes archive = make_docker_archive(layers, &config, "[\"app:1\",\"quay.io/x/app:2\"]");

        for (size_t n = 0; n < ELEMENTSOF(filters); n++) {
                _cleanup_(test_store_done) TestStore t = {};
                _cleanup_(image_load_result_done) ImageLoadResult result = {};
                _cleanup_(bytes_done) Bytes compressed = {};
                _cleanup_(error_done) Error error = {};

                if (filters[n])
                        compressed = compress_bytes(&archive, filters[n]);
                test_store_make(&t);
                if (load(&t, filters[n] ? &compressed : &archive, &result, &error) < 0)
                        fail_msg("%s: %s", filters[n], error.message);

                assert_int_equal(result.n_images, 1);
                assert_string_equal(result.images[0].id, config.digest);
                assert_string_equal(result.images[0].names[0], "docker.io/library/app:1");
                assert_string_equal(result.images[0].names[1], "quay.io/x/app:2");
                assert_file(&t, "app:1", "a", "first");
                assert_file(&t, "quay.io/x/app:2", "b", "second");
                assert_int_equal(t.store->images[0]->size, strlen("first") + strlen("second"));
                assert_int_equal(t.store->images[0]->layer_sizes[1], strlen("second"));
                assert_int_equal(count_names(t.root_fd, "images/staging"), 0);
                assert_int_equal(count_names(t.root_fd, "layers"), 2);
        }
}

static void compressed_layers_are_verified_and_kept(void **state) {
        static const char *const filters[] = { "gzip", "zstd", "xz" };

        for (size_t n = 0; n < ELEMENTSOF(filters); n++) {
                _cleanup_(bytes_done) Bytes a = make_layer("a", "first"), b = make_layer("b", "second");
                _cleanup_(bytes_done) Bytes packed_a = compress_bytes(&a, filters[n]), packed_b = compress_bytes(&b, filters[n]);
                LayerList layers = { &a, &b, NULL }, packed = { &packed_a, &packed_b, NULL };
                _cleanup_(bytes_done) Bytes config = make_config(layers, NULL);
                _cleanup_(bytes_done) Bytes archive = make_docker_archive(packed, &config, "[\"app\"]");
                _cleanup_(image_load_result_done) ImageLoadResult result = {}, again = {};
                _cleanup_(test_store_done) TestStore t = {};
                _cleanup_(error_done) Error error = {};

                test_store_make(&t);
                if (load(&t, &archive, &result, &error) < 0)
                        fail_msg("%s", error.message);
                assert_file(&t, "app", "b", "second");
                assert_int_equal(count_names(t.root_fd, "images/blobs/sha256"), 4);

                /* Again: nothing changes */
                assert_int_equal(load(&t, &archive, &again, NULL), 0);
                assert_int_equal(count_names(t.root_fd, "images/blobs/sha256"), 4);
                assert_int_equal(count_names(t.root_fd, "layers"), 2);

                /* The same layers in words that are not true, now that they are unpacked already */
                LayerList swapped = { &packed_b, &packed_a, NULL };
                _cleanup_(bytes_done) Bytes lie = make_docker_archive(swapped, &config, "[\"lie\"]");
                assert_int_equal(load(&t, &lie, &again, &error), -EBADMSG);
        }
}

static void oci_archives_are_loaded(void **state) {
        static const struct {
                const char *filter, *type, *annotations, *name;
        } cases[] = {
                { NULL, "tar", "", NULL },
                { "gzip", "tar+gzip", ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"docker.io/library/app:1\"}",
                  "app:1" },
                { "zstd", "tar+zstd", ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"1.0\"}", "localhost/1.0:latest" },
                { NULL, "tar",
                  ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"1\",\"io.containerd.image.name\":\"quay.io/a/b:1\"}",
                  "quay.io/a/b:1" },
        };

        for (size_t n = 0; n < ELEMENTSOF(cases); n++) {
                _cleanup_(bytes_done) Bytes a = make_layer("a", "first"), packed = {};
                LayerList layers = { &a, NULL };
                _cleanup_(bytes_done) Bytes config = make_config(layers, NULL);
                _cleanup_(image_load_result_done) ImageLoadResult result = {};
                _cleanup_(test_store_done) TestStore t = {};
                _cleanup_(error_done) Error error = {};

                if (cases[n].filter)
                        packed = compress_bytes(&a, cases[n].filter);
                LayerList blobs = { cases[n].filter ? &packed : &a, NULL };
                _cleanup_(bytes_done) Bytes manifest = make_oci_manifest(blobs, cases[n].type, &config);
                _cleanup_(bytes_done) Bytes archive = make_oci_archive(blobs, &config, &manifest, cases[n].annotations);

                test_store_make(&t);
                if (load(&t, &archive, &result, &error) < 0)
                        fail_msg("%s", error.message);
                assert_int_equal(result.n_images, 1);
                assert_file(&t, cases[n].name ?: config.digest, "a", "first");
                assert_int_equal(strv_length(result.images[0].names), cases[n].name ? 1 : 0);
                /* The manifest is the archive's own */
                assert_string_equal(t.store->images[0]->digest, manifest.digest);
        }
}

/* The writer of a pipe is not interrupted at the end mark */
static void archives_may_come_through_a_pipe(void **state) {
        _cleanup_(bytes_done) Bytes a = make_layer("a", "first");
        LayerList layers = { &a, NULL };
        _cleanup_(bytes_done) Bytes config = make_config(layers, NULL);
        _cleanup_(bytes_done) Bytes archive = make_docker_archive(layers, &config, "null");
        _cleanup_(image_load_result_done) ImageLoadResult result = {};
        _cleanup_(test_store_done) TestStore t = {};
        _cleanup_(close_pairp) int pair[2] = PAIR_OF_EBADF;
        int status;
        pid_t pid;

        test_store_make(&t);
        assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
        pid = fork();
        if (pid == 0) {
                static const char padding[200000];

                close(pair[0]);
                _exit(loop_write(pair[1], archive.data, archive.size) < 0 || loop_write(pair[1], padding, sizeof(padding)) < 0);
        }
        pair[1] = safe_close(pair[1]);
        assert_int_equal(image_load(t.store, pair[0], NULL, &result, NULL), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_int_equal(strv_length(result.images[0].names), 0);
        assert_file(&t, config.digest, "a", "first");
}

/* As docker wrote them for years: layers in directories, the same one linked */
static void layers_may_be_links(void **state) {
        static const char symbolic[] = "../one/layer.tar", hard[] = "one/layer.tar";

        for (unsigned kind = 0; kind < 2; kind++) {
                _cleanup_(bytes_done) Bytes a = make_layer("a", "first");
                LayerList layers = { &a, &a, NULL };
                _cleanup_(bytes_done) Bytes config = make_config(layers, NULL), archive = {};
                _cleanup_(image_load_result_done) ImageLoadResult result = {};
                _cleanup_(test_store_done) TestStore t = {};
                _cleanup_(error_done) Error error = {};
                _cleanup_(tar_done) Tar tar = {};

                tar_add(&tar, .name = "./", .type = '5');
                tar_add(&tar, .name = "./one/", .type = '5');
                tar_add(&tar, .name = "./one/VERSION", .data = "1.0");
                tar_add_bytes(&tar, "./one/layer.tar", &a);
                tar_add(&tar, .name = "./two/layer.tar", .type = kind == 0 ? '2' : '1', .link = kind == 0 ? symbolic : hard);
                tar_add_bytes(&tar, "./config.json", &config);
                tar_add(&tar, .name = "./repositories", .data = "{}");
                tar_add(&tar, .name = "./manifest.json",
                        .data = "[{\"Config\":\"config.json\",\"RepoTags\":[\"x\"],\"Layers\":[\"one/layer.tar\",\"two/layer.tar\"]}]");
                archive = bytes_of_tar(&tar);

                test_store_make(&t);
                if (load(&t, &archive, &result, &error) < 0)
                        fail_msg("%s", error.message);
                assert_file(&t, "x", "a", "first");
                assert_int_equal(count_names(t.root_fd, "layers"), 1);

                /* Twice in the image, once in what overlayfs is given */
                _cleanup_(image_unrefp) Image *i = NULL;
                _cleanup_(strv_freep) char **names = NULL;
                assert_int_equal(image_store_resolve(t.store, "x", &i, NULL, NULL), 0);
                assert_int_equal(i->manifest->n_layers, 2);
                assert_int_equal(image_layer_names(t.store, i, &names, NULL), 0);
                assert_int_equal(strv_length(names), 1);
        }
}

/* What only makes sense on the layers below is unpacked for them alone */
static void layers_that_need_others_are_keyed_by_their_chain(void **state) {
        _cleanup_(bytes_done) Bytes below = {}, other = {}, top = {}, link = {};
        _cleanup_(tar_done) Tar tar = {};
        struct stat st;

        tar_add(&tar, .name = "dir/", .type = '5', .mode = 0711, .uid = 7);
        tar_add(&tar, .name = "dir/old", .data = "old");
        below = bytes_of_tar(&tar);
        tar_add(&tar, .name = "dir/", .type = '5', .mode = 0700, .uid = 8);
        tar_add(&tar, .name = "dir/old", .data = "other");
        other = bytes_of_tar(&tar);
        tar_add(&tar, .name = "dir/new", .data = "new");
        top = bytes_of_tar(&tar);
        tar_add(&tar, .name = "dir/linked", .type = '1', .link = "dir/old");
        link = bytes_of_tar(&tar);

        LayerList one = { &below, &top, &link, NULL }, two = { &other, &top, &link, NULL };
        _cleanup_(bytes_done) Bytes config_one = make_config(one, NULL), config_two = make_config(two, NULL);
        _cleanup_(bytes_done) Bytes archive_one = make_docker_archive(one, &config_one, "[\"one\"]");
        _cleanup_(bytes_done) Bytes archive_two = make_docker_archive(two, &config_two, "[\"two\"]");
        _cleanup_(image_load_result_done) ImageLoadResult result = {}, result_two = {}, again = {};
        _cleanup_(test_store_done) TestStore t = {};
        _cleanup_(error_done) Error error = {};

        if (geteuid() != 0)
                skip();

        test_store_make(&t);
        if (load(&t, &archive_one, &result, &error) < 0 || load(&t, &archive_two, &result_two, &error) < 0)
                fail_msg("%s", error.message);
        assert_file(&t, "one", "dir/linked", "old");
        assert_file(&t, "two", "dir/linked", "other");
        assert_file(&t, "two", "dir/new", "new");
        assert_int_equal(count_names(t.root_fd, "layers"), 6);

        _cleanup_(image_unrefp) Image *i = NULL;
        _cleanup_(strv_freep) char **layers = NULL;
        assert_int_equal(image_store_resolve(t.store, "one", &i, NULL, NULL), 0);
        assert_int_equal(image_layer_names(t.store, i, &layers, NULL), 0);
        assert_non_null(startswith(layers[0], "chain-"));
        assert_non_null(startswith(layers[1], "chain-"));
        assert_string_equal(layers[2], digest_hex(below.digest));
        _cleanup_(freep) char *dir = text_join(layers[1], "/dir", NULL);
        assert_int_equal(fstatat(t.store->layers_fd, dir, &st, 0), 0);
        assert_int_equal(st.st_mode & 07777, 0711);
        assert_int_equal(st.st_uid, 7);

        assert_int_equal(load(&t, &archive_one, &again, NULL), 0);
        assert_int_equal(count_names(t.root_fd, "layers"), 6);
}

static void several_images_share_their_layers(void **state) {
        _cleanup_(bytes_done) Bytes a = make_layer("a", "first"), b = make_layer("b", "second"), archive = {};
        LayerList one = { &a, NULL }, two = { &a, &b, NULL };
        _cleanup_(bytes_done) Bytes config_one = make_config(one, NULL), config_two = make_config(two, NULL);
        _cleanup_(image_load_result_done) ImageLoadResult result = {};
        _cleanup_(test_store_done) TestStore t = {};
        _cleanup_(tar_done) Tar tar = {};

        tar_add(&tar, .name = "manifest.json",
                .data = "[{\"Config\":\"1\",\"RepoTags\":[\"one\"],\"Layers\":[\"a\"]},"
                        "{\"Config\":\"2\",\"RepoTags\":[\"two\"],\"Layers\":[\"a\",\"b\"]}]");
        tar_add_bytes(&tar, "1", &config_one);
        tar_add_bytes(&tar, "2", &config_two);
        tar_add_bytes(&tar, "a", &a);
        tar_add_bytes(&tar, "b", &b);
        archive = bytes_of_tar(&tar);

        test_store_make(&t);
        assert_int_equal(load(&t, &archive, &result, NULL), 0);
        assert_int_equal(result.n_images, 2);
        assert_file(&t, "one", "a", "first");
        assert_file(&t, "two", "a", "first");
        assert_file(&t, "two", "b", "second");
        assert_int_equal(count_names(t.root_fd, "layers"), 2);
}

static void an_image_without_layers_is_one(void **state) {
        LayerList none = { NULL };
        _cleanup_(bytes_done) Bytes config = make_config(none, NULL);
        _cleanup_(bytes_done) Bytes archive = make_docker_archive(none, &config, "[\"empty\"]");
        _cleanup_(image_load_result_done) ImageLoadResult result = {};
        _cleanup_(strv_freep) char **layers = NULL;
        _cleanup_(image_unrefp) Image *i = NULL;
        _cleanup_(test_store_done) TestStore t = {};

        test_store_make(&t);
        assert_int_equal(load(&t, &archive, &result, NULL), 0);
        assert_int_equal(image_store_refresh(t.store, NULL), 1);
        assert_int_equal(image_store_resolve(t.store, "empty", &i, NULL, NULL), 0);
        assert_int_equal(image_layer_names(t.store, i, &layers, NULL), 0);
        assert_int_equal(strv_length(layers), 0);
}

static void platforms_are_chosen(void **state) {
        _cleanup_(bytes_done) Bytes a = make_layer("a", "amd64"), b = make_layer("a", "s390x"), nested = {};
        LayerList one = { &a, NULL }, two = { &b, NULL };
        _cleanup_(bytes_done) Bytes config_one = make_config(one, NULL), config_two = make_config(two, NULL);
        _cleanup_(bytes_done) Bytes manifest_one = make_oci_manifest(one, "tar", &config_one),
                                    manifest_two = make_oci_manifest(two, "tar", &config_two);
        _cleanup_(freep) char *index = NULL, *top = NULL;

        assert_int_equal(text_append(&index, "{\"schemaVersion\":2,\"manifests\":[" OCI_ENTRY "," OCI_ENTRY "," OCI_ENTRY "]}",
                                     manifest_two.digest, manifest_two.size,
                                     ",\"platform\":{\"os\":\"linux\",\"architecture\":\"s390x\"}", manifest_one.digest,
                                     manifest_one.size, ",\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\"}",
                                     config_one.digest, config_one.size,
                                     ",\"platform\":{\"os\":\"unknown\",\"architecture\":\"unknown\"}"),
                         0);
        nested = bytes_of_text(strdup(index));
        assert_int_equal(text_append(&top,
                                     "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":"
                                     "\"application/vnd.oci.image.index.v1+json\",\"digest\":\"%s\",\"size\":%zu}]}",
                                     nested.digest, nested.size),
                         0);

        for (unsigned deep = 0; deep < 2; deep++) {
                static const char *const platforms[] = { "linux/amd64", "linux/s390x", "linux/riscv64" };
                _cleanup_(bytes_done) Bytes bytes = {};
                _cleanup_(tar_done) Tar tar = {};

                tar_add(&tar, .name = "oci-layout", .data = "{\"imageLayoutVersion\":\"1.0.0\"}");
                tar_add(&tar, .name = "index.json", .data = deep ? top : index);
                tar_add_blob(&tar, &nested);
                tar_add_blob(&tar, &manifest_one);
                tar_add_blob(&tar, &config_one);
                tar_add_blob(&tar, &a);
                tar_add_blob(&tar, &manifest_two);
                tar_add_blob(&tar, &config_two);
                tar_add_blob(&tar, &b);
                bytes = bytes_of_tar(&tar);

                for (size_t n = 0; n < ELEMENTSOF(platforms); n++) {
                        _cleanup_(image_load_result_done) ImageLoadResult result = {};
                        _cleanup_(platform_done) OciPlatform platform = {};
                        _cleanup_(closep) int fd = bytes_fd(&bytes);
                        _cleanup_(test_store_done) TestStore t = {};
                        _cleanup_(error_done) Error error = {};
                        int r;

                        test_store_make(&t);
                        assert_int_equal(platform_parse(platforms[n], &platform, NULL), 0);
                        r = image_load(t.store, fd, &(ImageLoadOptions) { .platform = &platform }, &result, &error);
                        if (n == 2) {
                                if (deep) {
                                        assert_int_equal(r, -EBADMSG);
                                        assert_string_equal(error.message, "The archive has no image for linux/riscv64");
                                }
                                continue;
                        }
                        if (r < 0)
                                fail_msg("%s", error.message);
                        assert_int_equal(result.n_images, 1);
                        assert_file(&t, n == 0 ? config_one.digest : config_two.digest, "a", n == 0 ? "amd64" : "s390x");
                }
        }
}

/* A name moves to the image that is loaded last; the other stays */
static void names_are_taken_over(void **state) {
        _cleanup_(bytes_done) Bytes a = make_layer("a", "first"), b = make_layer("a", "second");
        LayerList one = { &a, NULL }, two = { &b, NULL };
        _cleanup_(bytes_done) Bytes config_one = make_config(one, NULL), config_two = make_config(two, NULL);
        _cleanup_(bytes_done) Bytes first = make_docker_archive(one, &config_one, "[\"app\"]"),
                                    second = make_docker_archive(two, &config_two, "[\"app\"]");
        _cleanup_(image_load_result_done) ImageLoadResult result_one = {}, result_two = {};
        _cleanup_(test_store_done) TestStore t = {};

        test_store_make(&t);
        assert_int_equal(load(&t, &first, &result_one, NULL), 0);
        assert_file(&t, "app", "a", "first");
        assert_int_equal(load(&t, &second, &result_two, NULL), 0);
        assert_file(&t, "app", "a", "second");
        assert_file(&t, config_one.digest, "a", "first");
        assert_int_equal(t.store->n_images, 2);
}

/* A damaged blob is repaired by loading the image again */
static void loading_repairs(void **state) {
        _cleanup_(bytes_done) Bytes a = make_layer("a", "first");
        LayerList layers = { &a, NULL };
        _cleanup_(bytes_done) Bytes config = make_config(layers, NULL);
        _cleanup_(bytes_done) Bytes archive = make_docker_archive(layers, &config, "[\"app\"]");
        _cleanup_(image_load_result_done) ImageLoadResult result = {}, again = {};
        _cleanup_(image_unrefp) Image *bad = NULL, *good = NULL;
        _cleanup_(image_store_freep) ImageStore *other = NULL;
        _cleanup_(test_store_done) TestStore t = {};

        test_store_make(&t);
        assert_int_equal(load(&t, &archive, &result, NULL), 0);
        assert_int_equal(write_file_atomic_at(t.store->blobs_fd, digest_hex(config.digest), "{}", 2, 0), 0);
        assert_int_equal(image_store_open(t.root_fd, 0, &other, NULL), 0);
        assert_int_equal(image_store_refresh(other, NULL), 1);
        assert_int_equal(image_store_resolve(other, "app", &bad, NULL, NULL), 0);
        assert_int_equal(image_check(bad, NULL), -EBADMSG);

        assert_int_equal(load(&t, &archive, &again, NULL), 0);
        assert_int_equal(image_store_refresh(other, NULL), 1);
        assert_int_equal(image_store_resolve(other, "app", &good, NULL, NULL), 0);
        assert_int_equal(image_check(good, NULL), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(docker_archives_are_loaded),
                cmocka_unit_test(compressed_layers_are_verified_and_kept),
                cmocka_unit_test(oci_archives_are_loaded),
                cmocka_unit_test(archives_may_come_through_a_pipe),
                cmocka_unit_test(layers_may_be_links),
                cmocka_unit_test(layers_that_need_others_are_keyed_by_their_chain),
                cmocka_unit_test(several_images_share_their_layers),
                cmocka_unit_test(an_image_without_layers_is_one),
                cmocka_unit_test(platforms_are_chosen),
                cmocka_unit_test(names_are_taken_over),
                cmocka_unit_test(loading_repairs),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
