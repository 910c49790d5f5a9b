/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "bundle.h"
#include "shared/fd.h"
#include "shared/io.h"
#include "shared/path.h"

void bundle_done(Bundle *b) {
        free(b->path);
        safe_close(b->fd);
        free(b->text);
        oci_spec_free(b->spec);
        *b = (Bundle) BUNDLE_INIT;
}

int bundle_open(const char *path, Bundle *ret, Error *reterr) {
        _cleanup_(bundle_done) Bundle b = BUNDLE_INIT;
        int r;

        b.path = realpath(path, NULL);
        if (!b.path)
                return error_errnof(reterr, -errno, "bundle '%s'", path);
        b.fd = open(b.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (b.fd < 0)
                return error_errnof(reterr, -errno, "bundle '%s'", path);

        r = read_full_file_at(b.fd, "config.json", JSON_SIZE_MAX, &b.text, NULL);
        if (r < 0)
                return error_errnof(reterr, r, "%s/config.json", b.path);
        r = oci_spec_parse("config.json", b.text, strlen(b.text), &b.spec, reterr);
        if (r < 0)
                return r;

        *ret = b;
        b = (Bundle) BUNDLE_INIT;
        return 0;
}

int write_file_at_path(const char *path, const char *text, int flags) {
        const char *name = path_basename(path);
        _cleanup_(freep) char *directory = NULL;
        _cleanup_(closep) int fd = -EBADF;

        if (!filename_is_valid(name))
                return -EINVAL;

        directory = name > path ? strndup(path, name - path) : strdup(".");
        if (!directory)
                return -ENOMEM;
        fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;

        return write_file_atomic_at(fd, name, text, strlen(text), flags);
}
