/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/fd.h"
#include "shared/path.h"
#include "shared/strv.h"
#include "shared/text.h"
#include "store-job.h"
#include "store-staging.h"

_Static_assert(STAGED_LAYER_NAME_MAX >= LAYER_NAME_MAX, "a buffer for either");

int store_staging_open(ImageStore *s) {
        return open_beneath(s->images_fd, "staging", O_RDONLY | O_DIRECTORY, 0);
}

static int open_and_lock(int staging_fd, const char *name) {
        _cleanup_(closep) int fd = -EBADF;

        fd = openat(staging_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        if (flock(fd, LOCK_EX | LOCK_NB) < 0)
                return -errno;

        return TAKE_FD(fd);
}

int store_staging_make(ImageStore *s, const char *name, Error *reterr) {
        _cleanup_(closep) int staging_fd = -EBADF, lock_fd = -EBADF;
        int fd, r;

        staging_fd = store_staging_open(s);
        if (staging_fd < 0)
                return error_errnof(reterr, staging_fd, "Cannot open the image store's staging directory");

        /* Under the store's lock, so that nobody takes it for a dead one's before it is locked */
        r = image_store_lock(s, &lock_fd, reterr);
        if (r < 0)
                return r;
        if (mkdirat(staging_fd, name, 0700) < 0)
                return error_errnof(reterr, -errno, "Cannot make a staging directory in the image store");
        fd = open_and_lock(staging_fd, name);
        if (fd < 0)
                return error_errnof(reterr, fd, "Cannot lock a staging directory of the image store");
        return fd;
}

/* The directories of dead jobs, each locked so that no two clean the same */
static int collect_dead(int staging_fd, char ***ret_names, int **ret_fds, Error *reterr) {
        _cleanup_(strv_freep) char **names = NULL;
        _cleanup_(closedirp) DIR *d = NULL;
        int *fds = NULL;
        size_t n = 0;
        int copy;

        copy = openat(staging_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        d = copy < 0 ? NULL : fdopendir(copy);
        if (!d) {
                safe_close(copy);
                return error_errnof(reterr, -errno, "Cannot list the image store's staging directory");
        }

        for (struct dirent *de; (de = readdir(d));) {
                int fd, *more;

                if (de->d_name[0] == '.')
                        continue;
                fd = open_and_lock(staging_fd, de->d_name);
                if (fd == -EWOULDBLOCK || fd == -ENOENT)
                        continue;
                if (fd < 0)
                        fd = -EBADF; /* not a directory: remove it all the same */

                more = reallocarray(fds, n + 1, sizeof(int));
                if (!more || strv_extend(&names, de->d_name) < 0) {
                        safe_close(fd);
                        fds = more ?: fds;
                        break; /* the next one will clean the rest */
                }
                fds = more;
                fds[n++] = fd;
        }

        *ret_names = TAKE_PTR(names);
        *ret_fds = fds;
        return 0;
}

/* layers/.staging-JOB-N whose job has no directory any more. A living job's is there before its first layer. */
static void clean_layers(ImageStore *s, int staging_fd) {
        _cleanup_(closedirp) DIR *d = NULL;
        int copy;

        copy = openat(s->layers_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        d = copy < 0 ? NULL : fdopendir(copy);
        if (!d) {
                safe_close(copy);
                return;
        }

        for (struct dirent *de; (de = readdir(d));) {
                const char *job = startswith(de->d_name, STAGED_LAYER_PREFIX);
                char name[STAGING_NAME_LENGTH + 1];

                if (!job)
                        continue;
                snprintf(name, sizeof(name), "%s", job);
                if (faccessat(staging_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
                        (void) remove_tree_at(s->layers_fd, de->d_name);
        }
}

/* What write_file_atomic_at() leaves when it is killed; under the lock nobody is writing */
static void clean_temporaries(ImageStore *s) {
        _cleanup_(closedirp) DIR *d = NULL;
        int copy;

        copy = openat(s->images_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        d = copy < 0 ? NULL : fdopendir(copy);
        if (!d) {
                safe_close(copy);
                return;
        }

        for (struct dirent *de; (de = readdir(d));)
                if (startswith(de->d_name, ".#index.json"))
                        (void) unlinkat(s->images_fd, de->d_name, 0);
}

int store_staging_clean(ImageStore *s, Error *reterr) {
        _cleanup_(closep) int staging_fd = -EBADF, lock_fd = -EBADF;
        _cleanup_(strv_freep) char **names = NULL;
        _cleanup_(freep) int *fds = NULL;
        int r;

        staging_fd = store_staging_open(s);
        if (staging_fd < 0)
                return error_errnof(reterr, staging_fd, "Cannot open the image store's staging directory");

        r = image_store_lock(s, &lock_fd, reterr);
        if (r < 0)
                return r;
        r = collect_dead(staging_fd, &names, &fds, reterr);
        if (r < 0)
                return r;
        clean_temporaries(s);
        lock_fd = safe_close(lock_fd);

        /* What is dead stays dead: removing it may take its time */
        for (size_t i = 0; names && names[i]; i++) {
                (void) remove_tree_at(staging_fd, names[i]);
                safe_close(fds[i]);
        }
        clean_layers(s, staging_fd);
        return 0;
}

int store_staging_pin(int job_fd, const char *layer_name) {
        char name[sizeof(PIN_PREFIX) + LAYER_NAME_MAX];
        int fd;

        snprintf(name, sizeof(name), PIN_PREFIX "%s", layer_name);
        fd = openat(job_fd, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return -1;

        safe_close(fd);
        return 0;
}

static int list_pins_of(int job_fd, char ***l) {
        _cleanup_(closedirp) DIR *d = fdopendir(job_fd);

        if (!d) {
                int r = -errno;
                safe_close(job_fd);
                return r;
        }

        for (struct dirent *de; (de = readdir(d));) {
                const char *name = startswith(de->d_name, PIN_PREFIX);

                if (name && strv_extend(l, name) < 0)
                        return -ENOMEM;
        }
        return 0;
}

int store_jobs_list_pins(ImageStore *s, char ***l, Error *reterr) {
        _cleanup_(closedirp) DIR *d = NULL;
        int staging_fd, r;

        staging_fd = store_staging_open(s);
        if (staging_fd < 0)
                return error_errnof(reterr, staging_fd, "Cannot open the image store's staging directory");
        d = fdopendir(staging_fd);
        if (!d) {
                r = -errno;
                safe_close(staging_fd);
                return error_errnof(reterr, r, "Cannot list the image store's staging directory");
        }

        for (struct dirent *de; (de = readdir(d));) {
                int fd;

                if (de->d_name[0] == '.')
                        continue;
                fd = openat(dirfd(d), de->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                if (fd < 0)
                        continue;
                r = list_pins_of(fd, l);
                if (r < 0)
                        return error_errnof(reterr, r, "Cannot list what jobs count on");
        }
        return 0;
}
