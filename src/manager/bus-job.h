/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "job.h"

/* The objects /io/caisson1/job/N. */
int bus_job_export(Manager *m);

typedef enum BusJobFlags {
        BUS_JOB_CANCEL_WITH_CALLER = 1 << 0, /* when the caller leaves the bus */
        _BUS_JOB_FLAGS_ALL = BUS_JOB_CANCEL_WITH_CALLER,
} BusJobFlags;

/* Starts a job for the sender of the message and answers with its path. */
int bus_job_start(sd_bus_message *message, Manager *m, JobRequest *request, uint64_t flags,
                  sd_bus_error *reterr);

/* Starts one that is answered when it has ended: reply (NULL: with nothing) appends what a success returns.
 * userdata is the caller's for both; ended (may be NULL) is called whatever happens, also when this fails.
 */
typedef struct BusJobAnswer {
        int (*reply)(sd_bus_message *reply, Job *j, void *userdata);
        void (*ended)(void *userdata);
        void *userdata;
} BusJobAnswer;
int bus_job_start_and_wait(sd_bus_message *message, Manager *m, JobRequest *request,
                           const BusJobAnswer *answer, sd_bus_error *reterr);

/* A list of strings in the job's answer. */
int bus_job_append_strings(sd_bus_message *reply, Job *j, const char *key);

int bus_method_list_jobs(sd_bus_message *message, void *userdata, sd_bus_error *reterr);
int bus_method_get_job(sd_bus_message *message, void *userdata, sd_bus_error *reterr);
int bus_method_cancel_job(sd_bus_message *message, void *userdata, sd_bus_error *reterr);

/* Entries for the table of io.caisson1.Manager, of which there can be only one. */
#define BUS_JOB_MANAGER_METHODS                                                                             \
        SD_BUS_METHOD_WITH_ARGS("ListJobs", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(usssdo)", jobs),               \
                                bus_method_list_jobs, SD_BUS_VTABLE_UNPRIVILEGED),                          \
                        SD_BUS_METHOD_WITH_ARGS("GetJob", SD_BUS_ARGS("u", id), SD_BUS_RESULT("o", job),    \
                                                bus_method_get_job, SD_BUS_VTABLE_UNPRIVILEGED),            \
                        SD_BUS_METHOD_WITH_ARGS("CancelJob", SD_BUS_ARGS("u", id), SD_BUS_NO_RESULT,        \
                                                bus_method_cancel_job, SD_BUS_VTABLE_UNPRIVILEGED),         \
                        SD_BUS_SIGNAL_WITH_ARGS("JobNew",                                                   \
                                                SD_BUS_ARGS("u", id, "o", job, "s", type, "s", subject),    \
                                                0),                                                         \
                        SD_BUS_SIGNAL_WITH_ARGS("JobRemoved",                                               \
                                                SD_BUS_ARGS("u", id, "o", job, "s", type, "s", subject,     \
                                                            "s", result, "a{sv}", details),                 \
                                                0)
