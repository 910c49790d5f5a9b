/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdio.h>

#include "shared/macro.h"

/* Lines whose cells are parted by tabs, aligned in columns as docker's tables are: each column as wide as its widest
 * cell and three blanks, at least ten. The last cell of a line is not padded. */
#define TABLE_PADDING   3U
#define TABLE_WIDTH_MIN 10U

int table_print(FILE *f, char *const *lines);
