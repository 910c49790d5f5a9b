/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "callbacks.h"

/* The entries of a tar archive that somebody hands us, plain or compressed, read once from the beginning to the end. */
typedef struct ArchiveStream ArchiveStream;

typedef enum ArchiveEntryType {
        ARCHIVE_ENTRY_FILE,
        ARCHIVE_ENTRY_LINK, /* symbolic or hard; target is a path within the archive */
} ArchiveEntryType;

typedef struct ArchiveEntry {
        ArchiveEntryType type;
        char *path;   /* without "./" and double slashes; never absolute, never with ".." */
        char *target; /* of a link, likewise */
        uint64_t size;
} ArchiveEntry;

void archive_entry_done(ArchiveEntry *e);

/* fd remains the caller's. callbacks hear "reading". Any failure to read is in *reterr with the archive's word for it. */
int archive_stream_new(int fd, uint64_t bytes_max, const ImageCallbacks *callbacks, ArchiveStream **ret, Error *reterr);
ArchiveStream *archive_stream_free(ArchiveStream *s);
DEFINE_TRIVIAL_CLEANUP_FUNC(ArchiveStream *, archive_stream_free)

/* 1: *ret is the next file or link (directories are passed over), 0: the end. Devices, pipes and names that lead out of
 * the archive are -EBADMSG. */
int archive_stream_next(ArchiveStream *s, ArchiveEntry *ret, Error *reterr);

/* The next bytes of the file, valid until the next call: 1, or 0 at its end. */
int archive_stream_read(ArchiveStream *s, const void **ret, size_t *ret_size, Error *reterr);
