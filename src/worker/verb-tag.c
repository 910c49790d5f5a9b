/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/remove.h"
#include "shared/strv.h"
#include "store-verb.h"

/* Parameters: "image" and "name". */
static int verb_tag_run(WorkerLink *link, JsonObject *parameters, JsonObject **ret, Error *reterr) {
        _cleanup_(image_store_freep) ImageStore *store = NULL;
        const char *image, *name;
        int r;

        r = store_verb_get_string(parameters, "image", &image, reterr);
        if (r >= 0)
                r = store_verb_get_string(parameters, "name", &name, reterr);
        if (r >= 0)
                r = store_verb_open(&store, reterr);
        if (r < 0)
                return r;

        return image_tag(store, image, name, reterr);
}

/* Parameter: "names". */
static int verb_untag_run(WorkerLink *link, JsonObject *parameters, JsonObject **ret, Error *reterr) {
        _cleanup_(image_store_freep) ImageStore *store = NULL;
        _cleanup_(strv_freep) char **names = NULL;
        int r;

        r = store_verb_get_strv(parameters, "names", &names, reterr);
        if (r >= 0)
                r = store_verb_open(&store, reterr);
        if (r < 0)
                return r;

        return image_untag(store, names, reterr);
}

const Verb verb_tag = {"tag", SANDBOX_STORE, verb_tag_run};
const Verb verb_untag = {"untag", SANDBOX_STORE, verb_untag_run};
