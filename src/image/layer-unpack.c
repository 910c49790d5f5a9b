/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <langinfo.h>
#include <locale.h>
#include <unistd.h>

#include "layer-entry.h"
#include "layer-source.h"
#include "shared/path.h"
#include "shared/text.h"

#define PROGRESS_EVERY (4U << 20)

#define WHITEOUT_PREFIX      ".wh."
#define WHITEOUT_META_PREFIX ".wh..wh." /* of aufs: hard links' pool, its own marks */
#define WHITEOUT_OPAQUE      ".wh..wh..opq"

typedef struct Unpack {
        const LayerUnpackOptions *options; /* weak */
        LayerTree tree;
        LayerSource *source;
        uint64_t next_progress;
        int source_error; /* why reading failed, which libarchive would only garble */
        Error source_details;

        struct archive *archive;
        bool root_opaque;
        LayerUnpackResult result;
} Unpack;

static void unpack_done(Unpack *u) {
        (void) archive_read_free(u->archive);
        layer_tree_done(&u->tree);
        layer_source_free(u->source);
        error_done(&u->source_details);
}

static ssize_t read_piece(Unpack *u, const void **ret) {
        ssize_t n;
        int r;

        if (u->source_error < 0)
                return u->source_error;

        n = layer_source_read(u->source, ret, &u->source_details);
        if (n < 0)
                return u->source_error = (int) n;

        if (layer_source_bytes(u->source) > u->options->bytes_max)
                return u->source_error = error_set(&u->source_details, -EFBIG,
                                                   "it is more than %" PRIu64 " bytes when unpacked",
                                                   u->options->bytes_max);

        if (u->options->progress && layer_source_bytes(u->source) >= u->next_progress) {
                u->next_progress = layer_source_bytes(u->source) + PROGRESS_EVERY;
                r = u->options->progress(layer_source_bytes_read(u->source), u->options->userdata);
                if (r < 0)
                        return u->source_error = error_set(&u->source_details, r, "interrupted");
        }

        return n;
}

static la_ssize_t on_read(struct archive *a, void *userdata, const void **ret) {
        ssize_t n;

        n = read_piece(userdata, ret);
        if (n < 0) {
                archive_set_error(a, (int) -n, "cannot be read");
                return ARCHIVE_FATAL;
        }

        return n;
}

/* libarchive stops at the end mark; what comes behind it belongs to the layer's identity nevertheless. */
static int drain(Unpack *u) {
        const void *data;
        ssize_t n;

        do
                n = read_piece(u, &data);
        while (n > 0);

        return (int) n;
}

static int archive_failed(Unpack *u, Error *reterr) {
        if (u->source_error < 0) {
                error_move(reterr, &u->source_details);
                return u->source_error;
        }
        if (archive_errno(u->archive) == ENOMEM)
                return error_oom(reterr);

        return error_set(reterr, -EBADMSG, "it is not a valid tar archive: %s",
                         archive_error_string(u->archive) ?: "damaged");
}

/* A path of the archive without what means nothing ("/", "./", "//"). An empty one is the root. */
static int clean_path(const char *path, char ret[static PATH_MAX], Error *reterr) {
        size_t length = 0;

        for (;;) {
                size_t n;

                path += strspn(path, "/");
                n = strcspn(path, "/");
                if (n == 0)
                        break;

                if (n == 1 && path[0] == '.') {
                        path += n;
                        continue;
                }
                if (n == 2 && path[0] == '.' && path[1] == '.')
                        return error_set(reterr, -EBADMSG, "the path contains '..'");
                if (n > NAME_MAX)
                        return error_set(reterr, -ENAMETOOLONG, "a name of more than %u bytes", NAME_MAX);
                if (length + 1 + n >= PATH_MAX)
                        return error_set(reterr, -ENAMETOOLONG, "the path is longer than %u bytes",
                                         PATH_MAX - 1);

                if (length > 0)
                        ret[length++] = '/';
                memcpy(ret + length, path, n);
                length += n;
                path += n;
        }

        ret[length] = 0;
        return 0;
}

typedef enum WhiteoutKind {
        NOT_WHITEOUT,
        WHITEOUT_FILE,
        WHITEOUT_DIRECTORY,
        WHITEOUT_IGNORED,
} WhiteoutKind;

static int classify(const char *path, const char *name, WhiteoutKind *ret, Error *reterr) {
        /* Something in a directory that cannot be one */
        for (const char *p = path; p < name; p += strcspn(p, "/") + 1)
                if (startswith(p, WHITEOUT_META_PREFIX)) {
                        *ret = WHITEOUT_IGNORED;
                        return 0;
                } else if (startswith(p, WHITEOUT_PREFIX))
                        return error_set(reterr, -EBADMSG, "a file below a whiteout");

        if (streq(name, WHITEOUT_OPAQUE))
                *ret = WHITEOUT_DIRECTORY;
        else if (startswith(name, WHITEOUT_META_PREFIX))
                *ret = WHITEOUT_IGNORED;
        else if (startswith(name, WHITEOUT_PREFIX)) {
                if (!filename_is_valid(name + strlen(WHITEOUT_PREFIX)))
                        return error_set(reterr, -EBADMSG, "a whiteout that names nothing");
                *ret = WHITEOUT_FILE;
        } else
                *ret = NOT_WHITEOUT;

        return 0;
}

static int unpack_opaque(Unpack *u, Error *reterr) {
        int r;

        if (u->tree.n_levels == 1) {
                u->root_opaque = true;
                return 0;
        }

        r = layer_tree_set_opaque(&u->tree, layer_tree_here(&u->tree)->fd);
        return r < 0 ? error_errnof(reterr, r, "mark the directory opaque") : 0;
}

static int unpack_at(Unpack *u, struct archive_entry *e, const char *path, Error *reterr) {
        const char *name = path_basename(path), *hardlink = archive_entry_hardlink(e);
        size_t parent_length = name > path ? (size_t) (name - path) - 1 : 0;
        WhiteoutKind kind;
        int r;

        r = classify(path, name, &kind, reterr);
        if (r < 0)
                return r;
        if (kind == WHITEOUT_IGNORED)
                return 0;

        r = layer_tree_enter(&u->tree, path, parent_length, reterr);
        if (r < 0)
                return r;

        if (path[0] == 0)
                return layer_entry_apply_root(&u->tree, e, reterr);
        if (kind == WHITEOUT_DIRECTORY)
                return unpack_opaque(u, reterr);
        if (kind == WHITEOUT_FILE)
                return layer_entry_whiteout(&u->tree, name + strlen(WHITEOUT_PREFIX), reterr);

        if (hardlink) {
                char target[PATH_MAX];

                r = clean_path(hardlink, target, reterr);
                if (r < 0)
                        return error_prefix(reterr, r, "its link target");
                if (target[0] == 0)
                        return error_set(reterr, -EBADMSG, "a hard link to a directory");

                return layer_entry_link(&u->tree, target, path, parent_length, name, reterr);
        }

        return layer_entry_make(&u->tree, u->archive, e, name, &u->result.n_files_bytes, reterr);
}

static int unpack_entry(Unpack *u, struct archive_entry *e, Error *reterr) {
        const char *path = archive_entry_pathname(e);
        _cleanup_(freep) char *shown = NULL;
        char clean[PATH_MAX];
        int r;

        if (isempty(path))
                return error_set(reterr, -EBADMSG, "it contains an entry without a name");

        r = clean_path(path, clean, reterr);
        if (r >= 0)
                r = unpack_at(u, e, clean, reterr);
        if (r >= 0)
                return 0;

        if (!error_is_set(reterr) && r == -EBADMSG)
                r = archive_failed(u, reterr);

        /* Long enough to be found */
        shown = strndup(path, 256);
        if (shown) {
                char *escaped = text_escape(shown);
                free_and_replace(shown, escaped);
        }
        return error_prefix(reterr, r, "'%s'", strempty(shown));
}

/* libarchive warns where it could not decode a name that says it is UTF-8; it then has the bytes themselves,
 * which are what we want. Other warnings mean that it has dropped something. */
static bool warning_is_harmless(struct archive *a) {
        const char *message = archive_error_string(a);

        return message && strstr(message, "can't be converted");
}

static int unpack_entries(Unpack *u, Error *reterr) {
        for (;;) {
                struct archive_entry *e;
                int r;

                r = archive_read_next_header(u->archive, &e);
                if (r == ARCHIVE_EOF)
                        return 0;
                if (r != ARCHIVE_OK && (r != ARCHIVE_WARN || !warning_is_harmless(u->archive)))
                        return archive_failed(u, reterr);

                if (++u->result.n_entries > u->options->entries_max)
                        return error_set(reterr, -EFBIG, "it has more than %" PRIu64 " entries",
                                         u->options->entries_max);

                r = unpack_entry(u, e, reterr);
                if (r < 0)
                        return r;
        }
}

static int unpack_open(Unpack *u, Error *reterr) {
        u->archive = archive_read_new();
        if (!u->archive)
                return error_oom(reterr);

        if (archive_read_support_format_tar(u->archive) != ARCHIVE_OK ||
            archive_read_open(u->archive, u, NULL, on_read, NULL) != ARCHIVE_OK)
                return archive_failed(u, reterr);

        return 0;
}

static int unpack_run(Unpack *u, Error *reterr) {
        int r;

        r = unpack_open(u, reterr);
        if (r < 0)
                return r;
        r = unpack_entries(u, reterr);
        if (r < 0)
                return r;

        if (drain(u) < 0)
                return archive_failed(u, reterr);

        if (u->root_opaque) {
                u->tree.needs_lower = true;
                r = layer_tree_enter(&u->tree, "", 0, reterr);
                if (r >= 0)
                        r = layer_entry_hide_lower_root(&u->tree, reterr);
                if (r < 0)
                        return r;
        }

        return layer_tree_finish(&u->tree, reterr);
}

/* Names in the archive are UTF-8 or bytes; in the C locale libarchive would take neither. */
static int unpack_with_locale(Unpack *u, Error *reterr) {
        locale_t locale, saved;
        int r;

        if (streq(nl_langinfo(CODESET), "UTF-8"))
                return unpack_run(u, reterr);

        locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL);
        if (!locale)
                return error_errnof(reterr, -errno, "load the C.UTF-8 locale");

        saved = uselocale(locale);
        r = unpack_run(u, reterr);
        (void) uselocale(saved);
        freelocale(locale);
        return r;
}

int layer_unpack(int blob_fd, int dest_dir_fd, const LayerUnpackOptions *options, LayerUnpackResult *ret,
                 Error *reterr) {
        LayerUnpackOptions o = options ? *options : (LayerUnpackOptions){};
        _cleanup_(unpack_done) Unpack u = { .options = &o };
        int r;

        o.bytes_max = o.bytes_max ?: LAYER_BYTES_MAX;
        o.entries_max = o.entries_max ?: LAYER_ENTRIES_MAX;

        r = layer_source_new(blob_fd, &u.source, reterr);
        if (r < 0)
                return r;
        r = layer_tree_init(&u.tree, dest_dir_fd, &o);
        if (r < 0)
                return error_errnof(reterr, r, "open the layer's directory");

        r = unpack_with_locale(&u, reterr);
        if (r < 0)
                return r;

        u.result.n_bytes = layer_source_bytes(u.source);
        u.result.needs_lower = u.tree.needs_lower;
        r = layer_source_finish(u.source, u.result.diff_id, reterr);
        if (r < 0)
                return r;
        if (o.expected_diff_id && !streq(o.expected_diff_id, u.result.diff_id))
                return error_set(reterr, -EBADMSG, "its content is %s, not %s as the image says",
                                 u.result.diff_id, o.expected_diff_id);

        *ret = u.result;
        return 0;
}
