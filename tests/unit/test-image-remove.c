/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include <sys/file.h>
#include <sys/wait.h>

#include "image-archive-builder.h"
#include "image/archive-load.h"
#include "image/collect.h"
#include "image/remove.h"
#include "image/store-job.h"
#include "store-builder.h"

typedef const Bytes *const LayerList[];

static void load_image(TestStore *t, LayerList layers, const char *names, char id[static DIGEST_SIZE]) {
        _cleanup_(bytes_done) Bytes config = make_config(layers, NULL);
        _cleanup_(bytes_done) Bytes archive = make_docker_archive(layers, &config, names);
        _cleanup_(image_load_result_done) ImageLoadResult result = {};
        _cleanup_(closep) int fd = bytes_fd(&archive);
        _cleanup_(error_done) Error error = {};

        if (image_load(t->store, fd, NULL, &result, &error) < 0)
                fail_msg("%s", error.message);
        memcpy(id, config.digest, DIGEST_SIZE);
}

static size_t count_names(TestStore *t, const char *path) {
        _cleanup_(closedirp) DIR *d = fdopendir(openat(t->root_fd, path, O_RDONLY | O_DIRECTORY));
        size_t n = 0;

        assert_non_null(d);
        for (struct dirent *de; (de = readdir(d));)
                n += !STR_IN_SET(de->d_name, ".", "..");
        return n;
}

static bool exists(TestStore *t, const char *text) {
        _cleanup_(image_unrefp) Image *i = NULL;

        assert_true(image_store_refresh(t->store, NULL) >= 0);
        return image_store_resolve(t->store, text, &i, NULL, NULL) >= 0;
}

static void names_are_given_and_taken(void **state) {
        _cleanup_(bytes_done) Bytes a = make_layer("a", "first"), b = make_layer("b", "second");
        LayerList one = { &a, NULL }, two = { &b, NULL };
        _cleanup_(test_store_done) TestStore t = {};
        _cleanup_(error_done) Error error = {}, no_name = {}, bad = {}, digest = {};
        char id[DIGEST_SIZE], id2[DIGEST_SIZE];

        test_store_make(&t);
        load_image(&t, one, "[\"app\"]", id);
        load_image(&t, two, "[\"other\"]", id2);

        assert_int_equal(image_tag(t.store, "app", "quay.io/x/app:1", NULL), 0);
        assert_int_equal(image_tag(t.store, id, "another", NULL), 0);
        assert_int_equal(image_tag(t.store, "app", "app", NULL), 0);
        assert_true(exists(&t, "quay.io/x/app:1"));
        assert_true(exists(&t, "another"));

        /* A name moves */
        assert_int_equal(image_tag(t.store, "app", "other", NULL), 0);
        assert_true(exists(&t, id2));
        _cleanup_(image_unrefp) Image *i = NULL;
        assert_int_equal(image_store_resolve(t.store, "other", &i, NULL, NULL), 0);
        assert_string_equal(i->id, id);

        assert_int_equal(image_tag(t.store, "nothing", "x", &error), -ENOENT);
        assert_string_equal(error.message, "There is no image 'nothing'");
        assert_int_equal(image_tag(t.store, "app", "Bad", &bad), -EINVAL);
        assert_int_equal(image_tag(t.store, "app", "x@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                                   &digest),
                         -EINVAL);

        /* All or none */
        char *const some[] = { (char *) "app", (char *) "nothing", NULL }, *const all[] = { (char *) "app", (char *) "other", NULL };
        char *const by_id[] = { id, NULL };
        assert_int_equal(image_untag(t.store, some, NULL), -ENOENT);
        assert_true(exists(&t, "app"));
        assert_int_equal(image_untag(t.store, by_id, &no_name), -EINVAL);
        assert_int_equal(image_untag(t.store, all, NULL), 0);
        assert_false(exists(&t, "app"));
        assert_true(exists(&t, id));
}

static void the_last_name_takes_the_image_with_it(void **state) {
        _cleanup_(bytes_done) Bytes a = make_layer("a", "first"), b = make_layer("b", "second");
        LayerList one = { &a, NULL }, two = { &a, &b, NULL };
        _cleanup_(strv_freep) char **report = NULL, **last = NULL, **other = NULL;
        _cleanup_(test_store_done) TestStore t = {};
        _cleanup_(freep) char *text = NULL;
        char id[DIGEST_SIZE], id2[DIGEST_SIZE];

        test_store_make(&t);
        load_image(&t, one, "[\"one\"]", id);
        load_image(&t, two, "[\"two\",\"quay.io/x/two:2\"]", id2);

        assert_int_equal(image_remove(t.store, "two", NULL, &report, NULL), 0);
        assert_int_equal(strv_length(report), 1);
        assert_string_equal(report[0], "Untagged: two:latest");
        assert_true(exists(&t, id2));

        /* The shared layer stays */
        assert_int_equal(image_remove(t.store, "quay.io/x/two:2", NULL, &last, NULL), 0);
        text = strv_join(last, ",");
        _cleanup_(freep) char *expected = text_printf("Untagged: quay.io/x/two:2,Deleted: %s,Deleted: %s", id2, b.digest);
        assert_string_equal(text, expected);
        assert_false(exists(&t, id2));
        assert_int_equal(count_names(&t, "layers"), 1);
        assert_int_equal(count_names(&t, "images/blobs/sha256"), 3);

        assert_int_equal(image_remove(t.store, "one", NULL, &other, NULL), 0);
        assert_int_equal(count_names(&t, "layers"), 0);
        assert_int_equal(count_names(&t, "images/blobs/sha256"), 0);
        assert_int_equal(count_names(&t, "images/staging"), 0);
}

static void by_id_only_by_force_if_there_are_several_names(void **state) {
        _cleanup_(bytes_done) Bytes a = make_layer("a", "first");
        LayerList one = { &a, NULL };
        _cleanup_(strv_freep) char **report = NULL;
        _cleanup_(test_store_done) TestStore t = {};
        _cleanup_(error_done) Error error = {};
        _cleanup_(freep) char *expected = NULL, *text = NULL;
        char id[DIGEST_SIZE];

        test_store_make(&t);
        load_image(&t, one, "[\"b\",\"a\"]", id);
        assert_int_equal(image_remove(t.store, id, NULL, &report, &error), -ENOTUNIQ);
        expected = text_printf("Image %.12s has several names (a:latest, b:latest): remove these, or use --force",
                               digest_hex(id));
        assert_string_equal(error.message, expected);
        assert_true(exists(&t, "a"));

        assert_int_equal(image_remove(t.store, id, &(ImageRemoveOptions) { .force = true }, &report, NULL), 0);
        text = strv_join(report, ",");
        free(expected);
        expected = text_printf("Untagged: a:latest,Untagged: b:latest,Deleted: %s,Deleted: %s", id, a.digest);
        assert_string_equal(text, expected);
        assert_false(exists(&t, id));
}

static void what_is_used_stays(void **state) {
        _cleanup_(bytes_done) Bytes a = make_layer("a", "first");
        LayerList one = { &a, NULL };
        _cleanup_(strv_freep) char **report = NULL, **more = NULL, **forced = NULL;
        _cleanup_(test_store_done) TestStore t = {};
        _cleanup_(error_done) Error error = {}, by_id = {};
        char id[DIGEST_SIZE];

        test_store_make(&t);
        load_image(&t, one, "[\"a\",\"b\"]", id);
        const ImageUse use = { .image_id = id, .user = "container web" };
        const ImageRemoveOptions options = { .uses = &use, .n_uses = 1 },
                                 force = { .uses = &use, .n_uses = 1, .force = true };

        /* One of several names may go */
        assert_int_equal(image_remove(t.store, "a", &options, &report, NULL), 0);
        assert_string_equal(report[0], "Untagged: a:latest");

        assert_int_equal(image_remove(t.store, "b", &options, &more, &error), -EBUSY);
        assert_string_equal(error.message, "Image b:latest is used by container web: remove that first");
        assert_true(exists(&t, "b"));

        /* By force the name goes, the image does not */
        assert_int_equal(image_remove(t.store, "b", &force, &forced, NULL), 0);
        assert_int_equal(strv_length(forced), 1);
        assert_false(exists(&t, "b"));
        assert_true(exists(&t, id));
        assert_int_equal(count_names(&t, "layers"), 1);
        assert_int_equal(image_remove(t.store, id, &force, &more, &by_id), -EBUSY);
}

static void what_cannot_be_read_is_not_guessed_at(void **state) {
        _cleanup_(bytes_done) Bytes a = make_layer("a", "first"), b = make_layer("b", "second");
        LayerList one = { &a, NULL }, two = { &b, NULL };
        _cleanup_(strv_freep) char **report = NULL, **more = NULL;
        _cleanup_(test_store_done) TestStore t = {};
        char id[DIGEST_SIZE], id2[DIGEST_SIZE];

        test_store_make(&t);
        load_image(&t, one, "[\"one\"]", id);
        load_image(&t, two, "[\"two\"]", id2);
        assert_int_equal(write_file_atomic_at(t.store->blobs_fd, digest_hex(id2), "x", 1, 0), 0);
        image_store_free(t.store);
        assert_int_equal(image_store_open(t.root_fd, 0, &t.store, NULL), 0);

        /* Image two is damaged: somebody may run on its layer */
        assert_int_equal(image_remove(t.store, "one", NULL, &report, NULL), 0);
        assert_false(exists(&t, "one"));
        assert_int_equal(count_names(&t, "layers"), 2);

        /* With it goes the rest, but what the caller keeps */
        char *const keep[] = { (char *) digest_hex(b.digest), NULL };
        assert_int_equal(image_remove(t.store, "two", &(ImageRemoveOptions) { .keep_layers = keep }, &more, NULL), 0);
        assert_false(exists(&t, "two"));
        assert_int_equal(count_names(&t, "layers"), 1);
        assert_int_equal(count_names(&t, "images/blobs/sha256"), 0);

        assert_int_equal(image_store_collect(t.store, NULL, NULL, NULL), 0);
        assert_int_equal(count_names(&t, "layers"), 0);
}

static void a_damaged_image_is_known_to_be_in_use(void **state) {
        _cleanup_(bytes_done) Bytes a = make_layer("a", "first");
        LayerList one = { &a, NULL };
        _cleanup_(strv_freep) char **report = NULL;
        _cleanup_(test_store_done) TestStore t = {};
        _cleanup_(image_unrefp) Image *i = NULL;
        _cleanup_(freep) char *manifest = NULL;
        char id[DIGEST_SIZE];

        test_store_make(&t);
        load_image(&t, one, "[\"one\"]", id);
        assert_true(image_store_refresh(t.store, NULL) >= 0);
        manifest = strdup(t.store->images[0]->digest);
        assert_int_equal(unlinkat(t.store->blobs_fd, digest_hex(manifest), 0), 0);
        image_store_free(t.store);
        assert_int_equal(image_store_open(t.root_fd, 0, &t.store, NULL), 0);
        assert_int_equal(image_store_refresh(t.store, NULL), 1);
        assert_int_equal(image_store_resolve(t.store, id, &i, NULL, NULL), 0);
        assert_int_equal(image_check(i, NULL), -EBADMSG);

        const ImageUse use = { .image_id = id, .user = "container web" };
        assert_int_equal(image_remove(t.store, "one", &(ImageRemoveOptions) { .uses = &use, .n_uses = 1 }, &report, NULL),
                         -EBUSY);
        assert_int_equal(count_names(&t, "layers"), 1);
}

static void a_job_under_way_keeps_what_it_counts_on(void **state) {
        _cleanup_(bytes_done) Bytes a = make_layer("a", "first");
        LayerList one = { &a, NULL };
        _cleanup_(strv_freep) char **report = NULL;
        _cleanup_(store_job_freep) StoreJob *job = NULL;
        _cleanup_(test_store_done) TestStore t = {};
        char id[DIGEST_SIZE], name[LAYER_NAME_MAX];

        test_store_make(&t);
        load_image(&t, one, "[\"one\"]", id);
        assert_int_equal(store_job_new(t.store, &job, NULL), 0);
        assert_int_equal(store_job_find_layer(job, a.digest, a.digest, name, NULL), 1);
        assert_int_equal(image_remove(t.store, "one", NULL, &report, NULL), 0);
        assert_int_equal(count_names(&t, "layers"), 1);

        job = store_job_free(job);
        assert_int_equal(image_store_collect(t.store, NULL, NULL, NULL), 0);
        assert_int_equal(count_names(&t, "layers"), 0);
}

static void dead_jobs_are_cleaned_up_and_living_ones_are_not(void **state) {
        _cleanup_(store_job_freep) StoreJob *living = NULL, *next = NULL;
        _cleanup_(closep) int layer_fd = -EBADF;
        _cleanup_(test_store_done) TestStore t = {};
        char digest[DIGEST_SIZE];
        int status;
        size_t slot;
        pid_t pid;

        test_store_make(&t);
        assert_int_equal(store_job_new(t.store, &living, NULL), 0);
        assert_int_equal(store_job_put_blob(living, "x", 1, digest, NULL), 0);
        assert_int_equal(store_job_new_layer(living, &slot, &layer_fd, NULL), 0);

        pid = fork();
        if (pid == 0) {
                StoreJob *dead;
                int fd;

                if (store_job_new(t.store, &dead, NULL) < 0 || store_job_new_layer(dead, &slot, &fd, NULL) < 0 ||
                    mkdirat(fd, "d", 0700) < 0 || store_job_put_blob(dead, "y", 1, digest, NULL) < 0)
                        _exit(1);
                _exit(0); /* as if it had been killed */
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_int_equal(mkdirat(t.store->layers_fd, ".staging-removed-x", 0700), 0);
        assert_int_equal(count_names(&t, "images/staging"), 2);
        assert_int_equal(count_names(&t, "layers"), 3);

        assert_int_equal(store_job_new(t.store, &next, NULL), 0);
        assert_int_equal(count_names(&t, "images/staging"), 2);
        assert_int_equal(count_names(&t, "layers"), 1);

        living = store_job_free(living);
        next = store_job_free(next);
        assert_int_equal(count_names(&t, "images/staging"), 0);
        assert_int_equal(count_names(&t, "layers"), 0);
}

static int refuse(OciIndex *index, void *userdata, Error *reterr) {
        return error_set(reterr, -ENOSPC, "no");
}

static void what_cannot_be_finished_is_taken_back(void **state) {
        _cleanup_(store_job_freep) StoreJob *job = NULL;
        _cleanup_(closep) int layer_fd = -EBADF;
        _cleanup_(test_store_done) TestStore t = {};
        char digest[DIGEST_SIZE], name[LAYER_NAME_MAX];
        size_t slot;

        test_store_make(&t);
        assert_int_equal(store_job_new(t.store, &job, NULL), 0);
        assert_int_equal(store_job_put_blob(job, "x", 1, digest, NULL), 0);
        assert_int_equal(store_job_new_layer(job, &slot, &layer_fd, NULL), 0);
        layer_name_from_diff_id(name, digest);
        assert_int_equal(store_job_keep_layer(job, slot, name, NULL), 0);
        assert_int_equal(store_job_publish(job, refuse, NULL, NULL), -ENOSPC);
        job = store_job_free(job);
        assert_int_equal(image_store_collect(t.store, NULL, NULL, NULL), 0);
        assert_int_equal(count_names(&t, "images/blobs/sha256"), 0);
        assert_int_equal(count_names(&t, "layers"), 0);
}

/* Two loads and a remover at once, many times: every image that is there is whole */
static void two_at_once(void **state) {
        _cleanup_(bytes_done) Bytes a = make_layer("a", "first"), b = make_layer("b", "second");
        LayerList one = { &a, NULL }, two = { &a, &b, NULL };
        _cleanup_(test_store_done) TestStore t = {};
        char id[DIGEST_SIZE];
        pid_t pids[3];

        test_store_make(&t);
        for (size_t k = 0; k < ELEMENTSOF(pids); k++) {
                pids[k] = fork();
                if (pids[k] != 0)
                        continue;
                for (unsigned n = 0; n < 20; n++) {
                        char **report = NULL;
                        int r;

                        if (k < 2) {
                                load_image(&t, k == 0 ? one : two, k == 0 ? "[\"one\"]" : "[\"two\"]", id);
                                continue;
                        }
                        r = image_remove(t.store, n % 2 == 0 ? "one" : "two", NULL, &report, NULL);
                        if (r < 0 && r != -ENOENT)
                                _exit(1);
                        strv_free(report);
                }
                _exit(0);
        }
        for (size_t k = 0; k < ELEMENTSOF(pids); k++) {
                int status;

                assert_int_equal(waitpid(pids[k], &status, 0), pids[k]);
                assert_int_equal(status, 0);
        }

        assert_true(image_store_refresh(t.store, NULL) >= 0);
        assert_null(t.store->trouble);
        for (size_t n = 0; n < t.store->n_images; n++) {
                _cleanup_(strv_freep) char **layers = NULL;
                _cleanup_(error_done) Error error = {};

                if (image_layer_names(t.store, t.store->images[n], &layers, &error) < 0)
                        fail_msg("%s", error.message);
        }
        assert_int_equal(image_store_collect(t.store, NULL, NULL, NULL), 0);
        assert_int_equal(count_names(&t, "images/staging"), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(names_are_given_and_taken),
                cmocka_unit_test(the_last_name_takes_the_image_with_it),
                cmocka_unit_test(by_id_only_by_force_if_there_are_several_names),
                cmocka_unit_test(what_is_used_stays),
                cmocka_unit_test(what_cannot_be_read_is_not_guessed_at),
                cmocka_unit_test(a_damaged_image_is_known_to_be_in_use),
                cmocka_unit_test(a_job_under_way_keeps_what_it_counts_on),
                cmocka_unit_test(dead_jobs_are_cleaned_up_and_living_ones_are_not),
                cmocka_unit_test(what_cannot_be_finished_is_taken_back),
                cmocka_unit_test(two_at_once),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
