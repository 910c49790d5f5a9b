/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image.h"
#include "shared/fd.h"
#include "shared/io.h"
#include "shared/path.h"
#include "shared/text.h"
#include "store.h"

#define OCI_LAYOUT "{\"imageLayoutVersion\":\"1.0.0\"}\n"

ImageStore *image_store_free(ImageStore *s) {
        if (!s)
                return NULL;

        for (size_t i = 0; i < s->n_images; i++)
                image_unref(s->images[i]);
        free(s->images);
        free(s->trouble);
        safe_close(s->layers_fd);
        safe_close(s->blobs_fd);
        safe_close(s->images_fd);
        safe_close(s->root_fd);
        return mfree(s);
}

/* Directories and oci-layout, as far as they are missing */
static int make_layout(ImageStore *s) {
        static const char *const directories[] = { "images", "images/blobs", "images/blobs/sha256", "images/staging",
                                                   "layers" };
        _cleanup_(closep) int images_fd = -EBADF;
        bool made = false;

        for (size_t i = 0; i < ELEMENTSOF(directories); i++) {
                if (mkdirat(s->root_fd, directories[i], 0700) >= 0)
                        made = true;
                else if (errno != EEXIST)
                        return -errno;
        }

        images_fd = open_beneath(s->root_fd, "images", O_RDONLY | O_DIRECTORY, 0);
        if (images_fd < 0)
                return images_fd;
        if (faccessat(images_fd, "oci-layout", F_OK, AT_SYMLINK_NOFOLLOW) < 0) {
                int r = write_file_atomic_at(images_fd, "oci-layout", OCI_LAYOUT, strlen(OCI_LAYOUT), WRITE_FILE_SYNC);
                if (r < 0)
                        return r;
        }

        return made ? fsync_directory(s->root_fd) : 0;
}

int image_store_open_directories(ImageStore *s) {
        const struct {
                const char *path;
                int *fd;
        } directories[] = {
                { "images",              &s->images_fd },
                { "images/blobs/sha256", &s->blobs_fd  },
                { "layers",              &s->layers_fd },
        };

        for (size_t i = 0; i < ELEMENTSOF(directories); i++) {
                int fd = open_beneath(s->root_fd, directories[i].path, O_RDONLY | O_DIRECTORY, 0);
                if (fd < 0)
                        return fd;
                safe_close(*directories[i].fd);
                *directories[i].fd = fd;
        }

        return 0;
}

int image_store_open(int root_fd, ImageStoreFlags flags, ImageStore **ret, Error *reterr) {
        _cleanup_(image_store_freep) ImageStore *s = NULL;
        int r;

        s = malloc(sizeof(ImageStore));
        if (!s)
                return error_oom(reterr);
        *s = (ImageStore) {
                .root_fd = -EBADF,
                .images_fd = -EBADF,
                .blobs_fd = -EBADF,
                .layers_fd = -EBADF,
                .read_only = FLAGS_SET(flags, IMAGE_STORE_READ_ONLY),
        };

        s->root_fd = openat(root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (s->root_fd < 0)
                return error_errnof(reterr, -errno, "Cannot open the directory of the image store");

        if (!s->read_only) {
                r = make_layout(s);
                if (r < 0)
                        return error_errnof(reterr, r, "Cannot make the image store's directories");
        }

        r = image_store_open_directories(s);
        if (r < 0 && !(r == -ENOENT && s->read_only))
                return error_errnof(reterr, r, "Cannot open the image store");

        *ret = TAKE_PTR(s);
        return 0;
}

int image_store_lock(ImageStore *s, int *ret_fd, Error *reterr) {
        _cleanup_(closep) int fd = -EBADF;

        assert(!s->read_only);

        fd = openat(s->images_fd, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return error_errnof(reterr, -errno, "Cannot open the image store's lock");

        while (flock(fd, LOCK_EX) < 0)
                if (errno != EINTR)
                        return error_errnof(reterr, -errno, "Cannot lock the image store");

        *ret_fd = TAKE_FD(fd);
        return 0;
}

int image_store_read_blob(ImageStore *s, const char *digest, const char *what, char **ret, size_t *ret_size,
                          Error *reterr) {
        _cleanup_(freep) char *data = NULL;
        char actual[DIGEST_SIZE];
        size_t size;
        int r;

        assert(digest_is_valid(digest));

        r = s->blobs_fd < 0 ? -ENOENT : read_full_file_at(s->blobs_fd, digest_hex(digest), STORE_DOCUMENT_MAX, &data, &size);
        if (r == -ENOENT)
                return error_set(reterr, r, "The %s %s is missing from the store", what, digest);
        if (r < 0)
                return error_errnof(reterr, r, "Cannot read the %s %s", what, digest);

        r = digest_of_bytes(data, size, actual);
        if (r < 0)
                return error_errnof(reterr, r, "Cannot check the %s %s", what, digest);
        if (!streq(actual, digest))
                return error_set(reterr, -EBADMSG, "The %s %s is damaged in the store", what, digest);

        *ret = TAKE_PTR(data);
        if (ret_size)
                *ret_size = size;
        return 0;
}

int image_store_open_blob(ImageStore *s, const char *digest, uint64_t *ret_size) {
        _cleanup_(closep) int fd = -EBADF;
        struct stat st;

        assert(digest_is_valid(digest));

        if (s->blobs_fd < 0)
                return -ENOENT;

        fd = openat(s->blobs_fd, digest_hex(digest), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EBADF;

        if (ret_size)
                *ret_size = (uint64_t) st.st_size;
        return TAKE_FD(fd);
}

void layer_name_from_diff_id(char ret[static LAYER_NAME_MAX], const char *diff_id) {
        memcpy(ret, digest_hex(diff_id), DIGEST_HEX_LENGTH + 1);
}

void layer_name_from_chain_id(char ret[static LAYER_NAME_MAX], const char *chain_id) {
        snprintf(ret, LAYER_NAME_MAX, "chain-%s", digest_hex(chain_id));
}

int image_store_find_layer(ImageStore *s, const char *diff_id, const char *chain_id, char ret[static LAYER_NAME_MAX]) {
        if (s->layers_fd < 0)
                return 0;

        layer_name_from_diff_id(ret, diff_id);
        if (faccessat(s->layers_fd, ret, F_OK, AT_SYMLINK_NOFOLLOW) >= 0)
                return 1;
        if (errno != ENOENT)
                return -errno;

        layer_name_from_chain_id(ret, chain_id);
        if (faccessat(s->layers_fd, ret, F_OK, AT_SYMLINK_NOFOLLOW) >= 0)
                return 1;
        return errno == ENOENT ? 0 : -errno;
}
