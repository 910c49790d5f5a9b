/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sys/utsname.h>

#include "platform.h"
#include "shared/strv.h"
#include "shared/text.h"

/* Names of the kernel, of Debian and of people, and what Go calls them */
static const struct {
        const char *name, *architecture, *variant;
} aliases[] = {
        { "x86_64",      "amd64",    NULL },
        { "x86-64",      "amd64",    NULL },
        { "i386",        "386",      NULL },
        { "i486",        "386",      NULL },
        { "i586",        "386",      NULL },
        { "i686",        "386",      NULL },
        { "aarch64",     "arm64",    NULL },
        { "armhf",       "arm",      "v7" },
        { "armel",       "arm",      "v6" },
        { "armv8l",      "arm",      "v7" },
        { "armv7l",      "arm",      "v7" },
        { "armv6l",      "arm",      "v6" },
        { "armv5tel",    "arm",      "v5" },
        { "ppc64el",     "ppc64le",  NULL },
        { "mips64",      "mips64le", NULL },
        { "loongarch64", "loong64",  NULL },
};

const JsonField platform_fields[] = {
        { "os",           json_type_string, json_read_string, offsetof(OciPlatform, os),           JSON_NULL_IS_ABSENT },
        { "architecture", json_type_string, json_read_string, offsetof(OciPlatform, architecture), JSON_NULL_IS_ABSENT },
        { "variant",      json_type_string, json_read_string, offsetof(OciPlatform, variant),      JSON_NULL_IS_ABSENT },
        {}
};

void platform_done(OciPlatform *p) {
        free(p->os);
        free(p->architecture);
        free(p->variant);
        *p = (OciPlatform) {};
}

static int platform_set(OciPlatform *p, const char *os, const char *architecture, const char *variant) {
        for (size_t i = 0; i < ELEMENTSOF(aliases); i++)
                if (streq(aliases[i].name, architecture)) {
                        architecture = aliases[i].architecture;
                        variant = variant ?: aliases[i].variant;
                        break;
                }

        p->os = strdup(os);
        p->architecture = strdup(architecture);
        p->variant = variant ? strdup(variant) : NULL;
        return p->os && p->architecture && (p->variant || !variant) ? 0 : -ENOMEM;
}

static bool word_is_valid(const char *s) {
        size_t n = 0;

        for (; s[n]; n++)
                if (!ascii_isalnum(s[n]) && (n == 0 || !strchr("_.-", s[n])))
                        return false;
        return n > 0 && n <= 32;
}

int platform_parse(const char *text, OciPlatform *ret, Error *reterr) {
        _cleanup_(platform_done) OciPlatform p = {};
        _cleanup_(strv_freep) char **words = NULL;
        size_t n;
        int r;

        r = strv_split(text, "/", &words);
        if (r < 0)
                return error_oom(reterr);

        n = strv_length(words);
        STRV_FOREACH(w, words)
                if (!word_is_valid(*w))
                        n = 0;
        if (n == 0 || n > 3 || text[0] == '/' || endswith(text, "/") || strstr(text, "//"))
                return error_set(reterr, -EINVAL, "'%s' is not a platform: expected OS/ARCHITECTURE[/VARIANT]", text);

        STRV_FOREACH(w, words)
                ascii_strlower(*w);

        if (n == 1 && streq(words[0], "linux"))
                r = platform_host(&p);
        else if (n == 1)
                r = platform_set(&p, "linux", words[0], NULL);
        else
                r = platform_set(&p, words[0], words[1], n == 3 ? words[2] : NULL);
        if (r < 0)
                return error_oom(reterr);

        *ret = TAKE_GENERIC(p, OciPlatform, (OciPlatform) {});
        return 0;
}

int platform_host(OciPlatform *ret) {
        _cleanup_(platform_done) OciPlatform p = {};
        struct utsname u;
        int r;

        if (uname(&u) < 0)
                return -errno;

        r = platform_set(&p, "linux", u.machine, NULL);
        if (r < 0)
                return r;

        *ret = TAKE_GENERIC(p, OciPlatform, (OciPlatform) {});
        return 0;
}

char *platform_to_string(const OciPlatform *p) {
        return text_join(p->os ?: "linux", "/", p->architecture ?: "unknown", p->variant ? "/" : NULL, p->variant, NULL);
}

/* "v7" as 7; an arm64 machine is v8 and an arm one v7 where nothing is said */
static unsigned variant_number(const OciPlatform *p) {
        if (p->variant && p->variant[0] == 'v' && ascii_isdigit(p->variant[1]))
                return p->variant[1] - '0';
        if (p->variant)
                return 0;
        return streq(p->architecture, "arm64") ? 8 : streq(p->architecture, "arm") ? 7 : 0;
}

unsigned platform_match(const OciPlatform *wanted, const OciPlatform *offered) {
        unsigned w, o;

        if (!wanted->os || !wanted->architecture || !offered->os || !offered->architecture)
                return 0;
        if (!streq(wanted->os, offered->os) || !streq(wanted->architecture, offered->architecture))
                return 0;

        if (streq_ptr(wanted->variant, offered->variant))
                return 100;

        /* A processor runs what was made for its forerunners */
        w = variant_number(wanted);
        o = variant_number(offered);
        if (w == o)
                return 90;
        if (STR_IN_SET(wanted->architecture, "arm", "arm64"))
                return o < w && o > 0 ? 50 - (w - o) : 0;

        /* amd64: whoever asks for no variant gets the one that runs everywhere */
        return o <= w || !offered->variant ? 50 : 0;
}
