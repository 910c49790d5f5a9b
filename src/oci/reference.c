/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "digest.h"
#include "reference.h"
#include "shared/text.h"

#define DEFAULT_DOMAIN "docker.io"
#define LEGACY_DOMAIN  "index.docker.io"
#define OFFICIAL_PATH  "library/"
#define DEFAULT_TAG    "latest"

#define SHOWN_MAX 80 /* characters of a bad name in a message */

void reference_done(Reference *r) {
        free(r->domain);
        free(r->path);
        free(r->tag);
        free(r->digest);
        *r = (Reference) {};
}

bool reference_tag_is_valid(const char *s) {
        size_t n = 0;

        for (; s[n]; n++)
                if (!ascii_isalnum(s[n]) && s[n] != '_' && (n == 0 || !strchr(".-", s[n])))
                        return false;

        return n > 0 && n <= REFERENCE_TAG_MAX;
}

static bool port_is_valid(const char *s) {
        size_t n = strspn(s, "0123456789");

        return n > 0 && n <= 5 && s[n] == 0 && atoi(s) <= UINT16_MAX;
}

/* "[2001:db8::1]" up to the bracket; the addresses behind it are the resolver's matter */
static size_t bracketed_length(const char *s) {
        size_t n = strspn(s + 1, "0123456789abcdefABCDEF:.");

        return n >= 2 && s[n + 1] == ']' ? n + 2 : 0;
}

static bool domain_is_valid(const char *s) {
        const char *p = s;

        if (*p == '[') {
                size_t n = bracketed_length(p);
                return n > 0 && (p[n] == 0 || (p[n] == ':' && port_is_valid(p + n + 1)));
        }

        for (;;) {
                size_t n = 0;

                while (ascii_isalnum(p[n]) || p[n] == '-')
                        n++;
                if (n == 0 || p[0] == '-' || p[n - 1] == '-')
                        return false;
                p += n;

                if (*p == 0)
                        return true;
                if (*p == ':')
                        return port_is_valid(p + 1);
                if (*p++ != '.')
                        return false;
        }
}

/* [a-z0-9]+ parts with ".", "_", "__" or any number of "-" between them, components joined by slashes */
static bool path_is_valid(const char *p) {
        for (;;) {
                size_t n = 0;

                while (ascii_islower(p[n]) || ascii_isdigit(p[n]))
                        n++;
                if (n == 0)
                        return false;
                p += n;

                switch (*p) {
                case 0:
                        return true;
                case '/':
                case '.':
                        p++;
                        break;
                case '_':
                        p += p[1] == '_' ? 2 : 1;
                        break;
                case '-':
                        p += strspn(p, "-");
                        break;
                default:
                        return false;
                }
        }
}

static bool has_upper(const char *s) {
        for (; *s; s++)
                if (*s >= 'A' && *s <= 'Z')
                        return true;
        return false;
}

/* Whether the first component names a registry rather than a user: "quay.io", "host:5000", "localhost", "HOST" */
static bool component_is_domain(const char *s) {
        return strpbrk(s, ".:[") || streq(s, "localhost") || has_upper(s);
}

static int invalid(Error *reterr, const char *text, const char *why) {
        _cleanup_(freep) char *escaped = NULL;

        if (!reterr)
                return -EINVAL;

        escaped = text_escape(text);
        if (!escaped)
                return error_oom(reterr);

        return error_set(reterr, -EINVAL, "'%.*s%s' is not an image name: %s", SHOWN_MAX, escaped,
                         strlen(escaped) > SHOWN_MAX ? "…" : "", why);
}

static int split_domain(char *name, Reference *ref) {
        char *slash = strchr(name, '/');
        const char *path = name;

        if (slash)
                *slash = 0;
        if (slash && component_is_domain(name)) {
                ref->domain = strdup(streq(name, LEGACY_DOMAIN) ? DEFAULT_DOMAIN : name);
                path = slash + 1;
        } else {
                if (slash)
                        *slash = '/';
                ref->domain = strdup(DEFAULT_DOMAIN);
                ref->short_name = true;
        }
        if (!ref->domain)
                return -ENOMEM;

        if (streq(ref->domain, DEFAULT_DOMAIN) && !strchr(path, '/'))
                ref->path = text_join(OFFICIAL_PATH, path, NULL);
        else
                ref->path = strdup(path);
        return ref->path ? 0 : -ENOMEM;
}

int reference_parse(const char *text, Reference *ret, Error *reterr) {
        _cleanup_(reference_done) Reference ref = {};
        _cleanup_(freep) char *name = NULL;
        char *at, *colon;

        if (isempty(text))
                return error_set(reterr, -EINVAL, "The name of an image is empty");
        if (strlen(text) > REFERENCE_MAX)
                return invalid(reterr, text, "it is too long");
        if (text_is_hex(text, DIGEST_HEX_LENGTH))
                return invalid(reterr, text, "64 hexadecimal digits are an identifier");

        name = strdup(text);
        if (!name)
                return error_oom(reterr);

        at = strchr(name, '@');
        if (at) {
                if (!digest_is_valid(at + 1))
                        return invalid(reterr, text, "behind '@' must be sha256: and 64 hexadecimal digits");
                ref.digest = strdup(at + 1);
                if (!ref.digest)
                        return error_oom(reterr);
                *at = 0;
        }

        /* A colon before a slash is a port */
        colon = strrchr(name, ':');
        if (colon && !strchr(colon, '/')) {
                if (!reference_tag_is_valid(colon + 1))
                        return invalid(reterr, text, "the tag behind ':' is not valid");
                ref.tag = strdup(colon + 1);
                if (!ref.tag)
                        return error_oom(reterr);
                *colon = 0;
        } else if (!ref.digest) {
                ref.tag = strdup(DEFAULT_TAG);
                if (!ref.tag)
                        return error_oom(reterr);
        }

        if (split_domain(name, &ref) < 0)
                return error_oom(reterr);

        if (!domain_is_valid(ref.domain))
                return invalid(reterr, text, "its first part is not the name of a registry");
        if (has_upper(ref.path))
                return invalid(reterr, text, "it must be lower-case");
        if (!path_is_valid(ref.path))
                return invalid(reterr, text, "only a-z, 0-9 and, between them, '.', '_', '__', '-' and '/' may be in it");
        if (strlen(ref.domain) + 1 + strlen(ref.path) > REFERENCE_NAME_MAX)
                return invalid(reterr, text, "it is longer than 255 characters");

        *ret = TAKE_GENERIC(ref, Reference, (Reference) {});
        return 0;
}

static char *with_tag_and_digest(const char *a, const char *b, const char *c, const Reference *r) {
        return text_join(a, b, c, r->tag ? ":" : "", strempty(r->tag), r->digest ? "@" : "", strempty(r->digest), NULL);
}

char *reference_to_string(const Reference *r) {
        return with_tag_and_digest(r->domain, "/", r->path, r);
}

char *reference_repository(const Reference *r) {
        return text_join(r->domain, "/", r->path, NULL);
}

char *reference_familiar(const Reference *r) {
        const char *path = r->path, *official;
        char first[REFERENCE_NAME_MAX + 1];
        size_t n;

        if (!streq(r->domain, DEFAULT_DOMAIN))
                return reference_to_string(r);

        official = startswith(path, OFFICIAL_PATH);
        if (official && !strchr(official, '/'))
                return with_tag_and_digest(official, "", "", r);

        /* "docker.io/localhost/app" must not become what is read as a registry's name */
        n = strcspn(path, "/");
        if (n < sizeof(first)) {
                memcpy(first, path, n);
                first[n] = 0;
                if (!component_is_domain(first))
                        return with_tag_and_digest(path, "", "", r);
        }

        return reference_to_string(r);
}

char *reference_familiar_from_string(const char *full) {
        _cleanup_(reference_done) Reference ref = {};

        if (reference_parse(full, &ref, NULL) < 0)
                return strdup(full);

        return reference_familiar(&ref);
}

int reference_normalize(const char *text, char **ret, Error *reterr) {
        _cleanup_(reference_done) Reference ref = {};
        char *full;
        int r;

        r = reference_parse(text, &ref, reterr);
        if (r < 0)
                return r;
        if (ref.digest)
                return invalid(reterr, text, "a name to give cannot have a digest");

        full = reference_to_string(&ref);
        if (!full)
                return error_oom(reterr);

        *ret = full;
        return 0;
}

bool reference_may_be_id(const char *text, const char **ret_hex) {
        const char *hex = startswith(text, DIGEST_PREFIX) ?: text;
        size_t n = strspn(hex, "0123456789abcdef");

        if (hex[n] != 0 || n < 2 || n > DIGEST_HEX_LENGTH)
                return false;

        *ret_hex = hex;
        return true;
}
