/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include "oci/platform.h"
#include "shared/text.h"

static void spellings_become_those_of_go(void **state) {
        static const struct {
                const char *text, *result;
        } cases[] = {
                { "linux/amd64", "linux/amd64" },
                { "amd64", "linux/amd64" },
                { "x86_64", "linux/amd64" },
                { "Linux/AMD64", "linux/amd64" },
                { "linux/arm64/v8", "linux/arm64/v8" },
                { "aarch64", "linux/arm64" },
                { "armhf", "linux/arm/v7" },
                { "linux/arm/v6", "linux/arm/v6" },
                { "windows/amd64", "windows/amd64" },
                { "", NULL },
                { "/", NULL },
                { "linux/", NULL },
                { "/amd64", NULL },
                { "linux//amd64", NULL },
                { "linux/arm/v7/x", NULL },
                { "linux/am d64", NULL },
                { "linux/../etc", NULL },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(error_done) Error error = {};
                _cleanup_(platform_done) OciPlatform p = {};
                int r = platform_parse(cases[i].text, &p, &error);

                if (!cases[i].result) {
                        assert_int_equal(r, -EINVAL);
                        assert_non_null(error.message);
                        continue;
                }

                _cleanup_(freep) char *s = platform_to_string(&p);
                assert_int_equal(r, 0);
                assert_string_equal(s, cases[i].result);
        }
}

static void the_best_fit_wins(void **state) {
        static const struct {
                const char *wanted, *offered;
                bool fits;
        } cases[] = {
                { "linux/amd64", "linux/amd64", true },
                { "linux/amd64", "linux/amd64/v3", false },
                { "linux/amd64", "linux/arm64", false },
                { "linux/amd64", "windows/amd64", false },
                { "linux/arm64", "linux/arm64/v8", true },
                { "linux/arm64/v8", "linux/arm64", true },
                { "linux/arm/v7", "linux/arm/v6", true },
                { "linux/arm/v6", "linux/arm/v7", false },
                { "linux/arm", "linux/arm/v7", true },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(platform_done) OciPlatform wanted = {}, offered = {};

                assert_int_equal(platform_parse(cases[i].wanted, &wanted, NULL), 0);
                assert_int_equal(platform_parse(cases[i].offered, &offered, NULL), 0);
                if (!!platform_match(&wanted, &offered) != cases[i].fits)
                        fail_msg("%s on %s", cases[i].offered, cases[i].wanted);
        }

        _cleanup_(platform_done) OciPlatform v7 = {}, v6 = {}, v5 = {};
        assert_int_equal(platform_parse("linux/arm/v7", &v7, NULL), 0);
        assert_int_equal(platform_parse("linux/arm/v6", &v6, NULL), 0);
        assert_int_equal(platform_parse("linux/arm/v5", &v5, NULL), 0);
        assert_true(platform_match(&v7, &v7) > platform_match(&v7, &v6));
        assert_true(platform_match(&v7, &v6) > platform_match(&v7, &v5));
}

static void nothing_fits_the_unknown(void **state) {
        _cleanup_(platform_done) OciPlatform host = {};
        OciPlatform nothing = {};

        assert_int_equal(platform_host(&host), 0);
        assert_string_equal(host.os, "linux");
        assert_int_equal(platform_match(&host, &nothing), 0);
        assert_true(platform_match(&host, &host) > 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(spellings_become_those_of_go),
                cmocka_unit_test(the_best_fit_wins),
                cmocka_unit_test(nothing_fits_the_unknown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
