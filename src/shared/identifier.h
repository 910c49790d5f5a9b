/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/* Identifiers of containers and jobs, and the names people give. */

#define CONTAINER_ID_LENGTH 64U /* hexadecimal digits, as docker's */
#define CONTAINER_ID_SHORT  12U

/* A new random identifier. */
int identifier_new(char ret[static CONTAINER_ID_LENGTH + 1]);
bool identifier_is_valid(const char *s) _pure_;

/* [a-zA-Z0-9][a-zA-Z0-9_.-]*, at most 128 bytes: names of containers, volumes and networks, as docker has them. */
#define OBJECT_NAME_MAX 128U
bool object_name_is_valid(const char *s) _pure_;

/* RFC 1123 labels, 253 bytes. */
bool hostname_is_valid(const char *s) _pure_;

/* A name for a container that got none: "adjective_noun"; two words drawn at random, attempt > 0 adds a digit. */
int random_name_new(unsigned attempt, char **ret);

/* systemd's unit_name_escape(): "a-b" is "a\x2db". */
char *unit_name_escape_string(const char *s);
