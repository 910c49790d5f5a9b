/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include "oci/digest.h"
#include "shared/fd.h"
#include "shared/text.h"

#define EMPTY "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define ABC   "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void the_grammar_is_sha256_and_64_digits(void **state) {
        static const struct {
                const char *text;
                bool valid;
        } cases[] = {
                { EMPTY, true },
                { ABC, true },
                { "", false },
                { "sha256:", false },
                { "sha256:e3b0c4", false },
                { EMPTY "0", false },
                { EMPTY "\n", false },
                { "sha512:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", false },
                { "SHA256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", false },
                { "sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855", false },
                { "sha256:../../../../../../../../../../../../../../../../../../etc/passwd/..", false },
                { "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", false },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                assert_int_equal(digest_is_valid(cases[i].text), cases[i].valid);
}

static void known_answers(void **state) {
        _cleanup_(digest_freep) DigestContext *c = NULL;
        char digest[DIGEST_SIZE];

        assert_int_equal(digest_of_bytes("", 0, digest), 0);
        assert_string_equal(digest, EMPTY);

        assert_int_equal(digest_new(&c), 0);
        assert_int_equal(digest_update(c, "a", 1), 0);
        assert_int_equal(digest_update(c, "bc", 2), 0);
        assert_int_equal(digest_final(c, digest), 0);
        assert_string_equal(digest, ABC);

        /* The context starts again */
        assert_int_equal(digest_final(c, digest), 0);
        assert_string_equal(digest, EMPTY);
}

static void of_a_descriptor(void **state) {
        _cleanup_(closep) int fd = memfd_from_bytes("abc", "abc", 3);
        char digest[DIGEST_SIZE], again[DIGEST_SIZE];
        uint64_t size;

        assert_true(fd >= 0);
        assert_int_equal(digest_of_fd(fd, digest, &size), 0);
        assert_string_equal(digest, ABC);
        assert_int_equal(size, 3);

        digest_from_hex(again, digest_hex(digest));
        assert_string_equal(again, digest);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_grammar_is_sha256_and_64_digits),
                cmocka_unit_test(known_answers),
                cmocka_unit_test(of_a_descriptor),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
