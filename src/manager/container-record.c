/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>

#include "container-config.h"
#include "container-record.h"
#include "manager.h"
#include "shared/fd.h"
#include "shared/io.h"
#include "shared/log.h"
#include "shared/path.h"
#include "shared/text.h"

static int add_process(JsonObject *o, const char *key, const ProcessId *p) {
        _cleanup_(json_putp) JsonObject *j = NULL;
        int r;

        if (p->pid <= 0)
                return 0;

        j = json_object_new_object();
        r = json_add_i64(j, "Pid", p->pid);
        if (r >= 0)
                r = json_add_u64(j, "StartTime", p->start_time);
        if (r >= 0)
                r = json_add(o, key, TAKE_PTR(j));
        return r;
}

static int make_record(const Container *c, JsonObject *o, Error *reterr) {
        JsonObject *config;
        int r;

        r = container_config_to_json(c->config, &config, reterr);
        if (r < 0)
                return r;

        r = json_add(o, "Config", config);
        if (r >= 0)
                r = json_add_u64(o, "Version", CONTAINER_RECORD_VERSION);
        if (r >= 0)
                r = json_add_string(o, "Id", c->id);
        if (r >= 0)
                r = json_add_string(o, "Name", c->name);
        if (r >= 0)
                r = json_add_string(o, "Image", c->image);
        if (r >= 0)
                r = json_add_string(o, "ImageID", c->image_id);
        if (r >= 0)
                r = json_add_u64(o, "Created", c->created_usec);
        if (r >= 0)
                r = json_add_u64(o, "OwnerUID", c->owner_uid);
        if (r >= 0)
                r = json_add_u64(o, "UsernsBase", c->userns_base);
        return r < 0 ? error_oom(reterr) : 0;
}

static int make_state(const Container *c, JsonObject *o) {
        int r;

        r = json_add_u64(o, "Version", CONTAINER_RECORD_VERSION);
        if (r >= 0)
                r = json_add_string(o, "State", container_state_to_string(c->state));
        if (r >= 0)
                r = json_add_u64(o, "Started", c->started_usec);
        if (r >= 0)
                r = json_add_u64(o, "Finished", c->finished_usec);
        if (r >= 0)
                r = json_add_i64(o, "ExitCode", c->exit_code);
        if (r >= 0)
                r = json_add_bool(o, "OOMKilled", c->oom_killed);
        if (r >= 0)
                r = json_add_bool(o, "RemoveWanted", c->remove_wanted);
        if (r >= 0)
                r = json_add_string(o, "Error", c->error);
        if (r >= 0)
                r = json_add_string(o, "Unit", c->unit);
        if (r >= 0)
                r = add_process(o, "Supervisor", &c->supervisor);
        if (r >= 0)
                r = add_process(o, "Leader", &c->leader);
        return r;
}

static int save(int dir_fd, const char *name, JsonObject *o, WriteFileFlags flags, Error *reterr) {
        const char *text;
        int r;

        text = json_text(o);
        if (!text)
                return error_oom(reterr);
        r = write_file_atomic_at(dir_fd, name, text, strlen(text), flags);
        if (r < 0)
                return error_errnof(reterr, r, "cannot write %s", name);
        return 0;
}

int container_save_record(Container *c, int dir_fd, Error *reterr) {
        _cleanup_(json_putp) JsonObject *o = json_object_new_object();
        int r;

        if (!o)
                return error_oom(reterr);
        r = make_record(c, o, reterr);
        if (r < 0)
                return r;
        return save(dir_fd, CONTAINER_RECORD_NAME, o, c->config->auto_remove ? 0 : WRITE_FILE_SYNC, reterr);
}

int container_save_state(Container *c, int dir_fd, Error *reterr) {
        _cleanup_(json_putp) JsonObject *o = json_object_new_object();

        if (!o || make_state(c, o) < 0)
                return error_oom(reterr);
        return save(dir_fd, CONTAINER_STATE_NAME, o, 0, reterr);
}

static int load(int dir_fd, const char *name, JsonObject **ret, Error *reterr) {
        _cleanup_(json_putp) JsonObject *o = NULL;
        _cleanup_(freep) char *text = NULL;
        size_t size;
        int r;

        r = read_full_file_at(dir_fd, name, JSON_SIZE_MAX, &text, &size);
        if (r < 0)
                return error_errnof(reterr, r, "cannot read %s", name);
        r = json_parse(name, text, size, &o, reterr);
        if (r < 0)
                return r;
        if (!json_object_is_type(o, json_type_object))
                return error_set(reterr, -EINVAL, "%s: expected an object", name);
        if (json_get_i64(o, "Version") > CONTAINER_RECORD_VERSION)
                return error_set(reterr, -EINVAL, "%s was written by a newer version of caisson", name);

        *ret = TAKE_PTR(o);
        return 0;
}

static int read_process_pid(JsonObject *o, const JsonPath *path, const JsonField *f, void *target,
                            Error *reterr) {
        int64_t v = json_object_get_int64(o);

        if (v <= 0 || v > INT32_MAX)
                return json_error(path, reterr, "not a process");
        *(pid_t *) target = (pid_t) v;
        return 0;
}

static const JsonField process_fields[] = {
                {"Pid",             json_type_int, read_process_pid, offsetof(ProcessId, pid), JSON_REQUIRED},
                {"StartTime", json_type_int, json_read_u64, offsetof(ProcessId, start_time), JSON_REQUIRED},
                {                },
};

typedef struct Record {
        char *id, *name, *image, *image_id;
        uint64_t created;
        uint32_t owner_uid, userns_base;
} Record;

static void record_done(Record *r) {
        free(r->id);
        free(r->name);
        free(r->image);
        free(r->image_id);
}

static const JsonField record_fields[] = {
                {"Id",              json_type_string, json_read_string, offsetof(Record, id), JSON_REQUIRED},
                {"Name", json_type_string, json_read_string, offsetof(Record, name), JSON_REQUIRED},
                {"Image",              json_type_string, json_read_string, offsetof(Record, image), JSON_REQUIRED},
                {"ImageID",                 json_type_string, json_read_string, offsetof(Record, image_id), JSON_REQUIRED},
                {"Created", json_type_int, json_read_u64, offsetof(Record, created), 0},
                {"OwnerUID",  json_type_int, json_read_u32, offsetof(Record, owner_uid), 0},
                {"UsernsBase",    json_type_int, json_read_u32, offsetof(Record, userns_base), 0},
                {},
};

int container_load_record(Container *c, int dir_fd, Error *reterr) {
        const JsonPath path = {.key = CONTAINER_RECORD_NAME},
                       config_path = {.parent = &path, .key = "Config"};
        _cleanup_(container_config_unrefp) ContainerConfig *config = NULL;
        _cleanup_(json_putp) JsonObject *o = NULL;
        _cleanup_(record_done) Record record = {};
        int r;

        r = load(dir_fd, CONTAINER_RECORD_NAME, &o, reterr);
        if (r < 0)
                return r;
        r = json_read_object(o, &path, record_fields, &record, reterr);
        if (r < 0)
                return r;
        if (!streq(record.id, c->id) || !object_name_is_valid(record.name))
                return error_set(reterr, -EINVAL, "%s: not the record of this container",
                                 CONTAINER_RECORD_NAME);
        r = container_config_from_json(json_get(o, "Config"), &config_path, &config, reterr);
        if (r < 0)
                return r;

        r = container_take_name(c, record.name, reterr);
        if (r < 0)
                return r;
        free_and_replace(c->image, record.image);
        free_and_replace(c->image_id, record.image_id);
        c->config = TAKE_PTR(config);
        c->created_usec = record.created;
        c->owner_uid = record.owner_uid;
        c->userns_base = record.userns_base;
        return 0;
}

typedef struct State {
        char *state, *error, *unit;
        uint64_t started, finished;
        int64_t exit_code;
        bool oom_killed, remove_wanted;
        ProcessId supervisor, leader;
} State;

static void state_done(State *s) {
        free(s->state);
        free(s->error);
        free(s->unit);
}

static const JsonField state_fields[] = {
                {"State",           json_type_string, json_read_string, offsetof(State, state), JSON_REQUIRED},
                {"Started", json_type_int, json_read_u64, offsetof(State, started), 0},
                {"Finished",           json_type_int, json_read_u64, offsetof(State, finished), 0},
                {"ExitCode",                 json_type_int, json_read_i64, offsetof(State, exit_code), 0},
                {"OOMKilled",    json_type_boolean, json_read_bool, offsetof(State, oom_killed), 0},
                {"RemoveWanted",   json_type_boolean, json_read_bool, offsetof(State, remove_wanted), 0},
                {"Error",                json_type_string, json_read_string, offsetof(State, error), 0},
                {"Unit",        json_type_string, json_read_string, offsetof(State, unit), 0},
                {"Supervisor",    json_type_object, json_read_struct, offsetof(State, supervisor), 0,
                 process_fields},
                {"Leader",        json_type_object, json_read_struct, offsetof(State, leader), 0, process_fields},
                {},
};

int container_load_state(Container *c, int dir_fd, Error *reterr) {
        const JsonPath path = {.key = CONTAINER_STATE_NAME};
        _cleanup_(json_putp) JsonObject *o = NULL;
        _cleanup_(state_done) State s = {};
        ContainerState state;
        int r;

        r = load(dir_fd, CONTAINER_STATE_NAME, &o, reterr);
        if (r < 0)
                return r;
        r = json_read_object(o, &path, state_fields, &s, reterr);
        if (r < 0)
                return r;
        state = container_state_from_string(s.state);
        if (state < 0)
                return error_set(reterr, -EINVAL, "%s: '%s' is not a state", CONTAINER_STATE_NAME, s.state);

        container_set_state(c, state);
        c->started_usec = s.started;
        c->finished_usec = s.finished;
        c->exit_code = CLAMP(s.exit_code, INT64_C(0), INT64_C(255));
        c->oom_killed = s.oom_killed;
        c->remove_wanted = s.remove_wanted;
        c->supervisor = s.supervisor;
        c->leader = s.leader;
        free_and_replace(c->error, s.error);
        free_and_replace(c->unit, s.unit);
        return 0;
}

int container_open_state_dir(const Container *c) {
        return open_beneath(c->manager->containers_fd, c->id, O_DIRECTORY | O_RDONLY, 0);
}

int container_open_run_dir(const Container *c) {
        return open_beneath(c->manager->run_containers_fd, c->id, O_DIRECTORY | O_RDONLY, 0);
}

typedef struct ExitRecord {
        int64_t exit_code;
        bool oom_killed;
        uint64_t finished;
} ExitRecord;

static const JsonField exit_fields[] = {
                {"exitCode",         json_type_int, json_read_i64, offsetof(ExitRecord, exit_code), JSON_REQUIRED},
                {"oomKilled",     json_type_boolean, json_read_bool, offsetof(ExitRecord, oom_killed), 0},
                {"finishedUSec",        json_type_int, json_read_u64, offsetof(ExitRecord, finished), 0},
                {},
};

int container_read_exit(Container *c, int run_dir_fd) {
        const JsonPath path = {.key = SUPERVISOR_EXIT_FILE};
        _cleanup_(json_putp) JsonObject *o = NULL;
        _cleanup_(error_done) Error e = {};
        ExitRecord record = {};
        int r;

        r = load(run_dir_fd, SUPERVISOR_EXIT_FILE, &o, &e);
        if (r == -ENOENT)
                return 0;
        if (r >= 0)
                r = json_read_object(o, &path, exit_fields, &record, &e);
        if (r < 0) {
                log_warning("Container %s: how it ended cannot be read, ignoring: %s", strempty(c->name),
                            error_message(&e, r));
                return r;
        }

        c->exit_known = true;
        c->exit_code = (int) CLAMP(record.exit_code, INT64_C(0), INT64_C(255));
        c->oom_killed = record.oom_killed;
        c->finished_usec = record.finished;
        return 1;
}
