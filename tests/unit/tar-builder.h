/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdio.h>

#include "shared/macro.h"
#include "shared/text.h"

/* Tar archives as no well-behaved program would write them: every header is put together by hand. */
typedef struct Tar {
        char *data;
        size_t size;
        FILE *f;
} Tar;

static inline void tar_done(Tar *t) {
        if (t->f)
                fclose(t->f);
        free(t->data);
}

static inline void tar_pad(Tar *t, size_t size) {
        static const char zeros[512];

        fwrite(zeros, 1, (512 - size % 512) % 512, t->f);
}

static inline void tar_octal(char *field, size_t digits, uint64_t value) {
        while (digits > 0) {
                field[--digits] = (char) ('0' + (value & 7));
                value >>= 3;
        }
}

typedef struct TarEntry {
        const char *name;
        char type; /* 0: '0' */
        const char *data;
        size_t size;       /* of data; 0: its length as a text */
        size_t claim_size; /* in the header, if it differs */
        const char *link;
        unsigned mode; /* 0: 0644 or 0755 */
        unsigned uid, gid;
        unsigned major, minor;
        unsigned mtime;
        bool bad_checksum;
} TarEntry;

static inline void tar_add_entry(Tar *t, const TarEntry *e) {
        size_t size = e->size ?: e->data ? strlen(e->data) : 0, written = e->size ?: size;
        unsigned sum = 0;
        char h[512] = {};

        if (!t->f)
                t->f = open_memstream(&t->data, &t->size);

        strncpy(h, e->name, 100);
        tar_octal(h + 100, 7, e->mode ?: (e->type == '5' ? 0755 : 0644));
        tar_octal(h + 108, 7, e->uid);
        tar_octal(h + 116, 7, e->gid);
        tar_octal(h + 124, 11, e->claim_size ?: size);
        tar_octal(h + 136, 11, e->mtime);
        memset(h + 148, ' ', 8);
        h[156] = e->type ?: '0';
        if (e->link)
                strncpy(h + 157, e->link, 100);
        memcpy(h + 257, "ustar\00000", 8);
        tar_octal(h + 329, 7, e->major);
        tar_octal(h + 337, 7, e->minor);

        for (size_t i = 0; i < sizeof(h); i++)
                sum += (uint8_t) h[i];
        tar_octal(h + 148, 6, e->bad_checksum ? sum + 1 : sum);
        h[154] = 0;

        fwrite(h, 1, sizeof(h), t->f);
        if (e->data)
                fwrite(e->data, 1, written, t->f);
        tar_pad(t, written);
}
#define tar_add(t, ...) tar_add_entry(t, &(TarEntry){__VA_ARGS__})

/* A PAX header for the next entry, of records "key=value"; size 0: a text. */
typedef struct PaxRecord {
        const char *key;
        const char *value;
        size_t size;
} PaxRecord;

static inline void tar_add_pax(Tar *t, const PaxRecord *records) {
        _cleanup_(freep) char *text = NULL;
        size_t text_size;
        FILE *f = open_memstream(&text, &text_size);

        for (const PaxRecord *r = records; r->key; r++) {
                size_t n = r->size ?: strlen(r->value), body = 1 + strlen(r->key) + 1 + n + 1, total = body;

                for (size_t length;
                     length = (size_t) snprintf(NULL, 0, "%zu", total), total != body + length;)
                        total = body + length;

                fprintf(f, "%zu %s=", total, r->key);
                fwrite(r->value, 1, n, f);
                fputc('\n', f);
        }
        fclose(f);

        tar_add(t, .name = "PaxHeaders/x", .type = 'x', .data = text, .size = text_size);
}
#define tar_pax(t, ...) tar_add_pax(t, (const PaxRecord[]){__VA_ARGS__, {}})

/* The end mark; from here on data and size hold the archive. */
static inline void tar_end(Tar *t) {
        static const char zeros[1024];

        if (!t->f)
                t->f = open_memstream(&t->data, &t->size);
        fwrite(zeros, 1, sizeof(zeros), t->f);
        fflush(t->f);
}
