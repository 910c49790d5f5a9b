/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "restart-policy.h"
#include "shared/parse.h"
#include "shared/text.h"

static const char *const restart_mode_table[_RESTART_MODE_MAX] = {
        [RESTART_NO] = "no",
        [RESTART_ALWAYS] = "always",
        [RESTART_ON_FAILURE] = "on-failure",
        [RESTART_UNLESS_STOPPED] = "unless-stopped",
};
DEFINE_STRING_TABLE(restart_mode, RestartMode);

int restart_policy_parse(const char *text, RestartPolicy *ret, Error *reterr) {
        _cleanup_(freep) char *word = strndup(text, strcspn(text, ":"));
        const char *number = strchr(text, ':');
        RestartPolicy p = {};

        if (!word)
                return error_oom(reterr);

        p.mode = isempty(word) && !number ? RESTART_NO : restart_mode_from_string(word);
        if (p.mode < 0)
                return error_set(reterr, -EINVAL,
                                 "restart policy '%s': expected no, always, unless-stopped or on-failure[:N]", text);
        if (number) {
                if (p.mode != RESTART_ON_FAILURE)
                        return error_set(reterr, -EINVAL, "restart policy '%s': only on-failure has a number of retries", text);
                if (parse_u32(number + 1, &p.max_retries) < 0)
                        return error_set(reterr, -EINVAL, "restart policy '%s': '%s' is not a number", text, number + 1);
        }

        *ret = p;
        return 0;
}
