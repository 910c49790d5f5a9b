/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <stdio.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "layer-copy.h"
#include "layer-tree.h"
#include "shared/fd.h"
#include "shared/text.h"

#define LINKS_MAX 40U /* as the kernel's MAXSYMLINKS */

#define XATTR_OPAQUE "trusted.overlay.opaque"

bool stat_is_whiteout(const struct stat *st) {
        return S_ISCHR(st->st_mode) && st->st_rdev == 0;
}

int layer_tree_set_opaque(LayerTree *t, int dir_fd) {
        const LayerOpaqueOps *o = t->options->opaque;

        if (o)
                return o->set(dir_fd, o->userdata);

        return fsetxattr(dir_fd, XATTR_OPAQUE, "y", 1, 0) < 0 ? -errno : 0;
}

int layer_tree_is_opaque(LayerTree *t, int dir_fd) {
        const LayerOpaqueOps *o = t->options->opaque;
        char value;

        if (o)
                return o->get(dir_fd, o->userdata);

        if (fgetxattr(dir_fd, XATTR_OPAQUE, &value, sizeof(value)) < 0)
                return errno == ENODATA || errno == ERANGE || errno == EOPNOTSUPP ? 0 : -errno;

        return value == 'y';
}

static int level_leave(TreeLevel *l) {
        const struct timespec times[] = {{.tv_nsec = UTIME_OMIT}, l->mtime};
        int r = 0;

        if (l->fd >= 0 && l->touched && futimens(l->fd, times) < 0)
                r = -errno;

        l->fd = safe_close(l->fd);
        l->name = mfree(l->name);
        return r;
}

static int layer_tree_leave(LayerTree *t) {
        TreeLevel *l = layer_tree_here(t);
        size_t length = strlen(t->path), n = strlen(l->name);

        assert(t->n_levels > 1);

        t->path[length == n ? 0 : length - n - 1] = 0;
        t->n_levels--;
        return level_leave(l);
}

static int layer_tree_push(LayerTree *t, int fd, const char *name, size_t length) {
        size_t n = strlen(t->path);
        TreeLevel *l = t->levels + t->n_levels;
        struct stat st;
        char *copy;

        if (t->n_levels > LAYER_DEPTH_MAX)
                return -EMLINK;
        if (n + 1 + length >= sizeof(t->path))
                return -ENAMETOOLONG;
        if (fstat(fd, &st) < 0)
                return -errno;

        copy = strndup(name, length);
        if (!copy)
                return -ENOMEM;

        if (n > 0)
                t->path[n++] = '/';
        memcpy(t->path + n, name, length);
        t->path[n + length] = 0;

        *l = (TreeLevel){.name = copy, .fd = fd, .mtime = st.st_mtim, .setgid = st.st_mode & S_ISGID};
        t->n_levels++;
        return 0;
}

int layer_tree_init(LayerTree *t, int root_fd, const LayerUnpackOptions *options) {
        struct stat st;
        int fd;

        *t = (LayerTree){.options = options};

        if (fstat(root_fd, &st) < 0)
                return -errno;

        /* One for the root, and one that is refused */
        t->levels = new0(TreeLevel, LAYER_DEPTH_MAX + 2);
        if (!t->levels)
                return -ENOMEM;

        fd = openat(root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;

        t->levels[0] = (TreeLevel){.fd = fd, .mtime = st.st_mtim, .setgid = st.st_mode & S_ISGID};
        t->n_levels = 1;
        return 0;
}

int layer_tree_finish(LayerTree *t, Error *reterr) {
        int r;

        while (t->n_levels > 1) {
                r = layer_tree_leave(t);
                if (r < 0)
                        return error_errnof(reterr, r, "set the time of a directory");
        }

        r = level_leave(t->levels);
        t->n_levels = 0;
        if (r < 0)
                return error_errnof(reterr, r, "set the time of the root directory");
        return 0;
}

void layer_tree_done(LayerTree *t) {
        while (t->n_levels > 0)
                (void) level_leave(t->levels + --t->n_levels);

        t->levels = mfree(t->levels);
}

int layer_tree_descend(LayerTree *t, const char *name, size_t length) {
        char component[NAME_MAX + 1];
        int fd, r;

        if (length > NAME_MAX)
                return -ENAMETOOLONG;
        memcpy(component, name, length);
        component[length] = 0;

        fd = openat(layer_tree_here(t)->fd, component, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return -errno;

        r = layer_tree_push(t, fd, component, length);
        if (r < 0)
                safe_close(fd);
        return r;
}

/* Whether the layer shows directory t->path; *ret_fd is it, -EBADF if the layer does not have it. 0: goes on
 * with the next layer; 1: what is below this one is hidden. */
static int lower_directory(LayerTree *t, int lower_fd, int *ret_fd) {
        _cleanup_(closep) int fd = -EBADF;
        bool hides = false;
        int r;

        *ret_fd = -EBADF;

        fd = openat(lower_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;

        for (size_t i = 1; i < t->n_levels; i++) {
                int next = openat(fd, t->levels[i].name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                if (next < 0) {
                        if (errno == ENOENT)
                                return hides;
                        /* A whiteout, a file, a link: whatever it is, no directory shines through it */
                        return errno == ENOTDIR || errno == ELOOP ? 1 : -errno;
                }

                safe_close(fd);
                fd = next;

                r = layer_tree_is_opaque(t, fd);
                if (r < 0)
                        return r;
                hides = hides || r > 0;
        }

        *ret_fd = TAKE_FD(fd);
        return hides;
}

int layer_tree_find_lower(LayerTree *t, const char *name, int *ret_parent_fd, struct stat *ret) {
        int r;

        if (t->options->n_lower_fds == 0)
                return 0;

        for (size_t i = 1; i < t->n_levels; i++) {
                r = layer_tree_is_opaque(t, t->levels[i].fd);
                if (r != 0)
                        return r < 0 ? r : 0;
        }

        for (size_t i = 0; i < t->options->n_lower_fds; i++) {
                _cleanup_(closep) int fd = -EBADF;
                int hides;

                hides = lower_directory(t, t->options->lower_fds[i], &fd);
                if (hides < 0)
                        return hides;

                if (fd >= 0) {
                        if (fstatat(fd, name, ret, AT_SYMLINK_NOFOLLOW) >= 0) {
                                if (stat_is_whiteout(ret))
                                        return 0;

                                *ret_parent_fd = TAKE_FD(fd);
                                return 1;
                        }
                        if (errno != ENOENT)
                                return -errno;
                }

                if (hides)
                        return 0;
        }

        return 0;
}

/* A walk under way: what is still to go. */
typedef struct Walk {
        char rest[PATH_MAX];
        char *at; /* within rest */
        unsigned n_links;
} Walk;

static int walk_through_link(LayerTree *t, Walk *w, int parent_fd, const char *name) {
        char target[PATH_MAX];
        size_t rest = strlen(w->at);
        ssize_t n;

        if (++w->n_links > LINKS_MAX)
                return -ELOOP;

        n = readlinkat(parent_fd, name, target, sizeof(target));
        if (n < 0)
                return -errno;
        if ((size_t) n + 1 + rest >= sizeof(w->rest))
                return -ENAMETOOLONG;

        if (target[0] == '/')
                while (t->n_levels > 1) {
                        int r = layer_tree_leave(t);
                        if (r < 0)
                                return r;
                }

        memmove(w->rest + n + 1, w->at, rest + 1);
        memcpy(w->rest, target, (size_t) n);
        w->rest[n] = '/';
        w->at = w->rest;
        return 0;
}

static int make_directory_here(LayerTree *t, const char *name) {
        int r;

        if (mkdirat(layer_tree_touch(t), name, 0755) < 0)
                return -errno;

        r = layer_tree_descend(t, name, strlen(name));
        if (r < 0)
                return r;

        return fchmod(layer_tree_here(t)->fd, 0755) < 0 ? -errno : 0; /* whatever the umask is */
}

/* The archive puts something into a directory it does not have: what counts is what the layers below have
 * there. */
static int walk_to_missing(LayerTree *t, Walk *w, const char *name) {
        _cleanup_(closep) int lower_parent_fd = -EBADF;
        struct stat st;
        int r;

        t->needs_lower = true;

        r = layer_tree_find_lower(t, name, &lower_parent_fd, &st);
        if (r < 0)
                return r;
        if (r > 0 && S_ISLNK(st.st_mode))
                return walk_through_link(t, w, lower_parent_fd, name);
        if (r > 0 && S_ISDIR(st.st_mode)) {
                r = layer_copy_directory(t, lower_parent_fd, name);
                return r < 0 ? r : layer_tree_descend(t, name, strlen(name));
        }

        return make_directory_here(t, name);
}

/* Something of this layer is in the way that is not a directory. */
static int walk_to_obstacle(LayerTree *t, Walk *w, const char *name) {
        int here = layer_tree_here(t)->fd, r;
        struct stat st;

        if (fstatat(here, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        if (S_ISLNK(st.st_mode))
                return walk_through_link(t, w, here, name);
        if (!stat_is_whiteout(&st))
                return -ENOTDIR;

        /* Removed and made anew by the same layer: nothing of the old one may shine through */
        if (unlinkat(layer_tree_touch(t), name, 0) < 0)
                return -errno;
        r = make_directory_here(t, name);
        return r < 0 ? r : layer_tree_set_opaque(t, layer_tree_here(t)->fd);
}

static int walk_step(LayerTree *t, Walk *w, const char *name) {
        int r;

        if (streq(name, "."))
                return 0;
        if (streq(name, ".."))
                return t->n_levels > 1 ? layer_tree_leave(t) : 0;

        r = layer_tree_descend(t, name, strlen(name));
        if (r == -ENOENT)
                return walk_to_missing(t, w, name);
        if (r == -ENOTDIR || r == -ELOOP)
                return walk_to_obstacle(t, w, name);
        return r;
}

/* Leaves directories until the path goes on from where we stand; returns how much of it that is. */
static int walk_back_to_common(LayerTree *t, const char *path, size_t length, size_t *ret) {
        size_t common = 0, level = 1;
        int r;

        for (; level < t->n_levels; level++) {
                size_t n = strlen(t->levels[level].name), begin = common > 0 ? common + 1 : 0;

                if (begin + n > length || memcmp(path + begin, t->levels[level].name, n) != 0 ||
                    (begin + n < length && path[begin + n] != '/'))
                        break;
                common = begin + n;
        }

        while (t->n_levels > level) {
                r = layer_tree_leave(t);
                if (r < 0)
                        return r;
        }

        *ret = common;
        return 0;
}

static int walk(LayerTree *t, const char *path, size_t length) {
        size_t common;
        Walk w;
        int r;

        r = walk_back_to_common(t, path, length, &common);
        if (r < 0)
                return r;

        length -= common;
        if (length >= sizeof(w.rest))
                return -ENAMETOOLONG;
        memcpy(w.rest, path + common, length);
        w.rest[length] = 0;
        w.at = w.rest;
        w.n_links = 0;

        for (;;) {
                char name[NAME_MAX + 1];
                size_t n;

                w.at += strspn(w.at, "/");
                n = strcspn(w.at, "/");
                if (n == 0)
                        return 0;
                if (n > NAME_MAX)
                        return -ENAMETOOLONG;

                memcpy(name, w.at, n);
                name[n] = 0;
                w.at += n;

                r = walk_step(t, &w, name);
                if (r < 0)
                        return r;
        }
}

int layer_tree_enter(LayerTree *t, const char *path, size_t length, Error *reterr) {
        _cleanup_(freep) char *name = NULL, *shown = NULL;
        int r;

        /* Most entries are in the same directory as the one before */
        if (length == strlen(t->path) && memcmp(t->path, path, length) == 0)
                return 0;

        r = walk(t, path, length);
        if (r >= 0)
                return 0;

        name = strndup(path, length);
        shown = name ? text_escape(name) : NULL;
        if (!shown)
                return error_oom(reterr);

        if (r == -EMLINK)
                return error_set(reterr, -EBADMSG, "'%s' is more than %u directories deep", shown,
                                 LAYER_DEPTH_MAX);
        if (r == -ENOTDIR)
                return error_set(reterr, -EBADMSG, "'%s' leads through something that is not a directory",
                                 shown);
        if (r == -ELOOP)
                return error_set(reterr, -EBADMSG, "'%s' leads through too many symbolic links", shown);
        return error_errnof(reterr, r, "enter '%s'", shown);
}
