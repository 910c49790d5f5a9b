/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sys/mount.h>

#include "mount-options.h"
#include "shared/strv.h"
#include "shared/text.h"

typedef struct AttributeOption {
        const char *name;
        uint64_t set;
        uint64_t clear;
} AttributeOption;

/* With an "r" before it, each goes for the mounts below as well. */
static const AttributeOption attribute_options[] = {
        { "ro",            MOUNT_ATTR_RDONLY,      0                      },
        { "rw",            0,                      MOUNT_ATTR_RDONLY      },
        { "nosuid",        MOUNT_ATTR_NOSUID,      0                      },
        { "suid",          0,                      MOUNT_ATTR_NOSUID      },
        { "nodev",         MOUNT_ATTR_NODEV,       0                      },
        { "dev",           0,                      MOUNT_ATTR_NODEV       },
        { "noexec",        MOUNT_ATTR_NOEXEC,      0                      },
        { "exec",          0,                      MOUNT_ATTR_NOEXEC      },
        { "nodiratime",    MOUNT_ATTR_NODIRATIME,  0                      },
        { "diratime",      0,                      MOUNT_ATTR_NODIRATIME  },
        { "nosymfollow",   MOUNT_ATTR_NOSYMFOLLOW, 0                      },
        { "symfollow",     0,                      MOUNT_ATTR_NOSYMFOLLOW },
        { "noatime",       MOUNT_ATTR_NOATIME,     MOUNT_ATTR__ATIME      },
        { "atime",         MOUNT_ATTR_RELATIME,    MOUNT_ATTR__ATIME      },
        { "relatime",      MOUNT_ATTR_RELATIME,    MOUNT_ATTR__ATIME      },
        { "norelatime",    MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME      },
        { "strictatime",   MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME      },
        { "nostrictatime", MOUNT_ATTR_RELATIME,    MOUNT_ATTR__ATIME      },
};

static const struct {
        const char *name;
        unsigned flag;
        bool recursive;
} propagation_options[] = {
        { "private",     MS_PRIVATE,    false },
        { "rprivate",    MS_PRIVATE,    true  },
        { "slave",       MS_SLAVE,      false },
        { "rslave",      MS_SLAVE,      true  },
        { "shared",      MS_SHARED,     false },
        { "rshared",     MS_SHARED,     true  },
        { "unbindable",  MS_UNBINDABLE, false },
        { "runbindable", MS_UNBINDABLE, true  },
};

void mount_options_done(MountOptions *o) {
        o->filesystem = strv_free(o->filesystem);
}

static const AttributeOption *find_attribute(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(attribute_options); i++)
                if (streq(attribute_options[i].name, name))
                        return attribute_options + i;

        return NULL;
}

/* The last of several that contradict one another counts; MOUNT_ATTR_RELATIME is 0, so "cleared" is no contradiction. */
static void apply(const AttributeOption *a, uint64_t *set, uint64_t *clear) {
        *set = (*set & ~a->clear) | a->set;
        *clear = (*clear & ~a->set) | a->clear;
}

static bool parse_one(const char *option, MountOptions *o) {
        const AttributeOption *a;

        a = find_attribute(option);
        if (a) {
                apply(a, &o->attr_set, &o->attr_clear);
                return true;
        }

        a = option[0] == 'r' ? find_attribute(option + 1) : NULL;
        if (a) {
                apply(a, &o->attr_set, &o->attr_clear);
                apply(a, &o->recursive_set, &o->recursive_clear);
                return true;
        }

        for (size_t i = 0; i < ELEMENTSOF(propagation_options); i++)
                if (streq(propagation_options[i].name, option)) {
                        o->propagation = propagation_options[i].flag;
                        o->propagation_recursive = propagation_options[i].recursive;
                        return true;
                }

        if (STR_IN_SET(option, "bind", "rbind")) {
                o->bind = true;
                o->recursive = o->recursive || option[0] == 'r';
                return true;
        }
        if (STR_IN_SET(option, "idmap", "ridmap")) {
                o->idmap = true;
                o->idmap_recursive = o->idmap_recursive || option[0] == 'r';
                return true;
        }

        return STR_IN_SET(option, "defaults", "silent", "loud", "");
}

int mount_options_parse(const char *where, char *const *options, bool bind, MountOptions *ret, Error *reterr) {
        MountOptions o = {};
        int r = 0;

        STRV_FOREACH(s, options) {
                if (parse_one(*s, &o))
                        continue;
                r = strv_extend(&o.filesystem, *s);
                if (r < 0) {
                        r = error_oom(reterr);
                        break;
                }
        }

        if (r >= 0 && (bind || o.bind) && o.filesystem)
                r = error_set(reterr, -EINVAL, "mount %s: unknown option '%s' for a bind mount", where, o.filesystem[0]);
        if (r < 0) {
                mount_options_done(&o);
                return r;
        }

        o.bind = o.bind || bind;
        /* Read-only means all that is seen there: a mount below that stays writable has surprised too many */
        if (o.recursive)
                o.recursive_set |= o.attr_set & MOUNT_ATTR_RDONLY;

        *ret = o;
        return 0;
}
