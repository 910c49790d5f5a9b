/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cpu-list.h"
#include "shared/parse.h"
#include "shared/strv.h"
#include "shared/text.h"

int cpu_list_parse(const char *text, CpuList *ret, Error *reterr) {
        _cleanup_(strv_freep) char **ranges = NULL;
        CpuList list = {};

        if (strv_split(text, ",", &ranges) < 0)
                return error_oom(reterr);
        if (strv_isempty(ranges))
                return error_set(reterr, -EINVAL, "'%s' is not a list like 0-2,5", text);

        STRV_FOREACH(range, ranges) {
                char *end = strchr(*range, '-');
                uint16_t first, last;

                if (end)
                        *end++ = 0;
                if (parse_u16(*range, &first) < 0 || parse_u16(end ?: *range, &last) < 0 || last < first)
                        return error_set(reterr, -EINVAL, "'%s' is not a list like 0-2,5", text);
                if (last >= CPU_LIST_MAX)
                        return error_set(reterr, -EINVAL, "'%s': there is no number %u", text, last);

                for (unsigned i = first; i <= last; i++)
                        list.bits[i / 8] |= (uint8_t) (1U << (i % 8));
                list.n_bytes = MAX(list.n_bytes, (size_t) last / 8 + 1);
        }

        *ret = list;
        return 0;
}

static bool bit_is_set(const uint8_t *bits, size_t n, size_t i) {
        return i / 8 < n && (bits[i / 8] & (1U << (i % 8)));
}

int cpu_list_format(const uint8_t *bits, size_t n, char **ret) {
        _cleanup_(freep) char *text = NULL;

        for (size_t i = 0; i < n * 8; i++) {
                size_t last = i;
                int r;

                if (!bit_is_set(bits, n, i))
                        continue;
                while (bit_is_set(bits, n, last + 1))
                        last++;

                r = last > i ? text_append(&text, "%s%zu-%zu", text ? "," : "", i, last)
                             : text_append(&text, "%s%zu", text ? "," : "", i);
                if (r < 0)
                        return r;
                i = last;
        }

        *ret = TAKE_PTR(text); /* NULL: empty */
        return 0;
}
