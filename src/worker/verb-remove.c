/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/remove.h"
#include "image/store-staging.h"
#include "shared/bus-names.h"
#include "shared/log.h"
#include "shared/strv.h"
#include "shared/text.h"
#include "store-verb.h"

static int make_uses(char *const *users, const char *id, ImageUse **ret, Error *reterr) {
        ImageUse *uses = new0(ImageUse, strv_length(users) + 1);

        if (!uses)
                return error_oom(reterr);
        for (size_t i = 0; users && users[i]; i++)
                uses[i] = (ImageUse){.image_id = id, .user = users[i]};

        *ret = uses;
        return 0;
}

static int make_report(char *const *lines, JsonObject **ret, Error *reterr) {
        _cleanup_(json_putp) JsonObject *o = json_object_new_object();
        static char *const none[] = {NULL};

        if (!o || json_add_strv(o, "report", lines ?: none) < 0)
                return error_oom(reterr);

        *ret = TAKE_PTR(o);
        return 0;
}

/* Parameters: "image" (a name or an id), "id" (of the same image), "users" (containers that stand on it),
 * "force". Result: "report". */
static int verb_remove_run(WorkerLink *link, JsonObject *parameters, JsonObject **ret, Error *reterr) {
        ImageCallbacks callbacks = store_verb_callbacks(link);
        ImageRemoveOptions options = {.force = json_get_bool(parameters, "force"), .callbacks = &callbacks};
        _cleanup_(strv_freep) char **users = NULL, **called = NULL, **report = NULL;
        _cleanup_(image_store_freep) ImageStore *store = NULL;
        _cleanup_(freep) ImageUse *uses = NULL;
        const char *image, *id;
        int r;

        r = store_verb_get_string(parameters, "image", &image, reterr);
        if (r >= 0)
                r = store_verb_get_string(parameters, "id", &id, reterr);
        if (r >= 0)
                r = store_verb_get_strv(parameters, "users", &users, reterr);
        if (r < 0)
                return r;

        STRV_FOREACH(user, users)
        if (strv_extendf(&called, "container %s", *user) < 0)
                return error_oom(reterr);
        r = make_uses(called, id, &uses, reterr);
        if (r >= 0)
                r = store_verb_open(&store, reterr);
        if (r < 0)
                return r;
        options.uses = uses;
        options.n_uses = strv_length(called);

        r = image_remove(store, image, &options, &report, reterr);
        if (r == -ENOTUNIQ) /* it was named in full: what it has several of are names */
                worker_link_set_error_name(link, BUS_ERROR_IN_USE);
        return r < 0 ? r : make_report(report, ret, reterr);
}

/* Removes what workers that died have left and, with "collect", what no image refers to. */
static int verb_clean_run(WorkerLink *link, JsonObject *parameters, JsonObject **ret, Error *reterr) {
        _cleanup_(image_store_freep) ImageStore *store = NULL;
        _cleanup_(strv_freep) char **removed = NULL;
        int r;

        r = store_verb_open(&store, reterr);
        if (r < 0)
                return r;

        return json_get_bool(parameters, "collect") ? image_store_collect(store, NULL, &removed, reterr)
                                                    : store_staging_clean(store, reterr);
}

const Verb verb_remove = {"remove", SANDBOX_STORE, verb_remove_run};
const Verb verb_clean = {"clean", SANDBOX_STORE, verb_clean_run};
