/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <openssl/evp.h>

#include "digest.h"
#include "shared/io.h"
#include "shared/text.h"

#define READ_SIZE (256U << 10)

struct DigestContext {
        EVP_MD_CTX *evp;
};

bool digest_is_valid(const char *s) {
        const char *hex = startswith(s, DIGEST_PREFIX);

        return hex && text_is_hex(hex, DIGEST_HEX_LENGTH);
}

void digest_from_hex(char ret[static DIGEST_SIZE], const char *hex) {
        memcpy(ret, DIGEST_PREFIX, sizeof(DIGEST_PREFIX) - 1);
        memcpy(ret + sizeof(DIGEST_PREFIX) - 1, hex, DIGEST_HEX_LENGTH);
        ret[DIGEST_LENGTH] = 0;
}

int digest_new(DigestContext **ret) {
        _cleanup_(digest_freep) DigestContext *c = NULL;

        c = new0(DigestContext, 1);
        if (!c)
                return -ENOMEM;

        c->evp = EVP_MD_CTX_new();
        if (!c->evp)
                return -ENOMEM;
        if (EVP_DigestInit_ex(c->evp, EVP_sha256(), NULL) != 1)
                return -EIO;

        *ret = TAKE_PTR(c);
        return 0;
}

DigestContext *digest_free(DigestContext *c) {
        if (!c)
                return NULL;

        EVP_MD_CTX_free(c->evp);
        return mfree(c);
}

int digest_update(DigestContext *c, const void *data, size_t size) {
        return EVP_DigestUpdate(c->evp, data, size) == 1 ? 0 : -EIO;
}

int digest_final(DigestContext *c, char ret[static DIGEST_SIZE]) {
        unsigned char bytes[EVP_MAX_MD_SIZE];
        unsigned n = 0;

        if (EVP_DigestFinal_ex(c->evp, bytes, &n) != 1 || n != DIGEST_HEX_LENGTH / 2)
                return -EIO;
        if (EVP_DigestInit_ex(c->evp, NULL, NULL) != 1)
                return -EIO;

        memcpy(ret, DIGEST_PREFIX, sizeof(DIGEST_PREFIX));
        hex_encode(ret + sizeof(DIGEST_PREFIX) - 1, bytes, n);
        return 0;
}

int digest_of_bytes(const void *data, size_t size, char ret[static DIGEST_SIZE]) {
        _cleanup_(digest_freep) DigestContext *c = NULL;
        int r;

        r = digest_new(&c);
        if (r < 0)
                return r;
        r = digest_update(c, data, size);
        if (r < 0)
                return r;

        return digest_final(c, ret);
}

int digest_of_fd(int fd, char ret[static DIGEST_SIZE], uint64_t *ret_size) {
        _cleanup_(digest_freep) DigestContext *c = NULL;
        _cleanup_(freep) char *buffer = NULL;
        uint64_t size = 0;
        int r;

        r = digest_new(&c);
        if (r < 0)
                return r;
        buffer = malloc(READ_SIZE);
        if (!buffer)
                return -ENOMEM;

        for (;;) {
                ssize_t n = loop_read(fd, buffer, READ_SIZE);
                if (n < 0)
                        return n;
                if (n == 0)
                        break;
                r = digest_update(c, buffer, n);
                if (r < 0)
                        return r;
                size += n;
        }

        r = digest_final(c, ret);
        if (r < 0)
                return r;
        if (ret_size)
                *ret_size = size;
        return 0;
}
