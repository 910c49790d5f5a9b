/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus-error.h"
#include "bus-filter.h"
#include "bus-image.h"
#include "bus-job.h"
#include "bus-polkit.h"
#include "image-filter.h"
#include "manager.h"
#include "oci/reference.h"
#include "shared/bus-names.h"
#include "shared/strv.h"
#include "shared/text.h"

/* The part of io.caisson1.Manager that finds images and changes their names. */

#define REMOVE_FORCE UINT64_C(1)
#define NAMES_MAX    1024U /* in one call */
#define USERS_SHOWN  8U

static int authorize(sd_bus_message *message, Manager *m, const char *action, const char *verb,
                     const char *image, sd_bus_error *reterr) {
        const char *details[] = {"verb", verb, "image", image, NULL};

        return bus_authorize(message, action, details, m->polkit, reterr);
}

int bus_find_image(Manager *m, const char *text, ImageEntry **ret, char **ret_name, sd_bus_error *reterr) {
        _cleanup_(image_unrefp) Image *i = NULL;
        _cleanup_(error_done) Error e = {};
        int r;

        r = image_cache_resolve(m->images, text, &i, ret_name, &e);
        if (r < 0)
                return bus_error_from(reterr, r, &e, BUS_ERROR_NO_SUCH_IMAGE);

        *ret = ASSERT_PTR(image_cache_find(m->images, i->id));
        return 0;
}

int bus_method_get_image(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        Manager *m = ASSERT_PTR(userdata);
        _cleanup_(freep) char *path = NULL;
        const char *text;
        ImageEntry *e;
        int r;

        r = sd_bus_message_read(message, "s", &text);
        if (r < 0)
                return r;
        r = authorize(message, m, POLKIT_ACTION_INSPECT, "get", text, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;

        r = bus_find_image(m, text, &e, NULL, reterr);
        if (r < 0)
                return r;
        path = bus_image_path(e->image->id);
        return path ? sd_bus_reply_method_return(message, "o", path) : -ENOMEM;
}

static int add_filter(void *filter, void *userdata, const char *key, const char *value, Error *reterr) {
        Manager *m = userdata;

        return image_filter_add(filter, m->images, key, value, reterr);
}

static int append_listed(sd_bus_message *reply, const ImageEntry *e) {
        _cleanup_(freep) char *path = bus_image_path(e->image->id);
        int r;

        if (!path)
                return -ENOMEM;
        r = sd_bus_message_open_container(reply, 'r', "sastto");
        if (r >= 0)
                r = sd_bus_message_append(reply, "s", e->image->id);
        if (r >= 0)
                r = sd_bus_message_append_strv(reply, e->image->names);
        if (r >= 0)
                r = sd_bus_message_append(reply, "tto", e->image->size, e->image->created_usec, path);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* wanted: ids, or NULL for all. */
static int reply_images(sd_bus_message *message, Manager *m, char *const *wanted, const ImageFilter *f,
                        const char *type, int (*append)(sd_bus_message *reply, const ImageEntry *e)) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(message, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', type);

        /* In the order of the store: newest first */
        for (size_t i = 0; r >= 0 && i < m->store->n_images; i++) {
                const Image *image = m->store->images[i];

                if ((!wanted || strv_contains(wanted, image->id)) && image_filter_matches(f, image))
                        r = append(reply, ASSERT_PTR(image_cache_find(m->images, image->id)));
        }

        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

int bus_method_list_images(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        _cleanup_(image_filter_done) ImageFilter filter = IMAGE_FILTER_INIT;
        Manager *m = ASSERT_PTR(userdata);
        int r;

        r = authorize(message, m, POLKIT_ACTION_INSPECT, "list", NULL, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;
        image_cache_changed(m->images);
        r = bus_read_filter(message, add_filter, &filter, m, BUS_ERROR_NO_SUCH_IMAGE, reterr);
        if (r < 0)
                return r;

        return reply_images(message, m, NULL, &filter, "(sastto)", append_listed);
}

int bus_method_describe_images(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        _cleanup_(image_filter_done) ImageFilter filter = IMAGE_FILTER_INIT;
        _cleanup_(strv_freep) char **names = NULL, **wanted = NULL;
        Manager *m = ASSERT_PTR(userdata);
        int r;

        r = authorize(message, m, POLKIT_ACTION_INSPECT, "list", NULL, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;
        image_cache_changed(m->images);
        r = sd_bus_message_read_strv(message, &names);
        if (r >= 0)
                r = bus_read_filter(message, add_filter, &filter, m, BUS_ERROR_NO_SUCH_IMAGE, reterr);
        if (r < 0)
                return r;
        if (strv_length(names) > NAMES_MAX)
                return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS, "More than %u names", NAMES_MAX);

        STRV_FOREACH(name, names) {
                ImageEntry *e;

                r = bus_find_image(m, *name, &e, NULL, reterr);
                if (r >= 0)
                        r = strv_extend(&wanted, e->image->id);
                if (r < 0)
                        return r;
        }

        return reply_images(message, m, wanted, &filter, "a{sv}", bus_image_describe);
}

/* Names */

static int normalize(const char *text, char **ret, sd_bus_error *reterr) {
        _cleanup_(error_done) Error e = {};
        int r;

        r = reference_normalize(text, ret, &e);
        return r < 0 ? bus_error_from(reterr, r, &e, BUS_ERROR_INVALID_CONFIG) : 0;
}

int bus_method_tag_image(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        _cleanup_(json_putp) JsonObject *parameters = json_object_new_object();
        JobRequest request = {.type = JOB_TAG, .archive_fd = -EBADF, .parameters = parameters};
        Manager *m = ASSERT_PTR(userdata);
        _cleanup_(freep) char *name = NULL;
        const char *image, *text;
        ImageEntry *e;
        int r;

        if (!parameters)
                return -ENOMEM;
        r = sd_bus_message_read(message, "ss", &image, &text);
        if (r >= 0)
                r = normalize(text, &name, reterr);
        if (r < 0)
                return r;

        r = authorize(message, m, POLKIT_ACTION_MANAGE_IMAGES, "tag", image, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;
        r = bus_find_image(m, image, &e, NULL, reterr);
        if (r < 0)
                return r;

        r = json_add_string(parameters, "image", e->image->id);
        if (r >= 0)
                r = json_add_string(parameters, "name", name);
        if (r < 0)
                return r;
        request.subject = name;
        return bus_job_start_and_wait(message, m, &request, NULL, reterr);
}

/* Those that are asked for, all of them names of the image; all it has if none is. */
static int choose_names(const Image *i, char *const *asked, char ***ret, sd_bus_error *reterr) {
        _cleanup_(strv_freep) char **names = NULL;
        int r;

        if (strv_isempty(asked)) {
                *ret = strv_copy(i->names);
                return *ret || strv_isempty(i->names) ? 0 : -ENOMEM;
        }

        STRV_FOREACH(text, asked) {
                _cleanup_(freep) char *name = NULL;

                r = normalize(*text, &name, reterr);
                if (r < 0)
                        return r;
                if (!strv_contains(i->names, name))
                        return sd_bus_error_setf(reterr, BUS_ERROR_NO_SUCH_IMAGE,
                                                 "The image has no name '%s'", *text);
                r = strv_extend(&names, name);
                if (r < 0)
                        return r;
        }

        *ret = TAKE_PTR(names);
        return 0;
}

int bus_method_untag_image(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        _cleanup_(json_putp) JsonObject *parameters = json_object_new_object();
        JobRequest request = {.type = JOB_UNTAG, .archive_fd = -EBADF, .parameters = parameters};
        _cleanup_(strv_freep) char **asked = NULL, **names = NULL;
        Manager *m = ASSERT_PTR(userdata);
        const char *image;
        ImageEntry *e;
        int r;

        if (!parameters)
                return -ENOMEM;
        r = sd_bus_message_read(message, "s", &image);
        if (r >= 0)
                r = sd_bus_message_read_strv(message, &asked);
        if (r < 0)
                return r;
        if (strv_length(asked) > NAMES_MAX)
                return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS, "More than %u names", NAMES_MAX);

        r = authorize(message, m, POLKIT_ACTION_MANAGE_IMAGES, "untag", image, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;
        r = bus_find_image(m, image, &e, NULL, reterr);
        if (r >= 0)
                r = choose_names(e->image, asked, &names, reterr);
        if (r < 0)
                return r;
        if (strv_isempty(names))
                return sd_bus_reply_method_return(message, NULL);

        r = json_add_strv(parameters, "names", names);
        if (r < 0)
                return r;
        request.subject = image;
        return bus_job_start_and_wait(message, m, &request, NULL, reterr);
}

/* Removing */

typedef struct Removal {
        ImageCache *cache; /* weak; outlives all jobs */
        char id[DIGEST_SIZE];
        bool marked;
} Removal;

static void removal_end(void *userdata) {
        Removal *r = userdata;

        if (r->marked)
                image_cache_end_removal(r->cache, r->id);
        free(r);
}

static int removal_reply(sd_bus_message *reply, Job *j, void *userdata) {
        return bus_job_append_strings(reply, j, "report");
}

static int add_users(JsonObject *parameters, char *const *users) {
        JsonObject *array = json_object_new_array();

        for (size_t i = 0; array && i < USERS_SHOWN && users && users[i]; i++) {
                JsonObject *s = json_object_new_string(users[i]);

                if (!s || json_object_array_add(array, s) < 0) {
                        json_putp(&s);
                        json_putp(&array);
                        return -ENOMEM;
                }
        }
        return json_add(parameters, "users", array);
}

static int removal_start(sd_bus_message *message, ImageEntry *e, const char *name, bool force,
                         sd_bus_error *reterr) {
        _cleanup_(json_putp) JsonObject *parameters = json_object_new_object();
        JobRequest request = {.type = JOB_REMOVE, .archive_fd = -EBADF, .parameters = parameters};
        BusJobAnswer answer = {.reply = removal_reply, .ended = removal_end};
        _cleanup_(strv_freep) char **users = NULL;
        Removal *removal;
        int r;

        r = image_cache_users(e->cache, e->image->id, &users);
        if (r >= 0)
                r = parameters ? json_add_string(parameters, "image", name ?: e->image->id) : -ENOMEM;
        if (r >= 0)
                r = json_add_string(parameters, "id", e->image->id);
        if (r >= 0)
                r = json_add_bool(parameters, "force", force);
        if (r >= 0)
                r = add_users(parameters, users);
        if (r < 0)
                return r;

        removal = new0(Removal, 1);
        if (!removal)
                return -ENOMEM;
        *removal = (Removal){.cache = e->cache, .marked = strv_isempty(users)};
        memcpy(removal->id, e->image->id, sizeof(removal->id));

        /* With users it will not be removed; without, nobody may become one now */
        if (removal->marked)
                image_cache_begin_removal(e->cache, e->image->id);

        answer.userdata = removal;
        request.subject = name ?: e->image->id;
        return bus_job_start_and_wait(message, e->manager, &request, &answer, reterr);
}

static int check_remove_flags(uint64_t flags, sd_bus_error *reterr) {
        return flags & ~REMOVE_FORCE ? sd_bus_error_set(reterr, SD_BUS_ERROR_INVALID_ARGS, "Unknown flags")
                                     : 0;
}

int bus_image_remove(sd_bus_message *message, ImageEntry *e, const char *name, uint64_t flags,
                     sd_bus_error *reterr) {
        int r;

        r = check_remove_flags(flags, reterr);
        if (r < 0)
                return r;
        r = authorize(message, e->manager, POLKIT_ACTION_MANAGE_IMAGES, "remove", name ?: e->image->id,
                      reterr);
        if (r <= 0)
                return r < 0 ? r : 1;

        return removal_start(message, e, name, flags & REMOVE_FORCE, reterr);
}

int bus_method_remove_image(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        Manager *m = ASSERT_PTR(userdata);
        _cleanup_(freep) char *name = NULL;
        const char *text;
        uint64_t flags;
        ImageEntry *e;
        int r;

        r = sd_bus_message_read(message, "st", &text, &flags);
        if (r >= 0)
                r = check_remove_flags(flags, reterr);
        if (r < 0)
                return r;

        /* Who may not remove images does not learn which there are */
        r = authorize(message, m, POLKIT_ACTION_MANAGE_IMAGES, "remove", text, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;
        r = bus_find_image(m, text, &e, &name, reterr);
        return r < 0 ? r : removal_start(message, e, name, flags & REMOVE_FORCE, reterr);
}
