/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include "store-builder.h"

#define NONE "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void an_empty_root_is_an_empty_store(void **state) {
        _cleanup_(test_store_done) TestStore t = {};
        _cleanup_(image_store_freep) ImageStore *reader = NULL;

        test_store_make(&t);
        assert_int_equal(remove_tree_at(t.root_fd, "images"), 0);
        assert_int_equal(remove_tree_at(t.root_fd, "layers"), 0);
        assert_int_equal(image_store_open(t.root_fd, IMAGE_STORE_READ_ONLY, &reader, NULL), 0);
        assert_int_equal(image_store_refresh(reader, NULL), 1);
        assert_int_equal(reader->n_images, 0);
        assert_null(reader->trouble);
        assert_int_equal(faccessat(t.root_fd, "images", F_OK, 0), -1);
}

static void the_layout_is_valid(void **state) {
        _cleanup_(test_store_done) TestStore t = {};
        _cleanup_(freep) char *text = NULL;
        struct stat st;

        test_store_make(&t);
        assert_int_equal(read_full_file_at(t.store->images_fd, "oci-layout", 100, &text, NULL), 0);
        assert_string_equal(text, "{\"imageLayoutVersion\":\"1.0.0\"}\n");
        assert_int_equal(fstatat(t.root_fd, "images/blobs/sha256", &st, 0), 0);
        assert_int_equal(st.st_mode & 07777, 0700);
}

static void images_are_found_by_whatever_names_them(void **state) {
        _cleanup_(test_store_done) TestStore t = {};
        char id[DIGEST_SIZE], manifest[DIGEST_SIZE], id2[DIGEST_SIZE], manifest2[DIGEST_SIZE], text[512];

        test_store_make(&t);
        test_store_add_image(&t, "one", NULL, "docker.io/library/nginx:latest", id, manifest);
        test_store_add_entry(&t, manifest, 1, "quay.io/x/y:1");
        test_store_add_image(&t, "two", NULL, "localhost/mine:latest", id2, manifest2);
        assert_int_equal(image_store_refresh(t.store, NULL), 1);
        assert_int_equal(t.store->n_images, 2);

        const struct {
                const char *text, *id, *name;
        } cases[] = {
                { "nginx", id, "docker.io/library/nginx:latest" },
                { "nginx:latest", id, "docker.io/library/nginx:latest" },
                { "docker.io/library/nginx", id, "docker.io/library/nginx:latest" },
                { "quay.io/x/y:1", id, "quay.io/x/y:1" },
                { "mine", id2, "localhost/mine:latest" },
                { "localhost/mine", id2, "localhost/mine:latest" },
                { id, id, NULL },
                { digest_hex(id), id, NULL },
                { manifest2, id2, NULL },
                { "nginx:1", NULL, NULL },
                { "quay.io/x/y", NULL, NULL },
                { "other", NULL, NULL },
                { NONE, NULL, NULL },
        };

        for (size_t n = 0; n < ELEMENTSOF(cases); n++) {
                _cleanup_(image_unrefp) Image *i = NULL;
                _cleanup_(error_done) Error error = {};
                _cleanup_(freep) char *name = NULL;
                int r = image_store_resolve(t.store, cases[n].text, &i, &name, &error);

                if (!cases[n].id) {
                        assert_int_equal(r, -ENOENT);
                        snprintf(text, sizeof(text), "There is no image '%s'", cases[n].text);
                        assert_string_equal(error.message, text);
                        continue;
                }
                if (r < 0)
                        fail_msg("%s: %s", cases[n].text, error.message);
                assert_string_equal(i->id, cases[n].id);
                assert_true(streq_ptr(name, cases[n].name));
        }

        for (size_t length = 2; length < 12; length++) {
                _cleanup_(image_unrefp) Image *i = NULL;
                bool both = strncmp(digest_hex(id), digest_hex(id2), length) == 0;

                snprintf(text, sizeof(text), "%.*s", (int) length, digest_hex(id));
                assert_int_equal(image_store_resolve(t.store, text, &i, NULL, NULL), both ? -ENOTUNIQ : 0);
                if (i)
                        assert_string_equal(i->id, id);
        }

        _cleanup_(image_unrefp) Image *by_digest = NULL, *elsewhere = NULL;
        snprintf(text, sizeof(text), "quay.io/x/y@%s", manifest);
        assert_int_equal(image_store_resolve(t.store, text, &by_digest, NULL, NULL), 0);
        assert_string_equal(by_digest->id, id);
        snprintf(text, sizeof(text), "quay.io/x/z@%s", manifest);
        assert_int_equal(image_store_resolve(t.store, text, &elsewhere, NULL, NULL), -ENOENT);

        _cleanup_(error_done) Error error = {};
        assert_int_equal(image_store_resolve(t.store, "No Name", &elsewhere, NULL, &error), -EINVAL);
        assert_string_equal(error.message, "'No Name' is not an image name: it must be lower-case");
        assert_int_equal(image_store_resolve(t.store, "", &elsewhere, NULL, NULL), -EINVAL);
}

static void beginnings_of_several_are_ambiguous(void **state) {
        _cleanup_(test_store_done) TestStore t = {};
        char ids[40][DIGEST_SIZE], manifest[DIGEST_SIZE], text[16];
        unsigned ambiguous = 0;

        test_store_make(&t);
        for (size_t n = 0; n < ELEMENTSOF(ids); n++) {
                snprintf(text, sizeof(text), "%zu", n);
                test_store_add_image(&t, text, NULL, NULL, ids[n], manifest);
        }
        assert_int_equal(image_store_refresh(t.store, NULL), 1);

        for (size_t n = 0; n < ELEMENTSOF(ids); n++) {
                _cleanup_(image_unrefp) Image *i = NULL;
                unsigned same = 0;

                snprintf(text, sizeof(text), "%.2s", digest_hex(ids[n]));
                for (size_t m = 0; m < ELEMENTSOF(ids); m++)
                        same += strncmp(digest_hex(ids[m]), text, 2) == 0;
                assert_int_equal(image_store_resolve(t.store, text, &i, NULL, NULL), same > 1 ? -ENOTUNIQ : 0);
                ambiguous += same > 1;
        }
        assert_true(ambiguous > 0);
}

static void names_move(void **state) {
        _cleanup_(test_store_done) TestStore t = {};
        _cleanup_(image_unrefp) Image *old = NULL;
        char id[DIGEST_SIZE], manifest[DIGEST_SIZE], id2[DIGEST_SIZE], manifest2[DIGEST_SIZE];

        test_store_make(&t);
        test_store_add_image(&t, "one", NULL, "docker.io/library/a:latest", id, manifest);
        assert_int_equal(image_store_refresh(t.store, NULL), 1);
        assert_int_equal(image_store_refresh(t.store, NULL), 0);
        assert_int_equal(image_store_resolve(t.store, "a", &old, NULL, NULL), 0);
        assert_int_equal(strv_length(old->names), 1);

        /* The old image stays, without a name; its object is the same */
        test_store_add_image(&t, "two", NULL, "docker.io/library/a:latest", id2, manifest2);
        assert_int_equal(image_store_refresh(t.store, NULL), 1);
        assert_int_equal(t.store->n_images, 2);
        assert_int_equal(strv_length(old->names), 0);

        _cleanup_(image_unrefp) Image *now = NULL, *again = NULL;
        assert_int_equal(image_store_resolve(t.store, "a", &now, NULL, NULL), 0);
        assert_string_equal(now->id, id2);
        assert_int_equal(image_store_resolve(t.store, id, &again, NULL, NULL), 0);
        assert_ptr_equal(again, old);
}

static void entries_come_and_go(void **state) {
        _cleanup_(test_store_done) TestStore t = {};
        _cleanup_(oci_index_freep) OciIndex *index = NULL;
        _cleanup_(oci_descriptor_done) OciDescriptor d = {};

        test_store_make(&t);
        assert_int_equal(store_index_read(t.store, &index, NULL, NULL), 0);
        assert_int_equal(oci_descriptor_set(&d, OCI_MEDIA_MANIFEST, NONE, 7), 0);

        assert_int_equal(store_index_add(index, &d, NULL), 0);
        assert_int_equal(store_index_add(index, &d, NULL), 0);
        assert_int_equal(index->n_manifests, 1);
        assert_int_equal(store_index_add(index, &d, "a"), 0);
        assert_int_equal(index->n_manifests, 1);
        for (unsigned n = 0; n < 20; n++) {
                char name[8];

                /* The descriptor is an entry of the index that is growing */
                snprintf(name, sizeof(name), "b%u", n);
                assert_int_equal(store_index_add(index, store_index_find(index, "a"), name), 0);
        }
        assert_int_equal(index->n_manifests, 21);
        assert_int_equal(store_index_untag(index, "a"), 0);
        assert_int_equal(store_index_untag(index, "a"), -ENOENT);
        for (unsigned n = 0; n < 20; n++) {
                char name[8];

                snprintf(name, sizeof(name), "b%u", n);
                assert_int_equal(store_index_untag(index, name), 0);
        }
        assert_int_equal(index->n_manifests, 1);
        assert_null(store_entry_name(index->manifests));
        assert_int_equal(store_index_remove(index, index->manifests[0].digest), 1);
        assert_int_equal(index->n_manifests, 0);
}

/* Any one file cut short, changed or gone costs only what it was for */
static void damage(TestStore *t, int dir_fd, const char *name, unsigned how) {
        _cleanup_(closep) int fd = openat(dir_fd, name, O_RDWR);

        assert_true(fd >= 0);
        if (how == 0)
                assert_int_equal(ftruncate(fd, 3), 0);
        else if (how == 1)
                assert_int_equal(pwrite(fd, "\xff\x01", 2, 1), 2);
        else
                assert_int_equal(unlinkat(dir_fd, name, 0), 0);
}

static void a_damaged_blob_costs_one_image(void **state) {
        for (unsigned how = 0; how < 3; how++)
                for (unsigned which = 0; which < 2; which++) {
                        _cleanup_(test_store_done) TestStore t = {};
                        char id[DIGEST_SIZE], manifest[DIGEST_SIZE], id2[DIGEST_SIZE], manifest2[DIGEST_SIZE];
                        _cleanup_(image_unrefp) Image *good = NULL, *bad = NULL;
                        _cleanup_(error_done) Error error = {};
                        _cleanup_(strv_freep) char **layers = NULL;

                        test_store_make(&t);
                        test_store_add_image(&t, "one", NULL, "docker.io/library/good:latest", id, manifest);
                        test_store_add_image(&t, "two", NULL, "docker.io/library/bad:latest", id2, manifest2);
                        damage(&t, t.store->blobs_fd, digest_hex(which == 0 ? manifest2 : id2), how);

                        assert_int_equal(image_store_refresh(t.store, NULL), 1);
                        assert_int_equal(t.store->n_images, 2);
                        assert_int_equal(image_store_resolve(t.store, "good", &good, NULL, NULL), 0);
                        assert_int_equal(image_check(good, NULL), 0);
                        assert_int_equal(image_store_resolve(t.store, "bad", &bad, NULL, NULL), 0);
                        assert_int_equal(image_check(bad, &error), -EBADMSG);
                        assert_non_null(startswith(error.message, "Image bad:latest cannot be used: The "));
                        assert_int_equal(image_layer_names(t.store, bad, &layers, NULL), -EBADMSG);
                }
}

static void a_damaged_index_has_a_copy(void **state) {
        for (unsigned how = 0; how < 3; how++) {
                _cleanup_(test_store_done) TestStore t = {};
                char id[DIGEST_SIZE], manifest[DIGEST_SIZE];

                test_store_make(&t);
                test_store_add_image(&t, "one", NULL, "docker.io/library/a:latest", id, manifest);
                damage(&t, t.store->images_fd, "index.json", how);
                assert_int_equal(image_store_refresh(t.store, NULL), 1);
                assert_int_equal(t.store->n_images, 1);
                assert_null(t.store->trouble);

                /* Written again, it is whole */
                test_store_add_entry(&t, manifest, 1, "docker.io/library/b:latest");
                assert_int_equal(image_store_refresh(t.store, NULL), 1);
                assert_int_equal(strv_length(t.store->images[0]->names), 2);
        }
}

static void an_index_without_a_copy_is_not_overwritten(void **state) {
        _cleanup_(test_store_done) TestStore t = {};
        _cleanup_(oci_index_freep) OciIndex *index = NULL;
        _cleanup_(error_done) Error error = {};
        char id[DIGEST_SIZE], manifest[DIGEST_SIZE];

        test_store_make(&t);
        test_store_add_image(&t, "one", NULL, "docker.io/library/a:latest", id, manifest);
        damage(&t, t.store->images_fd, "index.json", 0);
        damage(&t, t.store->images_fd, "index.json.backup", 1);
        assert_int_equal(image_store_refresh(t.store, NULL), 1);
        assert_int_equal(t.store->n_images, 0);
        assert_non_null(t.store->trouble);
        assert_int_equal(store_index_read(t.store, &index, NULL, &error), -EBADMSG);
        assert_string_equal(error.message, "The image store is damaged: index.json: JSON ends too early");
}

static void layers_are_found_under_either_key(void **state) {
        static const char *const layers[] = { "bottom", "top", NULL };
        _cleanup_(test_store_done) TestStore t = {};
        char id[DIGEST_SIZE], manifest[DIGEST_SIZE], bottom[LAYER_NAME_MAX], top[LAYER_NAME_MAX];
        _cleanup_(image_unrefp) Image *i = NULL;
        _cleanup_(error_done) Error error = {};
        _cleanup_(strv_freep) char **names = NULL;

        test_store_make(&t);
        test_store_add_image(&t, "one", layers, "docker.io/library/a:latest", id, manifest);
        assert_int_equal(image_store_refresh(t.store, NULL), 1);
        assert_int_equal(image_store_resolve(t.store, "a", &i, NULL, NULL), 0);
        assert_int_equal(i->size, strlen("bottom") + strlen("top"));

        assert_int_equal(image_layer_names(t.store, i, &names, &error), -ENOENT);
        assert_non_null(strstr(error.message, "is missing from the store"));

        layer_name_from_diff_id(bottom, i->config->diff_ids[0]);
        layer_name_from_chain_id(top, i->chain_ids[1]);
        assert_int_equal(mkdirat(t.store->layers_fd, bottom, 0755), 0);
        assert_int_equal(mkdirat(t.store->layers_fd, top, 0755), 0);
        assert_int_equal(image_layer_names(t.store, i, &names, NULL), 0);
        assert_int_equal(strv_length(names), 2);
        assert_string_equal(names[0], top);
        assert_string_equal(names[1], bottom);
        assert_non_null(startswith(top, "chain-"));
}

static void names_by_others_that_cannot_be_asked_for_are_none(void **state) {
        _cleanup_(test_store_done) TestStore t = {};
        char id[DIGEST_SIZE], manifest[DIGEST_SIZE];

        test_store_make(&t);
        test_store_add_image(&t, "one", NULL, "latest", id, manifest);
        assert_int_equal(image_store_refresh(t.store, NULL), 1);
        assert_int_equal(t.store->n_images, 1);
        assert_int_equal(strv_length(t.store->images[0]->names), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_empty_root_is_an_empty_store),
                cmocka_unit_test(the_layout_is_valid),
                cmocka_unit_test(images_are_found_by_whatever_names_them),
                cmocka_unit_test(beginnings_of_several_are_ambiguous),
                cmocka_unit_test(names_move),
                cmocka_unit_test(entries_come_and_go),
                cmocka_unit_test(a_damaged_blob_costs_one_image),
                cmocka_unit_test(a_damaged_index_has_a_copy),
                cmocka_unit_test(an_index_without_a_copy_is_not_overwritten),
                cmocka_unit_test(layers_are_found_under_either_key),
                cmocka_unit_test(names_by_others_that_cannot_be_asked_for_are_none),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
