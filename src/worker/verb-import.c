/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/import.h"
#include "shared/strv.h"
#include "store-verb.h"

/* Makes an image of the tar at WORKER_FD_ARCHIVE. Parameters, all optional: "name" (in full), "changes",
 * "Message", "Platform". Result: "images" and "names". */
static int verb_import_run(WorkerLink *link, JsonObject *parameters, JsonObject **ret, Error *reterr) {
        const char *platform_text = json_get_string(parameters, "Platform");
        ImageCallbacks callbacks = store_verb_callbacks(link);
        _cleanup_(image_store_freep) ImageStore *store = NULL;
        _cleanup_(platform_done) OciPlatform platform = {};
        _cleanup_(strv_freep) char **changes = NULL;
        ImageImportOptions options = {
                        .name = json_get_string(parameters, "name"),
                        .message = json_get_string(parameters, "Message"),
                        .callbacks = &callbacks,
        };
        char id[DIGEST_SIZE];
        int r;

        r = store_verb_get_strv(parameters, "changes", &changes, reterr);
        if (r < 0)
                return r;
        options.changes = changes;
        if (platform_text) {
                r = platform_parse(platform_text, &platform, reterr);
                if (r < 0)
                        return r;
                options.platform = &platform;
        }

        r = store_verb_open(&store, reterr);
        if (r < 0)
                return r;
        r = image_import(store, WORKER_FD_ARCHIVE, &options, id, reterr);
        if (r < 0)
                return r;

        return store_verb_result((char *const[]){id, NULL}, (char *const[]){(char *) options.name, NULL},
                                 ret, reterr);
}

const Verb verb_import = {"import", SANDBOX_STORE, verb_import_run};
