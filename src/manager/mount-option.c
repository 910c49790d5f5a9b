/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mount-option.h"
#include "shared/parse.h"
#include "shared/text.h"

enum {
        FOR_BIND = 1 << MOUNT_SPEC_BIND,
        FOR_TMPFS = 1 << MOUNT_SPEC_TMPFS,
        FOR_VOLUME = 1 << MOUNT_SPEC_IMAGE_VOLUME,
        FOR_ALL = FOR_BIND | FOR_TMPFS | FOR_VOLUME,
        FOR_FILES = FOR_BIND | FOR_VOLUME,
};

/* Two options of one subject contradict or repeat each other. */
typedef enum Subject {
        SUBJECT_WRITING,
        SUBJECT_EXEC,
        SUBJECT_DEV,
        SUBJECT_SUID,
        SUBJECT_PROPAGATION,
        SUBJECT_RECURSIVE,
        SUBJECT_IDMAP,
        SUBJECT_CREATE,
        SUBJECT_SIZE,
        SUBJECT_INODES,
        SUBJECT_MODE,
        SUBJECT_UID,
        SUBJECT_GID,
        SUBJECT_LABEL,
        SUBJECT_COPY,
        SUBJECT_CONSISTENCY,
} Subject;

typedef struct MountOption {
        const char *name;
        unsigned types;
        Subject subject;
        /* value is NULL where nothing followed the name */
        int (*apply)(MountSpec *m, const struct MountOption *o, const char *value, Error *reterr);
        size_t offset; /* of a bool */
        bool inverted; /* "nodev" */
} MountOption;

static int apply_bool(MountSpec *m, const MountOption *o, const char *value, Error *reterr) {
        int b = value ? parse_boolean(value) : 1;

        if (b < 0)
                return error_set(reterr, -EINVAL, "%s=%s: expected true or false", o->name, value);

        *(bool *) ((char *) m + o->offset) = (b > 0) != o->inverted;
        return 0;
}

static int no_value(const MountOption *o, const char *value, Error *reterr) {
        return value ? error_set(reterr, -EINVAL, "option '%s' takes no value", o->name) : 0;
}

static int set_propagation(MountSpec *m, const char *value, Error *reterr) {
        char *copy;

        if (!value || !STR_IN_SET(value, "private", "rprivate", "shared", "rshared", "slave", "rslave"))
                return error_set(reterr, -EINVAL, "'%s' is not a propagation; there are rprivate, private, rslave, slave, rshared and shared",
                                 strempty(value));

        copy = strdup(value);
        if (!copy)
                return error_oom(reterr);
        free(m->propagation);
        m->propagation = copy;
        return 0;
}

static int apply_propagation_word(MountSpec *m, const MountOption *o, const char *value, Error *reterr) {
        int r = no_value(o, value, reterr);

        return r < 0 ? r : set_propagation(m, o->name, reterr);
}

static int apply_propagation(MountSpec *m, const MountOption *o, const char *value, Error *reterr) {
        return set_propagation(m, value, reterr);
}

static int apply_recursive(MountSpec *m, const MountOption *o, const char *value, Error *reterr) {
        if (value && STR_IN_SET(value, "enabled", "readonly"))
                m->recursive = true; /* ":ro" is recursive here in any case */
        else if (value && streq(value, "disabled"))
                m->recursive = false;
        else if (value && streq(value, "writable"))
                return error_set(reterr, -EOPNOTSUPP, "bind-recursive=writable is not supported: read-only means all of it");
        else
                return error_set(reterr, -EINVAL, "bind-recursive must be enabled, disabled or readonly");
        return 0;
}

static int apply_size(MountSpec *m, const MountOption *o, const char *value, Error *reterr) {
        size_t n = strlen(strempty(value));

        if (n > 1 && value[n - 1] == '%') {
                _cleanup_(freep) char *number = strndup(value, n - 1);
                uint32_t percent;

                if (!number)
                        return error_oom(reterr);
                if (parse_u32(number, &percent) >= 0 && percent > 0 && percent <= 100) {
                        m->size_percent = percent;
                        return 0;
                }
        } else if (n > 0 && parse_size(value, &m->size) >= 0 && m->size > 0)
                return 0;

        return error_set(reterr, -EINVAL, "%s=%s: expected a size like 64m or 10%%", o->name, strempty(value));
}

static int apply_inodes(MountSpec *m, const MountOption *o, const char *value, Error *reterr) {
        if (!value || parse_size(value, &m->n_inodes) < 0)
                return error_set(reterr, -EINVAL, "%s=%s: expected a number", o->name, strempty(value));
        return 0;
}

static int apply_mode(MountSpec *m, const MountOption *o, const char *value, Error *reterr) {
        if (!value || parse_mode(value, &m->mode) < 0)
                return error_set(reterr, -EINVAL, "%s=%s: expected permissions like 1777", o->name, strempty(value));
        return 0;
}

static int apply_id(MountSpec *m, const MountOption *o, const char *value, Error *reterr) {
        if (!value || parse_uid(value, (uid_t *) ((char *) m + o->offset)) < 0)
                return error_set(reterr, -EINVAL, "%s=%s: expected a numeric id", o->name, strempty(value));
        return 0;
}

/* What means something elsewhere and has no effect here: labels without SELinux, caching hints, and the copying of
 * files into a fresh volume. */
static int apply_nothing(MountSpec *m, const MountOption *o, const char *value, Error *reterr) {
        return 0;
}

static int refuse_chown(MountSpec *m, const MountOption *o, const char *value, Error *reterr) {
        return error_set(reterr, -EOPNOTSUPP,
                         "option '%s' is not needed: files have the same owners in the container as on the host", o->name);
}

static int refuse_overlay(MountSpec *m, const MountOption *o, const char *value, Error *reterr) {
        return error_set(reterr, -EOPNOTSUPP, "option 'O' (a throw-away overlay) is not supported");
}

#define MOUNT_BOOL(name, types, subject, member, inverted)                                                   \
        { name, types, subject, apply_bool, offsetof(MountSpec, member), inverted }
static const MountOption mount_options[] = {
        MOUNT_BOOL("ro", FOR_ALL, SUBJECT_WRITING, read_only, false),
        MOUNT_BOOL("readonly", FOR_ALL, SUBJECT_WRITING, read_only, false),
        MOUNT_BOOL("rw", FOR_ALL, SUBJECT_WRITING, read_only, true),
        MOUNT_BOOL("exec", FOR_ALL, SUBJECT_EXEC, exec, false),
        MOUNT_BOOL("noexec", FOR_ALL, SUBJECT_EXEC, exec, true),
        MOUNT_BOOL("dev", FOR_ALL, SUBJECT_DEV, dev, false),
        MOUNT_BOOL("nodev", FOR_ALL, SUBJECT_DEV, dev, true),
        MOUNT_BOOL("suid", FOR_ALL, SUBJECT_SUID, suid, false),
        MOUNT_BOOL("nosuid", FOR_ALL, SUBJECT_SUID, suid, true),
        MOUNT_BOOL("rbind", FOR_BIND, SUBJECT_RECURSIVE, recursive, false),
        MOUNT_BOOL("bind", FOR_BIND, SUBJECT_RECURSIVE, recursive, true),
        MOUNT_BOOL("bind-nonrecursive", FOR_BIND, SUBJECT_RECURSIVE, recursive, true),
        { "bind-recursive", FOR_BIND, SUBJECT_RECURSIVE, apply_recursive },
        MOUNT_BOOL("bind-create-src", FOR_BIND, SUBJECT_CREATE, create_source, false),
        MOUNT_BOOL("idmap", FOR_FILES, SUBJECT_IDMAP, no_idmap, true),
        MOUNT_BOOL("noidmap", FOR_FILES, SUBJECT_IDMAP, no_idmap, false),
        { "private", FOR_FILES, SUBJECT_PROPAGATION, apply_propagation_word },
        { "rprivate", FOR_ALL, SUBJECT_PROPAGATION, apply_propagation_word },
        { "shared", FOR_BIND, SUBJECT_PROPAGATION, apply_propagation_word },
        { "rshared", FOR_BIND, SUBJECT_PROPAGATION, apply_propagation_word },
        { "slave", FOR_BIND, SUBJECT_PROPAGATION, apply_propagation_word },
        { "rslave", FOR_BIND, SUBJECT_PROPAGATION, apply_propagation_word },
        { "bind-propagation", FOR_BIND, SUBJECT_PROPAGATION, apply_propagation },
        { "size", FOR_TMPFS, SUBJECT_SIZE, apply_size },
        { "tmpfs-size", FOR_TMPFS, SUBJECT_SIZE, apply_size },
        { "nr_inodes", FOR_TMPFS, SUBJECT_INODES, apply_inodes },
        { "mode", FOR_TMPFS, SUBJECT_MODE, apply_mode },
        { "tmpfs-mode", FOR_TMPFS, SUBJECT_MODE, apply_mode },
        { "uid", FOR_TMPFS, SUBJECT_UID, apply_id, offsetof(MountSpec, uid) },
        { "gid", FOR_TMPFS, SUBJECT_GID, apply_id, offsetof(MountSpec, gid) },
        { "z", FOR_FILES, SUBJECT_LABEL, apply_nothing },
        { "Z", FOR_FILES, SUBJECT_LABEL, apply_nothing },
        { "relabel", FOR_FILES, SUBJECT_LABEL, apply_nothing },
        { "copy", FOR_FILES, SUBJECT_COPY, apply_nothing },
        { "nocopy", FOR_FILES, SUBJECT_COPY, apply_nothing },
        { "volume-nocopy", FOR_VOLUME, SUBJECT_COPY, apply_nothing },
        { "tmpcopyup", FOR_TMPFS, SUBJECT_COPY, apply_nothing },
        { "notmpcopyup", FOR_TMPFS, SUBJECT_COPY, apply_nothing },
        { "cached", FOR_FILES, SUBJECT_CONSISTENCY, apply_nothing },
        { "delegated", FOR_FILES, SUBJECT_CONSISTENCY, apply_nothing },
        { "consistent", FOR_FILES, SUBJECT_CONSISTENCY, apply_nothing },
        { "consistency", FOR_FILES, SUBJECT_CONSISTENCY, apply_nothing },
        { "U", FOR_ALL, SUBJECT_UID, refuse_chown },
        { "chown", FOR_ALL, SUBJECT_UID, refuse_chown },
        { "O", FOR_BIND, SUBJECT_COPY, refuse_overlay },
};

static int unknown_option(const char *key, unsigned type, Error *reterr) {
        const char *best = NULL;
        unsigned best_distance = (unsigned) MIN(strlen(key) / 3 + 1, (size_t) 3);

        for (size_t i = 0; i < ELEMENTSOF(mount_options); i++) {
                unsigned d;

                if (!(mount_options[i].types & type) || strlen(mount_options[i].name) < 3)
                        continue;
                d = edit_distance(key, mount_options[i].name);
                if (d < best_distance) {
                        best = mount_options[i].name;
                        best_distance = d;
                }
        }

        if (best)
                return error_set(reterr, -EINVAL, "unknown option '%s'; did you mean '%s'?", key, best);
        return error_set(reterr, -EINVAL, "unknown option '%s'", key);
}

int mount_option_apply(MountSpec *m, MountOptionsSeen *seen, const char *key, const char *value, Error *reterr) {
        const char *misplaced = NULL;

        for (size_t i = 0; i < ELEMENTSOF(mount_options); i++) {
                const MountOption *o = mount_options + i;

                if (!streq(o->name, key))
                        continue;
                if (!(o->types & (1U << m->type))) {
                        misplaced = o->name;
                        continue;
                }
                if (seen->subjects & (UINT64_C(1) << o->subject))
                        return error_set(reterr, -EINVAL, "option '%s' repeats or contradicts an earlier one", key);

                seen->subjects |= UINT64_C(1) << o->subject;
                return o->apply(m, o, value, reterr);
        }

        if (misplaced)
                return error_set(reterr, -EINVAL, "option '%s' means nothing for a mount of type %s", misplaced,
                                 mount_spec_type_to_string(m->type));
        return unknown_option(key, 1U << m->type, reterr);
}
