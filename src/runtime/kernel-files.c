/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel-files.h"
#include "shared/text.h"

static const struct {
        const char *name; /* ends in a dot: everything below it */
        SysctlScope scope;
} sysctls[] = {
        { "fs.mqueue.",              SYSCTL_IPC     },
        { "kernel.auto_msgmni",      SYSCTL_IPC     },
        { "kernel.msg_next_id",      SYSCTL_IPC     },
        { "kernel.msgmax",           SYSCTL_IPC     },
        { "kernel.msgmnb",           SYSCTL_IPC     },
        { "kernel.msgmni",           SYSCTL_IPC     },
        { "kernel.sem",              SYSCTL_IPC     },
        { "kernel.sem_next_id",      SYSCTL_IPC     },
        { "kernel.shm_next_id",      SYSCTL_IPC     },
        { "kernel.shm_rmid_forced",  SYSCTL_IPC     },
        { "kernel.shmall",           SYSCTL_IPC     },
        { "kernel.shmmax",           SYSCTL_IPC     },
        { "kernel.shmmni",           SYSCTL_IPC     },
        { "kernel.domainname",       SYSCTL_UTS     },
        { "kernel.hostname",         SYSCTL_UTS     },
        { "net.",                    SYSCTL_NETWORK },
};

SysctlScope sysctl_scope(const char *name, size_t length) {
        for (size_t i = 0; i < ELEMENTSOF(sysctls); i++) {
                size_t n = strlen(sysctls[i].name);

                if (length < n || memcmp(name, sysctls[i].name, n) != 0)
                        continue;
                if (sysctls[i].name[n - 1] == '.' ? length > n : length == n)
                        return sysctls[i].scope;
        }

        return SYSCTL_NONE;
}

int sysctl_path(const char *assignment, char ret[static SYSCTL_PATH_MAX]) {
        size_t n = strcspn(assignment, "="), used = strlen("sys/");
        bool start = true;

        if (n == 0 || assignment[n] != '=' || n + used >= SYSCTL_PATH_MAX)
                return -EINVAL;

        memcpy(ret, "sys/", used);
        for (size_t i = 0; i < n; i++) {
                char c = assignment[i];

                /* Neither an empty component nor one that begins with a dot, so no ".." either */
                if ((c == '.' || c == '/') && start)
                        return -EINVAL;
                start = c == '.';
                ret[used++] = c == '.' ? '/' : c == '/' ? '.' : c;
        }
        if (start)
                return -EINVAL;

        ret[used] = 0;
        return 0;
}
