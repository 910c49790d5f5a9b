/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/container-inspect.h"
#include "manager/container-spec.h"
#include "oci/image-config.h"
#include "oci/runtime-spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* {"Config": what a record holds, "Image": an image's configuration} */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const ContainerPlace place = { .id = "0123456789abcdef", .name = "fuzz", .unit = "caisson-fuzz.scope",
                                       .run_dir = "/nonexistent/run", .state_dir = "/nonexistent/state",
                                       .layers = (char *[]) { (char *) "/nonexistent/layer", NULL },
                                       .userns_base = 0x40000000 };
        const ContainerFacts facts = { .id = "0123456789abcdef", .name = "fuzz", .image_id = "sha256:0",
                                       .image_name = "fuzz", .state = "created", .run_dir = "/r", .state_dir = "/s" };
        _cleanup_(container_config_unrefp) ContainerConfig *c = NULL, *again = NULL;
        _cleanup_(json_putp) JsonObject *o = NULL, *written = NULL, *twice = NULL, *shown = NULL;
        _cleanup_(oci_image_config_freep) OciImageConfig *image = NULL;
        _cleanup_(oci_spec_freep) OciSpec *spec = NULL;
        _cleanup_(error_done) Error error = {};
        const JsonPath path = { .key = "fuzz" };
        const char *text;

        if (json_parse("fuzz", (const char *) data, size, &o, &error) < 0)
                return 0;
        if (container_config_from_json(json_get(o, "Config"), &path, &c, &error) < 0) {
                assert(error.message);
                return 0;
        }

        /* What is read is written, and read back, as the same */
        assert(container_config_to_json(c, &written, NULL) >= 0);
        assert(container_config_from_json(written, &path, &again, NULL) >= 0);
        assert(container_config_to_json(again, &twice, NULL) >= 0);
        assert(json_object_equal(written, twice));

        text = json_text(json_get(o, "Image"));
        if (text && oci_image_config_parse("image", text, strlen(text), &image, NULL) >= 0 &&
            container_config_merge_image(c, image, place.id, &error) < 0) {
                assert(error.message);
                return 0;
        }

        assert(container_inspect(c, &facts, NULL, true, &shown) >= 0);
        if (c->n_device_specs == 0 && !c->privileged && container_spec_make(c, &place, &spec, &error) < 0)
                assert(error.message);
        return 0;
}
