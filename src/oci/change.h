/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "image-config.h"

/* Instructions of a Dockerfile that change an image's configuration, as import and commit take them with --change:
 * CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, MAINTAINER, ONBUILD, SHELL, STOPSIGNAL, USER, VOLUME, WORKDIR, in either
 * case. "CMD=…" is read as "CMD …", as podman does. $NAME and ${NAME…} are replaced from the image's environment where
 * a Dockerfile would. */

#define CHANGES_MAX       1000U
#define CHANGE_LENGTH_MAX 65536U

/* Applies them in order. After a failure c may be changed in part. */
int changes_apply(OciImageConfig *c, char *const *changes, Error *reterr);

/* Splits "a b" 'c d' e\ f as a shell would, replacing variables from env (NULL: leave them). Within '…' nothing is
 * replaced. Quotes that are not closed are -EINVAL. */
int change_split_words(const char *text, char *const *env, char ***ret, Error *reterr);

/* One word's variables and quotes, white space kept: "$A/${B:-c}". */
int change_expand(const char *text, char *const *env, char **ret, Error *reterr);
