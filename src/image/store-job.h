/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "index.h"

/* One change to the store while it is being prepared. Blobs are in images/staging/JOB, layers in layers/.staging-JOB-N;
 * both are renamed into place only when all is verified and on disk, and then index.json says that they exist. The
 * job's directory is locked: who finds one that is not may remove it. */
typedef struct StoreJob StoreJob;

/* Also removes what dead jobs have left. */
int store_job_new(ImageStore *s, StoreJob **ret, Error *reterr);
StoreJob *store_job_free(StoreJob *j); /* removes what was not published */
DEFINE_TRIVIAL_CLEANUP_FUNC(StoreJob *, store_job_free)

ImageStore *store_job_store(StoreJob *j);

/* A file that gets its name, its digest, when it is complete. Errors are of writing: the disk is full. */
typedef struct BlobWriter {
        StoreJob *job; /* weak */
        int fd;
        DigestContext *digest;
        uint64_t size;
        char name[24];
} BlobWriter;
#define BLOB_WRITER_NULL ((BlobWriter) { .fd = -EBADF })

int blob_writer_init(BlobWriter *w, StoreJob *j, Error *reterr);
void blob_writer_done(BlobWriter *w);
int blob_writer_write(BlobWriter *w, const void *data, size_t size, Error *reterr);
int blob_writer_finish(BlobWriter *w, char ret_digest[static DIGEST_SIZE], Error *reterr);

int store_job_put_blob(StoreJob *j, const void *data, size_t size, char ret_digest[static DIGEST_SIZE], Error *reterr);

/* Opens a blob of this job's for reading. */
int store_job_open_blob(StoreJob *j, const char *digest, Error *reterr);

/* Reads a document of this job's; what is for messages. */
int store_job_read_blob(StoreJob *j, const char *digest, const char *what, char **ret, size_t *ret_size, Error *reterr);

/* This blob belongs to the result: it will be published. The others go with the job. */
int store_job_keep_blob(StoreJob *j, const char *digest, Error *reterr);

/* Looks for an unpacked layer as image_store_find_layer() does; one that is found is not removed while we live. */
int store_job_find_layer(StoreJob *j, const char *diff_id, const char *chain_id, char ret[static LAYER_NAME_MAX],
                         Error *reterr);

/* An empty directory to unpack a layer into; *ret_slot names it. Thread-safe, as the two below. */
int store_job_new_layer(StoreJob *j, size_t *ret_slot, int *ret_fd, Error *reterr);
void store_job_drop_layer(StoreJob *j, size_t slot);
/* It is complete, and its name will be that. */
int store_job_keep_layer(StoreJob *j, size_t slot, const char *name, Error *reterr);

/* Opens the directory of a layer that is in the store or kept by this job. */
int store_job_open_layer(StoreJob *j, const char *name, Error *reterr);

/* Makes everything that was kept part of the store and lets update change the index, under the store's lock. If that
 * fails, what was made visible already is removed again as far as nothing refers to it. */
typedef int (*store_update_t)(OciIndex *index, void *userdata, Error *reterr);
int store_job_publish(StoreJob *j, store_update_t update, void *userdata, Error *reterr);

/* Changes the index alone; the second while the caller holds the store's lock. */
int store_update_index(ImageStore *s, store_update_t update, void *userdata, Error *reterr);
int store_update_index_locked(ImageStore *s, store_update_t update, void *userdata, Error *reterr);

/* Names below layers/ that jobs under way count on are added to *l; under the store's lock. */
int store_jobs_list_pins(ImageStore *s, char ***l, Error *reterr);
