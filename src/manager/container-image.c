/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container-image.h"
#include "image-cache.h"
#include "image/image.h"
#include "manager.h"
#include "shared/strv.h"

#define LAYERS_DIRECTORY STATE_DIRECTORY "/layers"

static int resolve(Manager *m, const char *reference, Image **ret, char **ret_name, Error *reterr) {
        _cleanup_(image_unrefp) Image *i = NULL;
        int r;

        r = image_store_refresh(m->store, reterr);
        if (r >= 0)
                r = image_store_resolve(m->store, reference, &i, ret_name, reterr);
        if (r >= 0)
                r = image_check(i, reterr);
        if (r < 0)
                return r;
        if (image_cache_is_being_removed(m->images, i->id))
                return error_set(reterr, -EBUSY, "image '%s' is being removed", reference);

        *ret = TAKE_PTR(i);
        return 0;
}

int container_image_resolve(Manager *m, const char *reference, char **ret_name, Image **ret, Error *reterr) {
        _cleanup_(freep) char *name = NULL;
        _cleanup_(image_unrefp) Image *i = NULL;
        int r;

        r = resolve(m, reference, &i, &name, reterr);
        if (r < 0)
                return r;
        if (!name)
                name = strdup(strv_isempty(i->names) ? i->id : i->names[0]);
        if (!name)
                return error_oom(reterr);

        *ret_name = TAKE_PTR(name);
        *ret = TAKE_PTR(i);
        return 0;
}

int container_image_layers(Manager *m, const char *image_id, char ***ret, Error *reterr) {
        _cleanup_(strv_freep) char **names = NULL, **paths = NULL;
        _cleanup_(image_unrefp) Image *i = NULL;
        int r;

        r = resolve(m, image_id, &i, NULL, reterr);
        if (r >= 0)
                r = image_layer_names(m->store, i, &names, reterr);
        if (r < 0)
                return r;

        STRV_FOREACH(n, names)
                if (strv_extendf(&paths, LAYERS_DIRECTORY "/%s", *n) < 0)
                        return error_oom(reterr);

        *ret = TAKE_PTR(paths);
        return 0;
}
