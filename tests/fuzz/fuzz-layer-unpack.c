/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/layer-unpack.h"
#include "shared/fd.h"
#include "shared/path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size) __attribute__((__weak__)); /* libFuzzer's */

static size_t parse_octal(const uint8_t *field, size_t length) {
        size_t value = 0;

        for (size_t i = 0; i < length && field[i] >= '0' && field[i] <= '7'; i++)
                value = value * 8 + (field[i] - '0');
        return value;
}

static void fix_checksum(uint8_t header[static 512]) {
        unsigned sum = 0;

        memset(header + 148, ' ', 8);
        for (size_t i = 0; i < 512; i++)
                sum += header[i];
        for (size_t i = 6; i > 0; i--) {
                header[148 + i - 1] = (uint8_t) ('0' + (sum & 7));
                sum >>= 3;
        }
        header[154] = 0;
}

/* No change to a header would get past its checksum. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed) {
        size_t at = 0;

        size = LLVMFuzzerMutate(data, size, max_size);
        if (seed % 16 == 0) /* now and then one that is wrong */
                return size;

        while (at <= size && size - at >= 512) {
                size_t content = parse_octal(data + at + 124, 11);

                if (data[at] == 0)
                        break;
                fix_checksum(data + at);
                if (content > size)
                        break;
                at += 512 + (content + 511) / 512 * 512;
        }
        return size;
}

/* trusted.* is root's, and not every file system has it. */
static int set_opaque(int dir_fd, void *userdata) {
        return 0;
}

static int get_opaque(int dir_fd, void *userdata) {
        return 0;
}

/* A layer below, with a link to a directory and one that leads out; and beside it a file that must stay as it is. */
static int make_scratch(char path[static 40]) {
        _cleanup_(closep) int scratch_fd = -EBADF, canary_fd = -EBADF;

        strcpy(path, "/var/tmp/caisson-fuzz-XXXXXX");
        assert(mkdtemp(path));
        scratch_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert(scratch_fd >= 0);

        assert(mkdirat(scratch_fd, "lower", 0755) >= 0);
        assert(mkdirat(scratch_fd, "lower/usr", 0755) >= 0);
        assert(symlinkat("usr", scratch_fd, "lower/lib") >= 0);
        assert(symlinkat("../canary", scratch_fd, "lower/out") >= 0);
        canary_fd = openat(scratch_fd, "canary", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert(canary_fd >= 0);
        return TAKE_FD(scratch_fd);
}

static void check_canary(int scratch_fd) {
        struct stat st;

        assert(fstatat(scratch_fd, "canary", &st, AT_SYMLINK_NOFOLLOW) >= 0);
        assert(S_ISREG(st.st_mode) && st.st_size == 0 && (st.st_mode & 07777) == 0600 && st.st_nlink == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const LayerOpaqueOps ops = { .set = set_opaque, .get = get_opaque };
        _cleanup_(closep) int scratch_fd = -EBADF, dest_fd = -EBADF, lower_fd = -EBADF, blob_fd = -EBADF;
        _cleanup_(error_done) Error error = {};
        LayerUnpackOptions options = {
                .lower_fds = &lower_fd,
                .n_lower_fds = 1,
                .bytes_max = 4U << 20,
                .entries_max = 200,
                .opaque = &ops,
        };
        LayerUnpackResult result;
        char path[40];

        scratch_fd = make_scratch(path);
        lower_fd = openat(scratch_fd, "lower", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert(mkdirat(scratch_fd, "dest", 0755) >= 0);
        dest_fd = openat(scratch_fd, "dest", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        blob_fd = memfd_from_bytes("layer", data, size);
        assert(lower_fd >= 0 && dest_fd >= 0 && blob_fd >= 0);

        if (layer_unpack(blob_fd, dest_fd, &options, &result, &error) < 0)
                assert(error.message); /* no failure without an explanation */

        check_canary(scratch_fd);
        assert(remove_tree_at(AT_FDCWD, path) >= 0); /* nothing so deep that it cannot be removed */
        return 0;
}
