/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image.h"
#include "oci/reference.h"
#include "shared/strv.h"
#include "shared/text.h"

/* From what a person wrote to an image. A full id comes first, then names, then the beginnings of ids: an image called
 * "cafe" is not hidden by one whose id begins so. */

static int found(Image *i, const char *name, Image **ret, char **ret_name, Error *reterr) {
        char *copy = NULL;

        if (name && ret_name) {
                copy = strdup(name);
                if (!copy)
                        return error_oom(reterr);
        }

        if (ret_name)
                *ret_name = copy;
        *ret = image_ref(i);
        return 1;
}

static Image *find_digest(ImageStore *s, const char *hex) {
        char digest[DIGEST_SIZE];

        digest_from_hex(digest, hex);
        for (size_t n = 0; n < s->n_images; n++)
                if (streq(s->images[n]->id, digest))
                        return s->images[n];
        for (size_t n = 0; n < s->n_images; n++)
                if (strv_contains(s->images[n]->manifests, digest))
                        return s->images[n];
        return NULL;
}

/* *ret_name is weak */
static Image *find_name(ImageStore *s, const char *full, const char **ret_name) {
        for (size_t n = 0; n < s->n_images; n++)
                STRV_FOREACH(name, s->images[n]->names)
                        if (streq(*name, full)) {
                                *ret_name = *name;
                                return s->images[n];
                        }
        return NULL;
}

/* "NAME[:TAG]@sha256:…": an image with that manifest (or id) that has a name in that repository */
static Image *find_in_repository(ImageStore *s, const char *repository, const char *digest, const char **ret_name) {
        size_t length = strlen(repository);
        Image *i = find_digest(s, digest_hex(digest));

        if (!i)
                return NULL;

        STRV_FOREACH(name, i->names)
                if (strncmp(*name, repository, length) == 0 && (*name)[length] == ':') {
                        *ret_name = *name;
                        return i;
                }
        return NULL;
}

static int resolve_reference(ImageStore *s, const Reference *ref, Image **ret, char **ret_name, Error *reterr) {
        _cleanup_(freep) char *text = ref->digest ? reference_repository(ref) : reference_to_string(ref);
        const char *name;
        Image *i;

        if (!text)
                return error_oom(reterr);

        i = ref->digest ? find_in_repository(s, text, ref->digest, &name) : find_name(s, text, &name);
        return i ? found(i, name, ret, ret_name, reterr) : 0;
}

static int resolve_name(ImageStore *s, const char *text, Image **ret, char **ret_name, Error *reterr) {
        _cleanup_(reference_done) Reference ref = {}, local = {};
        _cleanup_(freep) char *with_domain = NULL;
        int r;

        r = reference_parse(text, &ref, NULL);
        if (r < 0)
                return 0;
        r = resolve_reference(s, &ref, ret, ret_name, reterr);
        if (r != 0 || !ref.short_name)
                return r;

        /* Images that podman or buildah made are called localhost/NAME, and people leave that out */
        with_domain = text_join("localhost/", text, NULL);
        if (!with_domain)
                return error_oom(reterr);
        r = reference_parse(with_domain, &local, NULL);
        return r < 0 ? 0 : resolve_reference(s, &local, ret, ret_name, reterr);
}

static int resolve_prefix(ImageStore *s, const char *text, const char *hex, Image **ret, char **ret_name, Error *reterr) {
        size_t length = strlen(hex);
        Image *match = NULL;

        for (size_t n = 0; n < s->n_images; n++) {
                Image *i = s->images[n];

                if (strncmp(digest_hex(i->id), hex, length) != 0)
                        continue;
                if (match && !streq(match->id, i->id))
                        return error_set(reterr, -ENOTUNIQ, "'%s' is the beginning of several images' identifiers", text);
                match = i;
        }

        return match ? found(match, NULL, ret, ret_name, reterr) : 0;
}

int image_store_resolve(ImageStore *s, const char *text, Image **ret, char **ret_name, Error *reterr) {
        const char *hex = NULL;
        _cleanup_(freep) char *shown = NULL;
        bool may_be_id;
        Image *i;
        int r;

        if (strlen(text) > REFERENCE_MAX)
                return error_set(reterr, -EINVAL, "The name of an image is too long");

        may_be_id = reference_may_be_id(text, &hex);
        if (may_be_id && strlen(hex) == DIGEST_HEX_LENGTH) {
                i = find_digest(s, hex);
                if (i)
                        return found(i, NULL, ret, ret_name, reterr) < 0 ? -ENOMEM : 0;
        }

        r = resolve_name(s, text, ret, ret_name, reterr);
        if (r == 0 && may_be_id)
                r = resolve_prefix(s, text, hex, ret, ret_name, reterr);
        if (r != 0)
                return r < 0 ? r : 0;

        /* If it is not even a name, that is what to say */
        if (!may_be_id) {
                _cleanup_(reference_done) Reference ref = {};

                r = reference_parse(text, &ref, reterr);
                if (r < 0)
                        return r;
        }

        shown = text_escape(text);
        return error_set(reterr, -ENOENT, "There is no image '%s'", strempty(shown));
}
