/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collect.h"
#include "shared/fd.h"
#include "shared/identifier.h"
#include "shared/io.h"
#include "shared/path.h"
#include "shared/strv.h"
#include "shared/text.h"
#include "store-job.h"
#include "store-staging.h"

#define LAYERS_PER_JOB_MAX (4U * OCI_LAYERS_MAX)

typedef struct StagedLayer {
        char directory[STAGED_LAYER_NAME_MAX];
        char name[LAYER_NAME_MAX]; /* empty: not kept */
        bool gone;
} StagedLayer;

struct StoreJob {
        ImageStore *store; /* weak */
        char name[STAGING_NAME_LENGTH + 1];
        int dir_fd; /* locked */
        unsigned n_files;
        char **blobs; /* digests to publish */

        pthread_mutex_t mutex; /* for what follows */
        StagedLayer *layers;
        size_t n_layers;
};

StoreJob *store_job_free(StoreJob *j) {
        if (!j)
                return NULL;

        for (size_t i = 0; i < j->n_layers; i++)
                if (!j->layers[i].gone)
                        (void) remove_tree_at(j->store->layers_fd, j->layers[i].directory);
        if (j->dir_fd >= 0) {
                _cleanup_(closep) int fd = store_staging_open(j->store);

                if (fd >= 0)
                        (void) remove_tree_at(fd, j->name);
                safe_close(j->dir_fd);
        }

        pthread_mutex_destroy(&j->mutex);
        strv_free(j->blobs);
        free(j->layers);
        return mfree(j);
}

int store_job_new(ImageStore *s, StoreJob **ret, Error *reterr) {
        _cleanup_(store_job_freep) StoreJob *j = NULL;
        char id[CONTAINER_ID_LENGTH + 1];
        int r;

        r = store_staging_clean(s, reterr);
        if (r < 0)
                return r;

        j = malloc(sizeof(StoreJob));
        if (!j)
                return error_oom(reterr);
        *j = (StoreJob) { .store = s, .dir_fd = -EBADF, .mutex = PTHREAD_MUTEX_INITIALIZER };

        r = identifier_new(id);
        if (r < 0)
                return error_errnof(reterr, r, "Cannot make a name for a job");
        memcpy(j->name, id, STAGING_NAME_LENGTH);

        r = store_staging_make(s, j->name, reterr);
        if (r < 0)
                return r;

        j->dir_fd = r;
        *ret = TAKE_PTR(j);
        return 0;
}

ImageStore *store_job_store(StoreJob *j) {
        return j->store;
}

int blob_writer_init(BlobWriter *w, StoreJob *j, Error *reterr) {
        int r;

        w->job = j;
        snprintf(w->name, sizeof(w->name), "new-%u", j->n_files++);

        r = digest_new(&w->digest);
        if (r < 0)
                return error_errnof(reterr, r, "Cannot compute digests");
        w->fd = openat(j->dir_fd, w->name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (w->fd < 0)
                return error_errnof(reterr, -errno, "Cannot write to the image store");
        return 0;
}

void blob_writer_done(BlobWriter *w) {
        if (w->fd >= 0) {
                (void) unlinkat(w->job->dir_fd, w->name, 0);
                safe_close(w->fd);
        }
        digest_free(w->digest);
        *w = BLOB_WRITER_NULL;
}

int blob_writer_write(BlobWriter *w, const void *data, size_t size, Error *reterr) {
        int r;

        r = digest_update(w->digest, data, size);
        if (r < 0)
                return error_errnof(reterr, r, "Cannot compute a digest");
        r = loop_write(w->fd, data, size);
        if (r < 0)
                return error_errnof(reterr, r, "Cannot write to the image store");

        w->size += size;
        return 0;
}

int blob_writer_finish(BlobWriter *w, char ret_digest[static DIGEST_SIZE], Error *reterr) {
        int r;

        r = digest_final(w->digest, ret_digest);
        if (r < 0)
                return error_errnof(reterr, r, "Cannot compute a digest");
        if (renameat(w->job->dir_fd, w->name, w->job->dir_fd, digest_hex(ret_digest)) < 0)
                return error_errnof(reterr, -errno, "Cannot write to the image store");

        w->fd = safe_close(w->fd);
        return 0;
}

int store_job_put_blob(StoreJob *j, const void *data, size_t size, char ret_digest[static DIGEST_SIZE], Error *reterr) {
        _cleanup_(blob_writer_done) BlobWriter w = BLOB_WRITER_NULL;
        int r;

        r = blob_writer_init(&w, j, reterr);
        if (r < 0)
                return r;
        r = blob_writer_write(&w, data, size, reterr);
        if (r < 0)
                return r;
        r = blob_writer_finish(&w, ret_digest, reterr);
        if (r < 0)
                return r;

        return store_job_keep_blob(j, ret_digest, reterr);
}

int store_job_open_blob(StoreJob *j, const char *digest, Error *reterr) {
        int fd;

        assert(digest_is_valid(digest));

        fd = openat(j->dir_fd, digest_hex(digest), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 ? error_errnof(reterr, -errno, "Cannot read %s", digest) : fd;
}

int store_job_read_blob(StoreJob *j, const char *digest, const char *what, char **ret, size_t *ret_size, Error *reterr) {
        int r;

        assert(digest_is_valid(digest));

        r = read_full_file_at(j->dir_fd, digest_hex(digest), STORE_DOCUMENT_MAX, ret, ret_size);
        if (r == -EFBIG)
                return error_set(reterr, -EBADMSG, "%s is longer than %u bytes", what, STORE_DOCUMENT_MAX);
        return r < 0 ? error_errnof(reterr, r, "Cannot read %s", what) : 0;
}

int store_job_keep_blob(StoreJob *j, const char *digest, Error *reterr) {
        if (strv_contains(j->blobs, digest))
                return 0;
        return strv_extend(&j->blobs, digest) < 0 ? error_oom(reterr) : 0;
}

int store_job_find_layer(StoreJob *j, const char *diff_id, const char *chain_id, char ret[static LAYER_NAME_MAX],
                         Error *reterr) {
        _cleanup_(closep) int lock_fd = -EBADF;
        int r;

        /* Under the lock: whoever removes layers reads the pins first */
        r = image_store_lock(j->store, &lock_fd, reterr);
        if (r < 0)
                return r;

        r = image_store_find_layer(j->store, diff_id, chain_id, ret);
        if (r > 0)
                r = store_staging_pin(j->dir_fd, ret) < 0 ? -errno : 1;
        return r < 0 ? error_errnof(reterr, r, "Cannot look for layer %s", diff_id) : r;
}

int store_job_new_layer(StoreJob *j, size_t *ret_slot, int *ret_fd, Error *reterr) {
        StagedLayer *l, *more;
        int fd, r = 0;

        pthread_mutex_lock(&j->mutex);
        more = j->n_layers < LAYERS_PER_JOB_MAX * 16U ? reallocarray(j->layers, j->n_layers + 1, sizeof(StagedLayer)) :
                                                       NULL;
        if (more) {
                j->layers = more;
                *ret_slot = j->n_layers;
                l = j->layers + j->n_layers++;
                *l = (StagedLayer) {};
                snprintf(l->directory, sizeof(l->directory), STAGED_LAYER_PREFIX "%s-%zu", j->name, *ret_slot);
                if (mkdirat(j->store->layers_fd, l->directory, 0755) < 0)
                        r = -errno;
        } else
                r = -ENOMEM;

        fd = r < 0 ? r : openat(j->store->layers_fd, l->directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (r >= 0 && (fd < 0 || fchmod(fd, 0755) < 0)) { /* whatever the umask is */
                r = -errno;
                fd = safe_close(fd);
        }
        pthread_mutex_unlock(&j->mutex);
        if (r < 0)
                return error_errnof(reterr, r, "Cannot make a directory for a layer");

        *ret_fd = fd;
        return 0;
}

void store_job_drop_layer(StoreJob *j, size_t slot) {
        char directory[STAGED_LAYER_NAME_MAX];

        pthread_mutex_lock(&j->mutex);
        memcpy(directory, j->layers[slot].directory, sizeof(directory));
        pthread_mutex_unlock(&j->mutex);

        if (remove_tree_at(j->store->layers_fd, directory) < 0)
                return; /* tried again with the job's end */

        pthread_mutex_lock(&j->mutex);
        j->layers[slot].gone = true;
        pthread_mutex_unlock(&j->mutex);
}

int store_job_keep_layer(StoreJob *j, size_t slot, const char *name, Error *reterr) {
        bool twice = false;

        assert(strlen(name) < LAYER_NAME_MAX);

        pthread_mutex_lock(&j->mutex);
        for (size_t i = 0; i < j->n_layers; i++)
                twice = twice || streq(j->layers[i].name, name);
        if (!twice)
                strcpy(j->layers[slot].name, name);
        pthread_mutex_unlock(&j->mutex);

        if (twice)
                store_job_drop_layer(j, slot);
        return 0;
}

int store_job_open_layer(StoreJob *j, const char *name, Error *reterr) {
        char directory[STAGED_LAYER_NAME_MAX];
        int fd;

        snprintf(directory, sizeof(directory), "%s", name);
        pthread_mutex_lock(&j->mutex);
        for (size_t i = 0; i < j->n_layers; i++)
                if (streq(j->layers[i].name, name))
                        memcpy(directory, j->layers[i].directory, sizeof(directory));
        pthread_mutex_unlock(&j->mutex);

        fd = openat(j->store->layers_fd, directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 ? error_errnof(reterr, -errno, "Cannot open layer %s", name) : fd;
}

/* Into place. A blob replaces what is there, which may be damaged; a layer that is there may be in use and stays. */
static int publish_files(StoreJob *j, char ***published, Error *reterr) {
        STRV_FOREACH(digest, j->blobs) {
                if (strv_extend(published, digest_hex(*digest)) < 0)
                        return error_oom(reterr);
                if (renameat(j->dir_fd, digest_hex(*digest), j->store->blobs_fd, digest_hex(*digest)) < 0)
                        return error_errnof(reterr, -errno, "Cannot store %s", *digest);
        }

        for (size_t i = 0; i < j->n_layers; i++) {
                StagedLayer *l = j->layers + i;

                if (l->gone || isempty(l->name))
                        continue;
                if (renameat2(j->store->layers_fd, l->directory, j->store->layers_fd, l->name, RENAME_NOREPLACE) >= 0) {
                        l->gone = true;
                        if (strv_extend(published, l->name) < 0)
                                return error_oom(reterr);
                } else if (errno != EEXIST)
                        return error_errnof(reterr, -errno, "Cannot store layer %s", l->name);
        }

        if ((!strv_isempty(j->blobs) && fsync(j->store->blobs_fd) < 0) ||
            (j->n_layers > 0 && fsync(j->store->layers_fd) < 0))
                return error_errnof(reterr, -errno, "Cannot sync the image store");
        return 0;
}

int store_update_index_locked(ImageStore *s, store_update_t update, void *userdata, Error *reterr) {
        _cleanup_(oci_index_freep) OciIndex *index = NULL;
        int r;

        r = store_index_read(s, &index, NULL, reterr);
        if (r < 0)
                return r;
        r = update(index, userdata, reterr);
        if (r < 0)
                return r;

        return store_index_write(s, index, reterr);
}

int store_job_publish(StoreJob *j, store_update_t update, void *userdata, Error *reterr) {
        _cleanup_(strv_freep) char **published = NULL;
        _cleanup_(closep) int lock_fd = -EBADF;
        int r;

        /* All data at once, before anything can be seen */
        if (syncfs(j->dir_fd) < 0)
                return error_errnof(reterr, -errno, "Cannot sync the image store");

        r = image_store_lock(j->store, &lock_fd, reterr);
        if (r < 0)
                return r;
        r = publish_files(j, &published, reterr);
        if (r >= 0)
                r = store_update_index_locked(j->store, update, userdata, reterr);
        if (r < 0) {
                if (published)
                        (void) store_collect_locked(j->store, NULL, published, NULL, NULL);
                return r;
        }

        j->blobs = strv_free(j->blobs);
        return 0;
}

int store_update_index(ImageStore *s, store_update_t update, void *userdata, Error *reterr) {
        _cleanup_(closep) int lock_fd = -EBADF;
        int r;

        r = image_store_lock(s, &lock_fd, reterr);
        if (r < 0)
                return r;

        return store_update_index_locked(s, update, userdata, reterr);
}
