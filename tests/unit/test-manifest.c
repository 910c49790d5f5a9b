/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include "oci/manifest.h"
#include "shared/strv.h"
#include "shared/text.h"

#define D1 "\"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\""
#define D2 "\"sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\""
#define OCI    "application/vnd.oci.image."
#define DOCKER "application/vnd.docker.distribution."
#define CONFIG "\"config\":{\"mediaType\":\"" OCI "config.v1+json\",\"digest\":" D1 ",\"size\":7}"
#define LAYER  "{\"mediaType\":\"" OCI "layer.v1.tar+gzip\",\"digest\":" D2 ",\"size\":9}"

static void manifests_are_read(void **state) {
        static const char *const cases[] = {
                "{\"schemaVersion\":2," CONFIG ",\"layers\":[" LAYER "]}",
                "{\"schemaVersion\":2,\"mediaType\":\"" OCI "manifest.v1+json\"," CONFIG ",\"layers\":[" LAYER "],\"x\":1}",
                "{\"schemaVersion\":2,\"mediaType\":\"" DOCKER "manifest.v2+json\","
                "\"config\":{\"mediaType\":\"application/vnd.docker.container.image.v1+json\",\"digest\":" D1 ",\"size\":7},"
                "\"layers\":[{\"mediaType\":\"application/vnd.docker.image.rootfs.diff.tar.gzip\",\"digest\":" D2
                ",\"size\":9}]}",
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(oci_manifest_freep) OciManifest *m = NULL;
                _cleanup_(error_done) Error error = {};

                if (oci_manifest_parse("m", cases[i], strlen(cases[i]), NULL, &m, &error) < 0)
                        fail_msg("%s", error.message);
                assert_int_equal(m->n_layers, 1);
                assert_int_equal(m->config.size, 7);
                assert_int_equal(m->layers[0].size, 9);
        }
}

static void bad_manifests_are_refused(void **state) {
        static const struct {
                const char *text, *message;
        } cases[] = {
                { "", "m: JSON ends too early" },
                { "[]", "m: expected object, got array" },
                { "{}", "m: /layers: missing" },
                { "{\"schemaVersion\":1," CONFIG ",\"layers\":[]}", "m: /schemaVersion: version 1 is not supported, only 2" },
                { "{\"schemaVersion\":\"2\"," CONFIG ",\"layers\":[]}", "m: /schemaVersion: expected integer, got string" },
                { "{\"schemaVersion\":2,\"fsLayers\":[]," CONFIG "}",
                  "m: manifests of docker's schema 1 are not supported" },
                { "{\"schemaVersion\":2," CONFIG ",\"layers\":[],\"manifests\":[]}", "m: is both a manifest and an index" },
                { "{\"schemaVersion\":2,\"mediaType\":\"" OCI "index.v1+json\"," CONFIG ",\"layers\":[]}",
                  "m: /mediaType: is not what the document contains" },
                { "{\"schemaVersion\":2,\"mediaType\":7," CONFIG ",\"layers\":[]}",
                  "m: /mediaType: is not what the document contains" },
                { "{\"schemaVersion\":2,\"layers\":[]}", "m: /config: missing" },
                { "{\"schemaVersion\":2," CONFIG ",\"layers\":{}}", "m: /layers: expected array, got object" },
                { "{\"schemaVersion\":2," CONFIG ",\"layers\":[null]}", "m: /layers/0: expected object, got null" },
                { "{\"schemaVersion\":2," CONFIG ",\"layers\":[{\"mediaType\":\"text/plain\",\"digest\":" D1 ",\"size\":1}]}",
                  "m: /layers/0: is of a type that is not supported: 'text/plain'" },
                { "{\"schemaVersion\":2," CONFIG ",\"layers\":[{\"mediaType\":\"a b\",\"digest\":" D1 ",\"size\":1}]}",
                  "m: /layers/0/mediaType: not a media type" },
                { "{\"schemaVersion\":2," CONFIG ",\"layers\":[{\"mediaType\":\"a\",\"digest\":\"sha256:x\",\"size\":1}]}",
                  "m: /layers/0/digest: not a digest: expected sha256: and 64 hexadecimal digits" },
                { "{\"schemaVersion\":2," CONFIG ",\"layers\":[{\"mediaType\":\"a\",\"digest\":" D1 ",\"size\":-1}]}",
                  "m: /layers/0/size: is negative" },
                { "{\"schemaVersion\":2," CONFIG ",\"layers\":[{\"mediaType\":\"a\",\"digest\":" D1
                  ",\"size\":9223372036854775807}]}",
                  "m: /layers/0/size: larger than any blob may be" },
                { "{\"schemaVersion\":2,\"config\":" LAYER ",\"layers\":[]}",
                  "m: /config: is not an image's configuration but 'application/vnd.oci.image.layer.v1.tar+gzip'" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(oci_manifest_freep) OciManifest *m = NULL;
                _cleanup_(error_done) Error error = {};

                assert_true(oci_manifest_parse("m", cases[i].text, strlen(cases[i].text), NULL, &m, &error) < 0);
                assert_string_equal(error.message, cases[i].message);
                assert_null(m);
        }
}

static void too_many_layers_are_refused(void **state) {
        for (unsigned n = OCI_LAYERS_MAX; n <= OCI_LAYERS_MAX + 1; n++) {
                _cleanup_(oci_manifest_freep) OciManifest *m = NULL;
                _cleanup_(freep) char *text = strdup("{\"schemaVersion\":2," CONFIG ",\"layers\":[");

                for (unsigned i = 0; i < n; i++)
                        assert_int_equal(text_append(&text, "%s%s", i > 0 ? "," : "", LAYER), 0);
                assert_int_equal(text_append(&text, "]}"), 0);
                assert_int_equal(oci_manifest_parse("m", text, strlen(text), NULL, &m, NULL),
                                 n > OCI_LAYERS_MAX ? -EINVAL : 0);
        }
}

static void the_type_by_which_it_was_found_counts(void **state) {
        const char *text = "{\"schemaVersion\":2,\"mediaType\":\"" OCI "manifest.v1+json\"," CONFIG ",\"layers\":[]}";
        _cleanup_(oci_manifest_freep) OciManifest *m = NULL;

        assert_int_equal(oci_manifest_parse("m", text, strlen(text), DOCKER "manifest.v2+json", &m, NULL), -EINVAL);
        assert_int_equal(oci_manifest_parse("m", text, strlen(text), OCI "manifest.v1+json", &m, NULL), 0);
}

static void what_is_made_can_be_read_and_is_always_the_same(void **state) {
        _cleanup_(oci_descriptor_done) OciDescriptor config = {}, layer = {};
        _cleanup_(oci_manifest_freep) OciManifest *m = NULL;
        _cleanup_(freep) char *a = NULL, *b = NULL;

        assert_int_equal(oci_descriptor_set(&config, OCI_MEDIA_CONFIG,
                                            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", 7),
                         0);
        assert_int_equal(oci_descriptor_set(&layer, OCI_MEDIA_LAYER_GZIP,
                                            "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", 9),
                         0);
        assert_int_equal(oci_manifest_make(&config, &layer, 1, &a), 0);
        assert_int_equal(oci_manifest_make(&config, &layer, 1, &b), 0);
        assert_string_equal(a, b);
        assert_string_equal(a, "{\"schemaVersion\":2,\"mediaType\":\"" OCI "manifest.v1+json\"," CONFIG
                               ",\"layers\":[" LAYER "]}");
        assert_int_equal(oci_manifest_parse("m", a, strlen(a), NULL, &m, NULL), 0);
}

#define ENTRY(digest, rest) "{\"mediaType\":\"" OCI "manifest.v1+json\",\"digest\":" digest ",\"size\":5" rest "}"

static void indexes_select_by_platform(void **state) {
        const char *text = "{\"schemaVersion\":2,\"manifests\":["
                           ENTRY(D1, ",\"platform\":{\"os\":\"linux\",\"architecture\":\"s390x\"}") ","
                           ENTRY(D2, ",\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\"}") "]}";
        _cleanup_(platform_done) OciPlatform amd64 = {}, arm64 = {};
        _cleanup_(oci_index_freep) OciIndex *index = NULL;
        const OciDescriptor *d;

        assert_int_equal(platform_parse("linux/amd64", &amd64, NULL), 0);
        assert_int_equal(platform_parse("linux/arm64", &arm64, NULL), 0);
        assert_int_equal(oci_index_parse("i", text, strlen(text), NULL, &index, NULL), 0);
        d = oci_index_select(index, &amd64);
        assert_non_null(d);
        assert_ptr_equal(d, index->manifests + 1);
        assert_null(oci_index_select(index, &arm64));
}

static void a_bad_entry_costs_only_itself(void **state) {
        const char *text = "{\"schemaVersion\":2,\"manifests\":[7," ENTRY(D1, "") ",{\"digest\":\"x\"}," ENTRY(D2, "") "]}";
        _cleanup_(oci_index_freep) OciIndex *index = NULL, *strict = NULL;
        size_t dropped;

        assert_int_equal(oci_index_parse("i", text, strlen(text), NULL, &strict, NULL), -EINVAL);
        assert_int_equal(oci_index_parse_lenient("i", text, strlen(text), &index, &dropped, NULL), 0);
        assert_int_equal(index->n_manifests, 2);
        assert_int_equal(dropped, 2);
}

static void unknown_members_of_an_entry_stay(void **state) {
        const char *text = "{\"schemaVersion\":2,\"mediaType\":\"" OCI "index.v1+json\",\"manifests\":["
                           ENTRY(D1, ",\"future\":{\"a\":[1]},\"annotations\":{\"a\":\"b\"}") "]}";
        _cleanup_(oci_index_freep) OciIndex *index = NULL;
        _cleanup_(json_putp) JsonObject *o = NULL, *changed = NULL;

        assert_int_equal(oci_index_parse("i", text, strlen(text), NULL, &index, NULL), 0);
        assert_int_equal(oci_index_to_json(index, &o), 0);
        assert_string_equal(json_text(o), text);

        assert_int_equal(oci_descriptor_annotate(index->manifests, "a", NULL), 0);
        assert_int_equal(oci_descriptor_annotate(index->manifests, "c", "d=e"), 0);
        assert_int_equal(oci_index_to_json(index, &changed), 0);
        assert_non_null(strstr(json_text(changed), "\"future\":{\"a\":[1]},\"annotations\":{\"c\":\"d=e\"}"));
        assert_string_equal(oci_descriptor_annotation(index->manifests, "c"), "d=e");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(manifests_are_read),
                cmocka_unit_test(bad_manifests_are_refused),
                cmocka_unit_test(too_many_layers_are_refused),
                cmocka_unit_test(the_type_by_which_it_was_found_counts),
                cmocka_unit_test(what_is_made_can_be_read_and_is_always_the_same),
                cmocka_unit_test(indexes_select_by_platform),
                cmocka_unit_test(a_bad_entry_costs_only_itself),
                cmocka_unit_test(unknown_members_of_an_entry_stay),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
