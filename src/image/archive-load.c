/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "archive-load.h"
#include "image.h"
#include "load-plan.h"
#include "shared/strv.h"
#include "shared/text.h"

void image_load_result_done(ImageLoadResult *r) {
        for (size_t i = 0; i < r->n_images; i++) {
                free(r->images[i].id);
                strv_free(r->images[i].names);
        }
        free(r->images);
        *r = (ImageLoadResult) {};
}

static int make_result(const LoadPlan *p, ImageLoadResult *ret) {
        _cleanup_(image_load_result_done) ImageLoadResult result = {};

        result.images = new0(LoadedImage, p->n_images + 1);
        if (!result.images)
                return -ENOMEM;

        for (size_t i = 0; i < p->n_images; i++) {
                LoadedImage *l = result.images + result.n_images++;

                l->id = strdup(p->images[i].id);
                l->names = strv_copy(p->images[i].names);
                if (!l->id || !l->names)
                        return -ENOMEM;
        }

        *ret = TAKE_GENERIC(result, ImageLoadResult, (ImageLoadResult) {});
        return 0;
}

/* docker writes both kinds into one archive; what it thinks of names is in manifest.json */
static int read_plan(LoadPlan *p, Error *reterr) {
        if (archive_files_get(p->files, "manifest.json"))
                return load_plan_read_docker(p, reterr);
        if (archive_files_get(p->files, "oci-layout"))
                return load_plan_read_oci(p, reterr);
        if (archive_files_get(p->files, "repositories"))
                return error_set(reterr, -EBADMSG,
                                 "The archive is not supported: it was written by docker before 1.10 (it has no manifest.json)");

        return error_set(reterr, -EBADMSG,
                         "The archive is not one of images: it has neither manifest.json (docker-archive) nor oci-layout "
                         "(oci-archive); 'import' makes an image of a root file system");
}

/* Verifies and unpacks all layers; each entry for the index gets the sizes */
static int unpack(LoadPlan *p, Error *reterr) {
        int r;

        r = layer_set_unpack(p->layers, 0, reterr);
        if (r < 0)
                return r;

        for (size_t i = 0; i < p->n_images; i++) {
                _cleanup_(freep) char *sizes = NULL;

                r = layer_set_finish_stack(p->layers, p->images[i].config->diff_ids, &sizes, reterr);
                if (r < 0)
                        return r;
                if (store_entry_describe(&p->images[i].manifest, p->images[i].id, sizes) < 0)
                        return error_oom(reterr);
        }
        return 0;
}

static int add_to_index(OciIndex *index, void *userdata, Error *reterr) {
        const LoadPlan *p = userdata;

        for (size_t i = 0; i < p->n_images; i++) {
                const PlannedImage *image = p->images + i;

                if (strv_isempty(image->names) && store_index_add(index, &image->manifest, NULL) < 0)
                        return error_oom(reterr);
                STRV_FOREACH(name, image->names)
                        if (store_index_add(index, &image->manifest, *name) < 0)
                                return error_oom(reterr);
        }
        return 0;
}

int image_load(ImageStore *s, int fd, const ImageLoadOptions *options, ImageLoadResult *ret, Error *reterr) {
        const ImageLoadOptions o = options ? *options : (ImageLoadOptions) {};
        _cleanup_(archive_stream_freep) ArchiveStream *stream = NULL;
        _cleanup_(archive_files_freep) ArchiveFiles *files = NULL;
        _cleanup_(platform_done) OciPlatform host = {};
        _cleanup_(layer_set_freep) LayerSet *layers = NULL;
        _cleanup_(store_job_freep) StoreJob *job = NULL;
        _cleanup_(load_plan_done) LoadPlan plan = {};
        _cleanup_(image_load_result_done) ImageLoadResult result = {};
        int r;

        r = platform_host(&host);
        if (r < 0)
                return error_errnof(reterr, r, "Cannot tell what this machine is");
        r = archive_stream_new(fd, o.bytes_max, o.callbacks, &stream, reterr);
        if (r < 0)
                return r;
        r = store_job_new(s, &job, reterr);
        if (r < 0)
                return r;
        if (layer_set_new(job, o.callbacks, &layers) < 0)
                return error_oom(reterr);

        r = archive_files_read(job, stream, &files, reterr);
        if (r < 0)
                return r;
        stream = archive_stream_free(stream);

        plan = (LoadPlan) { .job = job, .files = files, .layers = layers, .platform = o.platform ?: &host };
        r = read_plan(&plan, reterr);
        if (r < 0)
                return r;
        if (plan.n_images == 0)
                return error_set(reterr, -EBADMSG, "The archive has no images");

        r = unpack(&plan, reterr);
        if (r < 0)
                return r;
        r = make_result(&plan, &result);
        if (r < 0)
                return error_oom(reterr);

        r = image_callbacks_progress(o.callbacks, "storing", 0, 0);
        if (r < 0)
                return error_set(reterr, r, "Interrupted");
        r = store_job_publish(job, add_to_index, &plan, reterr);
        if (r < 0)
                return r;

        *ret = TAKE_GENERIC(result, ImageLoadResult, (ImageLoadResult) {});
        return 0;
}
