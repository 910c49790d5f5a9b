/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/archive-load.h"
#include "image/image.h"
#include "image/remove.h"
#include "shared/fd.h"
#include "shared/path.h"
#include "shared/strv.h"
#include "shared/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char path[64];
static ImageStore *store;

static void clean_up(void) {
        image_store_free(store);
        (void) remove_tree_at(AT_FDCWD, path);
}

static void set_up(void) {
        _cleanup_(closep) int fd = -EBADF;

        snprintf(path, sizeof(path), "%s/caisson-fuzz-XXXXXX", access("/dev/shm", W_OK) >= 0 ? "/dev/shm" : "/tmp");
        assert(mkdtemp(path));
        atexit(clean_up);
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert(fd >= 0);
        assert(image_store_open(fd, 0, &store, NULL) >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(image_load_result_done) ImageLoadResult result = {};
        _cleanup_(error_done) Error error = {};
        _cleanup_(closep) int fd = -EBADF;

        if (!store)
                set_up();

        fd = memfd_from_bytes("archive", data, size);
        assert(fd >= 0);
        if (image_load(store, fd, &(ImageLoadOptions) { .bytes_max = 1U << 20 }, &result, &error) < 0) {
                assert(error.message); /* no failure without an explanation */
                assert(image_store_refresh(store, NULL) >= 0);
                assert(store->n_images == 0);
                return 0;
        }

        /* What has been loaded is whole, and can be removed without a trace */
        assert(image_store_refresh(store, NULL) >= 0);
        assert(store->n_images > 0);
        while (store->n_images > 0) {
                _cleanup_(strv_freep) char **layers = NULL, **report = NULL;

                assert(image_layer_names(store, store->images[0], &layers, NULL) >= 0);
                assert(image_remove(store, store->images[0]->id, &(ImageRemoveOptions) { .force = true }, &report, NULL) >= 0);
                assert(image_store_refresh(store, NULL) >= 0);
        }
        return 0;
}
