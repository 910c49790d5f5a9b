/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "shared/fd.h"
#include "shared/io.h"
#include "shared/path.h"
#include "shared/strv.h"
#include "shared/text.h"
#include "state.h"

#define STATE_FILE  "state.json"
#define STATE_MAX   (1U << 20)
#define ID_MAX      1024U

static const char *const container_status_table[CONTAINER_STATUS_MAX] = {
        [CONTAINER_CREATING] = "creating",
        [CONTAINER_CREATED] = "created",
        [CONTAINER_RUNNING] = "running",
        [CONTAINER_STOPPED] = "stopped",
};
DEFINE_STRING_TABLE(container_status, ContainerStatus)

static const JsonField state_fields[] = {
        { "id",          json_type_string,  json_read_string,     offsetof(RuntimeState, id),                 JSON_REQUIRED },
        { "bundle",      json_type_string,  json_read_string,     offsetof(RuntimeState, bundle),             JSON_REQUIRED },
        { "pid",         json_type_int,     json_read_u32,        offsetof(RuntimeState, process.pid),        0 },
        { "startTime",   json_type_int,     json_read_u64,        offsetof(RuntimeState, process.start_time), 0 },
        { "started",     json_type_boolean, json_read_bool,       offsetof(RuntimeState, started),            0 },
        { "created",     json_type_int,     json_read_i64,        offsetof(RuntimeState, created_usec),       0 },
        { "cgroups",     json_type_array,   json_read_strv,       offsetof(RuntimeState, cgroups),            0 },
        { "annotations", json_type_object,  json_read_string_map, offsetof(RuntimeState, annotations),        0 },
        {},
};

void runtime_state_done(RuntimeState *s) {
        free(s->id);
        free(s->bundle);
        strv_free(s->cgroups);
        strv_free(s->annotations);
        safe_close(s->directory_fd);
        *s = (RuntimeState) RUNTIME_STATE_INIT;
}

bool runtime_id_is_valid(const char *id) {
        if (!filename_is_valid(id) || strlen(id) > ID_MAX)
                return false;

        for (const char *p = id; *p; p++)
                if (!ascii_isalnum(*p) && !strchr("_+-.", *p))
                        return false;

        return true;
}

static int open_root(const char *root, Error *reterr) {
        int fd, r;

        r = mkdir_parents(root, 0700);
        if (r < 0)
                return error_errnof(reterr, r, "Cannot make '%s'", root);

        fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? error_errnof(reterr, -errno, "Cannot open '%s'", root) : fd;
}

static int check_id(const char *id, Error *reterr) {
        return runtime_id_is_valid(id) ? 0 : error_set(reterr, -EINVAL, "'%s' is not the name of a container", id);
}

int runtime_state_create(const char *root, const char *id, RuntimeState *ret, Error *reterr) {
        _cleanup_(runtime_state_done) RuntimeState s = RUNTIME_STATE_INIT;
        _cleanup_(closep) int root_fd = -EBADF;
        struct timespec now;
        int r;

        r = check_id(id, reterr);
        if (r < 0)
                return r;
        root_fd = open_root(root, reterr);
        if (root_fd < 0)
                return root_fd;

        if (mkdirat(root_fd, id, 0700) < 0)
                return errno == EEXIST ? error_set(reterr, -EEXIST, "container with id exists already: %s", id)
                                       : error_errnof(reterr, -errno, "Cannot make '%s/%s'", root, id);
        s.directory_fd = openat(root_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (s.directory_fd < 0)
                return error_errnof(reterr, -errno, "Cannot open '%s/%s'", root, id);

        s.id = strdup(id);
        if (!s.id)
                return error_oom(reterr);
        clock_gettime(CLOCK_REALTIME, &now);
        s.created_usec = (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;

        *ret = s;
        s = (RuntimeState) RUNTIME_STATE_INIT;
        return 0;
}

int runtime_state_load(const char *root, const char *id, RuntimeState *ret, Error *reterr) {
        _cleanup_(runtime_state_done) RuntimeState s = RUNTIME_STATE_INIT;
        _cleanup_(json_putp) JsonObject *o = NULL;
        _cleanup_(closep) int root_fd = -EBADF;
        _cleanup_(freep) char *text = NULL;
        JsonPath path = { .key = STATE_FILE };
        int r;

        r = check_id(id, reterr);
        if (r < 0)
                return r;
        root_fd = open_root(root, reterr);
        if (root_fd < 0)
                return root_fd;

        s.directory_fd = openat(root_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (s.directory_fd < 0)
                return errno == ENOENT ? error_set(reterr, -ENOENT, "container does not exist: %s", id)
                                       : error_errnof(reterr, -errno, "Cannot open '%s/%s'", root, id);

        r = read_full_file_at(s.directory_fd, STATE_FILE, STATE_MAX, &text, NULL);
        if (r == -ENOENT) {
                /* Somebody is at it, or died at it */
                s.id = strdup(id);
                s.bundle = strdup("");
                if (!s.id || !s.bundle)
                        return error_oom(reterr);
        } else if (r < 0)
                return error_errnof(reterr, r, "Cannot read the state of container %s", id);
        else {
                r = json_parse(STATE_FILE, text, strlen(text), &o, reterr);
                if (r >= 0)
                        r = json_read_object(o, &path, state_fields, &s, reterr);
                if (r < 0)
                        return error_prefix(reterr, r, "container %s", id);
        }

        *ret = s;
        s = (RuntimeState) RUNTIME_STATE_INIT;
        return 0;
}

int runtime_state_save(const RuntimeState *s, Error *reterr) {
        _cleanup_(json_putp) JsonObject *o = json_object_new_object();
        const char *text;
        int r;

        if (!o || json_add_string(o, "id", s->id) < 0 || json_add_string(o, "bundle", s->bundle) < 0 ||
            json_add_u64(o, "pid", s->process.pid) < 0 || json_add_u64(o, "startTime", s->process.start_time) < 0 ||
            json_add_bool(o, "started", s->started) < 0 || json_add_i64(o, "created", s->created_usec) < 0 ||
            json_add_strv(o, "cgroups", s->cgroups) < 0 || json_add_string_map(o, "annotations", s->annotations) < 0)
                return error_oom(reterr);

        text = json_text(o);
        if (!text)
                return error_oom(reterr);
        r = write_file_atomic_at(s->directory_fd, STATE_FILE, text, strlen(text), 0);
        return r < 0 ? error_errnof(reterr, r, "Cannot write the state of container %s", s->id) : 0;
}

int runtime_state_remove(const char *root, const char *id) {
        _cleanup_(closep) int root_fd = -EBADF;

        root_fd = open_root(root, NULL);
        return root_fd < 0 ? root_fd : remove_tree_at(root_fd, id);
}

/* A zombie is stopped as well: its parent is in no hurry. */
ContainerStatus runtime_state_status(const RuntimeState *s) {
        _cleanup_(closep) int fd = -EBADF;

        if (s->process.pid == 0)
                return CONTAINER_CREATING;

        fd = process_open(&s->process);
        if (fd < 0 || !pidfd_is_alive(fd))
                return CONTAINER_STOPPED;

        return s->started ? CONTAINER_RUNNING : CONTAINER_CREATED;
}

int runtime_state_to_json(const RuntimeState *s, JsonObject **ret) {
        _cleanup_(json_putp) JsonObject *o = json_object_new_object();
        ContainerStatus status = runtime_state_status(s);

        if (!o || json_add_string(o, "ociVersion", OCI_VERSION) < 0 || json_add_string(o, "id", s->id) < 0 ||
            json_add_string(o, "status", container_status_to_string(status)) < 0 ||
            json_add_u64(o, "pid", status == CONTAINER_STOPPED ? 0 : s->process.pid) < 0 ||
            json_add_string(o, "bundle", s->bundle) < 0 || json_add_string_map(o, "annotations", s->annotations) < 0)
                return -ENOMEM;

        *ret = TAKE_PTR(o);
        return 0;
}

int runtime_state_list(const char *root, char ***ret, Error *reterr) {
        _cleanup_(strv_freep) char **ids = NULL;
        _cleanup_(closedirp) DIR *d = NULL;
        struct dirent *de;
        int r;

        d = opendir(root);
        if (!d && errno != ENOENT)
                return error_errnof(reterr, -errno, "Cannot open '%s'", root);

        while (d && (de = readdir(d))) {
                if (!runtime_id_is_valid(de->d_name))
                        continue;
                r = strv_extend(&ids, de->d_name);
                if (r < 0)
                        return error_oom(reterr);
        }

        *ret = strv_sort(TAKE_PTR(ids));
        return 0;
}
