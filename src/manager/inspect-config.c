/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inspect-internal.h"
#include "shared/path.h"
#include "shared/strv.h"
#include "shared/text.h"
#include "spec-volumes.h"

int inspect_add_path(JsonObject *o, const char *key, const char *dir, const char *name) {
        _cleanup_(freep) char *path = isempty(dir) ? strdup("") : path_join(dir, name);

        return path ? json_add_string(o, key, path) : -ENOMEM;
}

/* { "80/tcp": {} }, as Go writes sets */
static int add_set(JsonObject *o, const char *key, char *const *l, const char *suffix) {
        JsonObject *set, *member;
        int r;

        if (strv_isempty(l))
                return json_object_object_add(o, key, NULL) < 0 ? -ENOMEM : 0;

        r = inspect_add_object(o, key, &set);
        STRV_FOREACH(s, l) {
                _cleanup_(freep) char *name = text_join(*s, strchr(*s, '/') ? "" : suffix, NULL);

                if (r < 0)
                        return r;
                if (!name)
                        return -ENOMEM;
                r = inspect_add_object(set, name, &member);
        }
        return r;
}

static bool attaches(const ContainerConfig *c, const char *stream) {
        return strv_contains(c->attach, stream);
}

int inspect_make_config(const ContainerConfig *c, const ContainerFacts *f, bool secrets, JsonObject *o) {
        char *const none[] = { NULL };
        int r;

        r = json_add_string(o, "Hostname", strempty(c->hostname));
        if (r >= 0)
                r = json_add_string(o, "Domainname", strempty(c->domainname));
        if (r >= 0)
                r = json_add_string(o, "User", strempty(c->user));
        if (r >= 0)
                r = json_add_bool(o, "AttachStdin", attaches(c, "stdin"));
        if (r >= 0)
                r = json_add_bool(o, "AttachStdout", attaches(c, "stdout"));
        if (r >= 0)
                r = json_add_bool(o, "AttachStderr", attaches(c, "stderr"));
        if (r >= 0)
                r = add_set(o, "ExposedPorts", c->expose, "/tcp");
        if (r >= 0)
                r = json_add_bool(o, "Tty", c->tty);
        if (r >= 0)
                r = json_add_bool(o, "OpenStdin", c->interactive);
        if (r >= 0)
                r = json_add_bool(o, "StdinOnce", c->interactive && attaches(c, "stdin"));
        if (r >= 0)
                r = json_add_strv(o, "Env", secrets && c->environment ? c->environment : (char **) none);
        if (r >= 0)
                r = json_add_strv(o, "Cmd", secrets && c->command ? c->command : (char **) none);
        if (r >= 0)
                r = json_add_string(o, "Image", f->image_name);
        if (r >= 0)
                r = add_set(o, "Volumes", c->image_volumes, "");
        if (r >= 0)
                r = json_add_string(o, "WorkingDir", c->working_directory ?: "/");
        if (r >= 0)
                r = json_add_strv(o, "Entrypoint", c->entrypoint ?: (char **) none);
        if (r >= 0 && json_object_object_add(o, "OnBuild", NULL) < 0)
                r = -ENOMEM;
        if (r >= 0)
                r = json_add_string_map(o, "Labels", c->labels ?: (char **) none);
        if (r >= 0 && !strv_isempty(c->annotations))
                r = json_add_string_map(o, "Annotations", c->annotations);
        if (r >= 0)
                r = json_add_string(o, "StopSignal", c->stop_signal ?: "SIGTERM");
        if (r >= 0)
                r = json_add_u64(o, "StopTimeout", c->stop_timeout_usec / 1000000U);
        if (r >= 0 && c->healthcheck) {
                JsonObject *check;

                if (json_parse("Healthcheck", c->healthcheck, strlen(c->healthcheck), &check, NULL) >= 0)
                        r = json_add(o, "Healthcheck", check);
        }
        if (r >= 0 && c->umask)
                r = json_add_string(o, "Umask", c->umask);
        if (r >= 0 && c->timezone)
                r = json_add_string(o, "Timezone", c->timezone);
        return r;
}

static int make_mount(const ContainerConfig *c, const ContainerFacts *f, const MountSpec *m, size_t number,
                      JsonObject *o) {
        _cleanup_(freep) char *source = NULL;
        int r;

        if (m->type == MOUNT_SPEC_IMAGE_VOLUME) {
                source = text_printf("%s/volumes/%zu", strempty(f->state_dir), number);
                if (!source)
                        return -ENOMEM;
        }

        r = json_add_string(o, "Type", mount_spec_type_to_string(m->type));
        if (r >= 0)
                r = json_add_string(o, "Source", source ?: strempty(m->source));
        if (r >= 0)
                r = json_add_string(o, "Destination", m->target);
        if (r >= 0)
                r = json_add_string(o, "Mode", strempty(m->mode_text));
        if (r >= 0)
                r = json_add_bool(o, "RW", !m->read_only);
        if (r >= 0)
                r = json_add_string(o, "Propagation", m->type == MOUNT_SPEC_BIND ? m->propagation : "");
        return r;
}

int inspect_make_mounts(const ContainerConfig *c, const ContainerFacts *f, JsonObject *array) {
        size_t n = 0;

        for (size_t i = 0; i < c->n_mount_specs; i++) {
                const MountSpec *m = c->mount_specs + i;
                JsonObject *o;
                int r;

                /* An image's volume that is part of the container's own layer is no mount */
                if (m->type == MOUNT_SPEC_IMAGE_VOLUME && !spec_volume_has_directory(c, m))
                        continue;

                r = inspect_append_object(array, &o);
                if (r >= 0)
                        r = make_mount(c, f, m, n, o);
                if (r < 0)
                        return r;
                if (m->type == MOUNT_SPEC_IMAGE_VOLUME)
                        n++;
        }
        return 0;
}
