/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus-error.h"
#include "shared/bus-names.h"
#include "shared/log.h"

const char *bus_error_name(int r, const char *not_found) {
        switch (-r) {
        case ENOENT:
                return not_found ?: BUS_ERROR_FAILED;
        case ENOTUNIQ:
                return BUS_ERROR_AMBIGUOUS;
        case EEXIST:
                return BUS_ERROR_NAME_TAKEN;
        case EINVAL:
                return BUS_ERROR_INVALID_CONFIG;
        case EOPNOTSUPP:
                return BUS_ERROR_NOT_SUPPORTED;
        case EUSERS:
        case EDQUOT:
                return BUS_ERROR_LIMIT;
        case ESRCH:
        case EALREADY:
        case EBUSY:
                return BUS_ERROR_WRONG_STATE;
        case ECANCELED:
        case ESHUTDOWN:
                return BUS_ERROR_CANCELED;
        default:
                return BUS_ERROR_FAILED;
        }
}

int bus_error_from(sd_bus_error *ret, int r, const Error *e, const char *not_found) {
        return sd_bus_error_set(ret, bus_error_name(r, not_found), error_message(e, r));
}

void bus_reply_error(sd_bus_message *message, int r, const Error *e, const char *name) {
        int k;

        k = sd_bus_reply_method_errorf(message, name ?: bus_error_name(r, NULL), "%s", error_message(e, r));
        if (k < 0)
                log_debug_errno(k, "Cannot answer a caller, ignoring: %m");
}
