/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "runtime-spec-internal.h"
#include "shared/strv.h"
#include "shared/text.h"

static int read_access(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr) {
        const char *s = json_object_get_string(o);

        if (s[strspn(s, "rwm")] != 0)
                return json_error(path, reterr, "'%s' is not made of r, w and m", s);

        return json_read_string(o, path, f, target, reterr);
}

/* Other programs write -1 for "all" */
static int read_device_number(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr) {
        OciNumber n = {};
        int r;

        r = oci_read_number(o, path, f, &n, reterr);
        if (r < 0)
                return r;
        if (n.value < -1 || n.value > UINT32_MAX)
                return json_error(path, reterr, "number out of range");
        if (n.value >= 0)
                *(OciNumber *) target = n;

        return 0;
}

static const JsonField device_rule_fields[] = {
        { "allow",  json_type_boolean, json_read_bool,       offsetof(OciDeviceRule, allow),  JSON_REQUIRED },
        { "type",   json_type_string,  oci_read_device_type, offsetof(OciDeviceRule, type),   0 },
        { "major",  json_type_int,     read_device_number,   offsetof(OciDeviceRule, major),  JSON_NULL_IS_ABSENT },
        { "minor",  json_type_int,     read_device_number,   offsetof(OciDeviceRule, minor),  JSON_NULL_IS_ABSENT },
        { "access", json_type_string,  read_access,          offsetof(OciDeviceRule, access), 0 },
        {},
};
static const JsonArrayOf device_rules_array = { sizeof(OciDeviceRule), device_rule_fields, SPEC_ARRAY_MAX };

static int read_device_rules(JsonObject *o, const JsonPath *path, const JsonField *f, void *target, Error *reterr) {
        OciResources *r = target;
        int k;

        k = json_read_array(o, path, f, &r->devices, reterr);
        if (k < 0)
                return k;

        for (size_t i = 0; i < r->n_devices; i++)
                if (r->devices[i].type == 0)
                        r->devices[i].type = 'a';

        return 0;
}

static const JsonField memory_fields[] = {
        { "limit",            json_type_int,     oci_read_number,      offsetof(OciResources, memory.limit),              JSON_NULL_IS_ABSENT },
        { "reservation",      json_type_int,     oci_read_number,      offsetof(OciResources, memory.reservation),        JSON_NULL_IS_ABSENT },
        { "swap",             json_type_int,     oci_read_number,      offsetof(OciResources, memory.swap),               JSON_NULL_IS_ABSENT },
        { "disableOOMKiller", json_type_boolean, oci_read_number_bool, offsetof(OciResources, memory.disable_oom_killer), JSON_NULL_IS_ABSENT },
        {},
};

static const JsonField cpu_fields[] = {
        { "shares", json_type_int,    oci_read_number,  offsetof(OciResources, cpu.shares), JSON_NULL_IS_ABSENT },
        { "quota",  json_type_int,    oci_read_number,  offsetof(OciResources, cpu.quota),  JSON_NULL_IS_ABSENT },
        { "period", json_type_int,    oci_read_number,  offsetof(OciResources, cpu.period), JSON_NULL_IS_ABSENT },
        { "cpus",   json_type_string, json_read_string, offsetof(OciResources, cpu.cpus),   0 },
        { "mems",   json_type_string, json_read_string, offsetof(OciResources, cpu.mems),   0 },
        {},
};

static const JsonField pids_fields[] = {
        { "limit", json_type_int, oci_read_number, offsetof(OciResources, pids_limit), JSON_NULL_IS_ABSENT },
        {},
};

static const JsonField block_weight_fields[] = {
        { "major",  json_type_int, json_read_u32, offsetof(OciBlockLimit, major), JSON_REQUIRED },
        { "minor",  json_type_int, json_read_u32, offsetof(OciBlockLimit, minor), JSON_REQUIRED },
        { "weight", json_type_int, json_read_u64, offsetof(OciBlockLimit, value), 0 },
        {},
};
static const JsonArrayOf block_weights_array = { sizeof(OciBlockLimit), block_weight_fields, SPEC_ARRAY_MAX };

static const JsonField block_rate_fields[] = {
        { "major", json_type_int, json_read_u32, offsetof(OciBlockLimit, major), JSON_REQUIRED },
        { "minor", json_type_int, json_read_u32, offsetof(OciBlockLimit, minor), JSON_REQUIRED },
        { "rate",  json_type_int, json_read_u64, offsetof(OciBlockLimit, value), JSON_REQUIRED },
        {},
};
static const JsonArrayOf block_rates_array = { sizeof(OciBlockLimit), block_rate_fields, SPEC_ARRAY_MAX };

static const JsonField block_io_fields[] = {
        { "weight",                  json_type_int,   oci_read_number, offsetof(OciResources, block_io.weight),        JSON_NULL_IS_ABSENT },
        { "weightDevice",            json_type_array, json_read_array, offsetof(OciResources, block_io.weight_device), JSON_NULL_IS_ABSENT, &block_weights_array },
        { "throttleReadBpsDevice",   json_type_array, json_read_array, offsetof(OciResources, block_io.read_bps),      JSON_NULL_IS_ABSENT, &block_rates_array },
        { "throttleWriteBpsDevice",  json_type_array, json_read_array, offsetof(OciResources, block_io.write_bps),     JSON_NULL_IS_ABSENT, &block_rates_array },
        { "throttleReadIOPSDevice",  json_type_array, json_read_array, offsetof(OciResources, block_io.read_iops),     JSON_NULL_IS_ABSENT, &block_rates_array },
        { "throttleWriteIOPSDevice", json_type_array, json_read_array, offsetof(OciResources, block_io.write_iops),    JSON_NULL_IS_ABSENT, &block_rates_array },
        {},
};

const JsonField oci_resources_fields[] = {
        { "devices", json_type_array,  read_device_rules,    0,                               JSON_NULL_IS_ABSENT, &device_rules_array },
        { "memory",  json_type_object, json_read_struct,     0,                               JSON_NULL_IS_ABSENT, memory_fields },
        { "cpu",     json_type_object, json_read_struct,     0,                               JSON_NULL_IS_ABSENT, cpu_fields },
        { "pids",    json_type_object, json_read_struct,     0,                               JSON_NULL_IS_ABSENT, pids_fields },
        { "blockIO", json_type_object, json_read_struct,     0,                               JSON_NULL_IS_ABSENT, block_io_fields },
        { "unified", json_type_object, json_read_string_map, offsetof(OciResources, unified), JSON_NULL_IS_ABSENT },
        {},
};

static int add_device_rules(JsonObject *o, const char *key, const OciDeviceRule *rules, size_t n) {
        _cleanup_(json_putp) JsonObject *array = NULL;

        if (n == 0)
                return 0;

        array = json_object_new_array();
        if (!array)
                return -ENOMEM;

        for (size_t i = 0; i < n; i++) {
                _cleanup_(json_putp) JsonObject *d = json_object_new_object();
                const char type[] = { rules[i].type ?: 'a', 0 };

                if (!d || json_add_bool(d, "allow", rules[i].allow) < 0 || json_add_string(d, "type", type) < 0 ||
                    oci_add_number(d, "major", rules[i].major) < 0 ||
                    oci_add_number(d, "minor", rules[i].minor) < 0 ||
                    json_add_string(d, "access", rules[i].access) < 0 || oci_array_append(array, &d) < 0)
                        return -ENOMEM;
        }

        return json_add(o, key, TAKE_PTR(array));
}

static int add_memory(JsonObject *o, const OciResources *r) {
        _cleanup_(json_putp) JsonObject *member = json_object_new_object();

        if (!member || oci_add_number(member, "limit", r->memory.limit) < 0 ||
            oci_add_number(member, "reservation", r->memory.reservation) < 0 ||
            oci_add_number(member, "swap", r->memory.swap) < 0 ||
            (r->memory.disable_oom_killer.set &&
             json_add_bool(member, "disableOOMKiller", r->memory.disable_oom_killer.value) < 0))
                return -ENOMEM;

        return oci_add_object(o, "memory", &member);
}

static int add_cpu(JsonObject *o, const OciResources *r) {
        _cleanup_(json_putp) JsonObject *member = json_object_new_object();

        if (!member || oci_add_number(member, "shares", r->cpu.shares) < 0 ||
            oci_add_number(member, "quota", r->cpu.quota) < 0 ||
            oci_add_number(member, "period", r->cpu.period) < 0 ||
            json_add_string(member, "cpus", r->cpu.cpus) < 0 || json_add_string(member, "mems", r->cpu.mems) < 0)
                return -ENOMEM;

        return oci_add_object(o, "cpu", &member);
}

static int add_pids(JsonObject *o, const OciResources *r) {
        _cleanup_(json_putp) JsonObject *member = json_object_new_object();

        if (!member || oci_add_number(member, "limit", r->pids_limit) < 0)
                return -ENOMEM;

        return oci_add_object(o, "pids", &member);
}

static int add_block_limits(JsonObject *o, const char *key, const char *value_key, const OciBlockLimits *l) {
        _cleanup_(json_putp) JsonObject *array = NULL;

        if (l->n == 0)
                return 0;

        array = json_object_new_array();
        if (!array)
                return -ENOMEM;

        for (size_t i = 0; i < l->n; i++) {
                _cleanup_(json_putp) JsonObject *b = json_object_new_object();

                if (!b || json_add_u64(b, "major", l->limits[i].major) < 0 ||
                    json_add_u64(b, "minor", l->limits[i].minor) < 0 ||
                    json_add_u64(b, value_key, l->limits[i].value) < 0 || oci_array_append(array, &b) < 0)
                        return -ENOMEM;
        }

        return json_add(o, key, TAKE_PTR(array));
}

static int add_block_io(JsonObject *o, const OciResources *r) {
        _cleanup_(json_putp) JsonObject *member = json_object_new_object();

        if (!member || oci_add_number(member, "weight", r->block_io.weight) < 0 ||
            add_block_limits(member, "weightDevice", "weight", &r->block_io.weight_device) < 0 ||
            add_block_limits(member, "throttleReadBpsDevice", "rate", &r->block_io.read_bps) < 0 ||
            add_block_limits(member, "throttleWriteBpsDevice", "rate", &r->block_io.write_bps) < 0 ||
            add_block_limits(member, "throttleReadIOPSDevice", "rate", &r->block_io.read_iops) < 0 ||
            add_block_limits(member, "throttleWriteIOPSDevice", "rate", &r->block_io.write_iops) < 0)
                return -ENOMEM;

        return oci_add_object(o, "blockIO", &member);
}

int oci_add_resources(JsonObject *o, const char *key, const OciResources *r) {
        _cleanup_(json_putp) JsonObject *member = json_object_new_object();

        if (!member || add_device_rules(member, "devices", r->devices, r->n_devices) < 0 || add_memory(member, r) < 0 ||
            add_cpu(member, r) < 0 || add_pids(member, r) < 0 || add_block_io(member, r) < 0 ||
            json_add_string_map(member, "unified", r->unified) < 0)
                return -ENOMEM;

        return oci_add_object(o, key, &member);
}

void oci_resources_done(OciResources *r) {
        OciBlockLimits *all[] = { &r->block_io.weight_device, &r->block_io.read_bps, &r->block_io.write_bps,
                                  &r->block_io.read_iops, &r->block_io.write_iops };

        for (size_t i = 0; i < r->n_devices; i++)
                free(r->devices[i].access);
        free(r->devices);
        free(r->cpu.cpus);
        free(r->cpu.mems);
        for (size_t i = 0; i < ELEMENTSOF(all); i++)
                free(all[i]->limits);
        strv_free(r->unified);
}
