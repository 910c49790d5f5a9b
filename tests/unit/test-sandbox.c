/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "shared/fd.h"
#include "shared/path.h"
#include "worker/confine.h"
#include "worker/sandbox.h"

/* Each of these runs inside, as a worker that a hostile archive has taken over would; it answers what
 * stopped it, or 0 if nothing did. */
static int root_fd = -EBADF;

static int open_passwd(void) {
        return open("/etc/passwd", O_RDONLY) < 0 ? -errno : 0;
}

static int open_above(void) {
        return openat(root_fd, "../../../../../../etc/passwd", O_RDONLY) < 0 ? -errno : 0;
}

static int open_proc(void) {
        return open("/proc/self/status", O_RDONLY) < 0 ? -errno : 0;
}

static int open_container(void) {
        return open("/containers/secret", O_RDONLY) < 0 ? -errno : 0;
}

static int write_container(void) {
        return open("/containers/new", O_RDWR | O_CREAT, 0600) < 0 ? -errno : 0;
}

static int make_socket(void) {
        return socket(AF_INET, SOCK_STREAM, 0) < 0 ? -errno : 0;
}

static int make_unix_socket(void) {
        return socket(AF_UNIX, SOCK_STREAM, 0) < 0 ? -errno : 0;
}

static int execute(void) {
        char *argv[] = {(char *) "x", NULL};

        execve("/images/program", argv, NULL);
        return -errno;
}

static int make_process(void) {
        pid_t pid = fork();

        if (pid == 0)
                _exit(0);
        return pid < 0 ? -errno : 0;
}

static int make_code(void) {
        return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
                               ? -errno
                               : 0;
}

static int unmount_veil(void) {
        return umount2("/containers", MNT_DETACH) < 0 ? -errno : 0;
}

static int new_namespace(void) {
        return unshare(CLONE_NEWUSER) < 0 ? -errno : 0;
}

static int leave_root(void) {
        return chroot("/images") < 0 ? -errno : 0;
}

static int trace_parent(void) {
        return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) < 0 ? -errno : 0;
}

static int kill_parent(void) {
        return kill(getppid(), 0) < 0 ? -errno : 0;
}

static int set_trusted(void) {
        return fsetxattr(root_fd, "trusted.overlay.redirect", "x", 1, 0) < 0 ? -errno : 0;
}

static int use_device(void) {
        if (mknodat(root_fd, "images/null", S_IFCHR | 0666, 1 << 8 | 3) < 0)
                return -EXDEV; /* this must work: archives contain them */
        return open("/images/null", O_RDONLY) < 0 ? -errno : 0;
}

static int read_bounding_set(void) {
        return prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN, 0, 0, 0) < 0 ? -errno : 0;
}

static const struct {
        const char *name;
        int (*run)(void);
        int expected;
        bool by_filter; /* what the system call filter stops, and nothing else */
} attempts[] = {
                {"open /etc/passwd",                 open_passwd,       -ENOENT},
                {"open ../../etc/passwd",            open_above,        -ENOENT},
                {"open /proc",                       open_proc,         -ENOENT},
                {"read a container's file",          open_container,    -ENOENT},
                {"write to a container's directory", write_container,   -EROFS },
                {"internet socket",                  make_socket,       -EPERM, true},
                {"unix socket",                      make_unix_socket,  -EPERM, true},
                {"execve",                           execute,           -EPERM, true},
                {"fork",                             make_process,      -EPERM, true},
                {"executable memory",                make_code,         -EPERM, true},
                {"umount",                           unmount_veil,      -EPERM },
                {"unshare",                          new_namespace,     -EPERM, true},
                {"chroot",                           leave_root,        -EPERM },
                {"ptrace",                           trace_parent,      -EPERM, true},
                {"kill",                             kill_parent,       -EPERM, true},
                {"trusted attribute",                set_trusted,       -EPERM },
                {"open a device",                    use_device,        -EACCES},
                {"prctl",                            read_bounding_set, -EPERM, true},
};

static void make_file(const char *directory, const char *name, mode_t mode) {
        _cleanup_(freep) char *path = path_join(directory, name);
        _cleanup_(closep) int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, mode);

        assert_true(fd >= 0);
}

static void make_state(char path[static 32]) {
        static const char *const directories[] = {"images", "layers", "containers", "volumes"};

        strcpy(path, "/var/tmp/caisson-test-XXXXXX");
        assert_non_null(mkdtemp(path));
        for (size_t i = 0; i < ELEMENTSOF(directories); i++) {
                _cleanup_(freep) char *sub = path_join(path, directories[i]);

                assert_int_equal(mkdir(sub, 0700), 0);
        }
        make_file(path, "containers/secret", 0600);
        make_file(path, "images/program", 0755);
}

/* Runs f in a child inside the sandbox; what it returns, as far as it fits into an exit code. */
static int in_sandbox(SandboxKind kind, const char *state, int (*f)(void)) {
        int status;
        pid_t pid;

        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                _cleanup_(error_done) Error e = {};
                int fd = open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;

                r = sandbox_close(kind, fd, &root_fd, &e);
                if (r < 0) {
                        (void) dprintf(STDERR_FILENO, "%s\n", error_message(&e, r));
                        _exit(200);
                }
                _exit(-f());
        }

        assert_int_equal(waitpid(pid, &status, 0), pid);
        return WIFEXITED(status) ? -WEXITSTATUS(status) : -1000 - WTERMSIG(status);
}

static void nothing_leads_out_of_the_store(void **state) {
        char path[32];

        make_state(path);
        for (size_t i = 0; i < ELEMENTSOF(attempts); i++) {
                int r;

                if (attempts[i].by_filter && !confine_filters_system_calls())
                        continue;
                r = in_sandbox(SANDBOX_STORE, path, attempts[i].run);

                if (r != attempts[i].expected)
                        fail_msg("%s: expected %i, got %i", attempts[i].name, attempts[i].expected, r);
        }
        assert_int_equal(remove_tree_at(AT_FDCWD, path), 0);
}

static int work_on_the_store(void) {
        const LayerOpaqueOps *ops = sandbox_opaque_ops();
        int images_fd, layers_fd, fd, r;

        images_fd = openat(root_fd, "images", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        layers_fd = openat(root_fd, "layers", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (images_fd < 0 || layers_fd < 0)
                return -101;

        if (mkdirat(images_fd, "new", 0755) < 0 ||
            mknodat(images_fd, "new/null", S_IFCHR | 0600, 1 << 8 | 3) < 0)
                return -102;
        if (fchownat(images_fd, "new", 4000000000U, 70000, AT_SYMLINK_NOFOLLOW) < 0)
                return -103;

        fd = openat(images_fd, "new", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 || ops->get(fd, ops->userdata) != 0)
                return -104;
        r = ops->set(fd, ops->userdata);
        if (r < 0 || ops->get(fd, ops->userdata) != 1)
                return -105;
        if (ops->set(openat(images_fd, "program", O_RDONLY | O_CLOEXEC), ops->userdata) != -ENOTDIR)
                return -106;

        if (renameat(images_fd, "new", layers_fd, "done") < 0)
                return -107;
        return syncfs(layers_fd) < 0 ? -108 : 0;
}

static void the_store_can_be_worked_on(void **state) {
        _cleanup_(freep) char *done = NULL;
        char path[32], value[2] = {};
        struct stat st;

        make_state(path);
        assert_int_equal(in_sandbox(SANDBOX_STORE, path, work_on_the_store), 0);

        done = path_join(path, "layers/done");
        assert_int_equal(stat(done, &st), 0);
        assert_int_equal(st.st_uid, 4000000000U);
        assert_int_equal(getxattr(done, "trusted.overlay.opaque", value, sizeof(value)), 1);
        assert_string_equal(value, "y");
        assert_int_equal(remove_tree_at(AT_FDCWD, path), 0);
}

static int pure_attempts(void) {
        if (open("/etc/shadow", O_RDONLY) < 0)
                return -201; /* root's own files stay root's */
        if (chown("/", 1, 1) >= 0 || mount("none", "/mnt", "tmpfs", 0, NULL) >= 0)
                return -202;
        return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : -203;
}

static void the_pure_sandbox_has_no_capabilities(void **state) {
        assert_int_equal(in_sandbox(SANDBOX_PURE, "/", pure_attempts), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                        cmocka_unit_test(nothing_leads_out_of_the_store),
                        cmocka_unit_test(the_store_can_be_worked_on),
                        cmocka_unit_test(the_pure_sandbox_has_no_capabilities),
        };

        /* Namespaces and capabilities are root's to give away */
        if (geteuid() != 0)
                return 77;

        return cmocka_run_group_tests(tests, NULL, NULL);
}
