/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image.h"
#include "layer-work.h"
#include "shared/fd.h"
#include "shared/strv.h"
#include "shared/text.h"

#define THREADS_MAX 2U

/* A layer that stands on others */
typedef struct ChainLayer {
        uint64_t size;
} ChainLayer;

static Layer *layer_free(Layer *l) {
        if (!l)
                return NULL;
        free(l->label);
        return mfree(l);
}
DEFINE_TRIVIAL_CLEANUP_FUNC(Layer *, layer_free)

LayerSet *layer_set_free(LayerSet *set) {
        if (!set)
                return NULL;

        for (size_t i = 0; i < set->n_layers; i++)
                layer_free(set->layers[i]);
        free(set->layers);
        string_map_free(set->by_diff_id);
        string_map_free(set->chains);
        pthread_mutex_destroy(&set->mutex);
        error_done(&set->error);
        return mfree(set);
}

/* Whoever does it for us does one at a time */
static int opaque_set(int dir_fd, void *userdata) {
        LayerSet *set = userdata;
        int r;

        pthread_mutex_lock(&set->mutex);
        r = set->callbacks->opaque->set(dir_fd, set->callbacks->opaque->userdata);
        pthread_mutex_unlock(&set->mutex);
        return r;
}

static int opaque_get(int dir_fd, void *userdata) {
        LayerSet *set = userdata;
        int r;

        pthread_mutex_lock(&set->mutex);
        r = set->callbacks->opaque->get(dir_fd, set->callbacks->opaque->userdata);
        pthread_mutex_unlock(&set->mutex);
        return r;
}

int layer_set_new(StoreJob *j, const ImageCallbacks *callbacks, LayerSet **ret) {
        _cleanup_(layer_set_freep) LayerSet *set = NULL;

        set = malloc(sizeof(LayerSet));
        if (!set)
                return -ENOMEM;
        *set = (LayerSet) { .job = j, .callbacks = callbacks, .mutex = PTHREAD_MUTEX_INITIALIZER };
        set->opaque = (LayerOpaqueOps) { .set = opaque_set, .get = opaque_get, .userdata = set };

        set->by_diff_id = string_map_new(NULL);
        set->chains = string_map_new(free);
        if (!set->by_diff_id || !set->chains)
                return -ENOMEM;

        *ret = TAKE_PTR(set);
        return 0;
}

int layer_set_add(LayerSet *set, const char *diff_id, const char *blob_digest, const char *label, Error *reterr) {
        _cleanup_(layer_freep) Layer *l = NULL;
        _cleanup_(closep) int fd = -EBADF;
        struct stat st;
        Layer *known, **more;

        /* The same content in another blob is not looked at a second time: it would have to be verified as well */
        known = string_map_get(set->by_diff_id, diff_id);
        if (known && streq(known->blob, blob_digest))
                return 0;

        l = new0(Layer, 1);
        if (!l)
                return error_oom(reterr);
        memcpy(l->diff_id, diff_id, DIGEST_SIZE);
        memcpy(l->blob, blob_digest, DIGEST_SIZE);
        l->in_store = !!known; /* by the first one, then */
        l->label = strdup(label);
        if (!l->label)
                return error_oom(reterr);

        fd = store_job_open_blob(set->job, blob_digest, reterr);
        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0)
                return error_errnof(reterr, -errno, "Cannot read %s", label);
        l->blob_size = (uint64_t) st.st_size;

        more = reallocarray(set->layers, set->n_layers + 1, sizeof(Layer *));
        if (!more)
                return error_oom(reterr);
        set->layers = more;
        if (!known && string_map_put(set->by_diff_id, diff_id, l) < 0)
                return error_oom(reterr);
        set->layers[set->n_layers++] = TAKE_PTR(l);
        return 0;
}

static void *thread_run(void *userdata) {
        LayerSet *set = userdata;

        for (;;) {
                _cleanup_(error_done) Error error = {};
                Layer *l = NULL;
                int r;

                pthread_mutex_lock(&set->mutex);
                if (set->result >= 0 && set->next < set->n_layers)
                        l = set->layers[set->next++];
                pthread_mutex_unlock(&set->mutex);
                if (!l)
                        return NULL;

                r = layer_work_alone(set, l, &error);
                if (r >= 0)
                        continue;

                pthread_mutex_lock(&set->mutex);
                if (set->result >= 0) {
                        set->result = r;
                        error_move(&set->error, &error);
                }
                pthread_mutex_unlock(&set->mutex);
        }
}

/* The unpacked size of a layer that was there before: some image knows it */
static uint64_t known_size(ImageStore *s, const Layer *l) {
        for (size_t n = 0; n < s->n_images; n++) {
                const Image *i = s->images[n];

                for (size_t k = 0; i->config && i->config->diff_ids && i->config->diff_ids[k]; k++)
                        if (streq(i->config->diff_ids[k], l->diff_id))
                                return i->layer_sizes[k];
        }
        return l->blob_size;
}

static int look_for_layers(LayerSet *set, Error *reterr) {
        ImageStore *s = store_job_store(set->job);
        int r;

        r = image_store_refresh(s, reterr);
        if (r < 0)
                return r;

        for (size_t i = 0; i < set->n_layers; i++) {
                Layer *l = set->layers[i];
                char name[LAYER_NAME_MAX];

                set->total += l->blob_size;
                if (l->in_store)
                        continue;
                r = store_job_find_layer(set->job, l->diff_id, l->diff_id, name, reterr);
                if (r < 0)
                        return r;
                if (r > 0 && streq(name, digest_hex(l->diff_id))) {
                        l->in_store = l->complete = true;
                        l->size = known_size(s, l);
                }
        }
        return 0;
}

int layer_set_unpack(LayerSet *set, uint64_t bytes_max, Error *reterr) {
        pthread_t threads[THREADS_MAX];
        size_t n_threads = 0;
        mode_t mask;
        int r;

        set->bytes_max = bytes_max ?: LAYER_BYTES_MAX;
        r = look_for_layers(set, reterr);
        if (r < 0)
                return r;

        /* The mask is the process's, and each unpacker sets it to 0 and back: to 0, if it was that before */
        mask = umask(0);
        while (n_threads + 1 < MIN((size_t) THREADS_MAX, set->n_layers) &&
               pthread_create(threads + n_threads, NULL, thread_run, set) == 0)
                n_threads++;
        (void) thread_run(set);
        while (n_threads > 0)
                (void) pthread_join(threads[--n_threads], NULL);
        (void) umask(mask);

        if (set->result < 0)
                error_move(reterr, &set->error);
        return set->result;
}

static int finish_layer(LayerSet *set, Layer *l, const char *chain_id, const int *lower_fds, size_t n_lower_fds,
                        char ret_name[static LAYER_NAME_MAX], uint64_t *ret_size, Error *reterr) {
        ChainLayer *chain;
        int r;

        if (l->complete) {
                layer_name_from_diff_id(ret_name, l->diff_id);
                *ret_size = l->size;
                return 0;
        }

        layer_name_from_chain_id(ret_name, chain_id);
        chain = string_map_get(set->chains, chain_id);
        if (chain) {
                *ret_size = chain->size;
                return 0;
        }

        chain = new0(ChainLayer, 1);
        if (!chain || string_map_put(set->chains, chain_id, chain) < 0) {
                free(chain);
                return error_oom(reterr);
        }

        r = store_job_find_layer(set->job, l->diff_id, chain_id, ret_name, reterr);
        if (r > 0) {
                chain->size = known_size(store_job_store(set->job), l);
                r = layer_work_verify(set, l, reterr);
        } else if (r == 0) {
                layer_name_from_chain_id(ret_name, chain_id);
                r = layer_work_onto(set, l, chain_id, lower_fds, n_lower_fds, &chain->size, reterr);
        }
        *ret_size = chain->size;
        return r;
}

static void close_all(int *fds, size_t n) {
        for (size_t i = 0; i < n; i++)
                safe_close(fds[i]);
}

/* Whether nothing of the stack from there up needs what is below */
static bool all_complete(LayerSet *set, char *const *diff_ids) {
        STRV_FOREACH(d, diff_ids) {
                const Layer *l = string_map_get(set->by_diff_id, *d);

                if (!l->complete)
                        return false;
        }
        return true;
}

int layer_set_finish_stack(LayerSet *set, char *const *diff_ids, char **ret, Error *reterr) {
        _cleanup_(strv_freep) char **chain_ids = NULL;
        _cleanup_(freep) char *sizes = NULL;
        size_t n = strv_length(diff_ids), n_fds = 0;
        int fds[OCI_LAYERS_MAX], r = 0;

        assert(n <= OCI_LAYERS_MAX);

        sizes = strdup("");
        if (!sizes || oci_chain_ids(diff_ids, &chain_ids) < 0)
                return error_oom(reterr);

        /* Topmost first: filled from the end */
        for (size_t i = 0; i < n && r >= 0; i++) {
                Layer *l = string_map_get(set->by_diff_id, diff_ids[i]);
                char name[LAYER_NAME_MAX];
                uint64_t size = 0;
                int fd;

                assert(l);
                r = finish_layer(set, l, chain_ids[i], fds + OCI_LAYERS_MAX - n_fds, n_fds, name, &size, reterr);
                if (r < 0)
                        break;
                if (!all_complete(set, diff_ids + i + 1)) {
                        fd = r = store_job_open_layer(set->job, name, reterr);
                        if (r < 0)
                                break;
                        fds[OCI_LAYERS_MAX - ++n_fds] = fd;
                }
                if (text_append(&sizes, "%s%" PRIu64, i > 0 ? "," : "", size) < 0)
                        r = error_oom(reterr);
        }
        close_all(fds + OCI_LAYERS_MAX - n_fds, n_fds);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(sizes);
        return 0;
}
