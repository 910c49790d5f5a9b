/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>

#include "shared/error.h"

/* Devices: nodes in the container, rules for the devices controller, limits per block device. */

typedef enum DeviceAccess {
        DEVICE_READ = 1 << 0,
        DEVICE_WRITE = 1 << 1,
        DEVICE_MKNOD = 1 << 2,
        DEVICE_ALL = DEVICE_READ | DEVICE_WRITE | DEVICE_MKNOD,
} DeviceAccess;

/* "rwm" of it */
const char *device_access_text(DeviceAccess access, char buffer[static 4]);

/* "/dev/x[:/dev/y][:rwm]" */
typedef struct DeviceSpec {
        char *source; /* on the host; beneath /dev */
        char *target; /* in the container; absolute and cleaned */
        DeviceAccess access;
} DeviceSpec;

void device_spec_done(DeviceSpec *d);
int device_spec_parse(const char *text, DeviceSpec *ret, Error *reterr);

/* "c 10:229 rwm", "b 8:* r", "a *:* rwm": numbers are -1 for "*" */
typedef struct DeviceRule {
        char type; /* 'a', 'b' or 'c' */
        int64_t major;
        int64_t minor;
        DeviceAccess access;
} DeviceRule;

int device_rule_parse(const char *text, DeviceRule *ret, Error *reterr);

/* "/dev/sda:1mb" (bytes a second), "/dev/sda:500" (operations a second, or a weight) */
typedef struct DeviceLimit {
        char *path;
        uint64_t value;
} DeviceLimit;

void device_limit_done(DeviceLimit *d);
int device_limit_parse_bytes(const char *text, DeviceLimit *ret, Error *reterr);
int device_limit_parse_operations(const char *text, DeviceLimit *ret, Error *reterr);
int device_limit_parse_weight(const char *text, DeviceLimit *ret, Error *reterr);
