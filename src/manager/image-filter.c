/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fnmatch.h>
#include <time.h>

#include "image-filter.h"
#include "oci/reference.h"
#include "shared/parse.h"
#include "shared/strv.h"
#include "shared/text.h"

void image_filter_done(ImageFilter *f) {
        strv_free(f->id);
        strv_free(f->reference);
        strv_free(f->label);
        free(f->before_id);
        free(f->since_id);
}

static int add_dangling(ImageFilter *f, const char *value, Error *reterr) {
        int r;

        r = parse_boolean(value);
        if (r < 0)
                return error_set(reterr, -EINVAL, "filter dangling: expected true or false, got '%s'",
                                 value);

        f->dangling = r;
        return 0;
}

static int add_before_or_since(ImageFilter *f, ImageCache *c, bool before, const char *value,
                               Error *reterr) {
        _cleanup_(image_unrefp) Image *i = NULL;
        char *id;
        int r;

        r = image_cache_resolve(c, value, &i, NULL, reterr);
        if (r < 0)
                return r;
        id = strdup(i->id);
        if (!id)
                return error_oom(reterr);

        if (before) {
                f->before_usec = MIN(f->before_usec, i->created_usec);
                free_and_replace(f->before_id, id);
        } else {
                f->since_usec = MAX(f->since_usec, i->created_usec);
                free_and_replace(f->since_id, id);
        }
        return 0;
}

/* A date, seconds since the epoch, or how long ago. */
static int add_until(ImageFilter *f, const char *value, Error *reterr) {
        uint64_t usec, seconds, now = (uint64_t) time(NULL) * 1000000U;

        usec = oci_time_parse(value);
        if (usec == 0 && parse_u64(value, &seconds) >= 0)
                usec = seconds < UINT64_MAX / 1000000U ? seconds * 1000000U : UINT64_MAX;
        else if (usec == 0) {
                if (parse_duration(value, &usec) < 0)
                        return error_set(reterr, -EINVAL,
                                         "filter until: '%s' is neither a time nor a duration", value);
                usec = usec < now ? now - usec : 0;
        }

        f->before_usec = MIN(f->before_usec, usec);
        return 0;
}

int image_filter_add(ImageFilter *f, ImageCache *c, const char *key, const char *value, Error *reterr) {
        int r;

        if (streq(key, "dangling"))
                return add_dangling(f, value, reterr);
        if (STR_IN_SET(key, "before", "since"))
                return add_before_or_since(f, c, streq(key, "before"), value, reterr);
        if (streq(key, "until"))
                return add_until(f, value, reterr);

        if (streq(key, "id")) {
                const char *hex;

                if (!reference_may_be_id(value, &hex))
                        return error_set(reterr, -EINVAL, "filter id: '%s' is not the beginning of an id",
                                         value);
                r = strv_extend(&f->id, hex);
        } else if (streq(key, "reference"))
                r = strv_extend(&f->reference, value);
        else if (streq(key, "label"))
                r = strv_extend(&f->label, value);
        else
                return error_set(
                                reterr, -EINVAL,
                                "there is no filter '%s': expected before, dangling, id, label, reference, since or until",
                                key);

        return r < 0 ? error_oom(reterr) : 0;
}

static bool name_matches(const char *name, const char *pattern) {
        _cleanup_(freep) char *familiar = reference_familiar_from_string(name);
        char *tag;

        if (fnmatch(pattern, name, FNM_PATHNAME) == 0)
                return true;
        if (!familiar)
                return false;
        if (fnmatch(pattern, familiar, FNM_PATHNAME) == 0)
                return true;

        /* Without the tag: the colon behind the last slash */
        tag = strrchr(familiar, ':');
        if (!tag || strchr(tag, '/'))
                return false;
        *tag = 0;
        return fnmatch(pattern, familiar, FNM_PATHNAME) == 0;
}

static bool matches_reference(const ImageFilter *f, const Image *i) {
        STRV_FOREACH(pattern, f->reference)
        STRV_FOREACH(name, i->names)
        if (name_matches(*name, *pattern))
                return true;
        return strv_isempty(f->reference);
}

static bool matches_id(const ImageFilter *f, const Image *i) {
        STRV_FOREACH(hex, f->id)
        if (startswith(digest_hex(i->id), *hex))
                return true;
        return strv_isempty(f->id);
}

static bool has_label(char *const *labels, const char *wanted) {
        size_t n = strcspn(wanted, "=");

        STRV_FOREACH(l, labels)
        if (wanted[n] ? streq(*l, wanted) : strncmp(*l, wanted, n) == 0 && (*l)[n] == '=')
                return true;
        return false;
}

static bool matches_labels(const ImageFilter *f, const Image *i) {
        STRV_FOREACH(wanted, f->label)
        if (!i->config || !has_label(i->config->labels, *wanted))
                return false;
        return true;
}

bool image_filter_matches(const ImageFilter *f, const Image *i) {
        if (f->dangling >= 0 && f->dangling != (int) strv_isempty(i->names))
                return false;
        if (f->before_usec != UINT64_MAX && i->created_usec > f->before_usec)
                return false;
        if (f->since_usec > 0 && i->created_usec < f->since_usec)
                return false;
        if (streq_ptr(f->before_id, i->id) || streq_ptr(f->since_id, i->id))
                return false;

        return matches_id(f, i) && matches_reference(f, i) && matches_labels(f, i);
}
