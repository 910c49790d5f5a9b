/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include "manager/mount-spec.h"
#include "shared/text.h"

typedef struct Expected {
        MountSpecType type;
        const char *source, *target, *propagation;
        bool read_only, exec, suid, dev, recursive, create_source, no_idmap;
        uint64_t size;
        mode_t mode;
} Expected;

static void volumes_are_read_as_docker_reads_them(void **state) {
        static const struct {
                const char *text;
                Expected m;
        } cases[] = {
                { "/a:/b", { .source = "/a", .target = "/b", .propagation = "rprivate", .exec = true, .recursive = true,
                             .create_source = true } },
                { "/a/../c/:/b/./d", { .source = "/c", .target = "/b/d", .propagation = "rprivate", .exec = true,
                                       .recursive = true, .create_source = true } },
                { "/a:/b:ro", { .source = "/a", .target = "/b", .propagation = "rprivate", .exec = true,
                                .recursive = true, .create_source = true, .read_only = true } },
                { "/a:/b:rw,rslave,z,nocopy", { .source = "/a", .target = "/b", .propagation = "rslave", .exec = true,
                                                .recursive = true, .create_source = true } },
                { "/a:/b:noexec,suid,dev,bind,noidmap",
                  { .source = "/a", .target = "/b", .propagation = "rprivate", .suid = true, .dev = true,
                    .create_source = true, .no_idmap = true } },
                { "/data", { .type = MOUNT_SPEC_IMAGE_VOLUME, .target = "/data", .propagation = "rprivate",
                             .exec = true, .recursive = true } },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const Expected *e = &cases[i].m;
                _cleanup_(mount_spec_done) MountSpec m = {};
                _cleanup_(error_done) Error error = {};

                assert_int_equal(mount_spec_parse_volume(cases[i].text, &m, &error), 0);
                assert_int_equal(m.type, e->type);
                assert_true(streq_ptr(m.source, e->source));
                assert_string_equal(m.target, e->target);
                assert_string_equal(m.propagation, e->propagation);
                assert_int_equal(m.read_only, e->read_only);
                assert_int_equal(m.exec, e->exec);
                assert_int_equal(m.suid, e->suid);
                assert_int_equal(m.dev, e->dev);
                assert_int_equal(m.recursive, e->recursive);
                assert_int_equal(m.create_source, e->create_source);
                assert_int_equal(m.no_idmap, e->no_idmap);
        }
}

static void mounts_are_read_as_docker_reads_them(void **state) {
        static const struct {
                const char *text;
                Expected m;
        } cases[] = {
                { "type=bind,source=/a,target=/b,readonly",
                  { .source = "/a", .target = "/b", .read_only = true, .exec = true, .recursive = true } },
                { "type=bind,src=/a,dst=/b,ro=false,bind-propagation=rshared",
                  { .source = "/a", .target = "/b", .exec = true, .recursive = true, .propagation = "rshared" } },
                { "type=bind,\"src=/a,b\",destination=/b,bind-nonrecursive",
                  { .source = "/a,b", .target = "/b", .exec = true } },
                { "type=bind,src=/a,dst=/b,bind-recursive=disabled", { .source = "/a", .target = "/b", .exec = true } },
                { "type=tmpfs,target=/t,tmpfs-size=64m,tmpfs-mode=0700",
                  { .type = MOUNT_SPEC_TMPFS, .target = "/t", .size = 64 << 20, .mode = 0700, .recursive = true } },
                { "type=volume,target=/v", { .type = MOUNT_SPEC_IMAGE_VOLUME, .target = "/v", .exec = true, .recursive = true } },
                { "target=/v", { .type = MOUNT_SPEC_IMAGE_VOLUME, .target = "/v", .exec = true, .recursive = true } },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const Expected *e = &cases[i].m;
                _cleanup_(mount_spec_done) MountSpec m = {};
                _cleanup_(error_done) Error error = {};

                if (mount_spec_parse_mount(cases[i].text, &m, &error) < 0)
                        fail_msg("%s", error.message);
                assert_int_equal(m.type, e->type);
                assert_true(streq_ptr(m.source, e->source));
                assert_string_equal(m.target, e->target);
                assert_string_equal(m.propagation, e->propagation ?: "rprivate");
                assert_int_equal(m.read_only, e->read_only);
                assert_int_equal(m.exec, e->exec);
                assert_int_equal(m.recursive, e->recursive);
                assert_int_equal(m.size, e->size);
                if (m.type == MOUNT_SPEC_TMPFS)
                        assert_int_equal(m.mode, e->mode);
                assert_false(m.create_source); /* --mount refuses what is not there */
        }
}

static void tmpfs_has_no_programs_unless_asked(void **state) {
        _cleanup_(mount_spec_done) MountSpec m = {}, n = {};

        assert_int_equal(mount_spec_parse_tmpfs("/run", &m, NULL), 0);
        assert_false(m.exec || m.dev || m.suid);
        assert_int_equal(m.mode, (mode_t) -1);

        assert_int_equal(mount_spec_parse_tmpfs("/run:exec,size=10%,mode=755,uid=5,gid=6,nr_inodes=1k", &n, NULL), 0);
        assert_true(n.exec);
        assert_int_equal(n.size_percent, 10);
        assert_int_equal(n.mode, 0755);
        assert_int_equal(n.uid, 5);
        assert_int_equal(n.gid, 6);
        assert_int_equal(n.n_inodes, 1024);
}

static int parse_image_volume(const char *text, MountSpec *ret, Error *reterr) {
        return mount_spec_parse_image_volume(text, ret, reterr);
}

static void what_is_wrong_is_said(void **state) {
        static const struct {
                int (*parse)(const char *text, MountSpec *ret, Error *reterr);
                const char *text;
                int code;
                const char *message;
        } cases[] = {
                { mount_spec_parse_volume, "data:/b", -EOPNOTSUPP,
                  "volume 'data:/b': 'data' would be a named volume, which this version does not have yet; "
                  "give an absolute path on the host" },
                { mount_spec_parse_volume, "./x:/b", -EINVAL, "volume './x:/b': './x' is not an absolute path on the host" },
                { mount_spec_parse_volume, "/a:b", -EINVAL, "volume '/a:b': 'b' is not an absolute path in the container" },
                { mount_spec_parse_volume, "/a:", -EINVAL, "volume '/a:': the path in the container is missing" },
                { mount_spec_parse_volume, ":/a", -EINVAL, "volume ':/a': the path on the host is missing" },
                { mount_spec_parse_volume, "", -EINVAL, "volume '': expected HOST:CONTAINER[:OPTIONS]" },
                { mount_spec_parse_volume, "/a:/b:ro:rw", -EINVAL, "volume '/a:/b:ro:rw': expected HOST:CONTAINER[:OPTIONS]" },
                { mount_spec_parse_volume, "/a:/", -EINVAL,
                  "volume '/a:/': nothing can be mounted over the container's root directory" },
                { mount_spec_parse_volume, "/a:/x/../../", -EINVAL,
                  "volume '/a:/x/../../': nothing can be mounted over the container's root directory" },
                { mount_spec_parse_volume, "/a:/proc/sys", -EINVAL,
                  "volume '/a:/proc/sys': '/proc/sys' is in /proc, where nothing can be mounted" },
                { mount_spec_parse_volume, "/a:/b:ro,rw", -EINVAL,
                  "volume '/a:/b:ro,rw': option 'rw' repeats or contradicts an earlier one" },
                { mount_spec_parse_volume, "/a:/b:readnly", -EINVAL,
                  "volume '/a:/b:readnly': unknown option 'readnly'; did you mean 'readonly'?" },
                { mount_spec_parse_volume, "/a:/b:size=1m", -EINVAL,
                  "volume '/a:/b:size=1m': option 'size' means nothing for a mount of type bind" },
                { mount_spec_parse_volume, "/a:/b:O", -EOPNOTSUPP,
                  "volume '/a:/b:O': option 'O' (a throw-away overlay) is not supported" },
                { mount_spec_parse_mount, "type=bind,target=/b", -EINVAL,
                  "mount 'type=bind,target=/b': the source is missing (source=/path/on/host)" },
                { mount_spec_parse_mount, "type=bind,source=/a", -EINVAL,
                  "mount 'type=bind,source=/a': the target is missing (target=/path/in/container)" },
                { mount_spec_parse_mount, "type=volume,source=data,target=/b", -EOPNOTSUPP,
                  "mount 'type=volume,source=data,target=/b': this version does not have named volumes yet; "
                  "use type=bind with a path on the host, or leave the source out" },
                { mount_spec_parse_mount, "type=image,source=x,target=/b", -EOPNOTSUPP,
                  "mount 'type=image,source=x,target=/b': mounts of type 'image' are not supported; "
                  "there are bind, tmpfs and volume" },
                { mount_spec_parse_mount, "type=bnid,source=/x,target=/b", -EINVAL,
                  "mount 'type=bnid,source=/x,target=/b': 'bnid' is not a type of mount; "
                  "there are bind, tmpfs and volume" },
                { mount_spec_parse_mount, "type=bind,source=/a,target=/b,target=/c", -EINVAL,
                  "mount 'type=bind,source=/a,target=/b,target=/c': the target must be given once" },
                { mount_spec_parse_mount, "type=bind,source=/a,target=/b,\"x", -EINVAL,
                  "mount 'type=bind,source=/a,target=/b,\"x': the quotes do not match" },
                { mount_spec_parse_tmpfs, "/t:size=many", -EINVAL,
                  "tmpfs '/t:size=many': size=many: expected a size like 64m or 10%" },
                { mount_spec_parse_tmpfs, "/t:mode=999", -EINVAL,
                  "tmpfs '/t:mode=999': mode=999: expected permissions like 1777" },
                { parse_image_volume, "/proc", -EINVAL,
                  "the image's volume '/proc': '/proc' is in /proc, where nothing can be mounted" },
                { parse_image_volume, "/x/../sys/fs", -EINVAL,
                  "the image's volume '/x/../sys/fs': nothing of an image can be mounted there" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(error_done) Error error = {};
                MountSpec m = { .mode = 42 };

                assert_int_equal(cases[i].parse(cases[i].text, &m, &error), cases[i].code);
                assert_string_equal(error.message, cases[i].message);
                assert_int_equal(m.mode, 42); /* untouched on failure */
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(volumes_are_read_as_docker_reads_them),
                cmocka_unit_test(mounts_are_read_as_docker_reads_them),
                cmocka_unit_test(tmpfs_has_no_programs_unless_asked),
                cmocka_unit_test(what_is_wrong_is_said),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
