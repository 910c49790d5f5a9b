/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shared/error.h"

/* The one unpacker: makes a directory tree of a layer (or of a root file system's tar), as overlayfs wants
 * it. The archive is hostile: whatever it says, nothing outside of the destination is touched, and what is
 * not understood is an error. Names, owners (up to 2^32-2), modes, times, holes, links, devices, user.*
 * attributes, access control lists and file capabilities arrive as they were; trusted.*, user.overlay.* and
 * the rest of security.* are dropped. ".wh.NAME" becomes a 0:0 device, ".wh..wh..opq" the attribute
 * trusted.overlay.opaque.
 *
 * Nothing is synced: the caller does one syncfs(). After a failure the destination holds a part; the caller
 * removes it. The process's umask is 0 while this runs. */

#define LAYER_DIGEST_MAX (sizeof("sha256:") + 64U)

/* trusted.* needs CAP_SYS_ADMIN, which the unpacker should not have: whoever has it can do it for us. */
typedef struct LayerOpaqueOps {
        int (*set)(int dir_fd, void *userdata); /* 0 or negative errno */
        int (*get)(int dir_fd, void *userdata); /* 1, 0 or negative errno */
        void *userdata;
} LayerOpaqueOps;

typedef struct LayerUnpackOptions {
        /* The unpacked layers below, topmost first: for directories the archive does not have itself but
         * puts something into, and for hard links to files of theirs. */
        const int *lower_fds;
        size_t n_lower_fds;

        uint64_t bytes_max;   /* of the uncompressed archive, and of what is copied up; 0: LAYER_BYTES_MAX */
        uint64_t entries_max; /* 0: LAYER_ENTRIES_MAX */

        const char *expected_diff_id; /* "sha256:…": anything else is -EBADMSG; NULL: not known */

        const LayerOpaqueOps *opaque; /* NULL: done here */

        /* Called every few MiB with the bytes of blob_fd read so far; a negative errno ends the unpacking
         * with it. */
        int (*progress)(uint64_t bytes_read, void *userdata);
        void *userdata;
} LayerUnpackOptions;

#define LAYER_BYTES_MAX   (UINT64_C(1) << 40)
#define LAYER_ENTRIES_MAX UINT64_C(10000000)
#define LAYER_DEPTH_MAX   512U /* directories below one another */

typedef struct LayerUnpackResult {
        char diff_id[LAYER_DIGEST_MAX]; /* of the uncompressed bytes, padding included */
        uint64_t n_bytes;               /* uncompressed bytes of the archive */
        uint64_t n_files_bytes;         /* bytes written to files */
        uint64_t n_entries;

        /* The tree was not made from the archive alone: a directory or a link target was missing in it. Such
         * a tree is right only on the layers it was unpacked for, even where there were none to look at. */
        bool needs_lower;
} LayerUnpackResult;

/* blob_fd is read from its current offset to its end and need not be seekable; plain, gzip, zstd or xz.
 * dest_dir_fd is an empty directory of ours, opened for reading. options may be NULL. */
int layer_unpack(int blob_fd, int dest_dir_fd, const LayerUnpackOptions *options, LayerUnpackResult *ret,
                 Error *reterr);
