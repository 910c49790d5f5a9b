/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "seccomp-cache.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <seccomp.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "fd.h"
#include "io.h"
#include "path.h"
#include "text.h"

#define LIBSECCOMP_VERSION                                                                                   \
        STRINGIFY(SCMP_VER_MAJOR) "." STRINGIFY(SCMP_VER_MINOR) "." STRINGIFY(SCMP_VER_MICRO)

static inline void contextp(EVP_MD_CTX **c) {
        EVP_MD_CTX_free(*c);
}

int seccomp_default_profile(char **ret, Error *reterr) {
        int r;

        r = read_full_file_at(AT_FDCWD, SECCOMP_DEFAULT_PROFILE, SECCOMP_PROFILE_MAX, ret, NULL);
        if (r < 0)
                return error_errnof(reterr, r, "Cannot read " SECCOMP_DEFAULT_PROFILE);

        return 0;
}

int seccomp_cache_key(const char *profile_text, uint64_t capabilities, char ret[static SECCOMP_KEY_LENGTH + 1],
                      Error *reterr) {
        _cleanup_(contextp) EVP_MD_CTX *c = EVP_MD_CTX_new();
        _cleanup_(freep) char *text = NULL;
        unsigned char digest[EVP_MAX_MD_SIZE];
        struct utsname u;
        char head[512];
        int n, r;

        if (!c)
                return error_oom(reterr);

        if (!profile_text) {
                r = seccomp_default_profile(&text, reterr);
                if (r < 0)
                        return r;
                profile_text = text;
        }

        if (uname(&u) < 0)
                return error_errnof(reterr, -errno, "Cannot read the kernel's version");

        n = snprintf(head, sizeof(head), "%s\n%s\n%s\n%s\n%016llx\n", CAISSON_VERSION, LIBSECCOMP_VERSION, u.machine,
                     u.release, (unsigned long long) capabilities);
        if (n < 0 || (size_t) n >= sizeof(head))
                return error_set(reterr, -EIO, "The kernel's version is too long");

        if (EVP_DigestInit_ex(c, EVP_sha256(), NULL) != 1 || EVP_DigestUpdate(c, head, (size_t) n) != 1 ||
            EVP_DigestUpdate(c, profile_text, strlen(profile_text)) != 1 || EVP_DigestFinal_ex(c, digest, NULL) != 1)
                return error_set(reterr, -EIO, "Cannot compute the seccomp profile's digest");

        hex_encode(ret, digest, SECCOMP_KEY_LENGTH / 2);
        return 0;
}

static int file_name(const char *key, char ret[static NAME_MAX + 1]) {
        if (!text_is_hex(key, SECCOMP_KEY_LENGTH))
                return -EINVAL;

        (void) snprintf(ret, NAME_MAX + 1, "%s.bpf", key);
        return 0;
}

int seccomp_cache_open(const char *key) {
        _cleanup_(freep) char *path = NULL;
        char name[NAME_MAX + 1];
        int fd, r;

        r = file_name(key, name);
        if (r < 0)
                return r;

        path = path_join(SECCOMP_CACHE_DIRECTORY, name);
        if (!path)
                return -ENOMEM;

        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
        return fd < 0 ? -errno : fd;
}

int seccomp_cache_store(const char *key, const void *program, size_t size) {
        _cleanup_(closep) int dir_fd = -EBADF;
        char name[NAME_MAX + 1];
        int r;

        r = file_name(key, name);
        if (r < 0)
                return r;

        r = mkdir_parents(SECCOMP_CACHE_DIRECTORY, 0700);
        if (r < 0)
                return r;

        dir_fd = open(SECCOMP_CACHE_DIRECTORY, O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (dir_fd < 0)
                return -errno;

        return write_file_atomic_at(dir_fd, name, program, size, 0);
}
