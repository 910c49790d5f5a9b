/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/archive-save.h"
#include "shared/strv.h"
#include "store-verb.h"

/* Writes an archive to WORKER_FD_ARCHIVE. Parameters: "images", "format" (docker-archive unless said
 * otherwise). */
static int verb_save_run(WorkerLink *link, JsonObject *parameters, JsonObject **ret, Error *reterr) {
        const char *format_text = json_get_string(parameters, "format") ?: "docker-archive";
        ImageCallbacks callbacks = store_verb_callbacks(link);
        _cleanup_(image_store_freep) ImageStore *store = NULL;
        _cleanup_(strv_freep) char **images = NULL;
        ImageArchiveFormat format;
        int r;

        format = image_archive_format_from_string(format_text);
        if (format < 0)
                return error_set(reterr, -EINVAL, "there is no format '%s'", format_text);
        r = store_verb_get_strv(parameters, "images", &images, reterr);
        if (r < 0)
                return r;

        r = store_verb_open(&store, reterr);
        if (r < 0)
                return r;
        r = image_save(store, images, format, WORKER_FD_ARCHIVE, &callbacks, reterr);
        return r < 0 ? r : store_verb_result(images, NULL, ret, reterr);
}

const Verb verb_save = {"save", SANDBOX_STORE, verb_save_run};
