/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "archive-files.h"
#include "shared/text.h"

#define LINKS_MAX 16U /* from one to the next */

struct ArchiveFiles {
        StringMap *by_path;
};

static void file_free(void *p) {
        ArchiveFile *f = p;

        if (f)
                free(f->target);
        free(f);
}

ArchiveFiles *archive_files_free(ArchiveFiles *f) {
        if (!f)
                return NULL;

        string_map_free(f->by_path);
        return mfree(f);
}

static int read_content(StoreJob *j, ArchiveStream *stream, ArchiveFile *f, Error *reterr) {
        _cleanup_(blob_writer_done) BlobWriter w = BLOB_WRITER_NULL;
        int r;

        r = blob_writer_init(&w, j, reterr);
        if (r < 0)
                return r;

        for (;;) {
                const void *data;
                size_t size;

                r = archive_stream_read(stream, &data, &size, reterr);
                if (r < 0)
                        return r;
                if (r == 0)
                        break;
                r = blob_writer_write(&w, data, size, reterr);
                if (r < 0)
                        return r;
        }

        f->size = w.size;
        return blob_writer_finish(&w, f->digest, reterr);
}

static bool is_same(const ArchiveFile *a, const ArchiveFile *b) {
        return streq_ptr(a->target, b->target) && streq(a->digest, b->digest);
}

static int add(ArchiveFiles *files, const char *path, ArchiveFile *f, Error *reterr) {
        ArchiveFile *known = string_map_get(files->by_path, path);
        _cleanup_(freep) char *shown = NULL;

        if (!known)
                return string_map_put(files->by_path, path, f) < 0 ? error_oom(reterr) : 1;
        if (is_same(known, f))
                return 0;

        /* Which one counts would depend on who reads it */
        shown = text_escape(path);
        return error_set(reterr, -EBADMSG, "The archive is not accepted: it contains '%.256s' twice", strempty(shown));
}

int archive_files_read(StoreJob *j, ArchiveStream *stream, ArchiveFiles **ret, Error *reterr) {
        _cleanup_(archive_files_freep) ArchiveFiles *files = NULL;

        files = new0(ArchiveFiles, 1);
        if (!files)
                return error_oom(reterr);
        files->by_path = string_map_new(file_free);
        if (!files->by_path)
                return error_oom(reterr);

        for (;;) {
                _cleanup_(archive_entry_done) ArchiveEntry e = {};
                ArchiveFile *f;
                int r;

                r = archive_stream_next(stream, &e, reterr);
                if (r < 0)
                        return r;
                if (r == 0)
                        break;

                f = new0(ArchiveFile, 1);
                if (!f)
                        return error_oom(reterr);
                if (e.type == ARCHIVE_ENTRY_LINK)
                        f->target = TAKE_PTR(e.target);
                else
                        r = read_content(j, stream, f, reterr);
                if (r >= 0)
                        r = add(files, e.path, f, reterr);
                if (r <= 0)
                        file_free(f);
                if (r < 0)
                        return r;
        }

        *ret = TAKE_PTR(files);
        return 0;
}

const ArchiveFile *archive_files_get(const ArchiveFiles *files, const char *path) {
        ArchiveFile *f = string_map_get(files->by_path, startswith(path, "./") ?: path);

        for (unsigned i = 0; f && f->target; i++) {
                if (i >= LINKS_MAX)
                        return NULL;
                f = string_map_get(files->by_path, f->target);
        }
        return f;
}

int archive_files_read_document(const ArchiveFiles *files, StoreJob *j, const char *path, char **ret, size_t *ret_size,
                                Error *reterr) {
        const ArchiveFile *f = archive_files_get(files, path);
        _cleanup_(freep) char *shown = NULL;
        int r;

        shown = text_escape(path);
        if (!shown)
                return error_oom(reterr);
        if (!f)
                return error_set(reterr, -EBADMSG, "The archive is incomplete: '%.256s' is missing", shown);

        r = store_job_read_blob(j, f->digest, shown, ret, ret_size, reterr);
        return r == -EBADMSG ? error_prefix(reterr, r, "The archive is not accepted") : r;
}
