/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store.h"

/* The directories of jobs: images/staging/JOB, locked by flock() while the job lives, with an empty file "pin-NAME" for
 * each layer that it counts on. */
#define STAGING_NAME_LENGTH   16U
#define STAGED_LAYER_PREFIX   ".staging-"
#define STAGED_LAYER_NAME_MAX 96U /* at least LAYER_NAME_MAX: it holds either */
#define PIN_PREFIX            "pin-"

int store_staging_open(ImageStore *s);

/* Makes the directory, locks it and returns its descriptor. */
int store_staging_make(ImageStore *s, const char *name, Error *reterr);

/* Removes what jobs that are no more have left. */
int store_staging_clean(ImageStore *s, Error *reterr);

/* 0, or -1 and errno. */
int store_staging_pin(int job_fd, const char *layer_name);
