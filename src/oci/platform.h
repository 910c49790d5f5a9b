/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shared/json.h"

/* What a binary runs on, in the words of Go: "linux", "amd64", "arm" with variant "v7". */
typedef struct OciPlatform {
        char *os;
        char *architecture;
        char *variant; /* NULL: none */
} OciPlatform;

void platform_done(OciPlatform *p);

/* The table of its JSON members, for those that embed it. */
extern const JsonField platform_fields[];

/* "linux/arm64/v8", "linux/amd64", "arm64": the operating system may be left out. Other spellings of architectures
 * (x86_64, aarch64, armhf, …) are accepted and replaced by Go's. */
int platform_parse(const char *text, OciPlatform *ret, Error *reterr);

/* This machine's. */
int platform_host(OciPlatform *ret);

/* "linux/arm/v7" */
char *platform_to_string(const OciPlatform *p);

/* How well what is offered runs on what is wanted: 0, not at all; the more, the better. */
unsigned platform_match(const OciPlatform *wanted, const OciPlatform *offered) _pure_;
