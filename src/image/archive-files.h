/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "archive-stream.h"
#include "shared/string-map.h"
#include "store-job.h"

/* What was in an archive, by path. The contents are blobs of the job: an archive may come through a pipe and say at its
 * end what is what, so everything is written down, and hashed on the way. */
typedef struct ArchiveFiles ArchiveFiles;

typedef struct ArchiveFile {
        char digest[DIGEST_SIZE];
        uint64_t size;
        char *target; /* of a link, otherwise NULL */
} ArchiveFile;

int archive_files_read(StoreJob *j, ArchiveStream *stream, ArchiveFiles **ret, Error *reterr);
ArchiveFiles *archive_files_free(ArchiveFiles *f);
DEFINE_TRIVIAL_CLEANUP_FUNC(ArchiveFiles *, archive_files_free)

/* The file at that path, links followed, or NULL. */
const ArchiveFile *archive_files_get(const ArchiveFiles *f, const char *path);

/* Its content, a document. -EBADMSG if there is no such file. */
int archive_files_read_document(const ArchiveFiles *f, StoreJob *j, const char *path, char **ret, size_t *ret_size,
                                Error *reterr);
