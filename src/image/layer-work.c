/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <unistd.h>

#include "decoder.h"
#include "layer-work.h"
#include "shared/fd.h"
#include "shared/text.h"

#define VERIFY_CHUNK (1U << 20)

typedef struct Work {
        LayerSet *set;
        Layer *layer;
        const char *phase;
        uint64_t last;
} Work;

/* Called by the threads, now and then */
static int report(uint64_t bytes_read, void *userdata) {
        Work *w = userdata;
        LayerSet *set = w->set;
        const ImageCallbacks *c = set->callbacks;
        int r;

        pthread_mutex_lock(&set->mutex);
        r = set->result < 0 ? -ECANCELED : 0;
        set->done += bytes_read - w->last;
        w->last = bytes_read;
        if (r >= 0)
                r = image_callbacks_progress(c, "unpacking", set->done, set->total);
        if (r >= 0 && c && c->item)
                r = c->item(w->layer->diff_id, w->phase, bytes_read, w->layer->blob_size, c->userdata);
        pthread_mutex_unlock(&set->mutex);
        return r;
}

static int fail(const Layer *l, int r, Error *reterr) {
        return error_prefix(reterr, r, "Cannot unpack %s", l->label);
}

/* The digest of what is in the blob. One that is not compressed was computed when it was read. */
static int verify(Work *w, int blob_fd, Error *reterr) {
        _cleanup_(digest_freep) DigestContext *digest = NULL;
        _cleanup_(decoder_freep) Decoder *decoder = NULL;
        _cleanup_(freep) char *buffer = NULL;
        char diff_id[DIGEST_SIZE];
        uint64_t size = 0;
        int r;

        if (w->layer->verified || streq(w->layer->blob, w->layer->diff_id))
                return 0;

        r = decoder_new(blob_fd, &decoder, reterr);
        if (r < 0)
                return r;
        r = digest_new(&digest);
        buffer = malloc(VERIFY_CHUNK);
        if (r < 0 || !buffer)
                return error_oom(reterr);

        for (;;) {
                ssize_t n;

                n = decoder_read(decoder, buffer, VERIFY_CHUNK, reterr);
                if (n < 0)
                        return n;
                if (n == 0)
                        break;
                size += (uint64_t) n;
                if (size > w->set->bytes_max)
                        return error_set(reterr, -EBADMSG, "it is more than %" PRIu64 " bytes when unpacked", w->set->bytes_max);
                r = digest_update(digest, buffer, (size_t) n);
                if (r < 0)
                        return error_errnof(reterr, r, "compute its digest");
                r = report(decoder_bytes_read(decoder), w);
                if (r < 0)
                        return error_set(reterr, r, "interrupted");
        }

        r = digest_final(digest, diff_id);
        if (r < 0)
                return error_errnof(reterr, r, "compute its digest");
        if (!streq(diff_id, w->layer->diff_id))
                return error_set(reterr, -EBADMSG, "its content is %s, not %s as the image says", diff_id, w->layer->diff_id);

        w->layer->verified = true;
        return 0;
}

static void unpack_options(Work *w, const int *lower_fds, size_t n_lower_fds, LayerUnpackOptions *ret) {
        *ret = (LayerUnpackOptions) {
                .lower_fds = lower_fds,
                .n_lower_fds = n_lower_fds,
                .bytes_max = w->set->bytes_max,
                .expected_diff_id = w->layer->diff_id,
                .opaque = w->set->callbacks && w->set->callbacks->opaque ? &w->set->opaque : NULL,
                .progress = report,
                .userdata = w,
        };
}

/* What cannot be done without the layers below is left to layer_work_onto() */
static int unpack_alone(Work *w, int blob_fd, Error *reterr) {
        _cleanup_(closep) int dir_fd = -EBADF;
        _cleanup_(error_done) Error error = {};
        char name[LAYER_NAME_MAX];
        LayerUnpackOptions options;
        LayerUnpackResult result;
        size_t slot;
        int r;

        r = store_job_new_layer(w->set->job, &slot, &dir_fd, reterr);
        if (r < 0)
                return r;

        unpack_options(w, NULL, 0, &options);
        r = layer_unpack(blob_fd, dir_fd, &options, &result, &error);
        w->layer->verified = r >= 0;
        if (r == -EBADMSG || (r >= 0 && result.needs_lower)) {
                store_job_drop_layer(w->set->job, slot);
                return 0;
        }
        if (r < 0) {
                error_move(reterr, &error);
                return r;
        }

        layer_name_from_diff_id(name, w->layer->diff_id);
        w->layer->complete = true;
        w->layer->size = result.n_files_bytes;
        return store_job_keep_layer(w->set->job, slot, name, reterr);
}

int layer_work_alone(LayerSet *set, Layer *l, Error *reterr) {
        Work w = { .set = set, .layer = l, .phase = l->in_store ? "verifying" : "unpacking" };
        _cleanup_(closep) int fd = -EBADF;
        int r;

        fd = store_job_open_blob(set->job, l->blob, reterr);
        if (fd < 0)
                return fd;

        r = l->in_store ? verify(&w, fd, reterr) : unpack_alone(&w, fd, reterr);
        if (r < 0)
                return fail(l, r, reterr);

        r = report(l->blob_size, &w);
        return r < 0 ? error_set(reterr, r, "Interrupted") : 0;
}

int layer_work_onto(LayerSet *set, Layer *l, const char *chain_id, const int *lower_fds, size_t n_lower_fds,
                    uint64_t *ret_size, Error *reterr) {
        Work w = { .set = set, .layer = l, .phase = "unpacking" };
        _cleanup_(closep) int blob_fd = -EBADF, dir_fd = -EBADF;
        char name[LAYER_NAME_MAX];
        LayerUnpackOptions options;
        LayerUnpackResult result;
        size_t slot;
        int r;

        blob_fd = store_job_open_blob(set->job, l->blob, reterr);
        if (blob_fd < 0)
                return blob_fd;
        r = store_job_new_layer(set->job, &slot, &dir_fd, reterr);
        if (r < 0)
                return r;

        set->total += l->blob_size;
        unpack_options(&w, lower_fds, n_lower_fds, &options);
        r = layer_unpack(blob_fd, dir_fd, &options, &result, reterr);
        if (r < 0)
                return fail(l, r, reterr);

        layer_name_from_chain_id(name, chain_id);
        *ret_size = result.n_files_bytes;
        return store_job_keep_layer(set->job, slot, name, reterr);
}

int layer_work_verify(LayerSet *set, Layer *l, Error *reterr) {
        Work w = { .set = set, .layer = l, .phase = "verifying" };
        _cleanup_(closep) int fd = store_job_open_blob(set->job, l->blob, reterr);
        int r;

        if (fd < 0)
                return fd;
        r = verify(&w, fd, reterr);
        return r < 0 ? fail(l, r, reterr) : 0;
}
