/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "main.h"
#include "shared/fd.h"
#include "shared/io.h"
#include "shared/json.h"
#include "shared/text.h"
#include "state.h"

#define DEFAULT_ROOT "/run/caisson-runtime"

static const char *const cgroup_manager_table[CGROUP_MANAGER_MAX] = {
        [CGROUP_MANAGER_CGROUPFS] = "cgroupfs",
        [CGROUP_MANAGER_DISABLED] = "disabled",
};
DEFINE_STRING_TABLE(cgroup_manager, CgroupManager)

static const Verb verbs[] = {
        { "create",   "[OPTIONS] CONTAINER",        "Make a container that waits for its start",      verb_create   },
        { "start",    "CONTAINER",                  "Start a container that was created",             verb_start    },
        { "run",      "[OPTIONS] CONTAINER",        "Create and start a container",                   verb_run      },
        { "state",    "CONTAINER",                  "Print a container's state as JSON",              verb_state    },
        { "list",     "[--format table|json] [-q]", "List the containers",                            verb_list     },
        { "ps",       "[--format table|json] CONTAINER", "List the processes of a container",         verb_ps       },
        { "kill",     "[--all] CONTAINER [SIGNAL]", "Send a signal to a container's first process",   verb_kill     },
        { "delete",   "[--force] CONTAINER",        "Remove what is left of a container",             verb_delete   },
        { "spec",     "[--bundle DIR]",             "Write a config.json to begin with",              verb_spec     },
        { "features", "",                           "Print what this runtime can do as JSON",         verb_features },
};

static void help(void) {
        printf("Usage: caisson-runtime [GLOBAL OPTIONS] COMMAND [ARGUMENTS]\n\n"
               "Run containers by the OCI runtime specification.\n\nCommands:\n");
        for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
                printf("  %-8s %-32s %s\n", verbs[i].name, verbs[i].arguments, verbs[i].help);
        printf("\nOptions of create and run:\n"
               "  -b, --bundle=DIR           Directory of config.json [.]\n"
               "      --console-socket=PATH  Socket that the terminal's master is sent to\n"
               "      --pid-file=FILE        File to write the first process's PID to\n"
               "      --preserve-fds=N       Pass on N descriptors from 3 on\n"
               "  -d, --detach               run: do not wait for the container\n"
               "\nGlobal options:\n"
               "      --root=DIR             Where states are kept [%s]\n"
               "      --cgroup-manager=NAME  cgroupfs or disabled [cgroupfs]\n"
               "      --init=FILE            The program behind the annotation io.caisson.init\n"
               "      --log=FILE             Write errors to a file as well\n"
               "      --log-format=FORMAT    text or json [text]\n"
               "  -h, --help                 Show this text\n"
               "      --version              Show the version\n",
               DEFAULT_ROOT);
}

static int parse_globals(int argc, char *argv[], Program *p, Error *reterr) {
        enum { ARG_ROOT = 256, ARG_CGROUP_MANAGER, ARG_INIT, ARG_LOG, ARG_LOG_FORMAT, ARG_DEBUG, ARG_VERSION };
        static const struct option options[] = {
                { "root",           required_argument, NULL, ARG_ROOT           },
                { "cgroup-manager", required_argument, NULL, ARG_CGROUP_MANAGER },
                { "init",           required_argument, NULL, ARG_INIT           },
                { "log",            required_argument, NULL, ARG_LOG            },
                { "log-format",     required_argument, NULL, ARG_LOG_FORMAT     },
                { "debug",          no_argument,       NULL, ARG_DEBUG          },
                { "help",           no_argument,       NULL, 'h'                },
                { "version",        no_argument,       NULL, ARG_VERSION        },
                {},
        };
        int c;

        while ((c = getopt_long(argc, argv, "+h", options, NULL)) >= 0)
                switch (c) {
                case ARG_ROOT:
                        p->root = optarg;
                        break;
                case ARG_CGROUP_MANAGER:
                        p->cgroup_manager = cgroup_manager_from_string(optarg);
                        if (p->cgroup_manager < 0)
                                return error_set(reterr, -EINVAL, "Unknown cgroup manager '%s'", optarg);
                        break;
                case ARG_INIT:
                        p->init = optarg;
                        break;
                case ARG_LOG:
                        p->log = optarg;
                        break;
                case ARG_LOG_FORMAT:
                        if (!STR_IN_SET(optarg, "text", "json"))
                                return error_set(reterr, -EINVAL, "Unknown log format '%s'", optarg);
                        p->log_json = streq(optarg, "json");
                        break;
                case ARG_DEBUG:
                        break;
                case 'h':
                        help();
                        exit(EXIT_SUCCESS);
                case ARG_VERSION:
                        printf("caisson-runtime version %s\nspec: %s\n", CAISSON_VERSION, OCI_VERSION);
                        exit(EXIT_SUCCESS);
                default:
                        return error_set(reterr, -EINVAL, "Try --help");
                }

        return 0;
}

int container_argument(int argc, char *argv[], int index, const char **ret, Error *reterr) {
        if (index >= argc)
                return error_set(reterr, -EINVAL, "%s: the name of a container is missing", argv[0]);

        *ret = argv[index];
        return 0;
}

/* As runc: callers read the last line of the log to tell their user */
static void log_error_to_file(const Program *p, const char *message) {
        _cleanup_(json_putp) JsonObject *o = NULL;
        _cleanup_(freep) char *line = NULL;
        _cleanup_(closep) int fd = -EBADF;
        char when[sizeof("2000-01-01T00:00:00Z") + 8];
        time_t now = time(NULL);
        struct tm tm;

        fd = open(p->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0644);
        if (fd < 0)
                return;

        strftime(when, sizeof(when), "%FT%TZ", gmtime_r(&now, &tm));
        if (p->log_json) {
                o = json_object_new_object();
                if (!o || json_add_string(o, "level", "error") < 0 || json_add_string(o, "msg", message) < 0 ||
                    json_add_string(o, "time", when) < 0)
                        return;
                line = text_printf("%s\n", json_text(o));
        } else
                line = text_printf("time=\"%s\" level=error msg=\"%s\"\n", when, message);
        if (line)
                (void) loop_write(fd, line, strlen(line));
}

static int run(int argc, char *argv[], Program *p, Error *reterr) {
        int r;

        r = parse_globals(argc, argv, p, reterr);
        if (r < 0)
                return r;
        if (optind >= argc) {
                help();
                return EXIT_FAILURE;
        }

        for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
                if (streq(verbs[i].name, argv[optind])) {
                        argc -= optind;
                        argv += optind;
                        optind = 0; /* glibc: begin anew */
                        return verbs[i].run(p, argc, argv, reterr);
                }

        return error_set(reterr, -EINVAL, "Unknown command '%s'", argv[optind]);
}

int main(int argc, char *argv[]) {
        Program program = { .root = DEFAULT_ROOT };
        _cleanup_(error_done) Error error = {};
        int r;

        (void) fill_stdio_holes();

        r = run(argc, argv, &program, &error);
        if (r >= 0)
                return r;

        fprintf(stderr, "caisson-runtime: %s\n", error_message(&error, r));
        if (program.log)
                log_error_to_file(&program, error_message(&error, r));
        return EXIT_FAILURE;
}
