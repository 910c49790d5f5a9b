/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <limits.h>

#include "mount-option.h"
#include "mount-spec.h"
#include "shared/path.h"
#include "shared/strv.h"
#include "shared/text.h"

static const char *const mount_spec_type_table[_MOUNT_SPEC_TYPE_MAX] = {
        [MOUNT_SPEC_BIND] = "bind",
        [MOUNT_SPEC_TMPFS] = "tmpfs",
        [MOUNT_SPEC_IMAGE_VOLUME] = "volume",
};
DEFINE_STRING_TABLE(mount_spec_type, MountSpecType);

void mount_spec_done(MountSpec *m) {
        free(m->source);
        free(m->target);
        free(m->propagation);
        free(m->mode_text);
        *m = (MountSpec) {};
}

MountSpec *mount_spec_free_many(MountSpec *m, size_t n) {
        for (size_t i = 0; i < n; i++)
                mount_spec_done(m + i);
        return mfree(m);
}

/* What all mounts of containers have unless somebody says otherwise: no devices and no set-user-id programs from
 * outside of the image; a tmpfs has no programs at all. */
static MountSpec mount_spec_defaults(MountSpecType type) {
        return (MountSpec) {
                .type = type,
                .exec = type != MOUNT_SPEC_TMPFS,
                .recursive = true,
                .mode = (mode_t) -1,
        };
}

static bool path_is_below(const char *path, const char *dir) {
        const char *rest = startswith(path, dir);

        return rest && (*rest == 0 || *rest == '/');
}

static int set_target(MountSpec *m, const char *path, Error *reterr) {
        _cleanup_(freep) char *clean = NULL;

        if (isempty(path))
                return error_set(reterr, -EINVAL, "the path in the container is missing");
        if (!path_is_absolute(path))
                return error_set(reterr, -EINVAL, "'%s' is not an absolute path in the container", path);
        if (strlen(path) >= PATH_MAX)
                return error_set(reterr, -EINVAL, "the path in the container is too long");

        clean = path_clean(path);
        if (!clean)
                return error_oom(reterr);
        if (!path_is_normalized(clean))
                return error_set(reterr, -EINVAL, "a part of the path in the container is too long");
        if (streq(clean, "/"))
                return error_set(reterr, -EINVAL, "nothing can be mounted over the container's root directory");

        /* The engine writes to /proc while it makes the container, and must find the true one there */
        if (path_is_below(clean, "/proc"))
                return error_set(reterr, -EINVAL, "'%s' is in /proc, where nothing can be mounted", clean);

        return free_and_replace(m->target, clean);
}

static int set_source(MountSpec *m, const char *path, Error *reterr) {
        _cleanup_(freep) char *clean = NULL;

        if (isempty(path))
                return error_set(reterr, -EINVAL, "the path on the host is missing");
        if (!path_is_absolute(path)) {
                if (strchr(path, '/') || path[0] == '.' || path[0] == '~')
                        return error_set(reterr, -EINVAL, "'%s' is not an absolute path on the host", path);
                return error_set(reterr, -EOPNOTSUPP,
                                 "'%s' would be a named volume, which this version does not have yet; "
                                 "give an absolute path on the host", path);
        }
        if (strlen(path) >= PATH_MAX)
                return error_set(reterr, -EINVAL, "the path on the host is too long");

        clean = path_clean(path);
        if (!clean)
                return error_oom(reterr);

        if (!path_is_normalized(clean))
                return error_set(reterr, -EINVAL, "a part of the path on the host is too long");

        return free_and_replace(m->source, clean);
}

static int add_options(MountSpec *m, const char *options, Error *reterr) {
        _cleanup_(strv_freep) char **words = NULL;
        MountOptionsSeen seen = {};
        int r;

        m->mode_text = strdup(options);
        if (!m->mode_text)
                return error_oom(reterr);

        r = strv_split(options, ",", &words);
        if (r < 0)
                return error_oom(reterr);

        STRV_FOREACH(word, words) {
                _cleanup_(freep) char *key = strndup(*word, strcspn(*word, "="));
                const char *value = strchr(*word, '=');

                if (!key)
                        return error_oom(reterr);
                r = mount_option_apply(m, &seen, key, value ? value + 1 : NULL, reterr);
                if (r < 0)
                        return r;
        }

        return 0;
}

static int finish(MountSpec *m, MountSpec *ret, Error *reterr) {
        if (!m->propagation) {
                m->propagation = strdup("rprivate");
                if (!m->propagation)
                        return error_oom(reterr);
        }

        *ret = TAKE_GENERIC(*m, MountSpec, (MountSpec) {});
        return 0;
}

int mount_spec_parse_volume(const char *text, MountSpec *ret, Error *reterr) {
        _cleanup_(mount_spec_done) MountSpec m = mount_spec_defaults(MOUNT_SPEC_BIND);
        _cleanup_(freep) char *copy = NULL;
        char *target, *options = NULL;
        int r;

        copy = strdup(text);
        if (!copy)
                return error_oom(reterr);

        target = strchr(copy, ':');
        if (target) {
                *target++ = 0;
                options = strchr(target, ':');
        }
        if (options) {
                *options++ = 0;
                if (strchr(options, ':'))
                        return error_set(reterr, -EINVAL, "volume '%s': expected HOST:CONTAINER[:OPTIONS]", text);
        }

        if (!target) {
                /* A path alone: a fresh directory, as for a VOLUME of the image */
                if (!path_is_absolute(copy))
                        return error_set(reterr, -EINVAL, "volume '%s': expected HOST:CONTAINER[:OPTIONS]", text);
                m.type = MOUNT_SPEC_IMAGE_VOLUME;
                r = set_target(&m, copy, reterr);
        } else {
                m.create_source = true;
                r = set_source(&m, copy, reterr);
                if (r >= 0)
                        r = set_target(&m, target, reterr);
        }
        if (r >= 0 && options)
                r = add_options(&m, options, reterr);
        if (r < 0)
                return error_prefix(reterr, r, "volume '%s'", text);

        return finish(&m, ret, reterr);
}

int mount_spec_parse_tmpfs(const char *text, MountSpec *ret, Error *reterr) {
        _cleanup_(mount_spec_done) MountSpec m = mount_spec_defaults(MOUNT_SPEC_TMPFS);
        _cleanup_(freep) char *copy = NULL;
        char *options;
        int r;

        copy = strdup(text);
        if (!copy)
                return error_oom(reterr);

        options = strchr(copy, ':');
        if (options)
                *options++ = 0;

        r = set_target(&m, copy, reterr);
        if (r >= 0 && options)
                r = add_options(&m, options, reterr);
        if (r < 0)
                return error_prefix(reterr, r, "tmpfs '%s'", text);

        return finish(&m, ret, reterr);
}

int mount_spec_parse_image_volume(const char *path, MountSpec *ret, Error *reterr) {
        _cleanup_(mount_spec_done) MountSpec m = mount_spec_defaults(MOUNT_SPEC_IMAGE_VOLUME);
        int r;

        r = set_target(&m, path, reterr);

        /* What an image says is never a reason to put something over the engine's own mounts */
        if (r >= 0 && (path_is_below(m.target, "/sys") || path_is_below(m.target, "/dev")))
                r = error_set(reterr, -EINVAL, "nothing of an image can be mounted there");
        if (r < 0)
                return error_prefix(reterr, r, "the image's volume '%s'", path);

        m.from_image = true;

        return finish(&m, ret, reterr);
}

/* One field of a line of comma-separated values: "a""b" in double quotes may hold commas. *s ends behind the comma, or
 * is NULL after the last one. */
static int next_field(const char **s, char **ret, Error *reterr) {
        _cleanup_(freep) char *field = NULL;
        const char *p = *s;
        size_t n = 0;

        field = malloc(strlen(p) + 1);
        if (!field)
                return error_oom(reterr);

        if (*p == '"') {
                for (p++; *p && (*p != '"' || p[1] == '"'); p++) {
                        if (*p == '"')
                                p++;
                        field[n++] = *p;
                }
                if (*p != '"' || (p[1] && p[1] != ','))
                        return error_set(reterr, -EINVAL, "the quotes do not match");
                p++;
        } else
                while (*p && *p != ',')
                        field[n++] = *p++;

        field[n] = 0;
        *s = *p ? p + 1 : NULL;
        *ret = TAKE_PTR(field);
        return 0;
}

static int parse_type(const char *value, MountSpecType *ret, Error *reterr) {
        if (isempty(value))
                return error_set(reterr, -EINVAL, "type= needs a value");
        if (STR_IN_SET(value, "image", "glob", "devpts", "ramfs", "npipe", "cluster"))
                return error_set(reterr, -EOPNOTSUPP, "mounts of type '%s' are not supported; there are bind, tmpfs and volume", value);

        *ret = mount_spec_type_from_string(value);
        if (*ret < 0)
                return error_set(reterr, -EINVAL, "'%s' is not a type of mount; there are bind, tmpfs and volume", value);
        return 0;
}

static int parse_mount_fields(char *const *fields, MountSpec *m, Error *reterr) {
        const char *source = NULL, *target = NULL;
        MountSpecType type = MOUNT_SPEC_IMAGE_VOLUME; /* docker's default is volume */
        MountOptionsSeen seen = {};
        int r;

        STRV_FOREACH(field, fields) {
                const char *value = startswith(*field, "type=");

                if (value) {
                        r = parse_type(value, &type, reterr);
                        if (r < 0)
                                return r;
                }
        }
        *m = mount_spec_defaults(type);

        STRV_FOREACH(field, fields) {
                _cleanup_(freep) char *key = strndup(*field, strcspn(*field, "="));
                const char *value = strchr(*field, '=');

                if (!key)
                        return error_oom(reterr);
                if (value)
                        value++;

                if (streq(key, "type"))
                        r = value ? 0 : error_set(reterr, -EINVAL, "type needs a value");
                else if (STR_IN_SET(key, "source", "src")) {
                        r = source || !value ? error_set(reterr, -EINVAL, "the source must be given once") : 0;
                        source = value;
                } else if (STR_IN_SET(key, "target", "destination", "dst")) {
                        r = target || !value ? error_set(reterr, -EINVAL, "the target must be given once") : 0;
                        target = value;
                } else
                        r = mount_option_apply(m, &seen, key, value, reterr);
                if (r < 0)
                        return r;
        }

        if (!target)
                return error_set(reterr, -EINVAL, "the target is missing (target=/path/in/container)");
        r = set_target(m, target, reterr);
        if (r < 0)
                return r;

        switch (m->type) {

        case MOUNT_SPEC_BIND:
                if (!source)
                        return error_set(reterr, -EINVAL, "the source is missing (source=/path/on/host)");
                if (!path_is_absolute(source))
                        return error_set(reterr, -EINVAL, "'%s' is not an absolute path on the host", source);
                return set_source(m, source, reterr);

        case MOUNT_SPEC_TMPFS:
                if (source)
                        return error_set(reterr, -EINVAL, "a tmpfs has no source");
                return 0;

        default:
                if (source)
                        return error_set(reterr, -EOPNOTSUPP,
                                         "this version does not have named volumes yet; "
                                         "use type=bind with a path on the host, or leave the source out");
                return 0;
        }
}

int mount_spec_parse_mount(const char *text, MountSpec *ret, Error *reterr) {
        _cleanup_(mount_spec_done) MountSpec m = {};
        _cleanup_(strv_freep) char **fields = NULL;
        int r;

        for (const char *s = text; s;) {
                char *field = NULL;

                r = next_field(&s, &field, reterr);
                if (r < 0)
                        return error_prefix(reterr, r, "mount '%s'", text);
                r = strv_consume(&fields, field);
                if (r < 0)
                        return error_oom(reterr);
        }

        r = parse_mount_fields(fields, &m, reterr);
        if (r < 0)
                return error_prefix(reterr, r, "mount '%s'", text);

        m.mode_text = strdup(m.read_only ? "ro" : "rw");
        if (!m.mode_text)
                return error_oom(reterr);

        return finish(&m, ret, reterr);
}
