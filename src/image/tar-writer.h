/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "callbacks.h"

/* Writes a tar archive of files whose sizes are known, straight to a descriptor: the same files give the same bytes
 * (mode 0444, no owner, no time). libarchive would copy every byte once more. */
typedef struct TarWriter {
        int fd; /* weak */
        const ImageCallbacks *callbacks; /* weak; hears "writing" */
        uint64_t written, total;
} TarWriter;

#define TAR_NAME_MAX 99U

int tar_writer_directory(TarWriter *w, const char *name, Error *reterr);

/* A file: begin, then write exactly size bytes, then end. */
int tar_writer_begin(TarWriter *w, const char *name, uint64_t size, Error *reterr);
int tar_writer_write(TarWriter *w, const void *data, size_t size, Error *reterr);
int tar_writer_end(TarWriter *w, uint64_t size, Error *reterr);

int tar_writer_file(TarWriter *w, const char *name, const void *data, size_t size, Error *reterr);

/* The end of the archive. */
int tar_writer_finish(TarWriter *w, Error *reterr);
