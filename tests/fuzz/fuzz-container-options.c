/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/capability-set.h"
#include "manager/config-value.h"
#include "manager/cpu-list.h"
#include "manager/device-spec.h"
#include "manager/namespace-mode.h"
#include "manager/restart-policy.h"
#include "manager/security-options.h"
#include "manager/sysctl-policy.h"
#include "manager/ulimit.h"
#include "shared/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte says which parser. */
static int parse(unsigned which, const char *text, Error *reterr) {
        _cleanup_(security_options_done) SecurityOptions security = {};
        _cleanup_(device_limit_done) DeviceLimit limit = {};
        _cleanup_(device_spec_done) DeviceSpec device = {};
        uint64_t capabilities = 0;
        RestartPolicy restart;
        NamespaceMode mode;
        DeviceRule rule;
        Ulimit ulimit;
        uint32_t n;
        CpuList list;

        switch (which % 24) {
        case 0: return device_spec_parse(text, &device, reterr);
        case 1: return device_rule_parse(text, &rule, reterr);
        case 2: return device_limit_parse_bytes(text, &limit, reterr);
        case 3: return device_limit_parse_operations(text, &limit, reterr);
        case 4: return device_limit_parse_weight(text, &limit, reterr);
        case 5: return ulimit_parse(text, &ulimit, reterr);
        case 6: return security_options_add(&security, text, reterr);
        case 7: return sysctl_check(text, true, true, true, reterr);
        case 8: return capability_set_add(&capabilities, text, reterr);
        case 9: return cpu_list_parse(text, &list, reterr);
        case 10: return restart_policy_parse(text, &restart, reterr);
        case 11: return user_mode_parse(text, &mode, &n, reterr);
        case 12: return network_mode_parse(text, &mode, reterr);
        case 13: return check_user(text, reterr);
        case 14: return check_host_entry(text, reterr);
        case 15: return check_port(text, reterr);
        case 16: return check_detach_keys(text, reterr);
        case 17: return check_slice(text, reterr);
        case 18: return check_timezone(text, reterr);
        case 19: return check_environment(text, reterr);
        case 20: return check_label(text, reterr);
        case 21: return strchr(text, '=') ? check_log_option(text, reterr) : 0;
        case 22: return check_platform(text, reterr);
        default: return ipc_mode_parse(text, &mode, reterr);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(error_done) Error error = {};
        _cleanup_(freep) char *text = NULL;

        if (size == 0)
                return 0;
        text = strndup((const char *) data + 1, size - 1);
        assert(text);

        if (parse(data[0], text, &error) < 0)
                assert(error.message);
        return 0;
}
