/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "cmocka-all.h"

#include "shared/format/template.h"

static const char document[] =
        "{\"Name\":\"web\",\"Pid\":42,\"Load\":1.5,\"Big\":1e21,\"Up\":true,\"Down\":false,\"None\":null,\"Empty\":\"\","
        "\"Labels\":{\"b\":\"2\",\"a\":\"1\",\"com.x\":\"dots\"},\"List\":[\"x\",\"y\",\"z\"],\"Nothing\":[],"
        "\"Mixed\":{\"n\":1,\"l\":[1,[2]],\"m\":{\"k\":null}},\"Nets\":{\"b1\":{\"IP\":\"10.0.0.1\"},\"a0\":{\"IP\":\"10.0.0.2\"}},"
        "\"Path\":\"a,b,,c\",\"Evil\":\"a\\u001b[31mb\\nc\\u0000d\"}";

static const char details[] = "{\"ExitCode\":3,\"Name\":\"hidden\",\"Labels\":{\"role\":\"front\"}}";

static JsonObject *data(void) {
        JsonObject *o = NULL;

        assert_int_equal(json_parse("test", document, sizeof(document) - 1, &o, NULL), 0);
        return o;
}

static char *run(const char *text, TemplateFlags flags, Error *reterr) {
        _cleanup_(json_putp) JsonObject *o = data(), *more = NULL;
        _cleanup_(template_freep) Template *t = NULL;
        char *out = NULL;

        assert_int_equal(json_parse("test", details, sizeof(details) - 1, &more, NULL), 0);
        if (template_parse(text, flags, &t, reterr) < 0)
                return NULL;
        if (template_execute(t, o, more, flags, &out, reterr) < 0)
                return NULL;
        return out;
}

typedef struct Case {
        const char *text, *expected;
} Case;

static void check(const Case *cases, size_t n) {
        for (size_t i = 0; i < n; i++) {
                _cleanup_(error_done) Error error = {};
                _cleanup_(freep) char *out = run(cases[i].text, 0, &error);

                if (!out)
                        fail_msg("%s: %s", cases[i].text, error.message);
                assert_string_equal(out, cases[i].expected);
        }
}

static void fields_and_values_print_as_go_prints_them(void **state) {
        static const Case cases[] = {
                { "", "" },
                { "plain", "plain" },
                { "{{.Name}}", "web" },
                { "a{{.Pid}}b", "a42b" },
                { "{{ .Load }}{{.Big}}", "1.51e+21" },
                { "{{.Up}} {{.Down}}", "true false" },
                { "{{.None}}", "<no value>" },
                { "{{.Missing}}", "<no value>" },
                { "{{.Labels.a}}", "1" },
                { "{{.Labels.zzz}}", "<no value>" },
                { "{{.Labels.zzz.deeper}}", "<no value>" },
                { "{{.Labels}}", "map[a:1 b:2 com.x:dots]" },
                { "{{.List}}", "[x y z]" },
                { "{{.Mixed}}", "map[l:[1 [2]] m:map[k:<nil>] n:1]" },
                { "{{.ExitCode}}", "3" },
                { "{{$.Name}}", "web" },
                { "{{(index .Nets \"b1\").IP}}", "10.0.0.1" },
                { "{{1}} {{-2}} {{1.50}} {{0x1f}} {{1e3}} {{'a'}}", "1 -2 1.5 31 1000 97" },
                { "{{\"a\\t\\\"\\u00e9\\x41\"}}{{`raw\\n`}}", "a\t\"éAraw\\n" },
                { "{{true}}{{false}}", "truefalse" },
                { "{{.Name}}}}", "web}}" },
        };

        check(cases, ELEMENTSOF(cases));
}

static void white_space_is_trimmed_where_asked(void **state) {
        static const Case cases[] = {
                { "a  {{- 1}}  b", "a1  b" },
                { "a  {{1 -}}  b", "a  1b" },
                { "a \n {{- 1 -}} \n b", "a1b" },
                { "{{/* no */}}x", "x" },
                { "a {{- /* no */ -}} b", "ab" },
                { "{{-1}}", "-1" },
                { "a {{- if .Up -}} b {{- end -}} c", "abc" },
        };

        check(cases, ELEMENTSOF(cases));
}

static void conditions_know_what_is_empty(void **state) {
        static const Case cases[] = {
                { "{{if .Up}}y{{else}}n{{end}}", "y" },
                { "{{if .Down}}y{{else}}n{{end}}", "n" },
                { "{{if .Empty}}y{{end}}", "" },
                { "{{if .Nothing}}y{{else}}n{{end}}", "n" },
                { "{{if .None}}a{{else if .Pid}}b{{else}}c{{end}}", "b" },
                { "{{if .None}}a{{else if .Empty}}b{{else}}c{{end}}", "c" },
                { "{{if .Missing.Deep}}a{{end}}", "" },
                { "{{with .Labels}}{{.a}}{{$.Name}}{{end}}", "1web" },
                { "{{with .None}}a{{else}}{{.Name}}{{end}}", "web" },
                { "{{with .None}}a{{else with .Labels}}{{.b}}{{end}}", "2" },
                { "{{with $x := .Pid}}{{$x}}{{end}}", "42" },
                { "{{if and .Up .Name}}y{{end}}", "y" },
                { "{{and .Up .Empty .Missing}}|{{or .Empty .Name}}|{{not .Up}}", "|web|false" },
                { "{{if and (eq .Name \"web\") (gt .Pid 41)}}y{{end}}", "y" },
                { "{{eq .Pid 42}}{{eq .Name \"a\" \"web\"}}{{ne .Name \"a\"}}", "truetruetrue" },
                { "{{lt 1 2}}{{le 2 2}}{{gt 1 2}}{{ge 2 1.5}}{{lt \"a\" \"b\"}}", "truetruefalsetruetrue" },
                { "{{eq .None nil}}{{eq .Name nil}}", "truefalse" },
                { "{{.Name | eq \"web\"}}", "true" },
        };

        check(cases, ELEMENTSOF(cases));
}

static void ranges_go_over_lists_maps_and_numbers(void **state) {
        static const Case cases[] = {
                { "{{range .List}}<{{.}}>{{end}}", "<x><y><z>" },
                { "{{range $i, $x := .List}}{{if $i}}, {{end}}{{$i}}={{$x}}{{end}}", "0=x, 1=y, 2=z" },
                { "{{range $x := .List}}{{$x}}{{end}}", "xyz" },
                { "{{range .Nothing}}a{{else}}none{{end}}", "none" },
                { "{{range .None}}a{{else}}none{{end}}", "none" },
                { "{{range $k, $v := .Labels}}{{$k}}={{$v}};{{end}}", "a=1;b=2;com.x=dots;" },
                { "{{range .Nets}}{{.IP}} {{end}}", "10.0.0.2 10.0.0.1 " },
                { "{{range $n, $c := .Nets}}{{$n}}{{$c.IP}} {{end}}", "a010.0.0.2 b110.0.0.1 " },
                { "{{range 3}}{{.}}{{end}}", "012" },
                { "{{range .List}}{{if eq . \"y\"}}{{break}}{{end}}{{.}}{{end}}", "x" },
                { "{{range .List}}{{if eq . \"y\"}}{{continue}}{{end}}{{.}}{{end}}", "xz" },
                { "{{range .List}}{{range $.List}}{{.}}{{end}}.{{end}}", "xyz.xyz.xyz." },
        };

        check(cases, ELEMENTSOF(cases));
}

static void variables_live_in_their_block(void **state) {
        static const Case cases[] = {
                { "{{$x := 1}}{{$x}}", "1" },
                { "{{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}}", "2" },
                { "{{$x := 1}}{{if true}}{{$x := 2}}{{$x}}{{end}}{{$x}}", "21" },
                { "{{$n := .Name}}{{range .List}}{{$n}}{{end}}", "webwebweb" },
                { "{{$l := .Labels}}{{$l.a}}", "1" },
        };
        _cleanup_(error_done) Error error = {};

        check(cases, ELEMENTSOF(cases));
        assert_null(run("{{if true}}{{$x := 1}}{{end}}{{$x}}", 0, &error));
        assert_string_equal(error.message, "template: 1:32: variable $x is not known");
}

static void functions_do_as_docker_says(void **state) {
        static const Case cases[] = {
                { "{{json .Name}} {{json .Labels}} {{json .None}} {{.List | json}}",
                  "\"web\" {\"b\":\"2\",\"a\":\"1\",\"com.x\":\"dots\"} null [\"x\",\"y\",\"z\"]" },
                { "{{join .List \",\"}} {{.List | join \"-\"}} {{join .Nothing \",\"}}", "x,y,z x-y-z " },
                { "{{split .Path \",\"}}{{len (split .Path \",\")}}{{split \"ab\" \"\"}}", "[a b  c]4[a b]" },
                { "{{upper .Name}}{{lower \"AbC\"}}{{title \"hello big world\"}}", "WEBabcHello Big World" },
                { "{{truncate \"äbc\" 2}}{{\"abcdef\" | truncate 3}}{{truncate \"a\" 5}}", "äbabca" },
                { "[{{pad .Name 1 2}}][{{pad \"\" 1 2}}]", "[ web  ][]" },
                { "{{len .Name}}{{len .List}}{{len .Labels}}{{len .None}}", "3330" },
                { "{{index .List 1}}{{index .Labels \"a\"}}[{{index .Labels \"no\"}}]", "y1[]" },
                { "{{index .Mixed.l 1 0}}{{index .Nets \"a0\" \"IP\"}}", "210.0.0.2" },
                { "{{.Labels \"com.x\"}}{{.Label \"role\"}}{{.Label \"none\"}}", "dotsfront" },
                { "{{slice .List 1}}{{slice .Name 1 2}}", "[y z]e" },
                { "{{print 1 2 \"a\" \"b\" 3 4}}|{{println 1 \"a\"}}", "1 2ab3 4|1 a\n" },
                { "{{\"a\" | printf \"%s-%s\" \"b\"}}", "b-a" },
                { "{{.Name | upper | printf \"%q\"}}", "\"WEB\"" },
        };

        check(cases, ELEMENTSOF(cases));
}

static void printf_formats_as_go_does(void **state) {
        static const Case cases[] = {
                { "{{printf \"%d|%5d|%-5d|%05d|%+d\" 42 42 42 42 42}}", "42|   42|42   |00042|+42" },
                { "{{printf \"%s|%6s|%-6s|%.2s\" \"abc\" \"abc\" \"abc\" \"abc\"}}", "abc|   abc|abc   |ab" },
                { "{{printf \"%x %X %#x %o %b\" 255 255 255 8 5}}", "ff FF 0xff 10 101" },
                { "{{printf \"%x\" \"hi\"}}", "6869" },
                { "{{printf \"%v %v %v %v\" 1 \"a\" true .List}}", "1 a true [x y z]" },
                { "{{printf \"%q %q\" \"a\\nb\" .List}}", "\"a\\nb\" [\"x\" \"y\" \"z\"]" },
                { "{{printf \"%.2f %8.3f %e %g\" .Load .Load .Load .Load}}", "1.50    1.500 1.500000e+00 1.5" },
                { "{{printf \"%t %c %T %%\" true 'x' .Name}}", "true x string %" },
                { "{{printf \"%d\" \"a\"}}", "%!d(string=a)" },
                { "{{printf \"%d %s\" 1}}", "1 %!s(MISSING)" },
                { "{{printf \"%d\" 1 2}}", "1%!(EXTRA 2)" },
                { "{{printf \"%s\" 5}}", "%!s(int=5)" },
                { "{{printf \"%s\" .None}}", "%!s(<nil>)" },
                { "{{printf \"%\"}}", "%!(NOVERB)" },
                { "{{printf \"%d\" -9223372036854775808}}", "-9223372036854775808" },
        };

        check(cases, ELEMENTSOF(cases));
}

static void mistakes_are_pointed_at(void **state) {
        static const struct {
                const char *text, *message;
        } cases[] = {
                { "{{", "template: 1:3: action is not closed by '}}'" },
                { "{{.Name", "template: 1:8: action is not closed by '}}'" },
                { "{{}}", "template: 1:3: expected a value before '}}'" },
                { "{{foo .Name}}", "template: 1:3: function \"foo\" is not known" },
                { "{{joni .List}}", "template: 1:3: function \"joni\" is not known; did you mean \"join\"?" },
                { "a\n{{.Name | jsn}}", "template: 2:11: function \"jsn\" is not known; did you mean \"json\"?" },
                { "ä{{?}}", "template: 1:4: unexpected '?'" },
                { "{{\"a}}", "template: 1:3: string is not closed" },
                { "{{\"\\q\"}}", "template: 1:4: unknown escape sequence in a string" },
                { "{{1x}}", "template: 1:3: '1x' is not a number" },
                { "{{if .Up}}a", "template: 1:1: this has no {{end}}" },
                { "a{{end}}", "template: 1:4: {{end}} without a beginning" },
                { "{{else}}", "template: 1:3: {{else}} without a beginning" },
                { "{{if .Up}}{{else}}{{else}}{{end}}", "template: 1:21: {{else}} comes twice" },
                { "{{break}}", "template: 1:3: {{break}} outside of {{range}}" },
                { "{{template \"x\"}}", "template: 1:3: {{template}} is not supported" },
                { "{{/* open", "template: 1:1: comment is not closed" },
                { "{{(.Name}}", "template: 1:9: expected ')' before '}}'" },
                { "{{.Name)}}", "template: 1:8: expected '}}', got ')'" },
                { "{{.Name | 1}}", "template: 1:11: a value cannot take what comes out of '|'" },
                { "{{index .List 7}}", "template: 1:3: index 7 is out of range: there are 3" },
                { "{{index .List \"a\"}}", "template: 1:3: index of a list needs an integer, got a string" },
                { "{{len 5}}", "template: 1:3: len needs a string, a list or a map, got a integer" },
                { "{{eq 1 \"a\"}}", "template: 1:3: cannot compare a integer with a string" },
                { "{{len}}", "template: 1:3: len takes 1 argument, not 0" },
                { "{{eq 1}}", "template: 1:3: eq takes at least 2 arguments, not 1" },
                { "{{.Name.First}}", "template: 1:3: .First: a string has no fields" },
                { "{{.Name 1}}", "template: 1:3: this takes no arguments" },
                { "{{range .Name}}{{end}}", "template: 1:9: cannot range over a string" },
                { "{{$nope}}", "template: 1:3: variable $nope is not known" },
                { "{{join .Pid \",\"}}", "template: 1:3: join needs a list, got a integer" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(error_done) Error error = {};
                _cleanup_(freep) char *out = run(cases[i].text, 0, &error);

                if (out)
                        fail_msg("%s: no error, but '%s'", cases[i].text, out);
                assert_string_equal(error.message, cases[i].message);
        }
}

static void strictness_is_about_the_outermost_fields(void **state) {
        _cleanup_(error_done) Error error = {}, other = {};
        _cleanup_(freep) char *out = NULL;

        assert_null(run("{{.Nmae}}", TEMPLATE_STRICT, &error));
        assert_string_equal(error.message, "template: 1:3: there is no field .Nmae; did you mean .Name?");
        assert_null(run("{{.name}}", TEMPLATE_STRICT, &other));
        assert_string_equal(other.message, "template: 1:3: there is no field .name; did you mean .Name?");

        out = run("{{.Labels.nope}}{{.ExitCode}}", TEMPLATE_STRICT, NULL);
        assert_string_equal(out, "<no value>3");
}

static void headings_pass_through_functions(void **state) {
        _cleanup_(freep) char *out =
                run("{{json .Name}}\\t{{truncate .Name 1}}\\t{{.Label \"com.example.role\"}}\\t{{upper .Name}}",
                    TEMPLATE_HEADING | TEMPLATE_ESCAPES, NULL);

        assert_string_equal(out, "web\tweb\trole\tweb");
}

static void terminals_get_no_control_characters(void **state) {
        _cleanup_(freep) char *safe = run("{{.Evil}}\t{{\"\\n\"}}", TEMPLATE_PRINTABLE, NULL);
        _cleanup_(freep) char *raw = run("{{.Evil}}", 0, NULL);

        assert_string_equal(safe, "a\\x1b[31mb\nc\\x00d\t\n");
        assert_int_equal(raw[1], 0x1b);
}

static void nothing_is_without_bounds(void **state) {
        static const char deep[] = "{{if true}}", doubling[] = "{{$x = print $x $x}}";
        Error errors[4] = {};
        char text[TEMPLATE_SIZE_MAX + 2] = "";
        size_t n = 0;

        for (int i = 0; i < 1000; i++)
                n += sprintf(text + n, "%s", deep);
        assert_null(run(text, 0, &errors[0]));
        assert_non_null(strstr(errors[0].message, "nested too deep"));

        n = 0;
        for (int i = 0; i < 1000; i++)
                text[n++] = '(';
        memmove(text + 2, text, n);
        memcpy(text, "{{", 2);
        text[n + 2] = 0;
        assert_null(run(text, 0, &errors[1]));
        assert_non_null(strstr(errors[1].message, "nested too deep"));

        n = sprintf(text, "{{$x := \"0123456789\"}}");
        for (int i = 0; i < 40; i++)
                n += sprintf(text + n, "%s", doubling);
        assert_null(run(text, 0, &errors[2]));
        assert_non_null(strstr(errors[2].message, "makes more than"));

        assert_null(run("{{range 1000000000}}{{end}}", 0, &errors[3]));
        assert_non_null(strstr(errors[3].message, "takes more than"));
        for (size_t i = 0; i < ELEMENTSOF(errors); i++)
                error_done(&errors[i]);

        memset(text, 'a', TEMPLATE_SIZE_MAX + 1);
        text[TEMPLATE_SIZE_MAX + 1] = 0;
        assert_null(run(text, 0, NULL));
}

static void backslashes_are_escapes_in_text_only_if_asked(void **state) {
        _cleanup_(freep) char *with = run("{{.Name}}\\t{{.Pid}}\\n\\x", TEMPLATE_ESCAPES, NULL);
        _cleanup_(freep) char *without = run("{{.Name}}\\t", 0, NULL);

        assert_string_equal(with, "web\t42\n\\x");
        assert_string_equal(without, "web\\t");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(fields_and_values_print_as_go_prints_them),
                cmocka_unit_test(white_space_is_trimmed_where_asked),
                cmocka_unit_test(conditions_know_what_is_empty),
                cmocka_unit_test(ranges_go_over_lists_maps_and_numbers),
                cmocka_unit_test(variables_live_in_their_block),
                cmocka_unit_test(functions_do_as_docker_says),
                cmocka_unit_test(printf_formats_as_go_does),
                cmocka_unit_test(mistakes_are_pointed_at),
                cmocka_unit_test(strictness_is_about_the_outermost_fields),
                cmocka_unit_test(headings_pass_through_functions),
                cmocka_unit_test(terminals_get_no_control_characters),
                cmocka_unit_test(nothing_is_without_bounds),
                cmocka_unit_test(backslashes_are_escapes_in_text_only_if_asked),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
