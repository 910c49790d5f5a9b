/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "runtime/seccomp-compile.h"
#include "shared/io.h"
#include "shared/seccomp-cache.h"
#include "shared/text.h"
#include "verb.h"

/* Compiles a seccomp profile into the cache. Parameters: the "key" that the filter will be found by,
 * "capabilities" (the container's bounding set) and "default". The profile is the file at WORKER_FD_FIRST,
 * or with "default" caisson's own. */
#define WORKER_FD_PROFILE WORKER_FD_FIRST

typedef struct SeccompParameters {
        char *key;
        uint64_t capabilities;
        bool standard;
} SeccompParameters;

static const JsonField parameter_fields[] = {
                {"key",             json_type_string, json_read_string, offsetof(SeccompParameters, key), JSON_REQUIRED,
                 NULL},
                {"capabilities", json_type_int, json_read_u64, offsetof(SeccompParameters, capabilities),
                 JSON_REQUIRED, NULL},
                {"default",             json_type_boolean, json_read_bool, offsetof(SeccompParameters, standard), 0,
                 NULL},
                {   },
};

static void seccomp_parameters_done(SeccompParameters *p) {
        free(p->key);
}

static int read_profile(bool standard, char **ret, Error *reterr) {
        int r;

        if (standard)
                return seccomp_default_profile(ret, reterr);

        r = read_full_fd(WORKER_FD_PROFILE, SECCOMP_PROFILE_MAX, ret, NULL);
        if (r == -EFBIG)
                return error_set(reterr, r, "The seccomp profile is larger than %u bytes",
                                 SECCOMP_PROFILE_MAX);
        if (r < 0)
                return error_errnof(reterr, r, "Cannot read the seccomp profile");

        return 0;
}

static int verb_seccomp_run(WorkerLink *link _unused_, JsonObject *parameters, JsonObject **ret,
                            Error *reterr) {
        _cleanup_(seccomp_parameters_done) SeccompParameters p = {};
        _cleanup_(seccomp_profile_freep) SeccompProfile *profile = NULL;
        _cleanup_(freep) char *text = NULL;
        _cleanup_(freep) void *program = NULL;
        char key[SECCOMP_KEY_LENGTH + 1];
        JsonObject *result;
        size_t size;
        int r;

        r = json_read_object(parameters, &(JsonPath){.key = "parameters"}, parameter_fields, &p, reterr);
        if (r < 0)
                return r;

        r = read_profile(p.standard, &text, reterr);
        if (r < 0)
                return r;

        /* A file under a wrong key would be somebody else's filter from then on */
        r = seccomp_cache_key(text, p.capabilities, key, reterr);
        if (r < 0)
                return r;
        if (!streq(key, p.key))
                return error_set(reterr, -ESTALE, "The seccomp profile has changed meanwhile");

        r = seccomp_profile_parse(p.standard ? SECCOMP_DEFAULT_PROFILE : "seccomp profile", text,
                                  strlen(text), &profile, reterr);
        if (r < 0)
                return r;
        r = seccomp_compile(profile, &(SeccompContext){.capabilities = p.capabilities}, &program, &size,
                            reterr);
        if (r < 0)
                return r;
        r = seccomp_cache_store(key, program, size);
        if (r < 0)
                return error_errnof(reterr, r, "Cannot write to " SECCOMP_CACHE_DIRECTORY);

        result = json_object_new_object();
        if (!result)
                return error_oom(reterr);
        *ret = result;
        return 0;
}

const Verb verb_seccomp = {"seccomp", SANDBOX_PURE, verb_seccomp_run};
