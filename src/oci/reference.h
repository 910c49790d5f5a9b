/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shared/error.h"

/* Names of images by docker's grammar: [DOMAIN/]PATH[:TAG][@DIGEST]. What people write is completed: "nginx" is
 * docker.io/library/nginx:latest. */
#define REFERENCE_NAME_MAX 255U /* of domain and path together */
#define REFERENCE_TAG_MAX  128U
#define REFERENCE_MAX      (REFERENCE_NAME_MAX + 1 + REFERENCE_TAG_MAX + 1 + 71)

typedef struct Reference {
        char *domain; /* "docker.io", "localhost:5000" */
        char *path;   /* "library/nginx" */
        char *tag;    /* "latest"; NULL where there is only a digest */
        char *digest; /* "sha256:…", or NULL */
        bool short_name; /* the domain was not given but added */
} Reference;

void reference_done(Reference *r);

/* Completed as docker does: docker.io, library/, and the tag "latest" where neither tag nor digest is given. */
int reference_parse(const char *text, Reference *ret, Error *reterr);

/* "docker.io/library/nginx:latest" */
char *reference_to_string(const Reference *r);

/* "docker.io/library/nginx" */
char *reference_repository(const Reference *r);

/* As short as people write it, yet read back as the same: "nginx:latest", "fred/app:1", "quay.io/app:1". */
char *reference_familiar(const Reference *r);

/* The familiar form of a full name, or a copy of what is none. */
char *reference_familiar_from_string(const char *full);

/* Completes a name to its full form, with tag and no digest: what the store keeps. */
int reference_normalize(const char *text, char **ret, Error *reterr);

bool reference_tag_is_valid(const char *s) _pure_;

/* Whether the text can be an image's id or the beginning of one: 2 to 64 lower-case hexadecimal digits, "sha256:"
 * before them or not. *ret_hex points into it. It may be the name of an image as well. */
bool reference_may_be_id(const char *text, const char **ret_hex);
