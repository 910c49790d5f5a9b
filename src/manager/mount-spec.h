/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>

#include "shared/error.h"
#include "shared/macro.h"

/* What -v, --mount and --tmpfs ask for. */

typedef enum MountSpecType {
        MOUNT_SPEC_BIND,
        MOUNT_SPEC_TMPFS,
        MOUNT_SPEC_IMAGE_VOLUME, /* a directory of the container's own, removed with it; source is NULL */
        _MOUNT_SPEC_TYPE_MAX,
        _MOUNT_SPEC_TYPE_INVALID = -EINVAL,
} MountSpecType;
DECLARE_STRING_TABLE(mount_spec_type, MountSpecType);

typedef struct MountSpec {
        MountSpecType type;
        char *source;      /* bind: absolute path on the host, cleaned; otherwise NULL */
        char *target;      /* absolute and cleaned; never "/" */
        char *propagation; /* "rprivate" unless asked for otherwise */
        char *mode_text;   /* the options as they were given, for inspect; NULL: none */
        bool read_only;
        bool exec;
        bool dev;
        bool suid;
        bool recursive;         /* bind: with what is mounted below */
        bool create_source;     /* -v makes a missing directory on the host, --mount refuses */
        bool no_idmap;          /* the owners in the container are not translated */
        bool from_image;        /* VOLUME: nobody asked for it */
        uint64_t size;          /* tmpfs: bytes; 0: half of the memory, as the kernel has it */
        unsigned size_percent;  /* tmpfs: of the memory; 0: not said so */
        uint64_t n_inodes;      /* tmpfs; 0: as the kernel has it */
        mode_t mode;            /* tmpfs: permissions of its root; (mode_t) -1: 01777 */
        uid_t uid;              /* tmpfs: owner of its root in the container */
        gid_t gid;
} MountSpec;

void mount_spec_done(MountSpec *m);
MountSpec *mount_spec_free_many(MountSpec *m, size_t n);

/* "HOST:CONTAINER[:options]" as docker and podman have it. */
int mount_spec_parse_volume(const char *text, MountSpec *ret, Error *reterr);
/* "type=bind,source=/a,target=/b,readonly" */
int mount_spec_parse_mount(const char *text, MountSpec *ret, Error *reterr);
/* "/run[:size=1m,mode=1777]" */
int mount_spec_parse_tmpfs(const char *text, MountSpec *ret, Error *reterr);
/* A path of an image's VOLUME. */
int mount_spec_parse_image_volume(const char *path, MountSpec *ret, Error *reterr);
