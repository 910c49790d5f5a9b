/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "container-config.h"
#include "container-record.h"
#include "container-rundir.h"
#include "container-spec.h"
#include "manager.h"
#include "oci/runtime-spec.h"
#include "shared/fd.h"
#include "shared/io.h"
#include "shared/log.h"
#include "shared/path.h"
#include "shared/text.h"

#define HOST_FILE_MAX (256U << 10)

/* With resolved, /etc/resolv.conf names a stub on a loopback address that is the host's alone. */
static char *read_host_resolv_conf(void) {
        char *text = NULL;

        if (read_full_file_at(AT_FDCWD, "/run/systemd/resolve/resolv.conf", HOST_FILE_MAX, &text, NULL) <
            0) {
                _cleanup_(closep) int fd = open("/etc/resolv.conf", O_RDONLY | O_CLOEXEC | O_NONBLOCK);

                if (fd < 0 || read_full_fd(fd, HOST_FILE_MAX, &text, NULL) < 0)
                        return NULL;
        }
        return text;
}

/* New in a new directory: no need to write beside and rename. */
static int write_new_file(int dir_fd, const char *name, const char *text, mode_t mode, uid_t owner,
                          Error *reterr) {
        _cleanup_(closep) int fd = -EBADF;
        int r;

        fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
        r = fd < 0 ? negative_errno() : loop_write(fd, text, strlen(text));
        if (r >= 0 && (fchmod(fd, mode) < 0 || (owner > 0 && fchown(fd, owner, owner) < 0)))
                r = negative_errno();
        if (r < 0)
                return error_errnof(reterr, r, "cannot write %s", name);
        return 0;
}

static int write_etc_files(const Container *c, int dir_fd, Error *reterr) {
        _cleanup_(freep) char *host_hosts = NULL, *host_resolv = NULL, *hosts = NULL, *hostname = NULL,
                              *resolv = NULL;
        const ContainerConfig *config = c->config;
        int r;

        if (config->network_ns == NAMESPACE_HOST) {
                host_resolv = read_host_resolv_conf();
                (void) read_full_file_at(AT_FDCWD, "/etc/hosts", HOST_FILE_MAX, &host_hosts, NULL);
        }

        r = container_spec_make_hosts(config, host_hosts, &hosts);
        if (r >= 0)
                r = container_spec_make_hostname(config, &hostname);
        if (r >= 0)
                r = container_spec_make_resolv_conf(config, host_resolv, &resolv);
        if (r < 0)
                return error_errnof(reterr, r,
                                    "cannot make the container's hosts, hostname and resolv.conf");

        r = write_new_file(dir_fd, "hosts", hosts, 0644, c->userns_base, reterr);
        if (r >= 0)
                r = write_new_file(dir_fd, "hostname", hostname, 0644, c->userns_base, reterr);
        if (r >= 0)
                r = write_new_file(dir_fd, "resolv.conf", resolv, 0644, c->userns_base, reterr);
        return r;
}

static int write_spec(const Container *c, char *const *layers, int dir_fd, Error *reterr) {
        _cleanup_(freep) char *run_dir = NULL, *state_dir = NULL, *text = NULL;
        _cleanup_(oci_spec_freep) OciSpec *spec = NULL;
        int r;

        run_dir = text_printf(RUN_DIRECTORY "/containers/%s", c->id);
        state_dir = text_printf(STATE_DIRECTORY "/containers/%s", c->id);
        if (!run_dir || !state_dir)
                return error_oom(reterr);

        r = container_spec_make(c->config,
                                &(ContainerPlace){
                                                .id = c->id,
                                                .name = c->name,
                                                .unit = c->unit,
                                                .run_dir = run_dir,
                                                .state_dir = state_dir,
                                                .layers = layers,
                                                .userns_base = c->userns_base,
                                },
                                &spec, reterr);
        if (r < 0)
                return r;
        r = oci_spec_format(spec, &text);
        if (r < 0)
                return error_oom(reterr);

        return write_new_file(dir_fd, "config.json", text, 0600, 0, reterr);
}

int container_make_run_dir(Container *c, char *const *layers, Error *reterr) {
        int parent_fd = c->manager->run_containers_fd, r;
        _cleanup_(closep) int dir_fd = -EBADF;

        if (mkdirat(parent_fd, c->id, 0700) < 0) {
                r = negative_errno();
                if (r == -EEXIST) {
                        r = remove_tree_at(parent_fd, c->id);
                        if (r >= 0 && mkdirat(parent_fd, c->id, 0700) < 0)
                                r = negative_errno();
                }
                if (r < 0)
                        return error_errnof(reterr, r, "cannot make the container's run directory");
        }

        dir_fd = container_open_run_dir(c);
        if (dir_fd < 0)
                return error_errnof(reterr, dir_fd, "cannot open the container's run directory");

        r = write_etc_files(c, dir_fd, reterr);
        if (r >= 0)
                r = write_spec(c, layers, dir_fd, reterr);
        if (r < 0) {
                container_remove_run_dir(c);
                return r;
        }

        return TAKE_FD(dir_fd);
}

void container_remove_run_dir(Container *c) {
        int r;

        r = remove_tree_at(c->manager->run_containers_fd, c->id);
        if (r < 0)
                (void) log_warning_errno(r, "Cannot remove the run directory of container %s, ignoring: %m",
                                         strempty(c->name));
}
