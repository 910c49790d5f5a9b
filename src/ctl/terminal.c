/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "shared/strv.h"
#include "shared/text.h"
#include "ctl/terminal.h"

static struct termios saved;
static volatile sig_atomic_t saved_fd = -1; /* the terminal that is raw now */

void terminal_restore(void) {
        int fd = saved_fd;

        if (fd >= 0) {
                saved_fd = -1;
                (void) tcsetattr(fd, TCSANOW, &saved); /* not TCSADRAIN: the other side may have stopped reading */
        }
}

static struct sigaction former[_NSIG]; /* of who was there before us, such as a sanitizer */

static void restore_and_die(int signo) {
        terminal_restore();
        (void) sigaction(signo, &former[signo], NULL);
        raise(signo);
}

int terminal_make_raw(int fd, Error *reterr) {
        static const int fatal[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGABRT, SIGSEGV, SIGBUS, SIGFPE,
                                     SIGILL, SIGUSR1, SIGUSR2, SIGALRM, SIGSYS, SIGXCPU, SIGXFSZ };
        static bool prepared;
        struct termios raw;

        if (saved_fd < 0 && tcgetattr(fd, &saved) < 0)
                return error_errnof(reterr, negative_errno(), "read the terminal's settings");

        if (!prepared) {
                struct sigaction action = { .sa_handler = restore_and_die };

                prepared = true;
                atexit(terminal_restore);
                /* What the one who started us ignores stays ignored; what is blocked for a signalfd never comes here */
                for (size_t i = 0; i < ELEMENTSOF(fatal); i++)
                        if (sigaction(fatal[i], NULL, &former[fatal[i]]) == 0 && former[fatal[i]].sa_handler != SIG_IGN)
                                (void) sigaction(fatal[i], &action, NULL);
        }

        raw = saved;
        cfmakeraw(&raw);
        saved_fd = fd;
        if (tcsetattr(fd, TCSANOW, &raw) < 0) {
                int r = negative_errno();

                saved_fd = -1;
                return error_errnof(reterr, r, "set up the terminal");
        }
        return 0;
}

bool terminal_size(AttachSize *ret) {
        static const int fds[] = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO };
        struct winsize size;

        for (size_t i = 0; i < ELEMENTSOF(fds); i++)
                if (ioctl(fds[i], TIOCGWINSZ, &size) >= 0 && size.ws_row > 0 && size.ws_col > 0) {
                        *ret = (AttachSize) { .rows = size.ws_row, .columns = size.ws_col };
                        return true;
                }
        return false;
}

bool colors_on(int fd) {
        const char *term = getenv("TERM");

        return isempty(getenv("NO_COLOR")) && !streq(strempty(term), "dumb") && isatty(fd) > 0;
}

int detach_keys_parse(const char *s, DetachKeys *ret, Error *reterr) {
        _cleanup_(strv_freep) char **words = NULL;
        DetachKeys k = {};

        if (strv_split(s, ",", &words) < 0)
                return error_oom(reterr);

        STRV_FOREACH(w, words) {
                const char *control = startswith(*w, "ctrl-");
                uint8_t key;

                if (k.n >= DETACH_KEYS_MAX)
                        return error_set(reterr, -EINVAL, "--detach-keys: more than %u keys", DETACH_KEYS_MAX);
                if (control && control[0] && !control[1] &&
                    (ascii_isalpha(control[0]) || strchr("@[\\]^_", control[0])))
                        key = (uint8_t) (control[0] & 0x1f);
                else if (!control && !(*w)[1] && (*w)[0] > ' ' && (*w)[0] < 0x7f)
                        key = (uint8_t) (*w)[0];
                else {
                        _cleanup_(freep) char *shown = text_escape(*w);
                        return error_set(reterr, -EINVAL, "--detach-keys: '%.40s' is no key: a character or ctrl-a to "
                                         "ctrl-z, ctrl-@, ctrl-[, ctrl-\\, ctrl-], ctrl-^, ctrl-_", strempty(shown));
                }
                k.keys[k.n++] = key;
        }

        *ret = k;
        return 0;
}

bool detach_keys_filter(DetachKeys *k, const uint8_t *in, size_t n, uint8_t *out, size_t *ret_n) {
        size_t m = 0;

        for (size_t i = 0; i < n; i++) {
                if (k->n > 0 && in[i] == k->keys[k->matched]) {
                        if (++k->matched < k->n)
                                continue;
                        k->matched = 0;
                        *ret_n = m;
                        return true;
                }

                if (k->matched > 0) { /* they were meant after all */
                        memcpy(out + m, k->keys, k->matched);
                        m += k->matched;
                        k->matched = 0;
                        if (in[i] == k->keys[0] && k->n > 1) {
                                k->matched = 1;
                                continue;
                        }
                }
                out[m++] = in[i];
        }

        *ret_n = m;
        return false;
}
