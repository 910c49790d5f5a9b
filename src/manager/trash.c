/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/fd.h"
#include "shared/identifier.h"
#include "shared/log.h"
#include "shared/path.h"
#include "shared/text.h"
#include "trash.h"

#define TRASH_DIRECTORY "trash"
#define TRASH_SLICE     256U /* names removed before others get their turn: about a millisecond */

struct Trash {
        int fd;
        sd_event_source *source;
};

/* How deep we go, each step with a descriptor; what is deeper is first lifted to the top. */
#define TRASH_DEPTH_MAX 64U

/* Removes up to *budget names beneath dir_fd/name and, when it is empty, itself. 1: it is gone; 0: not yet.
 */
static int remove_some(Trash *t, int dir_fd, const char *name, unsigned depth, unsigned *budget) {
        _cleanup_(closedirp) DIR *d = NULL;
        int fd, r;

        if (*budget == 0)
                return 0;
        (*budget)--;

        if (unlinkat(dir_fd, name, 0) >= 0 || errno == ENOENT)
                return 1;
        if (errno != EISDIR && errno != EPERM)
                return -errno;

        if (depth >= TRASH_DEPTH_MAX) {
                char lifted[CONTAINER_ID_LENGTH + 1];

                r = identifier_new(lifted);
                if (r < 0)
                        return r;
                return renameat(dir_fd, name, t->fd, lifted) < 0 ? -errno : 1;
        }

        fd = open_beneath(dir_fd, name, O_DIRECTORY | O_RDONLY | O_NOFOLLOW, 0);
        if (fd < 0)
                return fd;
        d = fdopendir(fd);
        if (!d) {
                safe_close(fd);
                return -ENOMEM;
        }

        for (struct dirent *de; (de = readdir(d));) {
                if (STR_IN_SET(de->d_name, ".", ".."))
                        continue;

                r = remove_some(t, dirfd(d), de->d_name, depth + 1, budget);
                if (r <= 0)
                        return r;
        }

        return unlinkat(dir_fd, name, AT_REMOVEDIR) < 0 ? -errno : 1;
}

/* 1: there is nothing any more. */
static int remove_slice(Trash *t) {
        _cleanup_(closedirp) DIR *d = NULL;
        unsigned budget = TRASH_SLICE;
        bool found = false;
        int fd, r = 1;

        fd = openat(t->fd, ".", O_DIRECTORY | O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        d = fdopendir(fd);
        if (!d) {
                safe_close(fd);
                return -ENOMEM;
        }

        for (struct dirent *de; r > 0 && (de = readdir(d));)
                if (!STR_IN_SET(de->d_name, ".", "..")) {
                        found = true;
                        r = remove_some(t, t->fd, de->d_name, 0, &budget);
                }

        /* What was lifted may have come behind our back: only an empty directory is the end */
        return r < 0 ? r : !found;
}

static int on_idle(sd_event_source *source, void *userdata) {
        Trash *t = ASSERT_PTR(userdata);
        int r;

        r = remove_slice(t);
        if (r < 0)
                (void) log_warning_errno(r, "Cannot remove what was a container's, trying again later: %m");
        if (r != 0)
                (void) sd_event_source_set_enabled(source, SD_EVENT_OFF);
        return 0;
}

int trash_put(Trash *t, int dir_fd, const char *name) {
        if (renameat(dir_fd, name, t->fd, name) < 0) {
                char other[CONTAINER_ID_LENGTH + 1];
                int r;

                if (errno != EEXIST && errno != ENOTEMPTY)
                        return -errno;
                r = identifier_new(other);
                if (r < 0)
                        return r;
                if (renameat(dir_fd, name, t->fd, other) < 0)
                        return -errno;
        }

        return sd_event_source_set_enabled(t->source, SD_EVENT_ON);
}

Trash *trash_free(Trash *t) {
        if (!t)
                return NULL;

        sd_event_source_disable_unref(t->source);
        safe_close(t->fd);
        return mfree(t);
}

int trash_new(sd_event *event, int dir_fd, Trash **ret) {
        _cleanup_(trash_freep) Trash *t = NULL;
        int r;

        t = new0(Trash, 1);
        if (!t)
                return -ENOMEM;
        t->fd = -EBADF;

        if (mkdirat(dir_fd, TRASH_DIRECTORY, 0700) < 0 && errno != EEXIST)
                return -errno;
        t->fd = open_beneath(dir_fd, TRASH_DIRECTORY, O_DIRECTORY | O_RDONLY | O_NOFOLLOW, 0);
        if (t->fd < 0)
                return t->fd;

        /* On from the start: there may be something from before */
        r = sd_event_add_defer(event, &t->source, on_idle, t);
        if (r < 0)
                return r;
        r = sd_event_source_set_priority(t->source, SD_EVENT_PRIORITY_IDLE);
        if (r < 0)
                return r;
        r = sd_event_source_set_enabled(t->source, SD_EVENT_ON);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(t);
        return 0;
}
