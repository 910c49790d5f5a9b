/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>

#include "ctl/commands.h"
#include "ctl/message-json.h"
#include "shared/bus-names.h"
#include "shared/format/human.h"
#include "shared/identifier.h"
#include "shared/strv.h"
#include "shared/text.h"

#define CREATED_BY_WIDTH 45U

static const Option images_options[] = {
        { "all", 'a', OPTION_BOOL, NULL, NULL, NULL, OPTION_HIDDEN, NULL }, /* there are no intermediate ones */
        { "digests", 0, OPTION_BOOL, NULL, "Show the manifests' digests", NULL, 0, NULL },
        {},
};

static const Heading images_headings[] = {
        { "ID", "IMAGE ID" },         { "Repository", "REPOSITORY" }, { "Tag", "TAG" },   { "Digest", "DIGEST" },
        { "CreatedSince", "CREATED" }, { "CreatedAt", "CREATED AT" }, { "Size", "SIZE" }, { "Containers", "CONTAINERS" },
        { "Names", "NAMES" },         { "Labels", "LABELS" },         { "Id", "IMAGE ID" }, {},
};

static const Option history_options[] = {
        { "human", 'H', OPTION_BOOL, NULL, "Show sizes and times for people (on unless --human=false)", NULL,
          OPTION_DEFAULT_TRUE, NULL },
        {},
};

static const Heading history_headings[] = {
        { "ID", "IMAGE" },   { "CreatedSince", "CREATED" },  { "CreatedAt", "CREATED AT" },
        { "CreatedBy", "CREATED BY" }, { "Size", "SIZE" },   { "Comment", "COMMENT" }, {},
};

/* "docker.io/library/nginx:1.2" is ("nginx", "1.2"), "registry:5000/a" ("registry:5000/a", "<none>"). */
static int split_name(const char *name, bool shorten, char **ret_repository, char **ret_tag) {
        const char *slash = strrchr(name, '/'), *colon = strrchr(name, ':'), *rest = NULL;
        size_t n;

        if (colon && (!slash || colon > slash)) {
                n = (size_t) (colon - name);
                *ret_tag = strdup(colon + 1);
        } else {
                n = strlen(name);
                *ret_tag = strdup("<none>");
        }
        if (shorten)
                rest = startswith(name, "docker.io/library/") ?: startswith(name, "docker.io/");
        *ret_repository = strndup(rest ?: name, n - (size_t) (rest ? rest - name : 0));
        return *ret_repository && *ret_tag ? 0 : -ENOMEM;
}

static const char *short_id(const char *id, char buffer[static CONTAINER_ID_SHORT + 1]) {
        const char *hex = startswith(id, "sha256:") ?: id;

        snprintf(buffer, CONTAINER_ID_SHORT + 1, "%s", hex);
        return buffer;
}

static int make_image_shown(JsonObject *o, const char *name, bool truncate, JsonObject **ret) {
        _cleanup_(json_putp) JsonObject *s = json_object_new_object();
        _cleanup_(freep) char *repository = NULL, *tag = NULL;
        const char *id = strempty(json_get_string(o, "Id")), *digest = json_get_string(o, "Digest");
        uint64_t created = (uint64_t) json_get_i64(o, "Created");
        char buffer[HUMAN_MAX], hex[CONTAINER_ID_SHORT + 1];
        int r;

        if (!s)
                return -ENOMEM;
        if (name)
                r = split_name(name, truncate, &repository, &tag);
        else {
                repository = strdup("<none>");
                tag = strdup("<none>");
                r = repository && tag ? 0 : -ENOMEM;
        }

        if (r >= 0)
                r = row_set(s, "ID", truncate ? short_id(id, hex) : id);
        if (r >= 0)
                r = row_set(s, "Repository", repository);
        if (r >= 0)
                r = row_set(s, "Tag", tag);
        if (r >= 0)
                r = row_set(s, "Digest", isempty(digest) ? "<none>" : digest);
        if (r >= 0)
                r = row_set(s, "CreatedSince", human_ago(buffer, created, now_realtime_usec()));
        if (r >= 0)
                r = row_set(s, "CreatedAt", human_time(buffer, created));
        if (r >= 0)
                r = row_set(s, "Size", human_size(buffer, (uint64_t) json_get_i64(o, "Size")));
        if (r < 0)
                return r;
        *ret = TAKE_PTR(s);
        return 0;
}

static int make_image_details(JsonObject *o, JsonObject **ret) {
        static const char *const kept[] = { "Id", "Digest", "Names", "Labels", "Size", "Platform", "Containers", "Parent" };
        _cleanup_(json_putp) JsonObject *d = json_object_new_object();
        uint64_t created = (uint64_t) json_get_i64(o, "Created");
        char buffer[HUMAN_MAX];
        int r = 0;

        if (!d)
                return -ENOMEM;
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(kept); i++)
                if (json_get(o, kept[i]))
                        r = json_add(d, kept[i], json_object_get(json_get(o, kept[i])));
        if (r >= 0 && json_get(o, "Names")) /* podman's list has both */
                r = json_add(d, "RepoTags", json_object_get(json_get(o, "Names")));
        if (r >= 0)
                r = json_add_i64(d, "Created", (int64_t) (created / 1000000));
        if (r >= 0)
                r = json_add_string(d, "CreatedAt", human_time_rfc3339(buffer, created, false));
        if (r < 0)
                return r;
        *ret = TAKE_PTR(d);
        return 0;
}

static int add_image_row(Rows *rows, JsonObject *o, const char *name, bool truncate) {
        _cleanup_(json_putp) JsonObject *shown = NULL, *details = NULL;
        int r;

        r = make_image_shown(o, name, truncate, &shown);
        if (r >= 0)
                r = make_image_details(o, &details);
        return r < 0 ? r : rows_add(rows, TAKE_PTR(shown), TAKE_PTR(details));
}

/* The daemon finds the images; of their names only those that were meant are shown. */
static bool name_matches(const char *name, char *const *patterns) {
        const char *shorter = startswith(name, "docker.io/library/") ?: startswith(name, "docker.io/") ?: name;
        const char *candidates[] = { name, shorter };

        STRV_FOREACH(p, patterns)
                for (size_t i = 0; i < ELEMENTSOF(candidates); i++) {
                        const char *colon = strrchr(candidates[i], ':');
                        _cleanup_(freep) char *untagged =
                                colon && !strchr(colon, '/') ? strndup(candidates[i], (size_t) (colon - candidates[i])) : NULL;

                        if (fnmatch(*p, candidates[i], FNM_PATHNAME) == 0 ||
                            (untagged && fnmatch(*p, untagged, FNM_PATHNAME) == 0))
                                return true;
                }
        return strv_isempty(patterns);
}

/* A line for each name; with JSON, an object for each image. */
static int add_image(Rows *rows, JsonObject *o, char *const *patterns, bool truncate, bool json) {
        JsonObject *names = json_get(o, "Names");
        size_t n = json_object_is_type(names, json_type_array) ? json_object_array_length(names) : 0;
        int r = 0;

        if (json || n == 0)
                return add_image_row(rows, o, n > 0 ? json_object_get_string(json_object_array_get_idx(names, 0)) : NULL,
                                     truncate);
        for (size_t i = 0; r >= 0 && i < n; i++) {
                const char *name = strempty(json_object_get_string(json_object_array_get_idx(names, i)));

                if (name_matches(name, patterns))
                        r = add_image_row(rows, o, name, truncate);
        }
        return r;
}

static int run_images(Client *c, const Arguments *a, Error *reterr) {
        static const char standard[] = "{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}";
        static const char with_digests[] =
                "{{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}";
        View view = { .headings = images_headings, .format = option_on(a, "digests") ? with_digests : standard };
        const char *format = option_string(a, "format");
        _cleanup_(json_putp) JsonObject *list = NULL;
        _cleanup_(strv_freep) char **filters = NULL, **patterns = NULL;
        _cleanup_(rows_done) Rows rows = {};
        int r;

        if (strv_extend_strv(&filters, option_list(a, "filter")) < 0 ||
            (a->positional && strv_extendf(&filters, "reference=%s", a->positional[0]) < 0))
                return error_oom(reterr);
        STRV_FOREACH(f, filters)
                if (startswith(*f, "reference=") && strv_extend(&patterns, strchr(*f, '=') + 1) < 0)
                        return error_oom(reterr);
        r = describe_objects(c, "DescribeImages", NULL, filters, &list, reterr);
        if (r < 0)
                return r;
        json_object_array_sort(list, newest_first);

        for (size_t i = 0; i < json_object_array_length(list); i++)
                if (add_image(&rows, json_object_array_get_idx(list, i), patterns, !option_on(a, "no-trunc"),
                              format && streq(format, "json")) < 0)
                        return error_oom(reterr);

        return view_print(&view, &rows, a, reterr);
}

static int add_history_row(Rows *rows, JsonObject *entry, const Arguments *a) {
        _cleanup_(json_putp) JsonObject *s = json_object_new_object(), *d = json_object_new_object();
        uint64_t created = (uint64_t) json_object_get_int64(json_object_array_get_idx(entry, 0));
        const char *by = strempty(json_object_get_string(json_object_array_get_idx(entry, 1)));
        int64_t size = json_object_get_int64(json_object_array_get_idx(entry, 2));
        const char *layer = strempty(json_object_get_string(json_object_array_get_idx(entry, 3)));
        const char *comment = strempty(json_object_get_string(json_object_array_get_idx(entry, 4)));
        bool truncate = !option_on(a, "no-trunc"), human = option_on(a, "human");
        char buffer[HUMAN_MAX], hex[CONTAINER_ID_SHORT + 1];
        _cleanup_(freep) char *escaped = text_escape(by), *number = text_printf("%" PRIi64, size);
        _cleanup_(freep) char *shortened = NULL;
        int r;

        if (!s || !d || !escaped || !number)
                return -ENOMEM;
        if (truncate && strlen(escaped) > CREATED_BY_WIDTH) {
                size_t n = CREATED_BY_WIDTH - 1;

                while (n > 0 && ((uint8_t) escaped[n] & 0xc0) == 0x80)
                        n--;
                shortened = text_printf("%.*s…", (int) n, escaped);
                if (!shortened)
                        return -ENOMEM;
                free_and_replace(escaped, shortened);
        }

        r = row_set(s, "ID", isempty(layer) ? "<missing>" : truncate ? short_id(layer, hex) : layer);
        if (r >= 0)
                r = row_set(s, "CreatedSince", human ? human_ago(buffer, created, now_realtime_usec())
                                                     : human_time_rfc3339(buffer, created, true));
        if (r >= 0)
                r = row_set(s, "CreatedAt", human_time_rfc3339(buffer, created, true));
        if (r >= 0)
                r = row_set(s, "CreatedBy", escaped);
        if (r >= 0)
                r = row_set(s, "Size", human ? human_size(buffer, (uint64_t) size) : number);
        if (r >= 0)
                r = row_set(s, "Comment", comment);

        if (r >= 0)
                r = json_add_string(d, "id", layer);
        if (r >= 0)
                r = json_add_string(d, "created", human_time_rfc3339(buffer, created, false));
        if (r >= 0)
                r = json_add_string(d, "CreatedBy", by);
        if (r >= 0)
                r = json_add_i64(d, "size", size);
        if (r >= 0)
                r = json_add_string(d, "comment", comment);
        return r < 0 ? r : rows_add(rows, TAKE_PTR(s), TAKE_PTR(d));
}

static int run_history(Client *c, const Arguments *a, Error *reterr) {
        static const View view = { .headings = history_headings,
                                   .format = "{{.ID}}\t{{.CreatedSince}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}" };
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(json_putp) JsonObject *entries = NULL;
        _cleanup_(freep) char *path = NULL;
        _cleanup_(rows_done) Rows rows = {};
        int r;

        r = client_get_image(c, a->positional[0], &path, reterr);
        if (r >= 0)
                r = client_call(c, path, BUS_IFACE_IMAGE, "History", &reply, reterr, NULL);
        if (r < 0)
                return r;
        r = message_read_json(reply, &entries);
        if (r < 0)
                return bus_message_failed(r, reterr);

        for (size_t i = 0; i < json_object_array_length(entries); i++)
                if (add_history_row(&rows, json_object_array_get_idx(entries, i), a) < 0)
                        return error_oom(reterr);
        return view_print(&view, &rows, a, reterr);
}

const Verb verb_images = {
        .names = "images|image ls|image list|image images",
        .area = VERB_IMAGE,
        .arguments = "[REPOSITORY[:TAG]]",
        .summary = "List images",
        .description = "Fields for --format: .ID .Repository .Tag .Digest .CreatedSince .CreatedAt .Size .Names .Labels. "
                       "Filters: reference, label, dangling, before, since.",
        .max = 1,
        .object = VERB_OBJECT_IMAGES,
        .options = { images_options, list_options, filter_option },
        .run = run_images,
};

const Verb verb_history = {
        .names = "history|image history",
        .area = VERB_IMAGE,
        .arguments = "IMAGE",
        .summary = "Show how an image was made",
        .description = "Fields for --format: .ID .CreatedSince .CreatedAt .CreatedBy .Size .Comment.",
        .min = 1,
        .max = 1,
        .object = VERB_OBJECT_IMAGES,
        .options = { history_options, list_options },
        .run = run_history,
};
