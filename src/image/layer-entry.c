/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "layer-copy.h"
#include "layer-entry.h"
#include "layer-xattr.h"
#include "shared/fd.h"
#include "shared/path.h"
#include "shared/text.h"

typedef struct Owner {
        uid_t uid;
        gid_t gid;
} Owner;

static int read_owner(struct archive_entry *e, Owner *ret, Error *reterr) {
        int64_t uid = archive_entry_uid(e), gid = archive_entry_gid(e);

        /* The last one means "leave it as it is" to chown() */
        if (uid < 0 || gid < 0 || uid >= UINT32_MAX || gid >= UINT32_MAX)
                return error_set(reterr, -EBADMSG, "the owner's id is out of range");

        *ret = (Owner){.uid = (uid_t) uid, .gid = (gid_t) gid};
        return 0;
}

static struct timespec read_mtime(struct archive_entry *e) {
        return (struct timespec){
                        .tv_sec = archive_entry_mtime(e),
                        .tv_nsec = CLAMP(archive_entry_mtime_nsec(e), 0L, 999999999L),
        };
}

/* What is made by root in an ordinary directory has the right owner and mode already. */
static int apply_owner_and_mode(LayerTree *t, int fd, const Owner *o, mode_t mode, bool existed,
                                bool inherits_group, Error *reterr) {
        if (t->default_acls) {
                int r = layer_xattr_clear_acls(fd, S_ISDIR(mode));
                if (r < 0)
                        return error_errnof(reterr, r, "remove the inherited access control list");
        }

        if ((existed || inherits_group || o->uid != 0 || o->gid != 0) && fchown(fd, o->uid, o->gid) < 0)
                return error_errnof(reterr, -errno, "change the owner");

        /* After the owner, whose change takes away set-user-ID; and always, since there is the umask, and
         * directories inherit set-group-ID */
        if (fchmod(fd, mode & 07777) < 0)
                return error_errnof(reterr, -errno, "change the mode");

        return 0;
}

static int apply_xattrs(LayerTree *t, struct archive_entry *e, int fd, Error *reterr) {
        bool default_acl = false;
        int r;

        if (archive_entry_xattr_count(e) == 0 && archive_entry_acl_types(e) == 0)
                return 0;

        r = layer_xattr_apply(e, fd, &default_acl, reterr);
        t->default_acls = t->default_acls || default_acl;
        return r;
}

/* Removes what has the name; *ret_whiteout tells that it was a whiteout. */
static int clear_name(LayerTree *t, const char *name, bool *ret_whiteout, Error *reterr) {
        struct stat st;
        int r;

        if (fstatat(layer_tree_here(t)->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? 0 : error_errnof(reterr, -errno, "look at what was there before");

        r = remove_tree_at(layer_tree_touch(t), name);
        if (r < 0)
                return error_errnof(reterr, r, "remove what was there before");

        if (ret_whiteout)
                *ret_whiteout = stat_is_whiteout(&st);
        return 0;
}

static int make_directory(LayerTree *t, struct archive_entry *e, const char *name, const Owner *o,
                          Error *reterr) {
        bool existed = false, was_whiteout = false, inherits_group = layer_tree_here(t)->setgid;
        mode_t mode = S_IFDIR | archive_entry_perm(e);
        TreeLevel *here;
        int r;

        if (mkdirat(layer_tree_touch(t), name, mode & 0777) < 0) {
                struct stat st;

                if (errno != EEXIST)
                        return error_errnof(reterr, -errno, "make directory");
                if (fstatat(layer_tree_here(t)->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                        return error_errnof(reterr, -errno, "look at what was there before");

                existed = S_ISDIR(st.st_mode);
                if (!existed) {
                        r = clear_name(t, name, &was_whiteout, reterr);
                        if (r < 0)
                                return r;
                        if (mkdirat(layer_tree_here(t)->fd, name, mode & 0777) < 0)
                                return error_errnof(reterr, -errno, "make directory");
                }
        }

        r = layer_tree_descend(t, name, strlen(name));
        if (r == -EMLINK)
                return error_set(reterr, -EBADMSG, "more than %u directories deep", LAYER_DEPTH_MAX);
        if (r < 0)
                return error_errnof(reterr, r, "open directory");
        here = layer_tree_here(t);

        r = apply_owner_and_mode(t, here->fd, o, mode, existed, inherits_group, reterr);
        if (r < 0)
                return r;
        r = apply_xattrs(t, e, here->fd, reterr);
        if (r < 0)
                return r;

        if (was_whiteout) {
                r = layer_tree_set_opaque(t, here->fd);
                if (r < 0)
                        return error_errnof(reterr, r, "mark the directory opaque");
        }

        here->setgid = mode & S_ISGID;
        here->mtime = read_mtime(e);
        here->touched = true;
        return 0;
}

static int write_block(int fd, const uint8_t *data, size_t size, off_t offset) {
        while (size > 0) {
                ssize_t n = pwrite(fd, data, size, offset);
                if (n < 0) {
                        if (errno == EINTR)
                                continue;
                        return -errno;
                }
                data += n;
                size -= (size_t) n;
                offset += n;
        }

        return 0;
}

static int write_content(struct archive *a, struct archive_entry *e, int fd, uint64_t *n_bytes,
                         Error *reterr) {
        int64_t size = archive_entry_size(e), end = 0;
        int r;

        for (;;) {
                const void *data;
                int64_t offset;
                size_t n;

                r = archive_read_data_block(a, &data, &n, &offset);
                if (r == ARCHIVE_EOF)
                        break;
                if (r != ARCHIVE_OK)
                        return -EBADMSG; /* whoever has the archive says why */
                if (n == 0)
                        continue;
                if (offset < end || offset > size || (int64_t) n > size - offset)
                        return error_set(reterr, -EBADMSG, "its content lies outside of its size");

                r = write_block(fd, data, n, offset);
                if (r < 0)
                        return error_errnof(reterr, r, "write");
                end = offset + (int64_t) n;
                *n_bytes += n;
        }

        /* A hole at the end */
        if (end < size && ftruncate(fd, size) < 0)
                return error_errnof(reterr, -errno, "set the size");

        return 0;
}

static int make_file(LayerTree *t, struct archive *a, struct archive_entry *e, const char *name,
                     const Owner *o, uint64_t *n_bytes, Error *reterr) {
        const struct timespec times[] = {{.tv_nsec = UTIME_OMIT}, read_mtime(e)};
        mode_t mode = S_IFREG | archive_entry_perm(e);
        _cleanup_(closep) int fd = -EBADF;
        int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, r;

        fd = openat(layer_tree_touch(t), name, flags, mode & 0777);
        if (fd < 0 && errno == EEXIST) {
                r = clear_name(t, name, NULL, reterr);
                if (r < 0)
                        return r;
                fd = openat(layer_tree_here(t)->fd, name, flags, mode & 0777);
        }
        if (fd < 0)
                return error_errnof(reterr, -errno, "make file");

        r = write_content(a, e, fd, n_bytes, reterr);
        if (r < 0)
                return r;
        r = apply_owner_and_mode(t, fd, o, mode, false, layer_tree_here(t)->setgid, reterr);
        if (r < 0)
                return r;
        r = apply_xattrs(t, e, fd, reterr);
        if (r < 0)
                return r;

        return futimens(fd, times) < 0 ? error_errnof(reterr, -errno, "set the time") : 0;
}

/* Links, devices, pipes: there is no descriptor to work on, but nobody else is here to exchange them. */
static int make_node(LayerTree *t, struct archive_entry *e, const char *name, const Owner *o,
                     Error *reterr) {
        const struct timespec times[] = {{.tv_nsec = UTIME_OMIT}, read_mtime(e)};
        mode_t type = archive_entry_filetype(e), mode = type | archive_entry_perm(e);
        int fd = layer_tree_touch(t), r;

        r = clear_name(t, name, NULL, reterr);
        if (r < 0)
                return r;

        if (S_ISLNK(type)) {
                const char *target = archive_entry_symlink(e);

                if (isempty(target))
                        return error_set(reterr, -EBADMSG,
                                         "a symbolic link without a target that can be read");
                if (symlinkat(target, fd, name) < 0)
                        return error_errnof(reterr, -errno, "make symbolic link");
        } else {
                dev_t device = S_ISFIFO(type) ? 0
                                              : makedev((unsigned) archive_entry_rdevmajor(e),
                                                        (unsigned) archive_entry_rdevminor(e));

                if (mknodat(fd, name, mode, device) < 0)
                        return error_errnof(reterr, -errno, "make %s",
                                            S_ISFIFO(type) ? "pipe" : "device node");
        }

        if ((o->uid != 0 || o->gid != 0 || layer_tree_here(t)->setgid) &&
            fchownat(fd, name, o->uid, o->gid, AT_SYMLINK_NOFOLLOW) < 0)
                return error_errnof(reterr, -errno, "change the owner");
        if (!S_ISLNK(type) && fchmodat(fd, name, mode & 07777, 0) < 0)
                return error_errnof(reterr, -errno, "change the mode");
        if (utimensat(fd, name, times, AT_SYMLINK_NOFOLLOW) < 0)
                return error_errnof(reterr, -errno, "set the time");

        return 0;
}

int layer_entry_make(LayerTree *t, struct archive *a, struct archive_entry *e, const char *name,
                     uint64_t *n_bytes, Error *reterr) {
        Owner o;
        int r;

        r = read_owner(e, &o, reterr);
        if (r < 0)
                return r;

        switch (archive_entry_filetype(e)) {
        case AE_IFDIR:
                return make_directory(t, e, name, &o, reterr);
        case AE_IFREG:
                return make_file(t, a, e, name, &o, n_bytes, reterr);
        case AE_IFLNK:
        case AE_IFCHR:
        case AE_IFBLK:
        case AE_IFIFO:
                return make_node(t, e, name, &o, reterr);
        default:
                return error_set(reterr, -EBADMSG, "an entry of an unknown type");
        }
}

int layer_entry_apply_root(LayerTree *t, struct archive_entry *e, Error *reterr) {
        TreeLevel *here = layer_tree_here(t);
        Owner o;
        int r;

        if (archive_entry_filetype(e) != AE_IFDIR || archive_entry_hardlink(e))
                return error_set(reterr, -EBADMSG, "the root of the layer is not a directory");

        r = read_owner(e, &o, reterr);
        if (r < 0)
                return r;
        r = apply_owner_and_mode(t, here->fd, &o, S_IFDIR | archive_entry_perm(e), true, false, reterr);
        if (r < 0)
                return r;
        r = apply_xattrs(t, e, here->fd, reterr);
        if (r < 0)
                return r;

        here->setgid = archive_entry_perm(e) & S_ISGID;
        here->mtime = read_mtime(e);
        here->touched = true;
        return 0;
}

/* Goes to the target's directory and sees to it that the target is there. */
static int find_link_target(LayerTree *t, const char *target, const char **ret_name, struct stat *ret,
                            Error *reterr) {
        _cleanup_(closep) int lower_parent_fd = -EBADF;
        const char *name = path_basename(target);
        int r;

        r = layer_tree_enter(t, target, name > target ? (size_t) (name - target) - 1 : 0, reterr);
        if (r < 0)
                return r;

        if (fstatat(layer_tree_here(t)->fd, name, ret, AT_SYMLINK_NOFOLLOW) < 0) {
                if (errno != ENOENT)
                        return error_errnof(reterr, -errno, "look for the link's target");

                t->needs_lower = true;
                r = layer_tree_find_lower(t, name, &lower_parent_fd, ret);
                if (r < 0)
                        return error_errnof(reterr, r, "look for the link's target in the layers below");
                if (r == 0)
                        return error_set(reterr, -EBADMSG, "a hard link to a file that does not exist");
                if (S_ISDIR(ret->st_mode))
                        return error_set(reterr, -EBADMSG, "a hard link to a directory");

                r = layer_copy_node(t, lower_parent_fd, name);
                if (r < 0)
                        return error_errnof(reterr, r, "copy the link's target from the layer below");
                if (fstatat(layer_tree_here(t)->fd, name, ret, AT_SYMLINK_NOFOLLOW) < 0)
                        return error_errnof(reterr, -errno, "look for the link's target");
        }

        if (S_ISDIR(ret->st_mode))
                return error_set(reterr, -EBADMSG, "a hard link to a directory");
        if (stat_is_whiteout(ret))
                return error_set(reterr, -EBADMSG, "a hard link to a file that the layer removes");

        *ret_name = name;
        return 0;
}

int layer_entry_link(LayerTree *t, const char *target, const char *parent, size_t parent_length,
                     const char *name, Error *reterr) {
        _cleanup_(closep) int target_parent_fd = -EBADF;
        struct stat target_st, st;
        const char *target_name = NULL;
        int r;

        r = find_link_target(t, target, &target_name, &target_st, reterr);
        if (r < 0)
                return r;
        target_parent_fd = fcntl(layer_tree_here(t)->fd, F_DUPFD_CLOEXEC, 3);
        if (target_parent_fd < 0)
                return -errno;

        r = layer_tree_enter(t, parent, parent_length, reterr);
        if (r < 0)
                return r;

        if (fstatat(layer_tree_here(t)->fd, name, &st, AT_SYMLINK_NOFOLLOW) >= 0) {
                /* The very file: to itself, or said twice */
                if (st.st_dev == target_st.st_dev && st.st_ino == target_st.st_ino)
                        return 0;

                r = clear_name(t, name, NULL, reterr);
                if (r < 0)
                        return r;
        }

        if (linkat(target_parent_fd, target_name, layer_tree_touch(t), name, 0) < 0)
                return error_errnof(reterr, -errno, "make hard link");

        return 0;
}

int layer_entry_whiteout(LayerTree *t, const char *name, Error *reterr) {
        _cleanup_(closep) int fd = -EBADF;
        struct stat st;
        int r;

        if (fstatat(layer_tree_here(t)->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
                if (errno != ENOENT)
                        return error_errnof(reterr, -errno, "look for what is removed");
                if (mknodat(layer_tree_touch(t), name, S_IFCHR, 0) < 0)
                        return error_errnof(reterr, -errno, "make whiteout");
                return 0;
        }

        /* It removes what the layers below have, not what this one has. Only a directory lets them shine
         * through. */
        if (!S_ISDIR(st.st_mode))
                return 0;

        fd = openat(layer_tree_here(t)->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        r = fd < 0 ? -errno : layer_tree_set_opaque(t, fd);
        return r < 0 ? error_errnof(reterr, r, "mark the directory opaque") : 0;
}

int layer_entry_hide_lower_root(LayerTree *t, Error *reterr) {
        for (size_t i = 0; i < t->options->n_lower_fds; i++) {
                _cleanup_(closedirp) DIR *d = NULL;
                struct dirent *de;
                int fd, r;

                fd = openat(t->options->lower_fds[i], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                d = fd < 0 ? NULL : fdopendir(fd);
                if (!d) {
                        r = -errno;
                        safe_close(fd);
                        return error_errnof(reterr, r, "read the root of the layer below");
                }

                while ((de = readdir(d))) {
                        if (STR_IN_SET(de->d_name, ".", ".."))
                                continue;

                        r = layer_entry_whiteout(t, de->d_name, reterr);
                        if (r < 0)
                                return r;
                }
        }

        return 0;
}
