/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "runtime-spec-internal.h"
#include "shared/strv.h"
#include "shared/text.h"

/* One by one: an array that was parsed has no room to spare, and none of them is long */
void *oci_grow(void **array, size_t *n, size_t size) {
        char *larger;

        larger = reallocarray(*array, *n + 1, size);
        if (!larger)
                return NULL;

        *array = larger;
        larger += (*n)++ * size;
        return memset(larger, 0, size);
}

static int copy_string(const char *s, char **ret) {
        if (!s)
                return 0;

        *ret = strdup(s);
        return *ret ? 0 : -ENOMEM;
}

int oci_spec_add_mount(OciSpec *s, const char *destination, const char *type, const char *source,
                       char *const *options) {
        OciMount *m;

        m = oci_grow((void **) &s->mounts, &s->n_mounts, sizeof(OciMount));
        if (!m)
                return -ENOMEM;

        if (copy_string(destination, &m->destination) < 0 || copy_string(type, &m->type) < 0 ||
            copy_string(source, &m->source) < 0)
                return -ENOMEM;
        if (options) {
                m->options = strv_copy(options);
                if (!m->options)
                        return -ENOMEM;
        }

        return 0;
}

int oci_spec_add_namespace(OciSpec *s, OciNamespaceType type, const char *path) {
        OciNamespace *n;

        n = oci_grow((void **) &s->linux_.namespaces, &s->linux_.n_namespaces, sizeof(OciNamespace));
        if (!n)
                return -ENOMEM;

        n->type = type;
        return copy_string(path, &n->path);
}

int oci_spec_add_id_map(OciSpec *s, uint32_t container_id, uint32_t host_id, uint32_t size) {
        const OciIdMap map = { container_id, host_id, size };
        OciIdMap *uids, *gids;

        uids = oci_grow((void **) &s->linux_.uid_mappings, &s->linux_.n_uid_mappings, sizeof(OciIdMap));
        if (!uids)
                return -ENOMEM;
        *uids = map;

        gids = oci_grow((void **) &s->linux_.gid_mappings, &s->linux_.n_gid_mappings, sizeof(OciIdMap));
        if (!gids)
                return -ENOMEM;
        *gids = map;
        return 0;
}

int oci_spec_add_device(OciSpec *s, const OciDevice *device) {
        OciDevice *d;

        d = oci_grow((void **) &s->linux_.devices, &s->linux_.n_devices, sizeof(OciDevice));
        if (!d)
                return -ENOMEM;

        *d = *device;
        d->path = NULL;
        return copy_string(device->path, &d->path);
}

int oci_spec_add_device_rule(OciSpec *s, const OciDeviceRule *rule) {
        OciResources *r = &s->linux_.resources;
        OciDeviceRule *d;

        d = oci_grow((void **) &r->devices, &r->n_devices, sizeof(OciDeviceRule));
        if (!d)
                return -ENOMEM;

        *d = *rule;
        d->access = NULL;
        return copy_string(rule->access, &d->access);
}

int oci_spec_add_rlimit(OciSpec *s, int resource, uint64_t soft, uint64_t hard) {
        OciProcess *p = &s->process;
        OciRlimit *l = NULL;

        for (size_t i = 0; i < p->n_rlimits && !l; i++)
                if (p->rlimits[i].resource == resource)
                        l = p->rlimits + i;
        if (!l)
                l = oci_grow((void **) &p->rlimits, &p->n_rlimits, sizeof(OciRlimit));
        if (!l)
                return -ENOMEM;

        *l = (OciRlimit) { .resource = resource, .soft = soft, .hard = hard };
        return 0;
}

int oci_block_limits_add(OciBlockLimits *l, uint32_t major, uint32_t minor, uint64_t value) {
        OciBlockLimit *b;

        b = oci_grow((void **) &l->limits, &l->n, sizeof(OciBlockLimit));
        if (!b)
                return -ENOMEM;

        *b = (OciBlockLimit) { .major = major, .minor = minor, .value = value };
        return 0;
}

int oci_spec_set_annotation(OciSpec *s, const char *key, const char *value) {
        _cleanup_(freep) char *assignment = text_join(key, "=", value, NULL);

        if (!assignment)
                return -ENOMEM;

        return strv_env_set(&s->annotations, assignment);
}
