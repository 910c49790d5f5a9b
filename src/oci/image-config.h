/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "digest.h"
#include "platform.h"

/* The configuration of an image (application/vnd.oci.image.config.v1+json), with what docker adds to it. It is an
 * image's word about itself: data for defaults, never policy. Lists and maps are NULL where nothing was said; an empty
 * list says "none". */

#define OCI_HISTORY_MAX 4096U

/* Durations are nanoseconds; 0: the default. */
typedef struct OciHealthcheck {
        char **test; /* { "NONE" }, { "CMD", … }, { "CMD-SHELL", "…" }; NULL or empty: inherited */
        uint64_t interval, timeout, start_period, start_interval;
        uint64_t retries;
} OciHealthcheck;

typedef struct OciHistory {
        char *created; /* RFC 3339 */
        char *created_by;
        char *author;
        char *comment;
        bool empty_layer;
} OciHistory;

typedef struct OciImageConfig {
        char *created;
        char *author;
        OciPlatform platform;

        /* "config": what a container gets unless it asks for something else */
        char *user;
        char **exposed_ports; /* "80/tcp" */
        char **env;           /* NAME=VALUE, all of them */
        char **entrypoint;
        char **cmd;
        char **volumes; /* paths; what is not absolute is left out */
        char *working_dir;
        char **labels; /* "name=value" */
        char *stop_signal;
        uint64_t stop_timeout; /* seconds; 0: not said */
        bool args_escaped;
        char **on_build;
        char **shell;
        OciHealthcheck *healthcheck; /* NULL: none */

        char **diff_ids; /* bottom first */
        OciHistory *history; /* oldest first */
        size_t n_history;

        JsonObject *document; /* what it was read from; NULL for a new one */
} OciImageConfig;

OciImageConfig *oci_image_config_new(void);
OciImageConfig *oci_image_config_free(OciImageConfig *c);
DEFINE_TRIVIAL_CLEANUP_FUNC(OciImageConfig *, oci_image_config_free)

int oci_image_config_parse(const char *name, const char *text, size_t size, OciImageConfig **ret, Error *reterr);

/* The text to store. Members we do not know stay as they were and where they were; the same input gives the same bytes. */
int oci_image_config_format(const OciImageConfig *c, char **ret);

/* The member "config" alone, as "docker image inspect" shows it. */
int oci_image_config_defaults_to_json(const OciImageConfig *c, JsonObject **ret);

OciHealthcheck *oci_healthcheck_free(OciHealthcheck *h);
DEFINE_TRIVIAL_CLEANUP_FUNC(OciHealthcheck *, oci_healthcheck_free)
int oci_healthcheck_to_json(const OciHealthcheck *h, JsonObject **ret);

/* All strings are copied; NULL where there is none. */
int oci_image_config_add_history(OciImageConfig *c, const char *created, const char *created_by, const char *author,
                                 const char *comment, bool empty_layer);

/* The id of the stack of layers up to and including each: chain[0] is diff_ids[0]. */
int oci_chain_ids(char *const *diff_ids, char ***ret);

/* "2024-05-01T12:00:00.000000001Z" of microseconds since the epoch, and back (0 for what is none). */
char *oci_time_format(uint64_t usec);
uint64_t oci_time_parse(const char *s);
