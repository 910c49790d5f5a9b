/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "container-config.h"

/* The one list of what a container can be told. Reading it from the bus, writing and reading the container's record,
 * defaults, bounds and the checks of single values all go by it. */

typedef enum ConfigType {
        CONFIG_STRING,   /* s: char* */
        CONFIG_LIST,     /* as: char** */
        CONFIG_MAP,      /* a{ss}: char** of "name=value" */
        CONFIG_BOOL,     /* b: bool */
        CONFIG_TRISTATE, /* b: int, -1 when not given */
        CONFIG_UNSIGNED, /* t: uint64_t */
        CONFIG_SIGNED,   /* x: int64_t */
        CONFIG_INT,      /* i: int32_t */
        _CONFIG_TYPE_MAX,
} ConfigType;

typedef enum ConfigKeyFlags {
        CONFIG_INTERNAL = 1 << 0,    /* in the record only, never from the bus */
        CONFIG_EMPTY_MEANS = 1 << 1, /* an empty string is not the same as none */
} ConfigKeyFlags;

typedef struct ConfigKey {
        const char *name;
        ConfigType type;
        size_t offset;
        ConfigKeyFlags flags;
        /* each string, each element of a list, each "name=value" of a map; NULL: anything */
        int (*check)(const char *value, Error *reterr);
        int64_t minimum, maximum; /* of numbers; maximum of strings: bytes, 0: as most */
        int64_t standard;         /* of numbers and booleans, when not given */
        const char *standard_text;
} ConfigKey;

extern const ConfigKey config_keys[];
extern const size_t n_config_keys;

const ConfigKey *config_key_find(const char *name);
size_t config_key_length_max(const ConfigKey *k) _pure_;
const char *config_type_signature(ConfigType type);

static inline void *config_key_target(const ConfigKey *k, ContainerConfig *c) {
        return (uint8_t *) c + k->offset;
}
static inline const void *config_key_value(const ConfigKey *k, const ContainerConfig *c) {
        return (const uint8_t *) c + k->offset;
}

/* "unknown key 'Memroy'; did you mean 'Memory'?" */
int config_key_unknown(const char *name, Error *reterr);

/* Checks a value by the table and stores it; strings are consumed, also on failure. */
int config_key_set_string(const ConfigKey *k, ContainerConfig *c, char *value, Error *reterr);
int config_key_set_strv(const ConfigKey *k, ContainerConfig *c, char **value, Error *reterr);
int config_key_set_number(const ConfigKey *k, ContainerConfig *c, int64_t value, Error *reterr);
bool config_key_is_standard(const ConfigKey *k, const ContainerConfig *c);
int64_t config_key_number(const ConfigKey *k, const ContainerConfig *c);

/* More than CONTAINER_CONFIG_TOTAL_MAX bytes of strings, or a list of more than CONTAINER_CONFIG_LIST_MAX, is refused. */
int container_config_check_size(const ContainerConfig *c, Error *reterr);

/* Parses what has a grammar of its own, and checks what hangs together. Once, when all keys are read. */
int container_config_check(ContainerConfig *c, Error *reterr);

/* Outer mounts before inner ones; two at one target are refused. */
int container_config_sort_mounts(ContainerConfig *c, Error *reterr);
