/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <openssl/evp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>

#include "layer-source.h"
#include "shared/text.h"

#define PIECE_SIZE (1U << 20)
#define PIECES     3U /* one is being taken apart, one is full, one is being filled */

typedef struct Piece {
        uint8_t *data;
        ssize_t size;        /* 0: the end; negative: it went wrong */
        uint64_t bytes_read; /* of the file, when this one was complete */
} Piece;

struct LayerSource {
        int fd;           /* weak */
        Decoder *decoder; /* these three: the reader's, once there is a thread */
        EVP_MD_CTX *digest;
        Error details; /* until the piece that went wrong has been given out */

        Piece pieces[PIECES];
        size_t head, tail; /* the next to be filled, and to be given out */

        uint64_t n_bytes, n_bytes_read;
        bool holding; /* the piece at the tail has been given out */
        ssize_t last; /* what the last piece was */

        bool threaded;
        pthread_t thread;
        pthread_mutex_t mutex; /* for the two below */
        pthread_cond_t changed;
        size_t n_full;
        bool stop;
};

LayerSource *layer_source_free(LayerSource *s) {
        if (!s)
                return NULL;

        if (s->threaded) {
                pthread_mutex_lock(&s->mutex);
                s->stop = true;
                pthread_cond_signal(&s->changed);
                pthread_mutex_unlock(&s->mutex);
                (void) pthread_join(s->thread, NULL);
        }
        pthread_cond_destroy(&s->changed);
        pthread_mutex_destroy(&s->mutex);

        for (size_t i = 0; i < PIECES; i++)
                free(s->pieces[i].data);
        decoder_free(s->decoder);
        EVP_MD_CTX_free(s->digest);
        error_done(&s->details);
        return mfree(s);
}

int layer_source_new(int fd, LayerSource **ret, Error *reterr) {
        _cleanup_(layer_source_freep) LayerSource *s = NULL;
        int r;

        s = new0(LayerSource, 1);
        if (!s)
                return error_oom(reterr);
        *s = (LayerSource) {
                .fd = fd,
                .mutex = PTHREAD_MUTEX_INITIALIZER,
                .changed = PTHREAD_COND_INITIALIZER,
                .last = 1,
        };

        s->pieces[0].data = malloc(PIECE_SIZE);
        s->digest = EVP_MD_CTX_new();
        if (!s->pieces[0].data || !s->digest || EVP_DigestInit_ex(s->digest, EVP_sha256(), NULL) != 1)
                return error_oom(reterr);

        r = decoder_new(fd, &s->decoder, reterr);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(s);
        return 0;
}

static void fill_piece(LayerSource *s, Piece *p) {
        p->size = decoder_read(s->decoder, p->data, PIECE_SIZE, &s->details);
        if (p->size > 0 && EVP_DigestUpdate(s->digest, p->data, (size_t) p->size) != 1)
                p->size = error_set(&s->details, -EIO, "cannot compute its digest");
        p->bytes_read = decoder_bytes_read(s->decoder);
}

static void *reader_run(void *userdata) {
        LayerSource *s = userdata;

        for (;;) {
                Piece *p;

                pthread_mutex_lock(&s->mutex);
                while (s->n_full == PIECES && !s->stop)
                        pthread_cond_wait(&s->changed, &s->mutex);
                if (s->stop) {
                        pthread_mutex_unlock(&s->mutex);
                        return NULL;
                }
                pthread_mutex_unlock(&s->mutex);

                p = s->pieces + s->head;
                fill_piece(s, p);
                s->head = (s->head + 1) % PIECES;

                pthread_mutex_lock(&s->mutex);
                s->n_full++;
                pthread_cond_signal(&s->changed);
                pthread_mutex_unlock(&s->mutex);
                if (p->size <= 0)
                        return NULL;
        }
}

/* Without the thread it only takes longer. */
static void start_reader(LayerSource *s) {
        sigset_t all, saved;
        struct stat st;

        if (fstat(s->fd, &st) < 0 || !S_ISREG(st.st_mode))
                return;

        for (size_t i = 1; i < PIECES; i++) {
                s->pieces[i].data = malloc(PIECE_SIZE);
                if (!s->pieces[i].data)
                        return;
        }

        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &saved);
        s->head = 1;
        s->n_full = 1;
        s->threaded = pthread_create(&s->thread, NULL, reader_run, s) == 0;
        pthread_sigmask(SIG_SETMASK, &saved, NULL);
}

static Piece *next_piece(LayerSource *s) {
        if (!s->threaded) {
                fill_piece(s, s->pieces);
                if (s->n_bytes == 0 && s->pieces[0].size == PIECE_SIZE)
                        start_reader(s);
                return s->pieces;
        }

        pthread_mutex_lock(&s->mutex);
        if (s->holding) {
                s->tail = (s->tail + 1) % PIECES;
                s->n_full--;
                pthread_cond_signal(&s->changed);
        }
        while (s->n_full == 0)
                pthread_cond_wait(&s->changed, &s->mutex);
        pthread_mutex_unlock(&s->mutex);

        return s->pieces + s->tail;
}

ssize_t layer_source_read(LayerSource *s, const void **ret, Error *reterr) {
        Piece *p;

        if (s->last <= 0)
                return s->last; /* the reader is gone */

        p = next_piece(s);
        s->holding = true;
        s->last = p->size;
        s->n_bytes_read = p->bytes_read;
        if (p->size < 0)
                error_move(reterr, &s->details);
        else
                s->n_bytes += (uint64_t) p->size;

        *ret = p->data;
        return p->size;
}

uint64_t layer_source_bytes(const LayerSource *s) {
        return s->n_bytes;
}

uint64_t layer_source_bytes_read(const LayerSource *s) {
        return s->n_bytes_read;
}

int layer_source_finish(LayerSource *s, char ret[static LAYER_DIGEST_MAX], Error *reterr) {
        uint8_t digest[EVP_MAX_MD_SIZE];

        assert(s->last == 0); /* so nobody else touches the digest */

        if (EVP_DigestFinal_ex(s->digest, digest, NULL) != 1)
                return error_set(reterr, -EIO, "cannot compute the layer's digest");

        memcpy(ret, "sha256:", strlen("sha256:"));
        hex_encode(ret + strlen("sha256:"), digest, 32);
        return 0;
}
