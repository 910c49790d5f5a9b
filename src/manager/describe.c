/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <stdio.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "container.h"
#include "describe.h"
#include "image/image.h"
#include "manager.h"
#include "resource-properties.h"
#include "shared/fd.h"
#include "shared/io.h"
#include "shared/text.h"

const char *const manager_features[] = {"userns", "idmap", "seccomp", "machined", NULL};

#define OS_RELEASE_MAX (16U << 10)

static char *operating_system(void) {
        static const char key[] = "PRETTY_NAME=";
        _cleanup_(freep) char *text = NULL;
        _cleanup_(closep) int fd = open("/etc/os-release", O_RDONLY | O_CLOEXEC);
        char *p, *end;

        if (fd < 0 || read_full_fd(fd, OS_RELEASE_MAX, &text, NULL) < 0)
                return strdup("Linux");
        p = startswith(text, key) ? text : strstr(text, "\nPRETTY_NAME=");
        if (!p)
                return strdup("Linux");
        p = strchr(p, '=') + 1;
        p += *p == '"';
        end = p + strcspn(p, "\"\n");
        return strndup(p, (size_t) (end - p));
}

static int describe_containers(Manager *m, JsonObject *o) {
        uint64_t paused = 0, n = string_map_size(m->containers);
        Container *c;
        int r;

        (void) image_store_refresh(m->store, NULL);
        STRING_MAP_FOREACH(c, m->containers)
                paused += c->state == CONTAINER_PAUSED;

        r = json_add_u64(o, "Containers", n);
        if (r >= 0)
                r = json_add_u64(o, "ContainersRunning", m->n_running - paused);
        if (r >= 0)
                r = json_add_u64(o, "ContainersPaused", paused);
        if (r >= 0)
                r = json_add_u64(o, "ContainersStopped", n - m->n_running);
        if (r >= 0)
                r = json_add_u64(o, "Images", m->store->n_images);
        return r;
}

static int describe_machine(JsonObject *o) {
        _cleanup_(freep) char *os = operating_system();
        struct sysinfo info = {};
        struct utsname u = {};
        int r;

        (void) uname(&u);
        (void) sysinfo(&info);

        r = json_add_string(o, "Name", u.nodename);
        if (r >= 0)
                r = json_add_string(o, "KernelVersion", u.release);
        if (r >= 0)
                r = json_add_string(o, "OperatingSystem", os);
        if (r >= 0)
                r = json_add_string(o, "OSType", "linux");
        if (r >= 0)
                r = json_add_string(o, "Architecture", u.machine);
        if (r >= 0)
                r = json_add_i64(o, "NCPU", sysconf(_SC_NPROCESSORS_ONLN));
        if (r >= 0)
                r = json_add_u64(o, "MemTotal", (uint64_t) info.totalram * info.mem_unit);
        return r;
}

int manager_describe(Manager *m, JsonObject **ret) {
        static const char *const security[] = {"name=seccomp,profile=builtin", "name=userns",
                                               "name=cgroupns", NULL};
        _cleanup_(json_putp) JsonObject *o = json_object_new_object();
        int r;

        r = json_add_string(o, "ServerVersion", CAISSON_VERSION);
        if (r >= 0)
                r = json_add_string(o, "Version", CAISSON_VERSION);
        if (r >= 0)
                r = json_add_u64(o, "ApiLevel", MANAGER_API_LEVEL);
        if (r >= 0)
                r = describe_containers(m, o);
        if (r >= 0)
                r = describe_machine(o);
        if (r >= 0)
                r = json_add_string(o, "Driver", "overlay");
        if (r >= 0)
                r = json_add_string(o, "LoggingDriver", "journald");
        if (r >= 0)
                r = json_add_string(o, "CgroupDriver", "systemd");
        if (r >= 0)
                r = json_add_string(o, "CgroupVersion", resource_host_is_unified() ? "2" : "1");
        if (r >= 0)
                r = json_add_string(o, "StorePath", STATE_DIRECTORY);
        if (r >= 0)
                r = json_add_string(o, "RunPath", RUN_DIRECTORY);
        if (r >= 0)
                r = json_add_strv(o, "SecurityOptions", (char *const *) security);
        if (r >= 0)
                r = json_add_strv(o, "Features", (char *const *) manager_features);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(o);
        return 0;
}
