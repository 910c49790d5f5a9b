/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <grp.h>
#include <linux/keyctl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "setup.h"

int setup_mapping(Setup *s, SetupReport *report) {
        SetupMessage m;
        int r;

        setup_subject(report, "user IDs");
        r = setup_receive_message(s->socket, &m, NULL, NULL);
        if (r < 0)
                return r;
        if (m.type != SETUP_MAPPED)
                return -EPROTO;

        /* Until now we were nobody in there. The raw call: glibc would look for threads to tell. */
        if (syscall(SYS_setresgid, 0, 0, 0) < 0)
                return -errno;
        if (syscall(SYS_setresuid, 0, 0, 0) < 0)
                return -errno;

        return 0;
}

int setup_session(Setup *s, SetupReport *report) {
        /* What root does with the host's groups while it sets up is not to depend on who started caissond */
        setup_subject(report, "without groups");
        if (syscall(SYS_setgroups, 0, NULL) < 0)
                return -errno;

        setup_subject(report, "a session");
        if (setsid() < 0)
                return -errno;

        setup_subject(report, "a session keyring");
        if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS)
                return -errno;

        return 0;
}

int setup_names(Setup *s, SetupReport *report) {
        const char *hostname = s->spec->hostname, *domainname = s->spec->domainname;

        setup_subject(report, "the host name");
        if (hostname && sethostname(hostname, strlen(hostname)) < 0)
                return -errno;

        setup_subject(report, "the domain name");
        if (domainname && setdomainname(domainname, strlen(domainname)) < 0)
                return -errno;

        return 0;
}

int setup_loopback(Setup *s, SetupReport *report) {
        _cleanup_(closep) int fd = -EBADF;
        struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };

        setup_subject(report, "the loopback interface");
        fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;

        return ioctl(fd, SIOCSIFFLAGS, &request) < 0 ? -errno : 0;
}

int setup_cgroup_namespace(Setup *s, SetupReport *report) {
        setup_subject(report, "a cgroup namespace");
        return unshare(CLONE_NEWCGROUP) < 0 ? -errno : 0;
}
