/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "image-cache.h"

/* The objects /io/caisson1/image/ID. */
int bus_image_export(Manager *m);

char *bus_image_path(const char *id);

/* Appends one a{sv} for lists. */
int bus_image_describe(sd_bus_message *reply, const ImageEntry *e);

/* Manager.RemoveImage and Image.Remove. name: by which it was found; NULL: by its id. */
int bus_image_remove(sd_bus_message *message, ImageEntry *e, const char *name, uint64_t flags,
                     sd_bus_error *reterr);

/* By name, id or prefix; a method's error if there is none. ret_name: see image_store_resolve(). */
int bus_find_image(Manager *m, const char *text, ImageEntry **ret, char **ret_name, sd_bus_error *reterr);

/* The part of io.caisson1.Manager that is about images; userdata is the Manager. */
int bus_method_load_images(sd_bus_message *message, void *userdata, sd_bus_error *reterr);
int bus_method_import_rootfs(sd_bus_message *message, void *userdata, sd_bus_error *reterr);
int bus_method_save_images(sd_bus_message *message, void *userdata, sd_bus_error *reterr);
int bus_method_get_image(sd_bus_message *message, void *userdata, sd_bus_error *reterr);
int bus_method_list_images(sd_bus_message *message, void *userdata, sd_bus_error *reterr);
int bus_method_describe_images(sd_bus_message *message, void *userdata, sd_bus_error *reterr);
int bus_method_tag_image(sd_bus_message *message, void *userdata, sd_bus_error *reterr);
int bus_method_untag_image(sd_bus_message *message, void *userdata, sd_bus_error *reterr);
int bus_method_remove_image(sd_bus_message *message, void *userdata, sd_bus_error *reterr);

/* Entries for the table of io.caisson1.Manager, of which there can be only one. */
#define BUS_IMAGE_MANAGER_METHODS                                                                           \
        SD_BUS_METHOD_WITH_ARGS("LoadImages", SD_BUS_ARGS("h", archive, "t", flags),                        \
                                SD_BUS_RESULT("o", job), bus_method_load_images,                            \
                                SD_BUS_VTABLE_UNPRIVILEGED),                                                \
                        SD_BUS_METHOD_WITH_ARGS("ImportRootfs",                                             \
                                                SD_BUS_ARGS("h", archive, "s", reference, "a{sv}", options, \
                                                            "t", flags),                                    \
                                                SD_BUS_RESULT("o", job), bus_method_import_rootfs,          \
                                                SD_BUS_VTABLE_UNPRIVILEGED),                                \
                        SD_BUS_METHOD_WITH_ARGS("SaveImages",                                               \
                                                SD_BUS_ARGS("as", images, "h", archive, "a{sv}", options,   \
                                                            "t", flags),                                    \
                                                SD_BUS_RESULT("o", job), bus_method_save_images,            \
                                                SD_BUS_VTABLE_UNPRIVILEGED),                                \
                        SD_BUS_METHOD_WITH_ARGS("GetImage", SD_BUS_ARGS("s", name),                         \
                                                SD_BUS_RESULT("o", image), bus_method_get_image,            \
                                                SD_BUS_VTABLE_UNPRIVILEGED),                                \
                        SD_BUS_METHOD_WITH_ARGS("ListImages", SD_BUS_ARGS("a{sv}", filter),                 \
                                                SD_BUS_RESULT("a(sastto)", images), bus_method_list_images, \
                                                SD_BUS_VTABLE_UNPRIVILEGED),                                \
                        SD_BUS_METHOD_WITH_ARGS("DescribeImages",                                           \
                                                SD_BUS_ARGS("as", names, "a{sv}", filter),                  \
                                                SD_BUS_RESULT("aa{sv}", images),                            \
                                                bus_method_describe_images, SD_BUS_VTABLE_UNPRIVILEGED),    \
                        SD_BUS_METHOD_WITH_ARGS("TagImage", SD_BUS_ARGS("s", image, "s", name),             \
                                                SD_BUS_NO_RESULT, bus_method_tag_image,                     \
                                                SD_BUS_VTABLE_UNPRIVILEGED),                                \
                        SD_BUS_METHOD_WITH_ARGS("UntagImage", SD_BUS_ARGS("s", image, "as", names),         \
                                                SD_BUS_NO_RESULT, bus_method_untag_image,                   \
                                                SD_BUS_VTABLE_UNPRIVILEGED),                                \
                        SD_BUS_METHOD_WITH_ARGS("RemoveImage", SD_BUS_ARGS("s", image, "t", flags),         \
                                                SD_BUS_RESULT("as", report), bus_method_remove_image,       \
                                                SD_BUS_VTABLE_UNPRIVILEGED),                                \
                        SD_BUS_SIGNAL_WITH_ARGS("ImageNew", SD_BUS_ARGS("s", id, "o", image), 0),           \
                        SD_BUS_SIGNAL_WITH_ARGS("ImageRemoved", SD_BUS_ARGS("s", id, "o", image), 0)
