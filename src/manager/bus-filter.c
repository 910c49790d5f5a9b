/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus-filter.h"
#include "bus-error.h"
#include "shared/strv.h"
#include "shared/text.h"

static int read_values(sd_bus_message *message, const char *key, char ***ret, sd_bus_error *reterr) {
        _cleanup_(strv_freep) char **values = NULL;
        const char *contents, *value;
        int r;

        r = sd_bus_message_peek_type(message, NULL, &contents);
        if (r < 0)
                return r;
        r = sd_bus_message_enter_container(message, 'v', contents);
        if (r < 0)
                return r;

        if (streq(contents, "s")) {
                r = sd_bus_message_read(message, "s", &value);
                if (r >= 0)
                        r = strv_extend(&values, value);
        } else if (streq(contents, "as"))
                r = sd_bus_message_read_strv(message, &values);
        else
                return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS,
                                         "The filter '%s' must be an array of strings", key);
        if (r < 0)
                return r;

        r = sd_bus_message_exit_container(message);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(values);
        return 0;
}

int bus_read_filter(sd_bus_message *message, bus_filter_add_t add, void *filter, void *userdata,
                    const char *not_found, sd_bus_error *reterr) {
        const char *key;
        int r;

        r = sd_bus_message_enter_container(message, 'a', "{sv}");
        if (r < 0)
                return r;

        while ((r = sd_bus_message_enter_container(message, 'e', "sv")) > 0) {
                _cleanup_(strv_freep) char **values = NULL;
                _cleanup_(error_done) Error e = {};

                r = sd_bus_message_read(message, "s", &key);
                if (r >= 0)
                        r = read_values(message, key, &values, reterr);
                if (r < 0)
                        return r;

                STRV_FOREACH(value, values) {
                        r = add(filter, userdata, key, *value, &e);
                        if (r < 0)
                                return bus_error_from(reterr, r, &e, not_found);
                }

                r = sd_bus_message_exit_container(message);
                if (r < 0)
                        return r;
        }

        return r < 0 ? r : sd_bus_message_exit_container(message);
}
