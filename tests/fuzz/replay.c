/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>

#include "shared/fd.h"
#include "shared/io.h"
#include "shared/text.h"

/* Runs the seeds in the folders that are named, where libFuzzer would. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char *argv[]) {
        unsigned n = 0;

        for (int i = 1; i < argc; i++) {
                _cleanup_(closedirp) DIR *d = NULL;
                struct dirent *de;

                if (argv[i][0] == '-')
                        continue;

                d = opendir(argv[i]);
                if (!d) {
                        fprintf(stderr, "%s: %m\n", argv[i]);
                        return 1;
                }

                while ((de = readdir(d))) {
                        _cleanup_(freep) char *data = NULL;
                        _cleanup_(freep) uint8_t *exact = NULL;
                        size_t size;

                        if (de->d_type == DT_DIR)
                                continue;
                        if (read_full_file_at(dirfd(d), de->d_name, 64U << 20, &data, &size) < 0) {
                                fprintf(stderr, "%s/%s: cannot read\n", argv[i], de->d_name);
                                return 1;
                        }

                        /* A block of exactly that size, so that the sanitizer sees a read beyond its end */
                        exact = malloc(MAX(size, (size_t) 1));
                        if (!exact)
                                return 1;
                        memcpy(exact, data, size);
                        LLVMFuzzerTestOneInput(exact, size);
                        n++;
                }
        }

        if (n == 0) {
                fprintf(stderr, "No seeds\n");
                return 1;
        }

        return 0;
}
