/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "filesystem.h"
#include "mount-options.h"
#include "overlay.h"
#include "shared/path.h"
#include "shared/strv.h"
#include "shared/text.h"

/* Layers are shared by containers with different ranges of ids, so each container sees them through id-mapped mounts: one
 * for each directory that has layers in it, which is one as a rule.
 *
 * From 6.15 on the kernel takes detached mounts as layers, by descriptor. Before, a layer has to be mounted in the
 * caller's mount namespace, and the options have to fit a page. Then a process that shares our memory and descriptors, and
 * has a mount namespace of its own for as long as it takes, attaches the id-mapped mounts there and names the layers by
 * their descriptors: it works in the directory /proc/self/fd, so that a layer takes four bytes. */

#define LAYERS_MAX       500U /* of overlayfs */
#define HELPER_STACK     (64U * 1024U)
#define PAGE_OPTIONS_MAX 4095U

typedef struct Overlay {
        char **layers; /* paths, topmost first; weak strings */
        size_t n_layers;
        const char *upper;
        const char *work;
        bool idmap;
        uint64_t attributes;
        char **options; /* overlayfs' own; weak strings */

        char **parents; /* distinct directories of layers */
        int *parent_fds;
        size_t n_parents;
} Overlay;

static void overlay_done(Overlay *o) {
        for (size_t i = 0; i < o->n_parents; i++)
                safe_close(o->parent_fds[i]);
        free(o->parent_fds);
        strv_free(o->parents);
        free(o->layers);
        free(o->options);
}

static int overlay_read(const OciMount *m, const MountOptions *parsed, Overlay *o, Error *reterr) {
        size_t n = strv_length(parsed->filesystem), n_options = 0;

        o->layers = new0(char *, n + 1);
        o->options = new0(char *, n + 1);
        if (!o->layers || !o->options)
                return error_oom(reterr);

        STRV_FOREACH(s, parsed->filesystem) {
                char *value;

                if ((value = startswith(*s, "lowerdir=")))
                        o->layers[o->n_layers++] = value;
                else if ((value = startswith(*s, "upperdir=")))
                        o->upper = value;
                else if ((value = startswith(*s, "workdir=")))
                        o->work = value;
                else {
                        o->options[n_options++] = *s;
                        continue;
                }
                if (!path_is_normalized(value))
                        return error_set(reterr, -EINVAL, "mount /: '%s' is not an absolute path", *s);
        }

        if (!o->upper != !o->work)
                return error_set(reterr, -EINVAL, "mount /: upperdir and workdir need one another");
        if (!o->upper && o->n_layers == 0)
                return error_set(reterr, -EINVAL, "mount /: neither layers nor an upper directory");
        if (o->n_layers > LAYERS_MAX)
                return error_set(reterr, -E2BIG, "mount /: more than %u layers", LAYERS_MAX);

        o->idmap = parsed->idmap;
        o->attributes = parsed->attr_set | MOUNT_ATTR_NODEV;
        return 0;
}

/* "/var/lib/caisson/layers" of "/var/lib/caisson/layers/HEX"; *ret_index: which of them it is */
static int add_parent(Overlay *o, const char *layer, size_t *ret_index) {
        const char *name = path_basename(layer);
        char *parent;
        int r;

        parent = strndup(layer, MAX(name - layer - 1, (ptrdiff_t) 1));
        if (!parent)
                return -ENOMEM;

        for (size_t i = 0; i < strv_length(o->parents); i++)
                if (streq(o->parents[i], parent)) {
                        free(parent);
                        *ret_index = i;
                        return 0;
                }

        *ret_index = strv_length(o->parents);
        r = strv_consume(&o->parents, parent);
        return r;
}

static int open_parent(const char *path, int userns_fd, Error *reterr) {
        _cleanup_(closep) int fd = -EBADF;
        int r;

        fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
        if (fd < 0)
                return error_errnof(reterr, -errno, "layers in '%s'", path);

        r = mount_set_attributes(fd, 0, MOUNT_ATTR_IDMAP, 0, MS_PRIVATE, userns_fd);
        if (r == -EINVAL)
                return error_set(reterr, r, "the file system of '%s' cannot be id-mapped; --userns=host does without", path);
        if (r < 0)
                return error_errnof(reterr, r, "id-map of layers in '%s'", path);

        return TAKE_FD(fd);
}

/* The id-mapped mounts: o->parent_fds, and for each layer in *ret the one it is in. */
static int overlay_map_parents(Overlay *o, int userns_fd, size_t **ret, Error *reterr) {
        _cleanup_(freep) size_t *which = NULL;

        which = new0(size_t, o->n_layers + 1);
        if (!which)
                return error_oom(reterr);

        for (size_t i = 0; i < o->n_layers; i++)
                if (add_parent(o, o->layers[i], which + i) < 0)
                        return error_oom(reterr);

        o->parent_fds = new0(int, strv_length(o->parents) + 1);
        if (!o->parent_fds)
                return error_oom(reterr);

        STRV_FOREACH(parent, o->parents) {
                int fd = open_parent(*parent, userns_fd, reterr);
                if (fd < 0)
                        return fd;
                o->parent_fds[o->n_parents++] = fd;
        }

        *ret = TAKE_PTR(which);
        return 0;
}

static int open_layer(const Overlay *o, const size_t *which, size_t i) {
        int fd = o->idmap ? openat(o->parent_fds[which[i]], path_basename(o->layers[i]),
                                   O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                          : open(o->layers[i], O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        return fd < 0 ? -errno : fd;
}

static int set_directory(int context_fd, const char *key, int fd) {
        return fsconfig(context_fd, FSCONFIG_SET_FD, key, NULL, fd) < 0 ? -errno : 0;
}

static int set_option(int context_fd, const char *option) {
        _cleanup_(freep) char *key = strndup(option, strcspn(option, "="));
        const char *equals = strchr(option, '=');

        if (!key)
                return -ENOMEM;

        return fsconfig(context_fd, equals ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, key, equals ? equals + 1 : NULL, 0) < 0
                       ? -errno
                       : 0;
}

/* What the administrator made the module's default is not what our layers and later commits expect. */
static const char *const default_options[] = { "index=off", "metacopy=off", "redirect_dir=nofollow" };

static bool is_given(const Overlay *o, const char *option) {
        size_t n = strcspn(option, "=");

        STRV_FOREACH(s, o->options)
                if (strncmp(*s, option, n) == 0 && ((*s)[n] == '=' || (*s)[n] == 0))
                        return true;

        return false;
}

/* By descriptor. -EINVAL and its like: this kernel cannot. */
static int overlay_mount_detached(const Overlay *o, const size_t *which) {
        _cleanup_(closep) int context_fd = -EBADF, upper_fd = -EBADF, work_fd = -EBADF;
        int fd, r;

        context_fd = fsopen("overlay", FSOPEN_CLOEXEC);
        if (context_fd < 0)
                return -errno;
        if (fsconfig(context_fd, FSCONFIG_SET_STRING, "source", "overlay", 0) < 0)
                return -errno;

        for (size_t i = 0; i < o->n_layers; i++) {
                _cleanup_(closep) int layer_fd = open_layer(o, which, i);

                if (layer_fd < 0)
                        return layer_fd;
                r = set_directory(context_fd, "lowerdir+", layer_fd);
                if (r < 0)
                        return r;
        }

        if (o->upper) {
                upper_fd = open(o->upper, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                work_fd = open(o->work, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                if (upper_fd < 0 || work_fd < 0)
                        return -errno;
                r = set_directory(context_fd, "upperdir", upper_fd);
                if (r < 0)
                        return r;
                r = set_directory(context_fd, "workdir", work_fd);
                if (r < 0)
                        return r;
        }

        for (size_t i = 0; i < ELEMENTSOF(default_options); i++)
                if (!is_given(o, default_options[i])) {
                        r = set_option(context_fd, default_options[i]);
                        if (r < 0)
                                return r;
                }
        STRV_FOREACH(option, o->options) {
                r = set_option(context_fd, *option);
                if (r < 0)
                        return r;
        }

        if (fsconfig(context_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
                return -errno;
        fd = fsmount(context_fd, FSMOUNT_CLOEXEC, o->attributes);
        return fd < 0 ? -errno : fd;
}

/* What the helper is given and what it gives back. It shares our memory and our descriptors. */
typedef struct Helper {
        const Overlay *o;
        const size_t *which;
        char *data;   /* PAGE_OPTIONS_MAX + 1 bytes */
        int *fds;     /* room for the layers, the upper and the work directory */
        int result;   /* the mount, or negative errno */
        const char *at;
} Helper;

static int append(Helper *h, size_t *used, const char *format, ...) _printf_(3, 4);
static int append(Helper *h, size_t *used, const char *format, ...) {
        va_list ap;
        int n;

        va_start(ap, format);
        n = vsnprintf(h->data + *used, PAGE_OPTIONS_MAX + 1 - *used, format, ap);
        va_end(ap);
        if (n < 0 || *used + n > PAGE_OPTIONS_MAX)
                return -E2BIG;

        *used += n;
        return 0;
}

/* A place to attach to: a file system of our own over the root, with a directory for each mount. */
static int helper_make_place(const Helper *h, int *ret_fd) {
        struct mount_attr private = { .propagation = MS_PRIVATE };
        _cleanup_(closep) int fd = -EBADF;

        if (mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &private, sizeof(private)) < 0)
                return -errno;

        fd = filesystem_make("tmpfs", "tmpfs", NULL, 0, NULL);
        if (fd < 0)
                return fd;
        if (move_mount(fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0)
                return -errno;
        if (mkdirat(fd, "root", 0700) < 0)
                return -errno;

        for (size_t i = 0; i < h->o->n_parents; i++) {
                char name[sizeof(size_t) * 3];

                snprintf(name, sizeof(name), "%zu", i);
                if (mkdirat(fd, name, 0700) < 0 ||
                    move_mount(h->o->parent_fds[i], "", fd, name, MOVE_MOUNT_F_EMPTY_PATH) < 0)
                        return -errno;
        }

        *ret_fd = TAKE_FD(fd);
        return 0;
}

static int helper_options(Helper *h) {
        const Overlay *o = h->o;
        size_t used = 0;
        int r = 0;

        for (size_t i = 0; i < o->n_layers && r >= 0; i++) {
                h->at = o->layers[i];
                h->fds[i] = open_layer(o, h->which, i);
                if (h->fds[i] < 0)
                        return h->fds[i];
                r = append(h, &used, "%s%i", i == 0 ? "lowerdir=" : ":", h->fds[i]);
        }
        h->at = NULL;

        if (r >= 0 && o->upper) {
                int *fds = h->fds + o->n_layers;

                h->at = o->upper;
                fds[0] = open(o->upper, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                if (fds[0] < 0)
                        return -errno;
                h->at = o->work;
                fds[1] = open(o->work, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                if (fds[1] < 0)
                        return -errno;
                h->at = NULL;
                r = append(h, &used, ",upperdir=%i,workdir=%i", fds[0], fds[1]);
        }

        for (size_t i = 0; i < ELEMENTSOF(default_options) && r >= 0; i++)
                if (!is_given(o, default_options[i]))
                        r = append(h, &used, ",%s", default_options[i]);
        for (char *const *option = o->options; *option && r >= 0; option++)
                r = append(h, &used, ",%s", *option);

        return r;
}

static int helper_mount(Helper *h) {
        _cleanup_(closep) int place_fd = -EBADF, root_fd = -EBADF, fd = -EBADF;
        char target[FD_PATH_MAX];
        int r;

        if (unshare(CLONE_NEWNS) < 0)
                return -errno;
        r = helper_make_place(h, &place_fd);
        if (r < 0)
                return r;
        r = helper_options(h);
        if (r < 0)
                return r;

        root_fd = openat(place_fd, "root", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (root_fd < 0)
                return -errno;
        if (chdir("/proc/self/fd") < 0)
                return -errno;
        if (mount("overlay", fd_path(target, root_fd), "overlay", 0, h->data) < 0)
                return -errno;

        fd = open_tree(place_fd, "root", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
        if (fd < 0)
                return -errno;
        r = mount_set_attributes(fd, 0, h->o->attributes, 0, 0, -EBADF);
        if (r < 0)
                return r;

        return TAKE_FD(fd);
}

static int helper_run(void *userdata) {
        Helper *h = userdata;

        h->result = helper_mount(h);
        _exit(0);
}

static int overlay_mount_in_helper(const Overlay *o, const size_t *which, Error *reterr) {
        _cleanup_(freep) char *stack = NULL, *data = NULL;
        _cleanup_(freep) int *fds = NULL;
        size_t n_fds = o->n_layers + 2;
        Helper h = { .o = o, .which = which, .result = -EIO };
        pid_t pid;

        stack = malloc(HELPER_STACK);
        data = malloc(PAGE_OPTIONS_MAX + 1);
        fds = new0(int, n_fds);
        if (!stack || !data || !fds)
                return error_oom(reterr);
        for (size_t i = 0; i < n_fds; i++)
                fds[i] = -EBADF;
        h.data = data;
        h.fds = fds;

        /* No exit signal: whoever handles SIGCHLD here has never heard of this process */
        pid = clone(helper_run, stack + HELPER_STACK, CLONE_VM | CLONE_VFORK | CLONE_FILES, &h);
        if (pid < 0)
                return error_errnof(reterr, -errno, "mount /");
        while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
                ;

        for (size_t i = 0; i < n_fds; i++)
                safe_close(fds[i]);

        if (h.result < 0 && h.at)
                return error_errnof(reterr, h.result, "mount /: '%s'", h.at);
        if (h.result < 0)
                return error_errnof(reterr, h.result, "mount /: an overlay of %zu layers", o->n_layers);

        return h.result;
}

/* An image without layers: what is written is all there is. */
static int mount_upper_alone(const Overlay *o, Error *reterr) {
        _cleanup_(closep) int fd = -EBADF;
        int r;

        fd = open_tree(AT_FDCWD, o->upper, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
        if (fd < 0)
                return error_errnof(reterr, -errno, "mount /: '%s'", o->upper);

        r = mount_set_attributes(fd, 0, o->attributes, 0, MS_PRIVATE, -EBADF);
        if (r < 0)
                return error_errnof(reterr, r, "mount /: '%s'", o->upper);

        return TAKE_FD(fd);
}

static int overlay_mount_full(const OciMount *m, int userns_fd, bool may_detach, Error *reterr) {
        _cleanup_(mount_options_done) MountOptions parsed = {};
        _cleanup_(overlay_done) Overlay o = {};
        _cleanup_(freep) size_t *which = NULL;
        int r;

        r = mount_options_parse("/", m->options, false, &parsed, reterr);
        if (r < 0)
                return r;
        r = overlay_read(m, &parsed, &o, reterr);
        if (r < 0)
                return r;
        if (o.idmap && userns_fd < 0)
                return error_set(reterr, -EINVAL, "mount /: 'idmap' needs a user namespace");

        if (o.n_layers == 0)
                return mount_upper_alone(&o, reterr);

        if (o.idmap) {
                r = overlay_map_parents(&o, userns_fd, &which, reterr);
                if (r < 0)
                        return r;
        }

        if (may_detach) {
                r = overlay_mount_detached(&o, which);
                if (r >= 0)
                        return r;
        }

        /* Whatever it was: if it is not the kernel's age, it fails again and with a sentence */
        return overlay_mount_in_helper(&o, which, reterr);
}

int overlay_mount(const OciMount *m, int userns_fd, Error *reterr) {
        return overlay_mount_full(m, userns_fd, true, reterr);
}

int overlay_mount_attached(const OciMount *m, int userns_fd, Error *reterr) {
        return overlay_mount_full(m, userns_fd, false, reterr);
}
