/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shared/error.h"
#include "shared/json.h"

/* A seccomp profile in the JSON format that docker and podman share, of which "linux.seccomp" of the OCI runtime
 * specification is a part: the profile's conditions (capabilities, architectures, kernel) are not evaluated here. */

typedef enum SeccompAction {
        SECCOMP_ACTION_ALLOW,
        SECCOMP_ACTION_ERRNO,
        SECCOMP_ACTION_KILL_PROCESS,
        SECCOMP_ACTION_KILL_THREAD,
        SECCOMP_ACTION_TRAP,
        SECCOMP_ACTION_TRACE,
        SECCOMP_ACTION_LOG,
        _SECCOMP_ACTION_MAX,
        _SECCOMP_ACTION_INVALID = -EINVAL,
} SeccompAction;

typedef enum SeccompOperator {
        SECCOMP_OPERATOR_NE,
        SECCOMP_OPERATOR_LT,
        SECCOMP_OPERATOR_LE,
        SECCOMP_OPERATOR_EQ,
        SECCOMP_OPERATOR_GE,
        SECCOMP_OPERATOR_GT,
        SECCOMP_OPERATOR_MASKED_EQ, /* (argument & value) == value_two */
        _SECCOMP_OPERATOR_MAX,
        _SECCOMP_OPERATOR_INVALID = -EINVAL,
} SeccompOperator;

#define SECCOMP_ARGUMENTS 6U /* that a system call can have */

typedef struct SeccompComparison {
        uint32_t index;
        SeccompOperator operator;
        uint64_t value;
        uint64_t value_two;
} SeccompComparison;

/* Where a rule applies, or does not. */
typedef struct SeccompCondition {
        char **capabilities;
        char **architectures;     /* as Go names them: "amd64", "arm64", … */
        uint32_t min_kernel[2];   /* major and minor; 0.0: any */
} SeccompCondition;

typedef struct SeccompRule {
        char **names;
        char *name; /* what very old profiles have instead */
        SeccompAction action;
        uint32_t error_number; /* ERRNO, TRACE */
        SeccompComparison *comparisons; /* all must hold; if two are of one argument, any of them is enough */
        size_t n_comparisons;
        SeccompCondition includes;
        SeccompCondition excludes;
} SeccompRule;

typedef struct SeccompArchMap {
        char *architecture; /* "SCMP_ARCH_X86_64" */
        char **sub_architectures;
} SeccompArchMap;

typedef struct SeccompProfile {
        SeccompAction default_action;
        uint32_t default_error_number;
        char **architectures; /* besides the machine's own */
        SeccompArchMap *arch_map;
        size_t n_arch_map;
        SeccompRule *rules;
        size_t n_rules;
} SeccompProfile;

SeccompProfile *seccomp_profile_free(SeccompProfile *p);
DEFINE_TRIVIAL_CLEANUP_FUNC(SeccompProfile *, seccomp_profile_free)

/* name is for messages ("seccomp.json: /syscalls/3/action: unknown action 'X'"). */
int seccomp_profile_parse(const char *name, const char *text, size_t size, SeccompProfile **ret, Error *reterr);

/* The same from a part of a document that is parsed already. */
int seccomp_profile_read(JsonObject *o, const JsonPath *path, SeccompProfile **ret, Error *reterr);
