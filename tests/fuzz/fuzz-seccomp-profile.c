/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "runtime/seccomp-compile.h"

#define RULES_COMPILED_MAX 32U /* libseccomp is slow, and not what is tested */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(seccomp_profile_freep) SeccompProfile *p = NULL;
        _cleanup_(error_done) Error error = {};
        _cleanup_(freep) void *program = NULL;
        size_t n;

        if (seccomp_profile_parse("fuzz", (const char *) data, size, &p, &error) < 0) {
                assert(error.message); /* no failure without an explanation */
                return 0;
        }

        for (size_t i = 0; i < p->n_rules; i++)
                assert(p->rules[i].names && p->rules[i].names[0]);

        if (p->n_rules <= RULES_COMPILED_MAX &&
            seccomp_compile(p, &(SeccompContext) { .capabilities = 0x80000421fbULL }, &program, &n, &error) < 0)
                assert(error.message);
        return 0;
}
