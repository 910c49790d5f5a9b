/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/commands.h"
#include "ctl/container-options.h"
#include "ctl/job.h"
#include "shared/bus-names.h"
#include "shared/fd.h"
#include "shared/strv.h"
#include "shared/text.h"

#define JOB_CANCEL_WITH_CALLER UINT64_C(1)

static const Option load_options[] = {
        { "input", 'i', OPTION_STRING, "FILE", "Read this file instead of standard input", NULL, 0, NULL },
        { "quiet", 'q', OPTION_BOOL, NULL, "Do not show how far it is", NULL, 0, NULL },
        { "signature-policy", 0, OPTION_STRING, "FILE", NULL, NULL, OPTION_UNSUPPORTED, NULL },
        {},
};

static const Option import_options[] = {
        { "change", 'c', OPTION_LIST, "INSTRUCTION", "Apply CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME or "
          "WORKDIR, as in a Dockerfile", NULL, 0, NULL },
        { "message", 'm', OPTION_STRING, "TEXT", "Say in the history where it comes from", NULL, 0, NULL },
        { "platform", 0, OPTION_STRING, "OS/ARCH", "Say for which platform it is", NULL, 0, NULL },
        { "quiet", 'q', OPTION_BOOL, NULL, "Do not show how far it is", NULL, 0, NULL },
        {},
};

static const Option save_options[] = {
        { "output", 'o', OPTION_STRING, "FILE", "Write this file instead of standard output", NULL, 0, NULL },
        { "format", 0, OPTION_STRING, "FORMAT", "docker-archive (the default) or oci-archive", NULL, 0, NULL },
        { "quiet", 'q', OPTION_BOOL, NULL, "Do not show how far it is", NULL, 0, NULL },
        { "multi-image-archive", 'm', OPTION_BOOL, NULL, NULL, NULL, OPTION_HIDDEN, NULL }, /* always possible */
        {},
};

/* NULL and "-" are standard input. */
static int open_input(const char *path, int *ret, Error *reterr) {
        struct stat st;
        int fd;

        if (!path || streq(path, "-")) {
                if (isatty(STDIN_FILENO) > 0)
                        return error_set(reterr, -EINVAL, "there is nothing to read: name a file, or redirect standard "
                                         "input");
                fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
        } else
                fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (fd < 0)
                return error_errnof(reterr, negative_errno(), "open '%s'", path ?: "standard input");
        if (fstat(fd, &st) < 0 || S_ISDIR(st.st_mode)) {
                safe_close(fd);
                return error_set(reterr, -EISDIR, "'%s' is a directory, not an archive", path ?: "standard input");
        }
        *ret = fd;
        return 0;
}

static void print_list(const char *before, JsonObject *list) {
        for (size_t i = 0; json_object_is_type(list, json_type_array) && i < json_object_array_length(list); i++) {
                _cleanup_(freep) char *s = text_escape(strempty(json_object_get_string(json_object_array_get_idx(list, i))));

                printf("%s%s\n", before, strempty(s));
        }
}

static size_t list_length(JsonObject *list) {
        return json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
}

static int run_load(Client *c, const Arguments *a, Error *reterr) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        _cleanup_(json_putp) JsonObject *details = NULL;
        _cleanup_(closep) int fd = -EBADF;
        const char *path = option_string(a, "input");
        int r;

        if (path && a->positional)
                return error_set(reterr, -EINVAL, "'caissonctl load' takes no argument besides --input");
        r = open_input(path ?: a->positional ? path ?: a->positional[0] : NULL, &fd, reterr);
        if (r >= 0)
                r = client_new_call(c, BUS_PATH_MANAGER, BUS_IFACE_MANAGER, "LoadImages", &call, reterr);
        if (r < 0)
                return r;
        r = sd_bus_message_append(call, "ht", fd, JOB_CANCEL_WITH_CALLER);
        if (r < 0)
                return bus_message_failed(r, reterr);
        r = job_run(c, call, "loading", option_on(a, "quiet"), &details, reterr);
        if (r < 0)
                return r;

        if (list_length(json_get(details, "Names")) > 0)
                print_list("Loaded image: ", json_get(details, "Names"));
        else
                print_list("Loaded image ID: ", json_get(details, "Images"));
        return flush_output(reterr);
}

static int run_import(Client *c, const Arguments *a, Error *reterr) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        _cleanup_(json_putp) JsonObject *details = NULL;
        _cleanup_(closep) int fd = -EBADF;
        const char *reference = a->positional[1] ?: "";
        int r;

        if (strstr(a->positional[0], "://"))
                return error_set(reterr, -EOPNOTSUPP, "importing from a URL is not supported by this version of caisson; "
                                 "pipe it in: curl URL | caissonctl import -");
        if (!utf8_is_valid(reference))
                return error_set(reterr, -EINVAL, "names must be UTF-8");
        r = open_input(a->positional[0], &fd, reterr);
        if (r >= 0)
                r = client_new_call(c, BUS_PATH_MANAGER, BUS_IFACE_MANAGER, "ImportRootfs", &call, reterr);
        if (r < 0)
                return r;

        r = sd_bus_message_append(call, "hs", fd, reference);
        if (r >= 0)
                r = sd_bus_message_open_container(call, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r >= 0 && option_given(a, "message"))
                r = append_string(call, "Message", option_string(a, "message"));
        if (r >= 0 && option_given(a, "platform"))
                r = append_string(call, "Platform", option_string(a, "platform"));
        if (r >= 0 && option_given(a, "change"))
                r = append_strv(call, "Changes", option_list(a, "change"));
        if (r >= 0)
                r = sd_bus_message_close_container(call);
        if (r >= 0)
                r = sd_bus_message_append(call, "t", JOB_CANCEL_WITH_CALLER);
        if (r < 0)
                return bus_message_failed(r, reterr);
        r = job_run(c, call, "importing", option_on(a, "quiet"), &details, reterr);
        if (r < 0)
                return r;

        print_list("", json_get(details, "Images"));
        return flush_output(reterr);
}

/* A file is written beside and renamed when it is complete. Pipes, devices and the like are written to as they are. */
typedef struct OutputFile {
        const char *path;  /* weak */
        char *temporary;   /* NULL: path itself, or standard output */
        int fd;
} OutputFile;

static void output_file_done(OutputFile *o) {
        o->fd = safe_close(o->fd);
        if (o->temporary)
                (void) unlink(o->temporary);
        o->temporary = mfree(o->temporary);
}

static int output_file_open(const char *path, OutputFile *o, Error *reterr) {
        struct stat st;

        *o = (OutputFile) { .path = path, .fd = -EBADF };
        if (!path || streq(path, "-")) {
                if (isatty(STDOUT_FILENO) > 0)
                        return error_set(reterr, -EINVAL, "an archive is not for a terminal: use --output, or redirect "
                                         "standard output");
                o->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
        } else if (stat(path, &st) >= 0 && !S_ISREG(st.st_mode)) {
                if (S_ISDIR(st.st_mode))
                        return error_set(reterr, -EISDIR, "--output: '%s' is a directory", path);
                o->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
        } else {
                o->temporary = text_printf("%s.%i.part", path, (int) getpid());
                if (!o->temporary)
                        return error_oom(reterr);
                o->fd = open(o->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
        }
        if (o->fd < 0) {
                int r = negative_errno();

                o->temporary = mfree(o->temporary);
                return error_errnof(reterr, r, "write to '%s'", path ?: "standard output");
        }
        return 0;
}

static int output_file_finish(OutputFile *o, Error *reterr) {
        if (o->temporary) {
                if (rename(o->temporary, o->path) < 0)
                        return error_errnof(reterr, negative_errno(), "rename to '%s'", o->path);
                o->temporary = mfree(o->temporary);
        }
        return 0;
}

static int run_save(Client *c, const Arguments *a, Error *reterr) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        _cleanup_(json_putp) JsonObject *details = NULL;
        _cleanup_(output_file_done) OutputFile output = { .fd = -EBADF };
        const char *format = option_string(a, "format") ?: "docker-archive";
        int r;

        if (!STR_IN_SET(format, "docker-archive", "oci-archive"))
                return error_set(reterr, -EINVAL, "--format: expected docker-archive or oci-archive");
        STRV_FOREACH(s, a->positional)
                if (!utf8_is_valid(*s))
                        return error_set(reterr, -EINVAL, "names must be UTF-8");

        r = output_file_open(option_string(a, "output"), &output, reterr);
        if (r >= 0)
                r = client_new_call(c, BUS_PATH_MANAGER, BUS_IFACE_MANAGER, "SaveImages", &call, reterr);
        if (r < 0)
                return r;

        r = sd_bus_message_append_strv(call, a->positional);
        if (r >= 0)
                r = sd_bus_message_append(call, "ha{sv}t", output.fd, 1, "Format", "s", format, JOB_CANCEL_WITH_CALLER);
        if (r < 0)
                return bus_message_failed(r, reterr);
        r = job_run(c, call, "saving", option_on(a, "quiet"), &details, reterr);
        return r < 0 ? r : output_file_finish(&output, reterr);
}

const Verb verb_load = {
        .names = "load|image load",
        .area = VERB_IMAGE,
        .arguments = "[FILE]",
        .summary = "Load images from an archive that 'save' wrote, ours or docker's",
        .description = "The archive is a docker-archive or an OCI archive, plain or compressed with gzip, zstd or xz.",
        .max = 1,
        .object = VERB_OBJECT_FILE,
        .options = { load_options },
        .run = run_load,
};

const Verb verb_import = {
        .names = "import|image import",
        .area = VERB_IMAGE,
        .arguments = "FILE|- [REPOSITORY[:TAG]]",
        .summary = "Make an image from the tar of a root file system, and print its id",
        .min = 1,
        .max = 2,
        .object = VERB_OBJECT_FILE,
        .options = { import_options },
        .run = run_import,
};

const Verb verb_save = {
        .names = "save|image save",
        .area = VERB_IMAGE,
        .arguments = "IMAGE [IMAGE…]",
        .summary = "Write images to an archive",
        .min = 1,
        .max = ARGUMENTS_ANY,
        .object = VERB_OBJECT_IMAGES,
        .options = { save_options },
        .run = run_save,
};
