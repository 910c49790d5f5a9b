/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <stdio.h>
#include <sys/xattr.h>

#include "layer-xattr.h"
#include "shared/text.h"

bool layer_xattr_is_kept(const char *name) {
        if (startswith(name, "user."))
                return name[5] != 0 && !startswith(name, "user.overlay.");

        return STR_IN_SET(name, "security.capability", ACL_ACCESS, ACL_DEFAULT);
}

static int set_xattr(int fd, const char *name, const void *value, size_t size, Error *reterr) {
        _cleanup_(freep) char *shown = NULL;
        int r;

        if (fsetxattr(fd, name, value, size, 0) >= 0)
                return 0;

        /* Not every file system has a place for user.*; what they say is not what makes a program safe or
         * work */
        r = -errno;
        if (r == -EOPNOTSUPP && startswith(name, "user."))
                return 0;

        shown = text_escape(name);
        return shown ? error_errnof(reterr, r, "set attribute %s", shown) : error_oom(reterr);
}

/* GNU tar writes access control lists as text, which libarchive reads into a list of its own. Users and
 * groups that are given by name only are left out: nobody here could say who they are. */
static int acl_to_xattr(struct archive_entry *e, int type, void **ret, size_t *ret_size, Error *reterr) {
        static const struct {
                int from;
                uint16_t to;
        } tags[] = {
                        {ARCHIVE_ENTRY_ACL_USER_OBJ,  ACL_USER_OBJ },
                        {ARCHIVE_ENTRY_ACL_USER,      ACL_USER     },
                        {ARCHIVE_ENTRY_ACL_GROUP_OBJ, ACL_GROUP_OBJ},
                        {ARCHIVE_ENTRY_ACL_GROUP,     ACL_GROUP    },
                        {ARCHIVE_ENTRY_ACL_MASK,      ACL_MASK     },
                        {ARCHIVE_ENTRY_ACL_OTHER,     ACL_OTHER    },
        };
        int n, entry_type, permset, tag, id, i = 0;
        struct posix_acl_xattr_header *header;
        struct posix_acl_xattr_entry *out;
        const char *name;
        size_t size;

        n = archive_entry_acl_reset(e, type);
        if (n <= 0)
                return 0;
        if ((size_t) n > LAYER_XATTR_VALUE_MAX / sizeof(*out) - 1)
                return error_set(reterr, -EBADMSG, "an access control list is too long");

        size = sizeof(*header) + (size_t) n * sizeof(*out);
        header = calloc(1, size);
        if (!header)
                return error_oom(reterr);
        header->a_version = htole32(POSIX_ACL_XATTR_VERSION);
        out = (struct posix_acl_xattr_entry *) (header + 1);

        /* In the order of the tags, which the kernel asks for; libarchive gives the three basic ones first
         */
        for (size_t t = 0; t < ELEMENTSOF(tags); t++) {
                (void) archive_entry_acl_reset(e, type);
                while (archive_entry_acl_next(e, type, &entry_type, &permset, &tag, &id, &name) ==
                       ARCHIVE_OK) {
                        bool named = tag == ARCHIVE_ENTRY_ACL_USER || tag == ARCHIVE_ENTRY_ACL_GROUP;

                        if (tag != tags[t].from || i >= n || (named && id < 0))
                                continue;

                        out[i++] = (struct posix_acl_xattr_entry){
                                        .e_tag = htole16(tags[t].to),
                                        .e_perm = htole16((uint16_t) (permset & 7)),
                                        .e_id = htole32(named ? (uint32_t) id : (uint32_t) ACL_UNDEFINED_ID),
                        };
                }
        }

        *ret = header;
        *ret_size = sizeof(*header) + (size_t) i * sizeof(*out);
        return 1;
}

static int apply_acl(struct archive_entry *e, int fd, int type, const char *name, Error *reterr) {
        _cleanup_(freep) void *value = NULL;
        size_t size = 0;
        int r;

        if ((archive_entry_acl_types(e) & type) == 0)
                return 0;

        r = acl_to_xattr(e, type, &value, &size, reterr);
        if (r <= 0)
                return r;

        r = set_xattr(fd, name, value, size, reterr);
        return r < 0 ? r : 1;
}

int layer_xattr_apply(struct archive_entry *e, int fd, bool *ret_default_acl, Error *reterr) {
        bool default_acl = false;
        unsigned n = 0;
        const char *name;
        const void *value;
        size_t size;
        int r;

        r = apply_acl(e, fd, ARCHIVE_ENTRY_ACL_TYPE_ACCESS, ACL_ACCESS, reterr);
        if (r < 0)
                return r;
        r = apply_acl(e, fd, ARCHIVE_ENTRY_ACL_TYPE_DEFAULT, ACL_DEFAULT, reterr);
        if (r < 0)
                return r;
        default_acl = r > 0;

        (void) archive_entry_xattr_reset(e);
        while (archive_entry_xattr_next(e, &name, &value, &size) == ARCHIVE_OK) {
                if (!name || !layer_xattr_is_kept(name))
                        continue;
                if (size > LAYER_XATTR_VALUE_MAX || ++n > LAYER_XATTRS_MAX)
                        return error_set(reterr, -EBADMSG, "too many or too long attributes");

                r = set_xattr(fd, name, value, size, reterr);
                if (r < 0)
                        return r;
                default_acl = default_acl || streq(name, ACL_DEFAULT);
        }

        *ret_default_acl = default_acl;
        return 0;
}

int layer_xattr_copy(int from_fd, int to_fd, bool *ret_default_acl) {
        char names[LAYER_XATTR_VALUE_MAX];
        bool default_acl = false;
        ssize_t n;

        n = flistxattr(from_fd, names, sizeof(names));
        if (n < 0)
                return errno == EOPNOTSUPP ? 0 : -errno;

        for (const char *name = names; name < names + n; name += strlen(name) + 1) {
                _cleanup_(freep) void *value = NULL;
                ssize_t size;

                if (!layer_xattr_is_kept(name))
                        continue;

                value = malloc(LAYER_XATTR_VALUE_MAX);
                if (!value)
                        return -ENOMEM;

                size = fgetxattr(from_fd, name, value, LAYER_XATTR_VALUE_MAX);
                if (size < 0)
                        return -errno;
                if (fsetxattr(to_fd, name, value, (size_t) size, 0) < 0)
                        return -errno;
                default_acl = default_acl || streq(name, ACL_DEFAULT);
        }

        *ret_default_acl = default_acl;
        return 0;
}

int layer_xattr_clear_acls(int fd, bool directory) {
        if (fremovexattr(fd, ACL_ACCESS) < 0 && errno != ENODATA && errno != EOPNOTSUPP)
                return -errno;
        if (directory && fremovexattr(fd, ACL_DEFAULT) < 0 && errno != ENODATA && errno != EOPNOTSUPP)
                return -errno;
        return 0;
}
