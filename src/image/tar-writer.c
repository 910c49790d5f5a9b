/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "shared/io.h"
#include "shared/text.h"
#include "tar-writer.h"

#define BLOCK       512U
#define SIZE_OCTAL  (UINT64_C(1) << 33) /* what eleven digits hold; larger ones are binary, as GNU tar has it */

/* ustar, field by field */
typedef struct _packed_ TarHeader {
        char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100], magic[6], version[2],
                        user[32], group[32], major[8], minor[8], prefix[155], padding[12];
} TarHeader;
_Static_assert(sizeof(TarHeader) == BLOCK, "a header is one block");

static int put(TarWriter *w, const void *data, size_t size, Error *reterr) {
        int r;

        r = loop_write(w->fd, data, size);
        if (r == -EPIPE)
                return error_set(reterr, r, "Cannot write the archive: nobody reads it");
        return r < 0 ? error_errnof(reterr, r, "Cannot write the archive") : 0;
}

static void octal(char *field, size_t size, uint64_t value) {
        field[--size] = 0;
        while (size > 0) {
                field[--size] = (char) ('0' + (value & 7));
                value >>= 3;
        }
}

static void size_field(char field[static 12], uint64_t size) {
        if (size < SIZE_OCTAL) {
                octal(field, 12, size);
                return;
        }
        for (size_t i = 11; i > 0; i--) {
                field[i] = (char) (size & 0xff);
                size >>= 8;
        }
        field[0] = (char) 0x80;
}

static int header(TarWriter *w, const char *name, char type, unsigned mode, uint64_t size, Error *reterr) {
        TarHeader h = { .type = type, .magic = "ustar", .version = { '0', '0' } };
        unsigned sum = 0;

        assert(strlen(name) <= TAR_NAME_MAX);

        memcpy(h.name, name, strlen(name));
        octal(h.mode, sizeof(h.mode), mode);
        octal(h.uid, sizeof(h.uid), 0);
        octal(h.gid, sizeof(h.gid), 0);
        size_field(h.size, size);
        octal(h.mtime, sizeof(h.mtime), 0);
        memset(h.checksum, ' ', sizeof(h.checksum));
        for (size_t i = 0; i < sizeof(h); i++)
                sum += ((const uint8_t *) &h)[i];
        octal(h.checksum, 7, sum);

        return put(w, &h, sizeof(h), reterr);
}

int tar_writer_directory(TarWriter *w, const char *name, Error *reterr) {
        return header(w, name, '5', 0755, 0, reterr);
}

int tar_writer_begin(TarWriter *w, const char *name, uint64_t size, Error *reterr) {
        return header(w, name, '0', 0444, size, reterr);
}

int tar_writer_write(TarWriter *w, const void *data, size_t size, Error *reterr) {
        int r;

        r = put(w, data, size, reterr);
        if (r < 0)
                return r;

        w->written += size;
        r = image_callbacks_progress(w->callbacks, "writing", w->written, w->total);
        return r < 0 ? error_set(reterr, r, "Interrupted") : 0;
}

int tar_writer_end(TarWriter *w, uint64_t size, Error *reterr) {
        static const char zeros[BLOCK];

        return put(w, zeros, (BLOCK - size % BLOCK) % BLOCK, reterr);
}

int tar_writer_file(TarWriter *w, const char *name, const void *data, size_t size, Error *reterr) {
        int r;

        r = tar_writer_begin(w, name, size, reterr);
        if (r >= 0)
                r = tar_writer_write(w, data, size, reterr);
        return r < 0 ? r : tar_writer_end(w, size, reterr);
}

int tar_writer_finish(TarWriter *w, Error *reterr) {
        static const char zeros[2 * BLOCK];

        return put(w, zeros, sizeof(zeros), reterr);
}
