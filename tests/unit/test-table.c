/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include "shared/format/table.h"

static char *print(char *const *lines) {
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        assert_int_equal(table_print(f, lines), 0);
        fclose(f);
        return text;
}

static void columns_are_as_wide_as_their_widest_cell(void **state) {
        char *const lines[] = { (char *) "CONTAINER ID\tIMAGE\tNAMES", (char *) "0123456789ab\ta\tweb",
                                (char *) "0123456789ab\tregistry/of/names\tdb", NULL };
        _cleanup_(freep) char *text = print(lines);

        assert_string_equal(text, "CONTAINER ID   IMAGE               NAMES\n"
                                  "0123456789ab   a                   web\n"
                                  "0123456789ab   registry/of/names   db\n");
}

static void narrow_columns_have_ten_places(void **state) {
        char *const lines[] = { (char *) "A\tB", (char *) "\tx", (char *) "alone", NULL };
        _cleanup_(freep) char *text = print(lines);

        assert_string_equal(text, "A         B\n          x\nalone\n");
}

static void characters_count_not_bytes(void **state) {
        char *const lines[] = { (char *) "äöüäöüäöü\tx", (char *) "123456789\ty", NULL };
        _cleanup_(freep) char *text = print(lines);

        assert_string_equal(text, "äöüäöüäöü   x\n123456789   y\n");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(columns_are_as_wide_as_their_widest_cell),
                cmocka_unit_test(narrow_columns_have_ten_places),
                cmocka_unit_test(characters_count_not_bytes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
