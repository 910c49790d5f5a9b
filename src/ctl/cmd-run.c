/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "ctl/attach.h"
#include "ctl/commands.h"
#include "ctl/container-options.h"
#include "ctl/session.h"
#include "shared/bus-names.h"
#include "shared/fd.h"
#include "shared/io.h"
#include "shared/strv.h"
#include "shared/text.h"

static const Option run_options[] = {
        OPTION_HEADING("How to run it"),
        { "detach", 'd', OPTION_BOOL, NULL, "Run it in the background and print its id", NULL, 0, NULL },
        { "attach", 'a', OPTION_LIST, "STREAM", "Connect only this one of stdin, stdout, stderr", NULL, 0, NULL },
        { "sig-proxy", 0, OPTION_BOOL, NULL, "Pass the signals we get on to the command (on unless --sig-proxy=false)", NULL,
          OPTION_DEFAULT_TRUE, NULL },
        { "detach-keys", 0, OPTION_STRING, "KEYS", "Keys that leave the container running, ctrl-p,ctrl-q by default",
          NULL, 0, NULL },
        {},
};

/* docker's create takes -a too, and nothing comes of it. */
static const Option create_options[] = {
        { "attach", 'a', OPTION_LIST, "STREAM", NULL, NULL, OPTION_HIDDEN, NULL },
        {},
};

static int check_conflicts(const Arguments *a, bool detached, Error *reterr) {
        const char *restart = option_string(a, "restart");

        if (detached && option_given(a, "attach"))
                return error_set(reterr, -EINVAL, "--detach and --attach exclude each other");
        if (option_on(a, "rm") && restart && !streq(restart, "no"))
                return error_set(reterr, -EINVAL, "--rm and --restart exclude each other");
        if (option_on(a, "replace") && isempty(option_string(a, "name")))
                return error_set(reterr, -EINVAL, "--replace needs a --name");
        return 0;
}

/* Early, so that a container is not made for nothing. */
static int open_cidfile(const Arguments *a, int *ret, Error *reterr) {
        const char *path = option_string(a, "cidfile");

        if (isempty(path))
                return 0;
        *ret = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, 0644);
        if (*ret >= 0)
                return 0;
        if (errno == EEXIST)
                return error_set(reterr, -EEXIST, "--cidfile: '%s' exists; remove it or name another file", path);
        return error_errnof(reterr, negative_errno(), "--cidfile: create '%s'", path);
}

static int write_cidfile(const Arguments *a, int fd, const char *id, Error *reterr) {
        int r;

        if (fd < 0)
                return 0;
        r = loop_write(fd, id, strlen(id));
        return r < 0 ? error_errnof(reterr, r, "--cidfile: write '%s'", option_string(a, "cidfile")) : 0;
}

static int append_streams(sd_bus_message *m, const AttachOptions *o, int socket) {
        _cleanup_(strv_freep) char **streams = NULL;
        int r = 0;

        if (o->input)
                r = strv_extend(&streams, "stdin");
        if (r >= 0 && o->output)
                r = strv_extend(&streams, "stdout");
        if (r >= 0 && o->errors)
                r = strv_extend(&streams, "stderr");
        if (r >= 0)
                r = append_strv(m, "Attach", streams);
        if (r >= 0)
                r = sd_bus_message_append(m, "{sv}", "AttachSocket", "h", socket);
        return r;
}

/* CreateContainer and RunContainer take the same. attach: NULL, nothing is connected. */
static int make_container(Client *c, const char *member, const Arguments *a, const AttachOptions *attach, int socket,
                          char **ret_path, Error *reterr) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        const char *name = option_string(a, "name"), *image = a->positional[0], *path;
        int r;

        if (!utf8_is_valid(image) || !utf8_is_valid(strempty(name)))
                return error_set(reterr, -EINVAL, "names must be UTF-8");

        r = client_new_call(c, BUS_PATH_MANAGER, BUS_IFACE_MANAGER, member, &call, reterr);
        if (r < 0)
                return r;
        r = sd_bus_message_append(call, "ss", strempty(name), image);
        if (r >= 0)
                r = sd_bus_message_open_container(call, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r < 0)
                return bus_message_failed(r, reterr);

        r = container_options_append(a, a->positional + 1, call, reterr);
        if (r < 0)
                return r;
        if (option_exists(a, "detach-keys") && option_given(a, "detach-keys"))
                r = append_string(call, "DetachKeys", option_string(a, "detach-keys"));
        if (r >= 0 && attach)
                r = append_streams(call, attach, socket);
        if (r >= 0)
                r = sd_bus_message_close_container(call);
        if (r >= 0)
                r = sd_bus_message_append(call, "t", (uint64_t) 0);
        if (r < 0)
                return bus_message_failed(r, reterr);

        r = client_send(c, call, &reply, reterr);
        if (r < 0)
                return r;
        r = sd_bus_message_read(reply, "o", &path);
        if (r < 0)
                return bus_message_failed(r, reterr);

        *ret_path = strdup(path);
        return *ret_path ? 0 : error_oom(reterr);
}

static int run_detached(Client *c, const char *member, const Arguments *a, Error *reterr) {
        _cleanup_(freep) char *path = NULL, *id = NULL;
        _cleanup_(closep) int cidfile = -EBADF;
        int r;

        r = open_cidfile(a, &cidfile, reterr);
        if (r < 0)
                return r;
        r = make_container(c, member, a, NULL, -EBADF, &path, reterr);
        if (r < 0) {
                if (cidfile >= 0)
                        (void) unlink(option_string(a, "cidfile"));
                return r;
        }
        r = object_path_to_id(path, &id);
        if (r < 0)
                return bus_message_failed(r, reterr);
        r = write_cidfile(a, cidfile, id, reterr);
        if (r < 0)
                return r;

        puts(id);
        return flush_output(reterr);
}

static int run_create(Client *c, const Arguments *a, Error *reterr) {
        int r;

        r = check_conflicts(a, false, reterr);
        return r < 0 ? r : run_detached(c, "CreateContainer", a, reterr);
}

static int run_run(Client *c, const Arguments *a, Error *reterr) {
        _cleanup_(closep) int ours = -EBADF, theirs = -EBADF, cidfile = -EBADF;
        _cleanup_(freep) char *path = NULL, *id = NULL;
        bool detached = option_on(a, "detach");
        AttachOptions attach;
        int r;

        r = check_conflicts(a, detached, reterr);
        if (r < 0)
                return r;
        r = session_options(a, option_on(a, "tty"), option_on(a, "interactive"), &attach, reterr);
        if (r < 0)
                return r;
        if (detached)
                return run_detached(c, "RunContainer", a, reterr);

        r = session_check_terminal(&attach, reterr);
        if (r >= 0)
                r = open_cidfile(a, &cidfile, reterr);
        if (r >= 0)
                r = attach_make_sockets(&ours, &theirs, reterr);
        if (r >= 0)
                r = attach_prepare(&attach, reterr);
        if (r < 0)
                return r;

        r = make_container(c, "RunContainer", a, &attach, theirs, &path, reterr);
        if (r < 0) {
                if (cidfile >= 0)
                        (void) unlink(option_string(a, "cidfile"));
                return r;
        }
        theirs = safe_close(theirs);

        r = object_path_to_id(path, &id);
        if (r < 0)
                return bus_message_failed(r, reterr);
        r = write_cidfile(a, cidfile, id, reterr);
        if (r < 0)
                return r;
        return session_run(c, path, ours, &attach, reterr);
}

const Verb verb_run = {
        .names = "run|container run",
        .area = VERB_CONTAINER,
        .arguments = "IMAGE [COMMAND] [ARGUMENT…]",
        .summary = "Run a command in a new container",
        .description = "Without --detach the exit code is the command's own, 128 + N when signal N killed it, 127 when the "
                       "image has no such command, 126 when it cannot be executed, and 125 for all other failures.",
        .min = 1,
        .max = ARGUMENTS_ANY,
        .options_first = true,
        .failure = 125,
        .object = VERB_OBJECT_IMAGE,
        .options = { run_options, container_options },
        .run = run_run,
};

const Verb verb_create = {
        .names = "create|container create",
        .area = VERB_CONTAINER,
        .arguments = "IMAGE [COMMAND] [ARGUMENT…]",
        .summary = "Make a container without starting it, and print its id",
        .min = 1,
        .max = ARGUMENTS_ANY,
        .options_first = true,
        .failure = 125,
        .object = VERB_OBJECT_IMAGE,
        .options = { container_options, create_options },
        .run = run_create,
};
