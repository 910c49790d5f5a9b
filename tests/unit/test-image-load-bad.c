/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "image-archive-builder.h"
#include "image/archive-load.h"
#include "store-builder.h"

/* Archives that are not what they should be: each is refused with one sentence and leaves nothing behind. */

typedef const Bytes *const LayerList[];

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

static void refuse_with(const Bytes *archive, const ImageLoadOptions *options, const char *message) {
        _cleanup_(image_load_result_done) ImageLoadResult result = {};
        _cleanup_(closep) int fd = bytes_fd(archive);
        _cleanup_(test_store_done) TestStore t = {};
        _cleanup_(error_done) Error error = {};

        test_store_make(&t);
        assert_int_equal(image_load(t.store, fd, options, &result, &error), -EBADMSG);
        if (!startswith(error.message, message))
                fail_msg("expected: %s\ngot:      %s", message, error.message);
        assert_null(result.images);
        assert_nothing_left(&t);
}

static void refuse(const Bytes *archive, const char *message) {
        refuse_with(archive, NULL, message);
}

static void what_is_no_archive_of_images(void **state) {
        static const char sentence[] =
                "The archive is not one of images: it has neither manifest.json (docker-archive) nor oci-layout (oci-archive)";
        _cleanup_(bytes_done) Bytes text = bytes_of_text(strdup("This is not an archive at all, only a sentence.\n"));
        _cleanup_(bytes_done) Bytes empty = {}, zeros = { .data = calloc(1, 10240), .size = 10240 };
        _cleanup_(bytes_done) Bytes rootfs = make_layer("etc/passwd", "root:x:0:0::/:/bin/sh\n");
        _cleanup_(bytes_done) Bytes once = compress_bytes(&rootfs, "gzip"), twice = compress_bytes(&once, "zstd"), old = {};
        _cleanup_(tar_done) Tar tar = {};

        tar_add(&tar, .name = "repositories", .data = "{}");
        old = bytes_of_tar(&tar);

        refuse(&text, "The archive is damaged or is none: ");
        refuse(&twice, "The archive is damaged or is none: ");
        refuse(&empty, "The archive is empty");
        refuse(&zeros, sentence);
        refuse(&rootfs, sentence);
        refuse(&once, sentence);
        refuse(&old, "The archive is not supported: it was written by docker before 1.10");
}

/* Every length of a good archive, compressed or not, is refused until it is complete */
static void what_was_cut_short(void **state) {
        static const char *const filters[] = { NULL, "gzip", "zstd", "xz" };
        _cleanup_(bytes_done) Bytes a = make_layer("a", "first");
        LayerList layers = { &a, NULL };
        _cleanup_(bytes_done) Bytes config = make_config(layers, NULL);
        _cleanup_(bytes_done) Bytes docker = make_docker_archive(layers, &config, "[\"app\"]");

        for (size_t n = 0; n < ELEMENTSOF(filters); n++) {
                _cleanup_(bytes_done) Bytes packed = filters[n] ? compress_bytes(&docker, filters[n]) : (Bytes) {};
                const Bytes *whole = filters[n] ? &packed : &docker;
                size_t step = filters[n] ? whole->size / 7 : 512;

                /* The last two blocks are the end mark, which many leave out */
                for (size_t size = 0; size + (filters[n] ? 16 : 1536) < whole->size; size += step + 1) {
                        const Bytes cut = { .data = whole->data, .size = size };

                        refuse(&cut, "The archive ");
                }
        }
}

static void names_that_lead_elsewhere(void **state) {
        static const struct {
                TarEntry entry;
                const char *message;
        } cases[] = {
                { { .name = "../manifest.json", .data = "[]" },
                  "The archive is not accepted: '../manifest.json' contains '..'" },
                { { .name = "a/../manifest.json", .data = "[]" },
                  "The archive is not accepted: 'a/../manifest.json' contains '..'" },
                { { .name = "/manifest.json", .data = "[]" },
                  "The archive is not accepted: '/manifest.json' is an absolute path" },
                { { .name = "a/b", .type = '2', .link = "../../etc/shadow" },
                  "The archive is not accepted: 'a/b' is a link that leads out of the archive" },
                { { .name = "a/b", .type = '2', .link = "/etc/shadow" },
                  "The archive is not accepted: 'a/b' is a link that leads out of the archive" },
                { { .name = "a/b", .type = '1', .link = "../x" },
                  "The archive is not accepted: 'a/b' is a link that leads out of the archive" },
                { { .name = "sda", .type = '4', .major = 8 },
                  "The archive is not accepted: 'sda' is neither a file nor a directory nor a link" },
                { { .name = "null", .type = '3', .major = 1, .minor = 3 },
                  "The archive is not accepted: 'null' is neither a file nor a directory nor a link" },
                { { .name = "pipe", .type = '6' },
                  "The archive is not accepted: 'pipe' is neither a file nor a directory nor a link" },
                { { .name = "x\nY\x1b[2J", .type = '6' },
                  "The archive is not accepted: 'x\\x0aY\\x1b[2J' is neither a file nor a directory nor a link" },
                { { .name = "x", .data = "y", .bad_checksum = true }, "The archive is damaged or is none: " },
                { { .name = "x", .data = "y", .claim_size = 100000 }, "The archive " },
        };

        for (size_t n = 0; n < ELEMENTSOF(cases); n++) {
                _cleanup_(bytes_done) Bytes archive = {};
                _cleanup_(tar_done) Tar tar = {};

                tar_add(&tar, .name = "first", .data = "so that it is an archive");
                tar_add_entry(&tar, &cases[n].entry);
                archive = bytes_of_tar(&tar);
                refuse(&archive, cases[n].message);
        }
}

static void links_in_a_circle(void **state) {
        _cleanup_(bytes_done) Bytes archive = {};
        _cleanup_(tar_done) Tar tar = {};

        tar_add(&tar, .name = "manifest.json", .type = '2', .link = "b");
        tar_add(&tar, .name = "b", .type = '2', .link = "manifest.json");
        archive = bytes_of_tar(&tar);
        refuse(&archive, "The archive is not one of images");
}

static void the_same_name_twice(void **state) {
        _cleanup_(bytes_done) Bytes archive = {};
        _cleanup_(tar_done) Tar tar = {};

        tar_add(&tar, .name = "manifest.json", .data = "[]");
        tar_add(&tar, .name = "./manifest.json", .data = "[1]");
        archive = bytes_of_tar(&tar);
        refuse(&archive, "The archive is not accepted: it contains 'manifest.json' twice");
}

static void manifests_of_docker(void **state) {
        _cleanup_(bytes_done) Bytes a = make_layer("a", "first"), b = make_layer("b", "second"), evil = {}, junk = {};
        LayerList layers = { &a, NULL }, evil_layers = { &evil, NULL };
        _cleanup_(bytes_done) Bytes config = make_config(layers, NULL), evil_config = {}, junk_config = {};
        _cleanup_(freep) char *deep = calloc(1, 400001), *long_names = NULL;
        _cleanup_(tar_done) Tar evil_tar = {};

        tar_add(&evil_tar, .name = "../../../etc/cron.d/x", .data = "x");
        evil = bytes_of_tar(&evil_tar);
        evil_config = make_config(evil_layers, NULL);
        junk = bytes_of_text(strdup("not a tar archive, but with the right digest"));
        junk_config = make_config((LayerList) { &junk, NULL }, NULL);

        memset(deep, '[', 200000);
        memset(deep + 200000, ']', 200000);
        assert_int_equal(text_append(&long_names, "[{\"Config\":\"c\",\"Layers\":[\"a\"],\"RepoTags\":[\"a\""), 0);
        for (unsigned n = 0; n < 1100; n++)
                assert_int_equal(text_append(&long_names, ",\"a%u\"", n), 0);
        assert_int_equal(text_append(&long_names, "]}]"), 0);

        const struct {
                const char *manifest, *message;
        } cases[] = {
                { "", "The archive is not accepted: manifest.json: JSON ends too early" },
                { "{}", "The archive is not accepted: manifest.json: expected array, got object" },
                { "[]", "The archive has no images" },
                { "[7]", "The archive is not accepted: manifest.json: /0: expected object, got integer" },
                { "[{}]", "The archive is not accepted: manifest.json: /0/Config: missing" },
                { "[null]", "The archive is not accepted: manifest.json: /0: expected object, got null" },
                { "[{\"Config\":1}]", "The archive is not accepted: manifest.json: /0/Config: expected string, got integer" },
                { "[{\"Config\":\"c\",\"Layers\":{}}]", "The archive is not accepted: manifest.json: /0/Layers: expected array" },
                { "[{\"Config\":\"c\",\"Layers\":[null]}]", "The archive is not accepted: manifest.json: /0/Layers/0: expected string" },
                { deep, "The archive is not accepted: manifest.json: JSON nested deeper than" },
                { "[{\"Config\":\"x\",\"Layers\":[\"a\"]}]", "The archive is incomplete: 'x' is missing" },
                { "[{\"Config\":\"../c\",\"Layers\":[\"a\"]}]", "The archive is incomplete: '../c' is missing" },
                { "[{\"Config\":\"/etc/passwd\",\"Layers\":[\"a\"]}]", "The archive is incomplete: '/etc/passwd' is missing" },
                { "[{\"Config\":\"c\",\"Layers\":[\"x\"]}]", "The archive is incomplete: layer 'x' is missing" },
                { "[{\"Config\":\"c\",\"Layers\":[\"/proc/self/environ\"]}]",
                  "The archive is incomplete: layer '/proc/self/environ' is missing" },
                { "[{\"Config\":\"c\",\"Layers\":[]}]", "The archive is not accepted: manifest.json has 0 layers for 'c', which has 1" },
                { "[{\"Config\":\"c\",\"Layers\":[\"b\"]}]", "The archive is damaged: layer 'b' is sha256:" },
                { "[{\"Config\":\"a\",\"Layers\":[\"a\"]}]", "The archive is not accepted: a: not JSON" },
                { "[{\"Config\":\"m\",\"Layers\":[\"a\"]}]", "The archive is not accepted: m: /rootfs: missing" },
                { "[{\"Config\":\"w\",\"Layers\":[]}]", "The archive is not accepted: w is for 'windows', not for linux" },
                { "[{\"Config\":\"e\",\"Layers\":[\"evil\"]}]",
                  "Cannot unpack layer 'evil': '../../../etc/cron.d/x': the path contains '..'" },
                { "[{\"Config\":\"j\",\"Layers\":[\"junk\"]}]", "Cannot unpack layer 'junk': it is not a valid tar archive" },
                { "[{\"Config\":\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855.json\",\"Layers\":[\"a\"]}]",
                  "The archive is damaged: the content of 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855.json' is" },
                { "[{\"Config\":\"c\",\"Layers\":[\"a\"],\"RepoTags\":[\"No Name\"]}]",
                  "The archive is not accepted: 'No Name' is not an image name" },
                { "[{\"Config\":\"c\",\"Layers\":[\"a\"],\"RepoTags\":[\"../../x\"]}]",
                  "The archive is not accepted: '../../x' is not an image name" },
                { "[{\"Config\":\"c\",\"Layers\":[\"a\"],\"RepoTags\":\"x\"}]",
                  "The archive is not accepted: manifest.json: /0/RepoTags: expected array, got string" },
                { long_names, "The archive is not accepted: an image has more than 1000 names" },
                /* The first is good: all or nothing */
                { "[{\"Config\":\"c\",\"Layers\":[\"a\"]},{\"Config\":\"c\",\"Layers\":[\"b\"]}]",
                  "The archive is damaged: layer 'b' is sha256:" },
        };

        for (size_t n = 0; n < ELEMENTSOF(cases); n++) {
                _cleanup_(bytes_done) Bytes archive = {};
                _cleanup_(tar_done) Tar tar = {};

                tar_add_bytes(&tar, "a", &a);
                tar_add_bytes(&tar, "b", &b);
                tar_add_bytes(&tar, "c", &config);
                tar_add_bytes(&tar, "e", &evil_config);
                tar_add_bytes(&tar, "evil", &evil);
                tar_add_bytes(&tar, "j", &junk_config);
                tar_add_bytes(&tar, "junk", &junk);
                tar_add(&tar, .name = "m", .data = "{}");
                tar_add(&tar, .name = "w", .data = "{\"os\":\"windows\",\"rootfs\":{\"type\":\"layers\"}}");
                tar_add_bytes(&tar, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855.json", &config);
                tar_add(&tar, .name = "manifest.json", .data = cases[n].manifest);
                archive = bytes_of_tar(&tar);
                refuse(&archive, cases[n].message);
        }
}

/* An OCI layout of one image in which one thing is wrong */
typedef struct OciCase {
        const char *layout, *index_entry, *extra; /* NULL: as it should be */
        const char *leave_out;                    /* "manifest", "config", "layer" */
        const char *other_content;                /* of the same */
        const char *manifest;
        const char *layer_type;
        const char *message;
} OciCase;

static bool is(const char *a, const char *b) {
        return a && streq(a, b);
}

static void add_part(Tar *tar, const OciCase *c, const char *what, const Bytes *b) {
        _cleanup_(freep) char *other = NULL;
        char path[100];

        if (is(c->leave_out, what))
                return;
        snprintf(path, sizeof(path), "blobs/sha256/%s", digest_hex(b->digest));
        if (is(c->other_content, what)) {
                other = malloc(b->size);
                memcpy(other, b->data, b->size);
                other[b->size / 2] ^= 1;
                tar_add(tar, .name = path, .data = other, .size = b->size);
        } else
                tar_add_bytes(tar, path, b);
}

static void layouts_of_oci(void **state) {
#define BLOB "'blobs/sha256/"
        static const OciCase cases[] = {
                { .layout = "{}", .message = "The archive is not accepted: its OCI layout is not of version 1" },
                { .layout = "{\"imageLayoutVersion\":\"2.0.0\"}",
                  .message = "The archive is not accepted: its OCI layout is not of version 1" },
                { .layout = "x", .message = "The archive is not accepted: oci-layout: not JSON" },
                { .index_entry = "7", .message = "The archive is not accepted: index.json: /manifests/0: expected object, got integer" },
                { .index_entry = "{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"digest\":\"sha256:../../x\","
                                 "\"size\":1}",
                  .message = "The archive is not accepted: index.json: /manifests/0/digest: not a digest" },
                { .extra = ",\"layers\":[]", .message = "The archive is not accepted: index.json: is both a manifest and an index" },
                { .index_entry = "", .message = "The archive has no images" },
                { .leave_out = "manifest", .message = "The archive is incomplete: " BLOB },
                { .leave_out = "config", .message = "The archive is incomplete: " BLOB },
                { .leave_out = "layer", .message = "The archive is incomplete: " BLOB },
                { .other_content = "manifest", .message = "The archive is damaged: the content of " BLOB },
                { .other_content = "config", .message = "The archive is damaged: the content of " BLOB },
                { .other_content = "layer", .message = "The archive is damaged: the content of " BLOB },
                { .layer_type = "tar+gzip", .message = "The archive is not accepted: layer sha256:" },
                { .layer_type = "tar+lzma", .message = "The archive is not accepted: sha256:" },
                { .manifest = "{}", .message = "The archive is not accepted: sha256:" },
                { .manifest = "{\"schemaVersion\":2,\"layers\":[],\"manifests\":[]}", .message = "The archive is not accepted: sha256:" },
        };

        for (size_t n = 0; n < ELEMENTSOF(cases); n++) {
                const OciCase *c = cases + n;
                _cleanup_(bytes_done) Bytes a = make_layer("a", "first"), archive = {};
                LayerList layers = { &a, NULL };
                _cleanup_(bytes_done) Bytes config = make_config(layers, NULL);
                _cleanup_(bytes_done) Bytes manifest = c->manifest ? bytes_of_text(strdup(c->manifest)) :
                                                       make_oci_manifest(layers, c->layer_type ?: "tar", &config);
                _cleanup_(freep) char *entry = text_printf(OCI_ENTRY, manifest.digest, manifest.size, ""), *index = NULL;
                _cleanup_(tar_done) Tar tar = {};

                index = text_printf("{\"schemaVersion\":2,\"manifests\":[%s]%s}", c->index_entry ?: entry, strempty(c->extra));
                tar_add(&tar, .name = "oci-layout", .data = c->layout ?: "{\"imageLayoutVersion\":\"1.0.0\"}");
                tar_add(&tar, .name = "index.json", .data = index);
                add_part(&tar, c, "manifest", &manifest);
                add_part(&tar, c, "config", &config);
                add_part(&tar, c, "layer", &a);
                archive = bytes_of_tar(&tar);
                refuse(&archive, c->message);
        }
}

static void indexes_that_contain_themselves(void **state) {
        /* They cannot, since they are named by their digests; but a long row of them is possible */
        _cleanup_(bytes_done) Bytes archive = {};
        _cleanup_(freep) char *inner = strdup("{\"schemaVersion\":2,\"manifests\":[]}");
        _cleanup_(tar_done) Tar tar = {};

        for (unsigned n = 0; n < 8; n++) {
                _cleanup_(bytes_done) Bytes b = bytes_of_text(strdup(inner));
                char *outer = text_printf("{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":"
                                          "\"application/vnd.oci.image.index.v1+json\",\"digest\":\"%s\",\"size\":%zu}]}",
                                          b.digest, b.size);

                tar_add_blob(&tar, &b);
                free(inner);
                inner = outer;
        }
        tar_add(&tar, .name = "oci-layout", .data = "{\"imageLayoutVersion\":\"1.0.0\"}");
        tar_add(&tar, .name = "index.json", .data = inner);
        archive = bytes_of_tar(&tar);
        refuse(&archive, "The archive is not accepted: indexes are nested too deeply");
}

/* The configuration says what the layer should be; a compressed one is only known when it is unpacked */
static void layers_that_are_something_else(void **state) {
        _cleanup_(bytes_done) Bytes a = make_layer("a", "first"), b = make_layer("b", "second");
        _cleanup_(bytes_done) Bytes packed = compress_bytes(&b, "gzip");
        LayerList layers = { &a, NULL }, packed_layers = { &packed, NULL };
        _cleanup_(bytes_done) Bytes config = make_config(layers, NULL);
        _cleanup_(bytes_done) Bytes docker = make_docker_archive(packed_layers, &config, "null");
        _cleanup_(bytes_done) Bytes manifest = make_oci_manifest(packed_layers, "tar+gzip", &config);
        _cleanup_(bytes_done) Bytes oci = make_oci_archive(packed_layers, &config, &manifest, "");
        _cleanup_(freep) char *message = text_printf("Cannot unpack layer '0/layer.tar': its content is %s, not %s as the image says",
                                                     b.digest, a.digest);

        refuse(&docker, message);
        refuse(&oci, "Cannot unpack layer sha256:");
}

static void more_than_is_allowed(void **state) {
        _cleanup_(bytes_done) Bytes zeros = { .data = calloc(1, 4U << 20), .size = 4U << 20 }, bomb = {}, packed = {};
        _cleanup_(tar_done) Tar tar = {}, many_tar = {};
        _cleanup_(bytes_done) Bytes many = {}, packed_many = {};

        tar_add_bytes(&tar, "manifest.json", &zeros);
        bomb = bytes_of_tar(&tar);
        packed = compress_bytes(&bomb, "zstd");
        assert_true(packed.size < 10000);
        refuse_with(&packed, &(ImageLoadOptions) { .bytes_max = 1U << 20 }, "The archive cannot be read: it is more than 1048576 bytes");

        for (unsigned n = 0; n <= IMAGE_ARCHIVE_ENTRIES_MAX; n++)
                tar_add(&many_tar, .name = "d/", .type = '5');
        many = bytes_of_tar(&many_tar);
        packed_many = compress_bytes(&many, "zstd");
        refuse(&packed_many, "The archive is not accepted: it has more than 100000 entries");
}

/* On a file system of its own that is too small: one sentence, and all space is given back */
static void a_full_disk(void **state) {
        int status;
        pid_t pid;

        if (geteuid() != 0)
                skip();

        pid = fork();
        if (pid == 0) {
                _cleanup_(bytes_done) Bytes content = { .data = calloc(1, 6U << 20), .size = 6U << 20 }, layer = {};
                LayerList layers = { &layer, NULL };
                _cleanup_(tar_done) Tar tar = {};

                /* Not everyone who is root may mount */
                if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
                    mount("full", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "size=16m") < 0)
                        _exit(77);
                setenv("TMPDIR", "/tmp", 1);

                tar_add_bytes(&tar, "file", &content);
                layer = bytes_of_tar(&tar);
                /* Too large when it is read, when it is unpacked */
                for (unsigned n = 0; n < 2; n++) {
                        _cleanup_(bytes_done) Bytes config = make_config(layers, NULL);
                        _cleanup_(bytes_done) Bytes archive = make_docker_archive(layers, &config, "null");
                        _cleanup_(image_load_result_done) ImageLoadResult result = {};
                        _cleanup_(closep) int fd = bytes_fd(&archive);
                        _cleanup_(closep) int filler = -EBADF;
                        _cleanup_(test_store_done) TestStore t = {};
                        _cleanup_(error_done) Error error = {};

                        test_store_make(&t);
                        filler = open("/tmp/filler", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
                        assert_int_equal(posix_fallocate(filler, 0, n == 0 ? 12 << 20 : 7 << 20), 0);
                        assert_int_equal(image_load(t.store, fd, NULL, &result, &error), -ENOSPC);
                        if (!endswith(error.message, "No space left on device"))
                                fail_msg("%s", error.message);
                        assert_nothing_left(&t);
                        assert_int_equal(unlink("/tmp/filler"), 0);
                }
                _exit(0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
                skip();
        assert_int_equal(status, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_no_archive_of_images),
                cmocka_unit_test(what_was_cut_short),
                cmocka_unit_test(names_that_lead_elsewhere),
                cmocka_unit_test(links_in_a_circle),
                cmocka_unit_test(the_same_name_twice),
                cmocka_unit_test(manifests_of_docker),
                cmocka_unit_test(layouts_of_oci),
                cmocka_unit_test(indexes_that_contain_themselves),
                cmocka_unit_test(layers_that_are_something_else),
                cmocka_unit_test(more_than_is_allowed),
                cmocka_unit_test(a_full_disk),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
