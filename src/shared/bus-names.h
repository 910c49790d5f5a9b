/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Every name on the bus, spelled once. */

#define BUS_NAME             "io.caisson1"
#define BUS_PATH_MANAGER     "/io/caisson1"
#define BUS_PATH_CONTAINER   "/io/caisson1/container"
#define BUS_PATH_IMAGE       "/io/caisson1/image"
#define BUS_PATH_JOB         "/io/caisson1/job"
#define BUS_IFACE_MANAGER    "io.caisson1.Manager"
#define BUS_IFACE_CONTAINER  "io.caisson1.Container"
#define BUS_IFACE_IMAGE      "io.caisson1.Image"
#define BUS_IFACE_JOB        "io.caisson1.Job"

#define BUS_ERROR_NO_SUCH_CONTAINER    "io.caisson1.Error.NoSuchContainer"
#define BUS_ERROR_NO_SUCH_IMAGE        "io.caisson1.Error.NoSuchImage"
#define BUS_ERROR_NO_SUCH_JOB          "io.caisson1.Error.NoSuchJob"
#define BUS_ERROR_AMBIGUOUS            "io.caisson1.Error.Ambiguous"         /* a prefix of several identifiers */
#define BUS_ERROR_NAME_TAKEN           "io.caisson1.Error.NameTaken"
#define BUS_ERROR_WRONG_STATE          "io.caisson1.Error.WrongState"        /* e.g. not running */
#define BUS_ERROR_IN_USE               "io.caisson1.Error.InUse"
#define BUS_ERROR_INVALID_CONFIG       "io.caisson1.Error.InvalidConfig"
#define BUS_ERROR_COMMAND_NOT_FOUND    "io.caisson1.Error.CommandNotFound"      /* exit code 127 */
#define BUS_ERROR_COMMAND_NOT_RUNNABLE "io.caisson1.Error.CommandNotExecutable" /* exit code 126 */
#define BUS_ERROR_INVALID_ARCHIVE      "io.caisson1.Error.InvalidArchive"
#define BUS_ERROR_NOT_SUPPORTED        "io.caisson1.Error.NotSupported"
#define BUS_ERROR_CANCELED             "io.caisson1.Error.Canceled"
#define BUS_ERROR_LIMIT                "io.caisson1.Error.LimitReached"
#define BUS_ERROR_FAILED               "io.caisson1.Error.Failed"

#define POLKIT_ACTION_INSPECT           "io.caisson1.inspect"
#define POLKIT_ACTION_INSPECT_SECRETS   "io.caisson1.inspect-secrets"
#define POLKIT_ACTION_RUN_CONTAINER     "io.caisson1.run-container"
#define POLKIT_ACTION_RUN_PRIVILEGED    "io.caisson1.run-privileged"
#define POLKIT_ACTION_MANAGE_CONTAINERS "io.caisson1.manage-containers"
#define POLKIT_ACTION_EXEC              "io.caisson1.exec"
#define POLKIT_ACTION_IMPORT_IMAGE      "io.caisson1.import-image"
#define POLKIT_ACTION_MANAGE_IMAGES     "io.caisson1.manage-images"
#define POLKIT_ACTION_MANAGE_STORE      "io.caisson1.manage-store"
