/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config-from-json.h"

#include "manager/container-inspect.h"
#include "shared/text.h"

static char *layers[] = { (char *) "/l/1", NULL };
static const ContainerFacts facts = {
        .id = "0123", .name = "web", .image_id = "sha256:1", .image_name = "docker.io/library/nginx:latest",
        .state = "running", .unit = "caisson-web.scope", .run_dir = "/run/c", .state_dir = "/var/c", .layers = layers,
        .pid = 42, .created_usec = UINT64_C(1700000000000000), .userns_base = 0x40000000,
};

static JsonObject *inspect(const char *json, const ResourceLimits *live, bool secrets) {
        _cleanup_(container_config_unrefp) ContainerConfig *c = config_from_json(json);
        JsonObject *o;

        assert_int_equal(container_inspect(c, &facts, live, secrets, &o), 0);
        return o;
}

/* /A/B/C */
static JsonObject *at(JsonObject *o, const char *path) {
        JsonObject *member = NULL;

        return json_pointer_get(o, path, &member) < 0 ? NULL : member;
}

static const char *text_at(JsonObject *o, const char *path) {
        return json_object_get_string(at(o, path));
}

static void the_fields_are_dockers(void **state) {
        static const char *const paths[] = {
                "/Id", "/Created", "/Path", "/Args", "/State/Status", "/State/Running", "/State/Paused",
                "/State/OOMKilled", "/State/Dead", "/State/Pid", "/State/ExitCode", "/State/Error", "/State/StartedAt",
                "/State/FinishedAt", "/Image", "/ResolvConfPath", "/HostnamePath", "/HostsPath", "/LogPath", "/Name",
                "/RestartCount", "/Driver", "/Platform", "/AppArmorProfile", "/HostConfig/Binds",
                "/HostConfig/LogConfig/Type", "/HostConfig/NetworkMode", "/HostConfig/RestartPolicy/Name",
                "/HostConfig/AutoRemove", "/HostConfig/CapAdd", "/HostConfig/CapDrop", "/HostConfig/Dns",
                "/HostConfig/ExtraHosts", "/HostConfig/IpcMode", "/HostConfig/OomScoreAdj", "/HostConfig/PidMode",
                "/HostConfig/Privileged", "/HostConfig/ReadonlyRootfs", "/HostConfig/SecurityOpt",
                "/HostConfig/UTSMode", "/HostConfig/UsernsMode", "/HostConfig/ShmSize", "/HostConfig/CpuShares",
                "/HostConfig/Memory", "/HostConfig/NanoCpus", "/HostConfig/CgroupParent", "/HostConfig/BlkioWeight",
                "/HostConfig/CpuPeriod", "/HostConfig/CpuQuota", "/HostConfig/CpusetCpus", "/HostConfig/CpusetMems",
                "/HostConfig/Devices", "/HostConfig/MemoryReservation", "/HostConfig/MemorySwap",
                "/HostConfig/OomKillDisable", "/HostConfig/PidsLimit", "/HostConfig/Ulimits", "/GraphDriver/Name",
                "/GraphDriver/Data/UpperDir", "/Mounts", "/Config/Hostname", "/Config/User", "/Config/AttachStdin",
                "/Config/Tty", "/Config/OpenStdin", "/Config/Env", "/Config/Cmd", "/Config/Image",
                "/Config/WorkingDir", "/Config/Entrypoint", "/Config/Labels", "/Config/StopSignal",
                "/NetworkSettings/Networks/none", "/NetworkSettings/Ports",
        };
        _cleanup_(json_putp) JsonObject *o = inspect("{\"Command\":[\"a\",\"b\"]}", NULL, true);

        for (size_t i = 0; i < ELEMENTSOF(paths); i++)
                if (!at(o, paths[i]))
                        fail_msg("%s", paths[i]);

        assert_string_equal(text_at(o, "/Name"), "web");
        assert_string_equal(text_at(o, "/Path"), "a");
        assert_string_equal(text_at(o, "/Args/0"), "b");
        assert_string_equal(text_at(o, "/State/StartedAt"), "0001-01-01T00:00:00Z");
        assert_int_equal(json_object_get_int(at(o, "/State/Pid")), 42);
        assert_true(json_object_get_boolean(at(o, "/State/Running")));
        assert_int_equal(json_object_get_int64(at(o, "/HostConfig/PidsLimit")), 2048);
}

static void secrets_need_authority(void **state) {
        static const char json[] = "{\"Command\":[\"a\",\"--password=x\"],\"Environment\":[\"TOKEN=y\"]}";
        _cleanup_(json_putp) JsonObject *with = inspect(json, NULL, true), *without = inspect(json, NULL, false);

        assert_string_equal(text_at(with, "/Config/Env/0"), "TOKEN=y");
        assert_null(strstr(json_text(without), "TOKEN"));
        assert_null(strstr(json_text(without), "password"));
        assert_string_equal(text_at(without, "/Path"), "a");
}

static void limits_are_what_systemd_says(void **state) {
        ResourceLimits live = RESOURCE_LIMITS_INIT;
        _cleanup_(json_putp) JsonObject *o = NULL;

        live.memory_max = 1 << 30;
        live.tasks_max = 7;
        o = inspect("{\"Command\":[\"a\"],\"Memory\":524288000}", &live, true);
        assert_int_equal(json_object_get_int64(at(o, "/HostConfig/Memory")), 1 << 30);
        assert_int_equal(json_object_get_int64(at(o, "/HostConfig/PidsLimit")), 7);
}

static void mounts_and_limits_are_listed(void **state) {
        _cleanup_(json_putp) JsonObject *o = NULL;

        o = inspect("{\"Command\":[\"a\"],\"Volumes\":[\"/srv:/data:ro\"],\"Tmpfs\":[\"/t\"],\"ImageVolumes\":[\"/v\"],"
                    "\"Ulimits\":[\"nofile=1:2\"],\"Devices\":[\"/dev/fuse:/dev/f:rw\"],\"Expose\":[\"80\"],"
                    "\"DeviceReadBps\":[\"/dev/sda:1mb\"],\"Healthcheck\":\"{\\\"Test\\\":[\\\"NONE\\\"]}\"}",
                    NULL, true);
        assert_int_equal(json_object_array_length(at(o, "/Mounts")), 2);
        assert_string_equal(text_at(o, "/Mounts/0/Source"), "/srv");
        assert_false(json_object_get_boolean(at(o, "/Mounts/0/RW")));
        assert_string_equal(text_at(o, "/HostConfig/Ulimits/0/Name"), "nofile");
        assert_string_equal(text_at(o, "/HostConfig/Devices/0/CgroupPermissions"), "rw");
        assert_int_equal(json_object_get_int64(at(o, "/HostConfig/BlkioDeviceReadBps/0/Rate")), 1 << 20);
        assert_non_null(at(o, "/Config/ExposedPorts/80~1tcp"));
        assert_non_null(at(o, "/Config/Volumes/~1v"));
        assert_string_equal(text_at(o, "/Config/Healthcheck/Test/0"), "NONE");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_fields_are_dockers),
                cmocka_unit_test(secrets_need_authority),
                cmocka_unit_test(limits_are_what_systemd_says),
                cmocka_unit_test(mounts_and_limits_are_listed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
