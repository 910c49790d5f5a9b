/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shared/error.h"

/* Checks of single values of a container's configuration, for the table. All return 0, or -EINVAL (not this) or
 * -EOPNOTSUPP (not yet) with a sentence that does not name the key. */

int check_environment(const char *value, Error *reterr);
int check_environment_name(const char *value, Error *reterr);
int check_absolute_path(const char *value, Error *reterr);
int check_user(const char *value, Error *reterr);
int check_group(const char *value, Error *reterr);
int check_umask(const char *value, Error *reterr);
int check_stream(const char *value, Error *reterr);
int check_detach_keys(const char *value, Error *reterr);
int check_signal(const char *value, Error *reterr);
int check_hostname(const char *value, Error *reterr);
int check_domainname(const char *value, Error *reterr);
int check_timezone(const char *value, Error *reterr);
int check_label(const char *value, Error *reterr);
int check_slice(const char *value, Error *reterr);
int check_cpu_list(const char *value, Error *reterr);
int check_dns_server(const char *value, Error *reterr);
int check_dns_word(const char *value, Error *reterr);
int check_host_entry(const char *value, Error *reterr);
int check_port(const char *value, Error *reterr);
int check_systemd(const char *value, Error *reterr);
int check_log_driver(const char *value, Error *reterr);
int check_log_option(const char *value, Error *reterr);
int check_platform(const char *value, Error *reterr);
int check_pull(const char *value, Error *reterr);
