/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include "oci/reference.h"
#include "shared/text.h"

#define HEX    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define DIGEST "sha256:" HEX
#define TEN    "aaaaaaaaaa"
#define FIFTY  TEN TEN TEN TEN TEN

static void names_are_completed_and_shortened(void **state) {
        static const struct {
                const char *text, *full, *familiar;
        } cases[] = {
                { "nginx", "docker.io/library/nginx:latest", "nginx:latest" },
                { "nginx:1.25", "docker.io/library/nginx:1.25", "nginx:1.25" },
                { "library/nginx", "docker.io/library/nginx:latest", "nginx:latest" },
                { "docker.io/nginx", "docker.io/library/nginx:latest", "nginx:latest" },
                { "index.docker.io/library/nginx", "docker.io/library/nginx:latest", "nginx:latest" },
                { "fred/app", "docker.io/fred/app:latest", "fred/app:latest" },
                { "fred/app/deep", "docker.io/fred/app/deep:latest", "fred/app/deep:latest" },
                { "library/a/b", "docker.io/library/a/b:latest", "library/a/b:latest" },
                { "quay.io/app", "quay.io/app:latest", "quay.io/app:latest" },
                { "localhost/app", "localhost/app:latest", "localhost/app:latest" },
                { "localhost:5000/app:v1", "localhost:5000/app:v1", "localhost:5000/app:v1" },
                { "docker.io/localhost/app", "docker.io/localhost/app:latest", "docker.io/localhost/app:latest" },
                { "docker.io/a.b/app", "docker.io/a.b/app:latest", "docker.io/a.b/app:latest" },
                { "HOST/app", "HOST/app:latest", "HOST/app:latest" },
                { "[2001:db8::1]/app", "[2001:db8::1]/app:latest", "[2001:db8::1]/app:latest" },
                { "[2001:db8::1]:5000/app", "[2001:db8::1]:5000/app:latest", "[2001:db8::1]:5000/app:latest" },
                { "127.0.0.1:443/a", "127.0.0.1:443/a:latest", "127.0.0.1:443/a:latest" },
                { "xn--n3h.example/app", "xn--n3h.example/app:latest", "xn--n3h.example/app:latest" },
                { "a.b_c__d-e--f", "docker.io/library/a.b_c__d-e--f:latest", "a.b_c__d-e--f:latest" },
                { "app:V_1.0-x", "docker.io/library/app:V_1.0-x", "app:V_1.0-x" },
                { "app@" DIGEST, "docker.io/library/app@" DIGEST, "app@" DIGEST },
                { "app:1@" DIGEST, "docker.io/library/app:1@" DIGEST, "app:1@" DIGEST },
                { "deadbeef", "docker.io/library/deadbeef:latest", "deadbeef:latest" },
                { "docker.io/" HEX, "docker.io/library/" HEX ":latest", HEX ":latest" },
                { "foo.bar", "docker.io/library/foo.bar:latest", "foo.bar:latest" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(reference_done) Reference ref = {}, again = {};
                _cleanup_(error_done) Error error = {};
                _cleanup_(freep) char *full = NULL, *familiar = NULL, *twice = NULL;

                if (reference_parse(cases[i].text, &ref, &error) < 0)
                        fail_msg("%s: %s", cases[i].text, error.message);
                full = reference_to_string(&ref);
                familiar = reference_familiar(&ref);
                assert_string_equal(full, cases[i].full);
                assert_string_equal(familiar, cases[i].familiar);

                /* What is printed is read back as the same; but 64 digits alone would be an identifier */
                if (reference_parse(familiar, &again, NULL) < 0)
                        fail_msg("%s", familiar);
                twice = reference_to_string(&again);
                assert_string_equal(twice, full);
        }
}

static void bad_names_are_refused_with_a_reason(void **state) {
        static const char *const cases[] = {
                "", ":", "@", "/", "//", "a//b", "/a", "a/", "a:", ":a", "a:b:c", "-a", "a-", "_a", "a_", ".a", "a.",
                "a..b", "a___b", "a._b", "A", "Nginx", "fred/App", "host:port/a", "host:99999/a", "host:/a",
                "host:123456/a", "-host.io/a", "host-.io/a", "ho..st/a", "a b", "a\nb", "a\tb", "ä", "a:tag!",
                "a:.tag", "a:-tag", "a@sha256", "a@sha256:", "a@sha256:abc", "a@md5:" HEX, "a@" DIGEST "0", HEX,
                "a@" DIGEST "@" DIGEST, "../etc/passwd", "a/../b", "./a", "a/./b", "[::1/a", "[]/a", "[::1]x/a",
                "[zz]/a", "http://a/b", "a:b/c:d/e", "a?b", "a%2fb", "a\\b", "sha256:" HEX,
                "a:" FIFTY FIFTY FIFTY, FIFTY FIFTY FIFTY "/" FIFTY FIFTY FIFTY,
                FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY,
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(reference_done) Reference ref = {};
                _cleanup_(error_done) Error error = {};

                /* "sha256:HEX" is a name with a tag of 64 digits by docker's grammar */
                if (startswith(cases[i], "sha256:"))
                        continue;
                if (reference_parse(cases[i], &ref, &error) >= 0)
                        fail_msg("'%s' was accepted", cases[i]);
                assert_non_null(error.message);
                assert_null(ref.path);
        }
}

static void names_to_give_have_no_digest(void **state) {
        _cleanup_(error_done) Error error = {};
        _cleanup_(freep) char *name = NULL;

        assert_int_equal(reference_normalize("a@" DIGEST, &name, &error), -EINVAL);
        assert_string_equal(error.message, "'a@" DIGEST "' is not an image name: a name to give cannot have a digest");
        assert_int_equal(reference_normalize("a", &name, NULL), 0);
        assert_string_equal(name, "docker.io/library/a:latest");
}

static void identifiers_and_their_beginnings(void **state) {
        const char *hex;

        assert_true(reference_may_be_id("de", &hex));
        assert_string_equal(hex, "de");
        assert_true(reference_may_be_id(DIGEST, &hex));
        assert_string_equal(hex, HEX);
        assert_true(reference_may_be_id(HEX, &hex));
        assert_false(reference_may_be_id("d", &hex));
        assert_false(reference_may_be_id("", &hex));
        assert_false(reference_may_be_id("sha256:", &hex));
        assert_false(reference_may_be_id("DE", &hex));
        assert_false(reference_may_be_id("deadbeefx", &hex));
        assert_false(reference_may_be_id(HEX "0", &hex));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(names_are_completed_and_shortened),
                cmocka_unit_test(bad_names_are_refused_with_a_reason),
                cmocka_unit_test(names_to_give_have_no_digest),
                cmocka_unit_test(identifiers_and_their_beginnings),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
