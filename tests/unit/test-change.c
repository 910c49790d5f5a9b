/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include "oci/change.h"
#include "shared/strv.h"
#include "shared/text.h"

/* The configuration that comes out, beginning with PATH and an old command */
static int apply(char *const *changes, char **ret, Error *reterr) {
        const char *text = "{\"config\":{\"Env\":[\"PATH=/bin\"],\"Cmd\":[\"old\"]},\"rootfs\":{\"type\":\"layers\"}}";
        _cleanup_(oci_image_config_freep) OciImageConfig *c = NULL;
        _cleanup_(json_putp) JsonObject *o = NULL;
        _cleanup_(freep) char *all = NULL;
        int r;

        assert_int_equal(oci_image_config_parse("c", text, strlen(text), &c, NULL), 0);
        r = changes_apply(c, changes, reterr);
        if (r < 0)
                return r;

        assert_int_equal(oci_image_config_format(c, &all), 0);
        assert_int_equal(json_parse("c", all, strlen(all), &o, NULL), 0);
        *ret = strdup(json_text(json_get(o, "config")));
        return 0;
}

#define ENV "\"Env\":[\"PATH=/bin\"]"
#define OLD ENV ",\"Cmd\":[\"old\"]"

static void instructions_change_the_configuration(void **state) {
        static const struct {
                const char *changes[4];
                const char *result;
        } cases[] = {
                { { "CMD [\"/bin/sh\", \"-l\"]" }, "{" ENV ",\"Cmd\":[\"/bin/sh\",\"-l\"]}" },
                { { "CMD echo \"a  b\" $PATH" }, "{" ENV ",\"Cmd\":[\"/bin/sh\",\"-c\",\"echo \\\"a  b\\\" $PATH\"]}" },
                { { "CMD=/bin/sh" }, "{" ENV ",\"Cmd\":[\"/bin/sh\",\"-c\",\"/bin/sh\"]}" },
                { { "cmd []" }, "{" ENV ",\"Cmd\":[]}" },
                { { "CMD [not json" }, "{" ENV ",\"Cmd\":[\"/bin/sh\",\"-c\",\"[not json\"]}" },
                { { "ENTRYPOINT [\"/a\"]" }, "{" ENV ",\"Entrypoint\":[\"/a\"]}" },
                { { "CMD [\"x\"]", "ENTRYPOINT [\"/a\"]" }, "{" ENV ",\"Cmd\":[\"x\"],\"Entrypoint\":[\"/a\"]}" },
                { { "SHELL [\"/bin/bash\",\"-ec\"]", "CMD x" },
                  "{" ENV ",\"Cmd\":[\"/bin/bash\",\"-ec\",\"x\"],\"Shell\":[\"/bin/bash\",\"-ec\"]}" },
                { { "ENV A=1 B=\"two words\" C='$PATH' D=$PATH:/x" },
                  "{\"Env\":[\"PATH=/bin\",\"A=1\",\"B=two words\",\"C=$PATH\",\"D=/bin:/x\"],\"Cmd\":[\"old\"]}" },
                { { "ENV A the rest  is it" }, "{\"Env\":[\"PATH=/bin\",\"A=the rest  is it\"],\"Cmd\":[\"old\"]}" },
                { { "ENV PATH=/usr/bin:$PATH X=$PATH" },
                  "{\"Env\":[\"PATH=/usr/bin:/bin\",\"X=/bin\"],\"Cmd\":[\"old\"]}" },
                { { "ENV A=${NO:-x${PATH}y} B=${PATH:+set} C=${NO:+set} D=\\$PATH E=$" },
                  "{\"Env\":[\"PATH=/bin\",\"A=x/biny\",\"B=set\",\"C=\",\"D=$PATH\",\"E=$\"],\"Cmd\":[\"old\"]}" },
                { { "LABEL a=b \"c d\"=e" }, "{" OLD ",\"Labels\":{\"a\":\"b\",\"c d\":\"e\"}}" },
                { { "LABEL a=b", "LABEL a=c" }, "{" OLD ",\"Labels\":{\"a\":\"c\"}}" },
                { { "EXPOSE 80 443/tcp 53/UDP", "EXPOSE 80/tcp" },
                  "{" OLD ",\"ExposedPorts\":{\"80/tcp\":{},\"443/tcp\":{},\"53/udp\":{}}}" },
                { { "EXPOSE 8000-8002/sctp" },
                  "{" OLD ",\"ExposedPorts\":{\"8000/sctp\":{},\"8001/sctp\":{},\"8002/sctp\":{}}}" },
                { { "USER fred:users" }, "{" OLD ",\"User\":\"fred:users\"}" },
                { { "VOLUME /a \"/b c\"", "VOLUME [\"/d\"]" }, "{" OLD ",\"Volumes\":{\"/a\":{},\"/b c\":{},\"/d\":{}}}" },
                { { "WORKDIR /a/b/../c/", "WORKDIR d" }, "{" OLD ",\"WorkingDir\":\"/a/c/d\"}" },
                { { "STOPSIGNAL SIGQUIT" }, "{" OLD ",\"StopSignal\":\"SIGQUIT\"}" },
                { { "ONBUILD RUN make" }, "{" OLD ",\"OnBuild\":[\"RUN make\"]}" },
                { { "HEALTHCHECK NONE" }, "{" OLD ",\"Healthcheck\":{\"Test\":[\"NONE\"]}}" },
                { { "HEALTHCHECK --interval=5s --retries=3 CMD curl -f http://localhost" },
                  "{" OLD ",\"Healthcheck\":{\"Test\":[\"CMD-SHELL\",\"curl -f http://localhost\"],\"Interval\":5000000000,"
                  "\"Retries\":3}}" },
                { { "HEALTHCHECK CMD [\"/check\"]" }, "{" OLD ",\"Healthcheck\":{\"Test\":[\"CMD\",\"/check\"]}}" },
                { { "  user   fred  " }, "{" OLD ",\"User\":\"fred\"}" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(error_done) Error error = {};
                _cleanup_(freep) char *result = NULL;

                if (apply((char *const *) cases[i].changes, &result, &error) < 0)
                        fail_msg("%s", error.message);
                assert_string_equal(result, cases[i].result);
        }
}

static void mistakes_are_explained(void **state) {
        static const struct {
                const char *change, *message;
        } cases[] = {
                { "", "Change '': not an instruction that changes an image's configuration" },
                { "FROM x", "Change 'FROM x': not an instruction that changes an image's configuration" },
                { "RUN x", "Change 'RUN x': not an instruction that changes an image's configuration" },
                { "CMD", "Change 'CMD': it needs an argument" },
                { "CMD=", "Change 'CMD=': it needs an argument" },
                { "ENV A", "Change 'ENV A': expected NAME=VALUE, got 'A'" },
                { "ENV A=1 B", "Change 'ENV A=1 B': expected NAME=VALUE, got 'B'" },
                { "ENV =1", "Change 'ENV =1': expected NAME=VALUE, got '=1'" },
                { "ENV A=\"x", "Change 'ENV A=\"x': a \" is not closed" },
                { "ENV A=${x", "Change 'ENV A=${x': '${x' is not a variable" },
                { "ENV A=${x?y}", "Change 'ENV A=${x?y}': '${x?y}' is not a variable" },
                { "EXPOSE 0", "Change 'EXPOSE 0': '0' is not PORT[-PORT][/tcp|udp|sctp]" },
                { "EXPOSE 70000", "Change 'EXPOSE 70000': '70000' is not PORT[-PORT][/tcp|udp|sctp]" },
                { "EXPOSE 9-8", "Change 'EXPOSE 9-8': '9-8' is not PORT[-PORT][/tcp|udp|sctp]" },
                { "EXPOSE 80/icmp", "Change 'EXPOSE 80/icmp': '80/icmp' is not PORT[-PORT][/tcp|udp|sctp]" },
                { "EXPOSE 1-60000", "Change 'EXPOSE 1-60000': '1-60000' is more than 1024 ports" },
                { "VOLUME x", "Change 'VOLUME x': 'x' is not an absolute path" },
                { "STOPSIGNAL NEVER", "Change 'STOPSIGNAL NEVER': 'NEVER' is not a signal" },
                { "SHELL bash", "Change 'SHELL bash': expected a list in JSON, got 'bash'" },
                { "SHELL []", "Change 'SHELL []': expected a list in JSON, got '[]'" },
                { "CMD [1]", "Change 'CMD [1]': list: /0: expected string, got integer" },
                { "ONBUILD ONBUILD RUN x", "Change 'ONBUILD ONBUILD RUN x': 'ONBUILD' cannot be a trigger" },
                { "HEALTHCHECK x", "Change 'HEALTHCHECK x': expected [OPTIONS] CMD command, or NONE" },
                { "HEALTHCHECK --x=1 CMD y", "Change 'HEALTHCHECK --x=1 CMD y': unknown option '--x=1'" },
                { "HEALTHCHECK --interval=z CMD y", "Change 'HEALTHCHECK --interval=z CMD y': 'z' is not a duration" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char *const changes[] = { (char *) cases[i].change, NULL };
                _cleanup_(error_done) Error error = {};
                _cleanup_(freep) char *result = NULL;

                if (apply(changes, &result, &error) >= 0)
                        fail_msg("'%s' was accepted", cases[i].change);
                assert_string_equal(error.message, cases[i].message);
        }
}

static void variables_cannot_explode(void **state) {
        _cleanup_(oci_image_config_freep) OciImageConfig *c = oci_image_config_new();
        _cleanup_(strv_freep) char **changes = NULL;

        assert_int_equal(strv_extend(&changes, "ENV A=aaaaaaaaaaaaaaaa"), 0);
        for (unsigned i = 0; i < 40; i++)
                assert_int_equal(strv_extend(&changes, "ENV A=$A$A$A$A"), 0);
        assert_int_equal(changes_apply(c, changes, NULL), -E2BIG);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(instructions_change_the_configuration),
                cmocka_unit_test(mistakes_are_explained),
                cmocka_unit_test(variables_cannot_explode),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
