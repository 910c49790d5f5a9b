/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inspect.h"
#include "oci/reference.h"
#include "shared/strv.h"
#include "shared/text.h"

int image_history(const Image *i, ImageHistoryLine **ret, size_t *ret_n) {
        const OciImageConfig *c = i->config;
        size_t n_layers = i->manifest->n_layers, n_described = 0, n = 0, layer, unknown;
        ImageHistoryLine *lines;

        /* The configuration may say nothing of the lowest layers: they have lines all the same */
        for (size_t k = 0; k < c->n_history; k++)
                n_described += !c->history[k].empty_layer;
        unknown = n_layers - n_described;

        lines = new0(ImageHistoryLine, c->n_history + unknown + 1);
        if (!lines)
                return -ENOMEM;

        layer = n_layers;
        for (size_t k = c->n_history; k > 0; k--) {
                const OciHistory *h = c->history + k - 1;

                lines[n++] = (ImageHistoryLine) {
                        .created_usec = oci_time_parse(h->created),
                        .created_by = strempty(h->created_by),
                        .comment = strempty(h->comment),
                        .size = h->empty_layer ? 0 : i->layer_sizes[--layer],
                };
        }
        while (layer > 0)
                lines[n++] = (ImageHistoryLine) { .created_by = "", .comment = "", .size = i->layer_sizes[--layer] };
        if (n > 0)
                lines[0].id = i->id;

        *ret = lines;
        *ret_n = n;
        return 0;
}

static int add_names(const Image *i, JsonObject *o) {
        _cleanup_(strv_freep) char **names = new0(char *, 1), **digests = new0(char *, 1);

        if (!names || !digests)
                return -ENOMEM;

        STRV_FOREACH(name, i->names) {
                _cleanup_(reference_done) Reference ref = {};
                _cleanup_(freep) char *digest = NULL;

                if (strv_consume(&names, reference_familiar_from_string(*name)) < 0)
                        return -ENOMEM;
                if (reference_parse(*name, &ref, NULL) < 0)
                        continue;
                free(ref.tag);
                ref.tag = NULL;
                ref.digest = strdup(i->digest);
                digest = reference_familiar(&ref);
                if (!ref.digest || !digest)
                        return -ENOMEM;
                if (!strv_contains(digests, digest) && strv_consume(&digests, TAKE_PTR(digest)) < 0)
                        return -ENOMEM;
        }

        if (json_add_strv(o, "RepoTags", names) < 0)
                return -ENOMEM;
        return json_add_strv(o, "RepoDigests", digests);
}

static int add_rootfs(const Image *i, JsonObject *o) {
        static char *const none[] = { NULL };
        JsonObject *rootfs = json_object_new_object();

        if (json_add(o, "RootFS", rootfs) < 0 || json_add_string(rootfs, "Type", "layers") < 0)
                return -ENOMEM;
        return json_add_strv(rootfs, "Layers", i->config->diff_ids ?: none);
}

int image_inspect(const Image *i, JsonObject **ret) {
        _cleanup_(json_putp) JsonObject *o = json_object_new_object();
        const OciImageConfig *c = i->config;
        JsonObject *defaults;
        const char *comment;

        if (!o || json_add_string(o, "Id", i->id) < 0 || json_add_string(o, "Digest", i->digest) < 0 || add_names(i, o) < 0)
                return -ENOMEM;
        if (i->damage) {
                if (json_add_string(o, "Damage", i->damage) < 0)
                        return -ENOMEM;
                *ret = TAKE_PTR(o);
                return 0;
        }

        comment = c->n_history > 0 ? c->history[c->n_history - 1].comment : NULL;
        if (json_add_string(o, "Parent", "") < 0 || json_add_string(o, "Comment", strempty(comment)) < 0 ||
            json_add_string(o, "Created", strempty(c->created)) < 0 ||
            json_add_string(o, "Author", strempty(c->author)) < 0 ||
            json_add_string(o, "Architecture", strempty(c->platform.architecture)) < 0 ||
            json_add_string(o, "Variant", c->platform.variant) < 0 || json_add_string(o, "Os", strempty(c->platform.os)) < 0 ||
            json_add_u64(o, "Size", i->size) < 0 || add_rootfs(i, o) < 0)
                return -ENOMEM;

        if (oci_image_config_defaults_to_json(c, &defaults) < 0 || json_add(o, "Config", defaults) < 0)
                return -ENOMEM;

        *ret = TAKE_PTR(o);
        return 0;
}
