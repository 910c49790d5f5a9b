/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/archive-load.h"
#include "shared/strv.h"
#include "store-verb.h"

/* Reads the archive at WORKER_FD_ARCHIVE. Result: "images" and "names". */
static int verb_load_run(WorkerLink *link, JsonObject *parameters, JsonObject **ret, Error *reterr) {
        _cleanup_(image_load_result_done) ImageLoadResult result = {};
        ImageCallbacks callbacks = store_verb_callbacks(link);
        const ImageLoadOptions options = {.callbacks = &callbacks};
        _cleanup_(image_store_freep) ImageStore *store = NULL;
        _cleanup_(strv_freep) char **images = NULL, **names = NULL;
        int r;

        r = store_verb_open(&store, reterr);
        if (r < 0)
                return r;
        r = image_load(store, WORKER_FD_ARCHIVE, &options, &result, reterr);
        if (r < 0)
                return r;

        for (size_t i = 0; i < result.n_images; i++)
                if (strv_extend(&images, result.images[i].id) < 0 ||
                    strv_extend_strv(&names, result.images[i].names) < 0)
                        return error_oom(reterr);

        return store_verb_result(images, names, ret, reterr);
}

const Verb verb_load = {"load", SANDBOX_STORE, verb_load_run};
