/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <archive.h>
#include <archive_entry.h>
#include <inttypes.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive-load.h"
#include "archive-stream.h"
#include "decoder.h"
#include "shared/text.h"

#define BUFFER_SIZE (1U << 20)

struct ArchiveStream {
        struct archive *archive;
        Decoder *decoder;
        void *buffer;
        const ImageCallbacks *callbacks; /* weak */
        uint64_t bytes_max, n_bytes;     /* uncompressed */
        uint64_t total;                  /* of the file, as it is; 0: a pipe */
        uint64_t n_entries;

        uint64_t file_size, file_read;

        int error; /* why reading failed; libarchive only knows that it did */
        Error details;
};

void archive_entry_done(ArchiveEntry *e) {
        free(e->path);
        free(e->target);
        *e = (ArchiveEntry) {};
}

ArchiveStream *archive_stream_free(ArchiveStream *s) {
        if (!s)
                return NULL;

        (void) archive_read_free(s->archive);
        decoder_free(s->decoder);
        error_done(&s->details);
        free(s->buffer);
        return mfree(s);
}

static la_ssize_t on_read(struct archive *a, void *userdata, const void **ret) {
        ArchiveStream *s = userdata;
        ssize_t n = s->error;

        if (n >= 0)
                n = decoder_read(s->decoder, s->buffer, BUFFER_SIZE, &s->details);
        if (n > 0) {
                int r;

                s->n_bytes += (uint64_t) n;
                if (s->n_bytes > s->bytes_max)
                        n = error_set(&s->details, -EBADMSG, "it is more than %" PRIu64 " bytes", s->bytes_max);
                r = image_callbacks_progress(s->callbacks, "reading", decoder_bytes_read(s->decoder), s->total);
                if (r < 0)
                        n = error_set(&s->details, r, "interrupted");
        }
        if (n < 0) {
                s->error = (int) n;
                archive_set_error(a, EIO, "cannot be read");
                return ARCHIVE_FATAL;
        }

        *ret = s->buffer;
        return n;
}

/* Everything is said of "the archive": the caller knows no better name for a descriptor */
static int failed(ArchiveStream *s, Error *reterr) {
        if (s->error < 0) {
                error_move(reterr, &s->details);
                return error_prefix(reterr, s->error, "The archive cannot be read");
        }
        if (archive_errno(s->archive) == ENOMEM)
                return error_oom(reterr);

        if (s->n_bytes == 0)
                return error_set(reterr, -EBADMSG, "The archive is empty");

        return error_set(reterr, -EBADMSG, "The archive is damaged or is none: %s",
                         archive_error_string(s->archive) ?: "unknown error");
}

int archive_stream_new(int fd, uint64_t bytes_max, const ImageCallbacks *callbacks, ArchiveStream **ret, Error *reterr) {
        _cleanup_(archive_stream_freep) ArchiveStream *s = NULL;
        struct stat st;
        off_t offset;
        int r;

        s = new0(ArchiveStream, 1);
        if (!s)
                return error_oom(reterr);
        s->callbacks = callbacks;
        s->bytes_max = bytes_max ?: IMAGE_ARCHIVE_BYTES_MAX;

        if (fstat(fd, &st) < 0)
                return error_errnof(reterr, -errno, "The archive cannot be read");
        if (S_ISDIR(st.st_mode))
                return error_set(reterr, -EISDIR, "The archive is a directory");
        offset = S_ISREG(st.st_mode) ? lseek(fd, 0, SEEK_CUR) : 0;
        if (S_ISREG(st.st_mode) && offset >= 0 && offset < st.st_size)
                s->total = (uint64_t) (st.st_size - offset);

        s->buffer = malloc(BUFFER_SIZE);
        s->archive = archive_read_new();
        if (!s->buffer || !s->archive)
                return error_oom(reterr);

        r = decoder_new(fd, &s->decoder, reterr);
        if (r < 0)
                return error_prefix(reterr, r, "The archive cannot be read");

        /* Tar and nothing else, and no filter: decoder.c has taken off the one that is allowed */
        if (archive_read_support_format_tar(s->archive) != ARCHIVE_OK ||
            archive_read_open(s->archive, s, NULL, on_read, NULL) != ARCHIVE_OK)
                return failed(s, reterr);

        *ret = TAKE_PTR(s);
        return 0;
}

/* Who writes into a pipe writes the padding behind the end mark too, and must not fail at it */
static int drain(ArchiveStream *s, Error *reterr) {
        const void *data;
        ssize_t n;

        do
                n = on_read(s->archive, s, &data);
        while (n > 0);
        return n < 0 ? failed(s, reterr) : 0;
}

/* "dir" + "path" without "." and empty components. Leading out of the archive is -EBADMSG. */
static int join_path(const char *dir, size_t dir_length, const char *path, char **ret) {
        char clean[2 * PATH_MAX];
        size_t length = dir_length;

        if (dir_length + strlen(path) + 2 > sizeof(clean) || strlen(path) >= PATH_MAX || path[0] == '/')
                return -EBADMSG;
        memcpy(clean, dir, dir_length);

        for (const char *p = path; *p;) {
                size_t n = strcspn(p, "/");

                if (n == 2 && p[0] == '.' && p[1] == '.') {
                        if (length == 0)
                                return -EBADMSG;
                        while (length > 0 && clean[--length] != '/')
                                ;
                } else if (n > 0 && !(n == 1 && p[0] == '.')) {
                        if (length > 0)
                                clean[length++] = '/';
                        memcpy(clean + length, p, n);
                        length += n;
                }
                p += n;
                p += strspn(p, "/");
        }

        *ret = strndup(clean, length);
        return *ret ? 0 : -ENOMEM;
}

static int bad_entry(Error *reterr, const char *path, const char *what) {
        _cleanup_(freep) char *shown = text_escape(path);

        return error_set(reterr, -EBADMSG, "The archive is not accepted: '%.256s' %s", strempty(shown), what);
}

static int entry_path(const char *path, char **ret, Error *reterr) {
        int r;

        /* ".." has no place in a name, even where it would stay inside */
        for (const char *p = path; (p = strstr(p, "..")); p += 2)
                if ((p == path || p[-1] == '/') && (p[2] == '/' || p[2] == 0))
                        return bad_entry(reterr, path, "contains '..'");
        if (path[0] == '/')
                return bad_entry(reterr, path, "is an absolute path");

        r = join_path("", 0, path, ret);
        if (r == -EBADMSG)
                return bad_entry(reterr, path, "is too long");
        return r < 0 ? error_oom(reterr) : 0;
}

static int read_link(ArchiveEntry *e, struct archive_entry *ae, Error *reterr) {
        const char *hardlink = archive_entry_hardlink(ae), *target = hardlink ?: archive_entry_symlink(ae);
        const char *slash = strrchr(e->path, '/');
        int r;

        if (isempty(target))
                return bad_entry(reterr, e->path, "is a link to nothing");

        /* A hard link's target is a path of the archive, a symbolic link's begins where the link is */
        r = join_path(e->path, hardlink || !slash ? 0 : (size_t) (slash - e->path), target, &e->target);
        if (r == -EBADMSG)
                return bad_entry(reterr, e->path, "is a link that leads out of the archive");
        if (r < 0)
                return error_oom(reterr);

        e->type = ARCHIVE_ENTRY_LINK;
        return 0;
}

int archive_stream_next(ArchiveStream *s, ArchiveEntry *ret, Error *reterr) {
        for (;;) {
                _cleanup_(archive_entry_done) ArchiveEntry e = {};
                struct archive_entry *ae;
                const char *path;
                int r;

                r = archive_read_next_header(s->archive, &ae);
                if (r == ARCHIVE_EOF)
                        return drain(s, reterr);
                if (r != ARCHIVE_OK)
                        return failed(s, reterr);
                if (++s->n_entries > IMAGE_ARCHIVE_ENTRIES_MAX)
                        return error_set(reterr, -EBADMSG, "The archive is not accepted: it has more than %u entries",
                                         IMAGE_ARCHIVE_ENTRIES_MAX);

                path = archive_entry_pathname(ae);
                if (isempty(path))
                        return error_set(reterr, -EBADMSG, "The archive is not accepted: it has an entry without a name");
                r = entry_path(path, &e.path, reterr);
                if (r < 0)
                        return r;

                if (archive_entry_hardlink(ae) || archive_entry_filetype(ae) == AE_IFLNK) {
                        r = read_link(&e, ae, reterr);
                        if (r < 0)
                                return r;
                } else if (archive_entry_filetype(ae) == AE_IFDIR)
                        continue;
                else if (archive_entry_filetype(ae) != AE_IFREG)
                        return bad_entry(reterr, e.path, "is neither a file nor a directory nor a link");
                else if (archive_entry_sparse_count(ae) > 0)
                        return bad_entry(reterr, e.path, "is a sparse file");

                e.size = (uint64_t) MAX(archive_entry_size(ae), (la_int64_t) 0);
                s->file_size = e.size;
                s->file_read = 0;
                *ret = TAKE_GENERIC(e, ArchiveEntry, (ArchiveEntry) {});
                return 1;
        }
}

int archive_stream_read(ArchiveStream *s, const void **ret, size_t *ret_size, Error *reterr) {
        la_int64_t offset;
        int r;

        do
                r = archive_read_data_block(s->archive, ret, ret_size, &offset);
        while (r == ARCHIVE_OK && *ret_size == 0);
        if (r == ARCHIVE_EOF && s->file_read == s->file_size)
                return 0;
        if (r != ARCHIVE_OK && r != ARCHIVE_EOF)
                return failed(s, reterr);
        if (r == ARCHIVE_EOF || (uint64_t) offset != s->file_read)
                return error_set(reterr, -EBADMSG, "The archive is damaged: a file is shorter than it says");

        s->file_read += *ret_size;
        return 1;
}
