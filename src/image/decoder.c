/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <lzma.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "decoder.h"
#include "shared/io.h"

#define INPUT_SIZE      (256U * 1024U)
#define XZ_MEMORY_MAX   (96U << 20) /* xz -9 needs 65 MiB */
#define ZSTD_WINDOW_LOG 26          /* 64 MiB: all but --ultra -22 and --long of more */

struct Decoder {
        int fd; /* weak */
        Compression compression;

        uint8_t *input;
        size_t input_begin, input_end;
        bool input_eof;
        uint64_t n_read;

        bool finished;     /* no output will come any more */
        bool within_frame; /* gzip, zstd: input must not end here */

        z_stream gzip;
        lzma_stream xz;
        ZSTD_DStream *zstd;
};

static const char *const compression_table[_COMPRESSION_MAX] = {
                [COMPRESSION_NONE] = "none",
                [COMPRESSION_GZIP] = "gzip",
                [COMPRESSION_ZSTD] = "zstd",
                [COMPRESSION_XZ] = "xz",
};
DEFINE_STRING_TABLE(compression, Compression)

static bool zstd_is_frame(const uint8_t *p, size_t size) {
        if (size < 4)
                return false;
        if (memcmp(p, "\x28\xb5\x2f\xfd", 4) == 0)
                return true;

        /* A skippable frame may come first */
        return (p[0] & 0xf0) == 0x50 && memcmp(p + 1, "\x2a\x4d\x18", 3) == 0;
}

Compression compression_detect(const void *data, size_t size) {
        const uint8_t *p = data;

        if (size >= 3 && memcmp(p, "\x1f\x8b\x08", 3) == 0)
                return COMPRESSION_GZIP;
        if (zstd_is_frame(p, size))
                return COMPRESSION_ZSTD;
        if (size >= 6 && memcmp(p,
                                "\xfd"
                                "7zXZ\0",
                                6) == 0)
                return COMPRESSION_XZ;
        return COMPRESSION_NONE;
}

Decoder *decoder_free(Decoder *d) {
        if (!d)
                return NULL;

        switch (d->compression) {
        case COMPRESSION_GZIP:
                (void) inflateEnd(&d->gzip);
                break;
        case COMPRESSION_ZSTD:
                (void) ZSTD_freeDStream(d->zstd);
                break;
        case COMPRESSION_XZ:
                lzma_end(&d->xz);
                break;
        default:
                break;
        }

        free(d->input);
        return mfree(d);
}

static int decoder_fill(Decoder *d, Error *reterr) {
        ssize_t n;

        if (d->input_begin < d->input_end || d->input_eof)
                return 0;

        n = loop_read(d->fd, d->input, INPUT_SIZE);
        if (n < 0)
                return error_errnof(reterr, (int) n, "read archive");

        d->input_begin = 0;
        d->input_end = (size_t) n;
        d->input_eof = (size_t) n < INPUT_SIZE;
        d->n_read += (size_t) n;
        return 0;
}

int decoder_new(int fd, Decoder **ret, Error *reterr) {
        _cleanup_(decoder_freep) Decoder *d = NULL;
        Compression compression;
        int r;

        d = new0(Decoder, 1);
        if (!d)
                return error_oom(reterr);
        d->fd = fd;

        d->input = malloc(INPUT_SIZE);
        if (!d->input)
                return error_oom(reterr);

        r = decoder_fill(d, reterr);
        if (r < 0)
                return r;

        /* The member is set only when there is something for decoder_free() to end */
        compression = compression_detect(d->input, d->input_end);
        switch (compression) {
        case COMPRESSION_GZIP:
                if (inflateInit2(&d->gzip, 15 + 16) != Z_OK)
                        return error_oom(reterr);
                break;
        case COMPRESSION_ZSTD:
                d->zstd = ZSTD_createDStream();
                if (!d->zstd)
                        return error_oom(reterr);
                (void) ZSTD_DCtx_setParameter(d->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG);
                break;
        case COMPRESSION_XZ:
                d->xz = (lzma_stream) LZMA_STREAM_INIT;
                if (lzma_stream_decoder(&d->xz, XZ_MEMORY_MAX, LZMA_CONCATENATED) != LZMA_OK)
                        return error_oom(reterr);
                break;
        default:
                break;
        }
        d->compression = compression;

        *ret = TAKE_PTR(d);
        return 0;
}

static ssize_t read_none(Decoder *d, uint8_t *buffer, size_t size, Error *reterr) {
        size_t have = MIN(d->input_end - d->input_begin, size);
        ssize_t n;

        memcpy(buffer, d->input + d->input_begin, have);
        d->input_begin += have;
        if (have == size || d->input_eof)
                return (ssize_t) have;

        /* Past what was looked at for the magic, bytes go where they are wanted at once */
        n = loop_read(d->fd, buffer + have, size - have);
        if (n < 0)
                return error_errnof(reterr, (int) n, "read archive");

        d->n_read += (size_t) n;
        return (ssize_t) have + n;
}

static int damaged(const Decoder *d, Error *reterr) {
        return error_set(reterr, -EBADMSG, "the %s stream is damaged",
                         compression_to_string(d->compression));
}

static int truncated(const Decoder *d, Error *reterr) {
        return error_set(reterr, -EBADMSG, "the %s stream ends too early",
                         compression_to_string(d->compression));
}

/* Between two members: another may follow (as in what pigz and the lazy-pulling formats write), or zeros of
 * padding. */
static int gzip_next_member(Decoder *d, Error *reterr) {
        int r;

        for (;;) {
                r = decoder_fill(d, reterr);
                if (r < 0)
                        return r;
                if (d->input_begin == d->input_end) {
                        d->finished = true;
                        return 0;
                }

                if (d->input[d->input_begin] != 0)
                        break;
                d->input_begin++;
        }

        if (d->input[d->input_begin] != 0x1f)
                return damaged(d, reterr);

        (void) inflateReset(&d->gzip);
        d->within_frame = true;
        return 0;
}

static int step_gzip(Decoder *d, uint8_t *buffer, size_t size, size_t *ret_done, Error *reterr) {
        int r;

        d->gzip.next_in = d->input + d->input_begin;
        d->gzip.avail_in = (unsigned) (d->input_end - d->input_begin);
        d->gzip.next_out = buffer;
        d->gzip.avail_out = (unsigned) MIN(size, (size_t) 1 << 30);

        d->within_frame = true;
        r = inflate(&d->gzip, Z_NO_FLUSH);
        d->input_begin = d->input_end - d->gzip.avail_in;
        *ret_done = (size_t) (d->gzip.next_out - buffer);

        switch (r) {
        case Z_STREAM_END:
                d->within_frame = false;
                return gzip_next_member(d, reterr);
        case Z_OK:
        case Z_BUF_ERROR:
                return 0;
        case Z_MEM_ERROR:
                return error_oom(reterr);
        default:
                return damaged(d, reterr);
        }
}

static int step_zstd(Decoder *d, uint8_t *buffer, size_t size, size_t *ret_done, Error *reterr) {
        ZSTD_inBuffer in = {.src = d->input, .size = d->input_end, .pos = d->input_begin};
        ZSTD_outBuffer out = {.dst = buffer, .size = size};
        size_t r;

        r = ZSTD_decompressStream(d->zstd, &out, &in);
        if (ZSTD_isError(r)) {
                if (ZSTD_getErrorCode(r) == ZSTD_error_frameParameter_windowTooLarge)
                        return error_set(reterr, -EOPNOTSUPP,
                                         "the zstd stream needs a window of more than %u MiB",
                                         1U << (ZSTD_WINDOW_LOG - 20));
                return damaged(d, reterr);
        }

        /* Asked again behind the last frame, it says how much a next one would need */
        if (in.pos > d->input_begin || out.pos > 0)
                d->within_frame = r > 0;
        d->input_begin = in.pos;
        *ret_done = out.pos;
        return 0;
}

static int step_xz(Decoder *d, uint8_t *buffer, size_t size, size_t *ret_done, Error *reterr) {
        lzma_ret r;

        d->xz.next_in = d->input + d->input_begin;
        d->xz.avail_in = d->input_end - d->input_begin;
        d->xz.next_out = buffer;
        d->xz.avail_out = size;

        r = lzma_code(&d->xz, d->input_eof ? LZMA_FINISH : LZMA_RUN);
        d->input_begin = d->input_end - d->xz.avail_in;
        *ret_done = size - d->xz.avail_out;
        d->within_frame = true;

        switch (r) {
        case LZMA_STREAM_END:
                d->within_frame = false;
                d->finished = true;
                return 0;
        case LZMA_OK:
                return 0;
        case LZMA_BUF_ERROR:
                return d->input_eof ? truncated(d, reterr) : 0;
        case LZMA_MEM_ERROR:
                return error_oom(reterr);
        case LZMA_MEMLIMIT_ERROR:
                return error_set(reterr, -EOPNOTSUPP, "the xz stream needs more than %u MiB of memory",
                                 XZ_MEMORY_MAX >> 20);
        default:
                return damaged(d, reterr);
        }
}

ssize_t decoder_read(Decoder *d, void *buffer, size_t size, Error *reterr) {
        size_t done = 0;
        int r;

        if (d->compression == COMPRESSION_NONE)
                return read_none(d, buffer, size, reterr);

        while (done < size && !d->finished) {
                size_t before, n = 0;

                r = decoder_fill(d, reterr);
                if (r < 0)
                        return r;

                before = d->input_begin;
                switch (d->compression) {
                case COMPRESSION_GZIP:
                        r = step_gzip(d, (uint8_t *) buffer + done, size - done, &n, reterr);
                        break;
                case COMPRESSION_ZSTD:
                        r = step_zstd(d, (uint8_t *) buffer + done, size - done, &n, reterr);
                        break;
                default:
                        r = step_xz(d, (uint8_t *) buffer + done, size - done, &n, reterr);
                        break;
                }
                if (r < 0)
                        return r;
                done += n;

                if (n == 0 && d->input_begin == before && d->input_begin == d->input_end && d->input_eof) {
                        /* All was read and nothing comes out any more */
                        if (d->within_frame)
                                return truncated(d, reterr);
                        d->finished = true;
                }
        }

        return (ssize_t) done;
}

Compression decoder_compression(const Decoder *d) {
        return d->compression;
}

uint64_t decoder_bytes_read(const Decoder *d) {
        return d->n_read;
}
