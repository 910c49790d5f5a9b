/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shared/attach-protocol.h"
#include "shared/error.h"

/* Our terminal. Whatever ends this program but SIGKILL gives it back as it was. */

/* Every key goes to the container from now on. May be called again after a stop. */
int terminal_make_raw(int fd, Error *reterr);
void terminal_restore(void);

/* false: it is none, or has no size. */
bool terminal_size(AttachSize *ret);

/* Standard output is a terminal, and NO_COLOR is not set. */
bool colors_on(int fd);
#define COLOR_RED    "\x1b[1;31m"
#define COLOR_NORMAL "\x1b[0m"

/* Keys that leave a container: "ctrl-p,ctrl-q", "ctrl-@", "a". */
#define DETACH_KEYS_MAX     16U
#define DETACH_KEYS_DEFAULT "ctrl-p,ctrl-q"
typedef struct DetachKeys {
        uint8_t keys[DETACH_KEYS_MAX];
        size_t n;       /* 0: none */
        size_t matched; /* of them typed so far */
} DetachKeys;

int detach_keys_parse(const char *s, DetachKeys *ret, Error *reterr);

/* Looks for the keys in what was typed: writes to out what is not part of them (at most n + DETACH_KEYS_MAX bytes) and
 * its number to *ret_n. true: the keys were typed; what follows them is dropped. */
bool detach_keys_filter(DetachKeys *k, const uint8_t *in, size_t n, uint8_t *out, size_t *ret_n);
