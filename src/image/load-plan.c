/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "archive-load.h"
#include "load-plan.h"
#include "oci/reference.h"
#include "shared/strv.h"
#include "shared/text.h"

void load_plan_done(LoadPlan *p) {
        for (size_t i = 0; i < p->n_images; i++) {
                oci_image_config_free(p->images[i].config);
                oci_descriptor_done(&p->images[i].manifest);
                strv_free(p->images[i].names);
        }
        free(p->images);
        p->images = NULL;
        p->n_images = 0;
}

int load_plan_add(LoadPlan *p, const char *config_name, const char *digest, const char *text, size_t size,
                  PlannedImage **ret, Error *reterr) {
        _cleanup_(oci_image_config_freep) OciImageConfig *config = NULL;
        PlannedImage *more;
        int r;

        if (p->n_images >= IMAGE_ARCHIVE_IMAGES_MAX)
                return error_set(reterr, -EBADMSG, "The archive is not accepted: it has more than %u images",
                                 IMAGE_ARCHIVE_IMAGES_MAX);

        r = oci_image_config_parse(config_name, text, size, &config, reterr);
        if (r == -EINVAL)
                return error_prefix(reterr, -EBADMSG, "The archive is not accepted");
        if (r < 0)
                return r;
        if (config->platform.os && !streq(config->platform.os, "linux")) {
                _cleanup_(freep) char *os = text_escape(config->platform.os);
                return error_set(reterr, -EBADMSG, "The archive is not accepted: %s is for '%.64s', not for linux",
                                 config_name, strempty(os));
        }

        more = reallocarray(p->images, p->n_images + 1, sizeof(PlannedImage));
        if (!more)
                return error_oom(reterr);
        p->images = more;
        p->images[p->n_images] = (PlannedImage) { .config = TAKE_PTR(config) };
        memcpy(p->images[p->n_images].id, digest, DIGEST_SIZE);
        *ret = p->images + p->n_images++;
        return 0;
}

int load_plan_add_name(PlannedImage *i, const char *name, Error *reterr) {
        _cleanup_(freep) char *full = NULL;
        int r;

        r = reference_normalize(name, &full, reterr);
        if (r == -EINVAL)
                return error_prefix(reterr, -EBADMSG, "The archive is not accepted");
        if (r < 0)
                return r;
        if (strv_contains(i->names, full))
                return 0;
        return strv_consume(&i->names, TAKE_PTR(full)) < 0 ? error_oom(reterr) : 0;
}
