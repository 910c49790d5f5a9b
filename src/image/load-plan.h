/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "archive-files.h"
#include "layer-set.h"
#include "oci/manifest.h"

/* What "load" has found in an archive, before anything of it is believed. */
typedef struct PlannedImage {
        char id[DIGEST_SIZE]; /* of the configuration */
        OciImageConfig *config;
        OciDescriptor manifest; /* the entry for index.json */
        char **names;           /* full */
} PlannedImage;

typedef struct LoadPlan {
        StoreJob *job;             /* weak */
        const ArchiveFiles *files; /* weak */
        LayerSet *layers;          /* weak */
        const OciPlatform *platform; /* weak */
        PlannedImage *images;
        size_t n_images;
} LoadPlan;

void load_plan_done(LoadPlan *p);

/* An image whose configuration is that of the text, with that digest; the caller fills in the rest. Checks what it runs
 * on. */
int load_plan_add(LoadPlan *p, const char *config_name, const char *digest, const char *text, size_t size, PlannedImage **ret, Error *reterr);

/* The name as the archive has it. */
int load_plan_add_name(PlannedImage *i, const char *name, Error *reterr);

/* Reads the two kinds of archives. */
int load_plan_read_docker(LoadPlan *p, Error *reterr);
int load_plan_read_oci(LoadPlan *p, Error *reterr);
