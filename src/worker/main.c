/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <locale.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <unistd.h>

#include "shared/fd.h"
#include "shared/log.h"
#include "shared/text.h"
#include "verb.h"

static const Verb *const verbs[] = {
                &verb_load,  &verb_import, &verb_save,  &verb_tag,
                &verb_untag, &verb_remove, &verb_clean, &verb_seccomp,
};

static const Verb *find_verb(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
                if (streq(verbs[i]->name, name))
                        return verbs[i];
        return NULL;
}

/* What libraries would look for in files when they are first used: the files will be out of reach then. */
static int prepare_libraries(Error *reterr) {
        if (!setlocale(LC_CTYPE, "C.UTF-8"))
                return error_set(reterr, -ENOENT, "there is no locale C.UTF-8");
        if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
                return error_set(reterr, -EIO, "libcrypto cannot be initialised");

        return 0;
}

static int worker_run(WorkerLink *link, const Verb *verb, pid_t parent, JsonObject **ret, Error *reterr) {
        _cleanup_(json_putp) JsonObject *parameters = NULL;
        _cleanup_(closep) int root_fd = -EBADF;
        int r;

        r = worker_link_receive(link, &parameters, reterr);
        if (r < 0)
                return r;
        r = prepare_libraries(reterr);
        if (r < 0)
                return r;
        r = sandbox_close(verb->sandbox, verb->sandbox == SANDBOX_STORE ? WORKER_FD_STATE : -EBADF, &root_fd,
                          reterr);
        if (r < 0)
                return error_prefix(reterr, r, "cannot close the sandbox");

        /* It may have gone before we were bound to it */
        if (getppid() != parent)
                return error_set(reterr, -ESRCH, "caissond has gone");

        /* The state directory by its own number again, so that verbs need not know who moved it */
        if (root_fd >= 0 && root_fd != WORKER_FD_STATE && dup3(root_fd, WORKER_FD_STATE, O_CLOEXEC) < 0)
                return error_errnof(reterr, -errno, "move the state directory's descriptor");

        return verb->run(link, parameters, ret, reterr);
}

int main(int argc, char *argv[]) {
        _cleanup_(worker_link_done) WorkerLink link = {.fd = WORKER_FD_SOCKET};
        _cleanup_(error_done) Error e = {};
        JsonObject *result = NULL;
        pid_t parent = getppid();
        const Verb *verb;
        int r;

        log_setup("caisson-worker");

        verb = argc == 2 ? find_verb(argv[1]) : NULL;
        if (!verb) {
                fprintf(stderr, "caisson-worker is started by caissond, with a verb and descriptors\n");
                return EXIT_FAILURE;
        }

        r = worker_run(&link, verb, parent, &result, &e);
        if (r >= 0)
                r = worker_link_result(&link, TAKE_PTR(result));
        else {
                json_putp(&result);
                log_debug("%s: %s", verb->name, error_message(&e, r));
                (void) worker_link_error(&link, r, &e);
        }

        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
