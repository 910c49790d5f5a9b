/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "image-config.h"
#include "shared/strv.h"
#include "shared/text.h"

#define USEC_PER_SEC UINT64_C(1000000)

static int copy_string(const char *s, char **ret) {
        if (!s)
                return 0;
        *ret = strdup(s);
        return *ret ? 0 : -ENOMEM;
}

int oci_image_config_add_history(OciImageConfig *c, const char *created, const char *created_by, const char *author,
                                 const char *comment, bool empty_layer) {
        OciHistory h = { .empty_layer = empty_layer }, *more;

        if (copy_string(created, &h.created) < 0 || copy_string(created_by, &h.created_by) < 0 ||
            copy_string(author, &h.author) < 0 || copy_string(comment, &h.comment) < 0)
                goto fail;

        more = reallocarray(c->history, c->n_history + 1, sizeof(OciHistory));
        if (!more)
                goto fail;

        c->history = more;
        c->history[c->n_history++] = h;
        return 0;

fail:
        free(h.created);
        free(h.created_by);
        free(h.author);
        free(h.comment);
        return -ENOMEM;
}

int oci_chain_ids(char *const *diff_ids, char ***ret) {
        _cleanup_(strv_freep) char **chain = NULL;
        char text[2 * DIGEST_SIZE], id[DIGEST_SIZE];
        size_t n = 0;
        int r;

        chain = new0(char *, strv_length(diff_ids) + 1);
        if (!chain)
                return -ENOMEM;

        STRV_FOREACH(d, diff_ids) {
                if (n == 0)
                        memcpy(id, *d, DIGEST_SIZE);
                else {
                        snprintf(text, sizeof(text), "%s %s", chain[n - 1], *d);
                        r = digest_of_bytes(text, strlen(text), id);
                        if (r < 0)
                                return r;
                }

                chain[n] = strdup(id);
                if (!chain[n++])
                        return -ENOMEM;
        }

        *ret = TAKE_PTR(chain);
        return 0;
}

char *oci_time_format(uint64_t usec) {
        time_t sec = (time_t) (usec / USEC_PER_SEC);
        unsigned fraction = usec % USEC_PER_SEC;
        char date[sizeof("2024-05-01T12:00:00") + 32];
        struct tm tm;

        if (!gmtime_r(&sec, &tm) || strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
                return NULL;
        if (fraction == 0)
                return text_join(date, "Z", NULL);

        return text_printf("%s.%06uZ", date, fraction);
}

uint64_t oci_time_parse(const char *s) {
        unsigned hours, minutes, fraction = 0, digits = 0;
        struct tm tm = {};
        int64_t offset = 0;
        const char *p;
        time_t sec;

        if (!s)
                return 0;

        p = strptime(s, "%Y-%m-%dT%H:%M:%S", &tm);
        if (!p)
                return 0;
        if (*p == '.')
                for (p++; ascii_isdigit(*p); p++)
                        if (digits++ < 6)
                                fraction = fraction * 10 + (unsigned) (*p - '0');
        for (; digits < 6; digits++)
                fraction *= 10;

        if (*p == '+' || *p == '-') {
                if (sscanf(p + 1, "%2u:%2u", &hours, &minutes) != 2)
                        return 0;
                offset = (int64_t) (hours * 3600 + minutes * 60) * (*p == '+' ? 1 : -1);
        } else if (*p != 'Z' && *p != 'z')
                return 0;

        sec = timegm(&tm);
        if (sec < 0 || (int64_t) sec - offset < 0)
                return 0;
        return (uint64_t) ((int64_t) sec - offset) * USEC_PER_SEC + fraction;
}
