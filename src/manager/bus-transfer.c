/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <sys/stat.h>

#include "bus-error.h"
#include "bus-image.h"
#include "bus-job.h"
#include "bus-polkit.h"
#include "manager.h"
#include "oci/change.h"
#include "oci/platform.h"
#include "oci/reference.h"
#include "shared/bus-names.h"
#include "shared/strv.h"
#include "shared/text.h"

/* Manager.LoadImages, ImportRootfs and SaveImages: archives in and out. */

#define SAVE_IMAGES_MAX 1000U
#define MESSAGE_MAX     4096U

static int check_flags(uint64_t flags, sd_bus_error *reterr) {
        return flags & ~(uint64_t) _BUS_JOB_FLAGS_ALL
                               ? sd_bus_error_set(reterr, SD_BUS_ERROR_INVALID_ARGS, "Unknown flags")
                               : 0;
}

/* What a caller hands over is what the worker will read or write, and nothing else. */
static int check_archive(int fd, bool for_writing, sd_bus_error *reterr) {
        int flags = fcntl(fd, F_GETFL);
        struct stat st;

        if (flags < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (S_ISDIR(st.st_mode) || (flags & O_PATH))
                return sd_bus_error_set(reterr, SD_BUS_ERROR_INVALID_ARGS,
                                        "The archive is not a file, pipe or socket");
        if ((flags & O_ACCMODE) == (for_writing ? O_RDONLY : O_WRONLY))
                return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS, "The archive is not open for %s",
                                         for_writing ? "writing" : "reading");
        return 0;
}

static int authorize(sd_bus_message *message, Manager *m, const char *action, const char *verb,
                     const char *image, sd_bus_error *reterr) {
        const char *details[] = {"verb", verb, "image", image, NULL};

        return bus_authorize(message, action, details, m->polkit, reterr);
}

int bus_method_load_images(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        JobRequest request = {.type = JOB_LOAD};
        Manager *m = ASSERT_PTR(userdata);
        uint64_t flags;
        int r;

        r = sd_bus_message_read(message, "ht", &request.archive_fd, &flags);
        if (r >= 0)
                r = check_flags(flags, reterr);
        if (r >= 0)
                r = check_archive(request.archive_fd, false, reterr);
        if (r < 0)
                return r;

        r = authorize(message, m, POLKIT_ACTION_IMPORT_IMAGE, "load", NULL, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;

        return bus_job_start(message, m, &request, flags, reterr);
}

static int read_string_option(sd_bus_message *message, JsonObject *parameters, const char *key, size_t max,
                              sd_bus_error *reterr) {
        const char *value;
        int r;

        r = sd_bus_message_read(message, "v", "s", &value);
        if (r < 0)
                return r;
        if (strlen(value) > max)
                return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS, "'%s' is too long", key);
        return json_add_string(parameters, key, value);
}

static int read_changes(sd_bus_message *message, JsonObject *parameters, sd_bus_error *reterr) {
        _cleanup_(strv_freep) char **changes = NULL;
        size_t size = 0;
        int r;

        r = sd_bus_message_enter_container(message, 'v', "as");
        if (r >= 0)
                r = sd_bus_message_read_strv(message, &changes);
        if (r >= 0)
                r = sd_bus_message_exit_container(message);
        if (r < 0)
                return r;

        STRV_FOREACH(c, changes)
        size += strlen(*c);
        if (strv_length(changes) > CHANGES_MAX || size > CHANGE_LENGTH_MAX)
                return sd_bus_error_set(reterr, BUS_ERROR_INVALID_CONFIG, "The changes are too long");

        return changes ? json_add_strv(parameters, "changes", changes) : 0;
}

static int check_platform(JsonObject *parameters, sd_bus_error *reterr) {
        const char *text = json_get_string(parameters, "Platform");
        _cleanup_(platform_done) OciPlatform platform = {};
        _cleanup_(error_done) Error e = {};
        int r;

        if (!text)
                return 0;
        r = platform_parse(text, &platform, &e);
        return r < 0 ? bus_error_from(reterr, r, &e, BUS_ERROR_INVALID_CONFIG) : 0;
}

static int read_import_options(sd_bus_message *message, JsonObject *parameters, sd_bus_error *reterr) {
        const char *key;
        int r;

        r = sd_bus_message_enter_container(message, 'a', "{sv}");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_enter_container(message, 'e', "sv")) > 0) {
                r = sd_bus_message_read(message, "s", &key);
                if (r < 0)
                        return r;

                if (STR_IN_SET(key, "Message", "Platform"))
                        r = read_string_option(message, parameters, key, MESSAGE_MAX, reterr);
                else if (streq(key, "Changes"))
                        r = read_changes(message, parameters, reterr);
                else
                        r = sd_bus_error_setf(reterr, BUS_ERROR_INVALID_CONFIG, "There is no option '%s'",
                                              key);
                if (r >= 0)
                        r = sd_bus_message_exit_container(message);
                if (r < 0)
                        return r;
        }
        return r < 0 ? r : sd_bus_message_exit_container(message);
}

int bus_method_import_rootfs(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        _cleanup_(json_putp) JsonObject *parameters = json_object_new_object();
        JobRequest request = {.type = JOB_IMPORT, .parameters = parameters};
        Manager *m = ASSERT_PTR(userdata);
        _cleanup_(error_done) Error e = {};
        _cleanup_(freep) char *name = NULL;
        const char *reference;
        uint64_t flags;
        int r;

        if (!parameters)
                return -ENOMEM;
        r = sd_bus_message_read(message, "hs", &request.archive_fd, &reference);
        if (r >= 0)
                r = read_import_options(message, parameters, reterr);
        if (r >= 0)
                r = sd_bus_message_read(message, "t", &flags);
        if (r >= 0)
                r = check_flags(flags, reterr);
        if (r >= 0)
                r = check_archive(request.archive_fd, false, reterr);
        if (r >= 0)
                r = check_platform(parameters, reterr);
        if (r < 0)
                return r;
        if (!isempty(reference)) {
                r = reference_normalize(reference, &name, &e);
                if (r < 0)
                        return bus_error_from(reterr, r, &e, BUS_ERROR_INVALID_CONFIG);
        }

        r = authorize(message, m, POLKIT_ACTION_IMPORT_IMAGE, "import", name, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;

        r = json_add_string(parameters, "name", name);
        if (r < 0)
                return r;
        request.subject = name;
        return bus_job_start(message, m, &request, flags, reterr);
}

static int read_save_options(sd_bus_message *message, JsonObject *parameters, sd_bus_error *reterr) {
        const char *key, *value;
        int r;

        r = sd_bus_message_enter_container(message, 'a', "{sv}");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_enter_container(message, 'e', "sv")) > 0) {
                r = sd_bus_message_read(message, "s", &key);
                if (r < 0)
                        return r;
                if (!streq(key, "Format"))
                        return sd_bus_error_setf(reterr, BUS_ERROR_INVALID_CONFIG, "There is no option '%s'",
                                                 key);

                r = sd_bus_message_read(message, "v", "s", &value);
                if (r < 0)
                        return r;
                if (!STR_IN_SET(value, "docker-archive", "oci-archive"))
                        return sd_bus_error_setf(
                                        reterr, BUS_ERROR_INVALID_CONFIG,
                                        "There is no format '%s': expected docker-archive or oci-archive",
                                        value);
                r = json_add_string(parameters, "format", value);
                if (r >= 0)
                        r = sd_bus_message_exit_container(message);
                if (r < 0)
                        return r;
        }
        return r < 0 ? r : sd_bus_message_exit_container(message);
}

int bus_method_save_images(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        _cleanup_(json_putp) JsonObject *parameters = json_object_new_object();
        JobRequest request = {.type = JOB_SAVE, .parameters = parameters};
        Manager *m = ASSERT_PTR(userdata);
        _cleanup_(strv_freep) char **images = NULL;
        uint64_t flags;
        int r;

        if (!parameters)
                return -ENOMEM;
        r = sd_bus_message_read_strv(message, &images);
        if (r >= 0)
                r = sd_bus_message_read(message, "h", &request.archive_fd);
        if (r >= 0)
                r = read_save_options(message, parameters, reterr);
        if (r >= 0)
                r = sd_bus_message_read(message, "t", &flags);
        if (r >= 0)
                r = check_flags(flags, reterr);
        if (r >= 0)
                r = check_archive(request.archive_fd, true, reterr);
        if (r < 0)
                return r;
        if (strv_isempty(images) || strv_length(images) > SAVE_IMAGES_MAX)
                return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS, "Expected 1 to %u images",
                                         SAVE_IMAGES_MAX);

        r = authorize(message, m, POLKIT_ACTION_MANAGE_IMAGES, "save", images[0], reterr);
        if (r <= 0)
                return r < 0 ? r : 1;

        STRV_FOREACH(text, images) {
                ImageEntry *e;

                r = bus_find_image(m, *text, &e, NULL, reterr);
                if (r < 0)
                        return r;
        }

        r = json_add_strv(parameters, "images", images);
        if (r < 0)
                return r;
        request.subject = images[0];
        return bus_job_start(message, m, &request, flags, reterr);
}
