/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>

#include "shared/json.h"

/* The OCI runtime specification's config.json, as far as Linux has it: what caissond writes, and what caisson-supervisor
 * and caisson-runtime read. Structs are laid out and named like the specification. Everything a pointer leads to is
 * owned by the OciSpec. A pointer that is NULL, a number that is not `set`: the key is absent. */

#define OCI_VERSION "1.1.0"

typedef struct OciNumber {
        bool set;
        int64_t value;
} OciNumber;
#define OCI_NUMBER(v) ((OciNumber) { .set = true, .value = (v) })

typedef struct OciUser {
        uint32_t uid;
        uint32_t gid;
        OciNumber umask;
        uint32_t *additional_gids;
        size_t n_additional_gids;

        /* "NAME[:GROUP]" as somebody gave it. The specification has it for Windows; here it means that uid, gid and
         * additionalGids are looked up in the container's own /etc/passwd and /etc/group. */
        char *username;
} OciUser;

/* Names such as "CAP_CHOWN"; one the kernel does not have grants nothing. */
typedef struct OciCapabilities {
        bool set; /* absent: all are kept */
        char **bounding;
        char **effective;
        char **permitted;
        char **inheritable;
        char **ambient;
} OciCapabilities;

typedef struct OciRlimit {
        int resource; /* RLIMIT_NOFILE */
        uint64_t soft;
        uint64_t hard; /* UINT64_MAX: unlimited */
} OciRlimit;

typedef struct OciProcess {
        bool terminal;
        uint32_t console_height; /* 0: as it is */
        uint32_t console_width;
        OciUser user;
        char **args;
        char **env; /* NAME=VALUE */
        char *cwd;
        OciCapabilities capabilities;
        OciRlimit *rlimits;
        size_t n_rlimits;
        bool no_new_privileges;
        OciNumber oom_score_adj;
        char *apparmor_profile; /* kept, not applied */
        char *selinux_label;
} OciProcess;

typedef struct OciRoot {
        char *path;
        bool readonly;
} OciRoot;

typedef struct OciIdMap {
        uint32_t container_id;
        uint32_t host_id;
        uint32_t size;
} OciIdMap;

typedef struct OciMount {
        char *destination;
        char *type; /* NULL: a bind mount, if an option says so */
        char *source;
        char **options;
        OciIdMap *uid_mappings;
        size_t n_uid_mappings;
        OciIdMap *gid_mappings;
        size_t n_gid_mappings;
} OciMount;

typedef struct OciHook {
        char *path;
        char **args;
        char **env;
        OciNumber timeout;
} OciHook;

typedef enum OciHookType {
        OCI_HOOK_PRESTART,
        OCI_HOOK_CREATE_RUNTIME,
        OCI_HOOK_CREATE_CONTAINER,
        OCI_HOOK_START_CONTAINER,
        OCI_HOOK_POSTSTART,
        OCI_HOOK_POSTSTOP,
        OCI_HOOK_TYPE_MAX,
        OCI_HOOK_TYPE_INVALID = -EINVAL,
} OciHookType;
DECLARE_STRING_TABLE(oci_hook_type, OciHookType);

typedef struct OciHooks {
        OciHook *hooks;
        size_t n;
} OciHooks;

typedef enum OciNamespaceType {
        OCI_NAMESPACE_PID,
        OCI_NAMESPACE_NETWORK,
        OCI_NAMESPACE_MOUNT,
        OCI_NAMESPACE_IPC,
        OCI_NAMESPACE_UTS,
        OCI_NAMESPACE_USER,
        OCI_NAMESPACE_CGROUP,
        OCI_NAMESPACE_TIME,
        OCI_NAMESPACE_TYPE_MAX,
        OCI_NAMESPACE_TYPE_INVALID = -EINVAL,
} OciNamespaceType;
DECLARE_STRING_TABLE(oci_namespace_type, OciNamespaceType);

typedef struct OciNamespace {
        OciNamespaceType type;
        char *path; /* NULL: a new one */
} OciNamespace;

typedef struct OciDevice {
        char type; /* 'c', 'b' or 'p'; 'u' is read as 'c' */
        char *path;
        uint32_t major;
        uint32_t minor;
        OciNumber file_mode;
        OciNumber uid;
        OciNumber gid;
} OciDevice;

typedef struct OciDeviceRule {
        bool allow;
        char type;        /* 'c', 'b' or 'a' for all */
        OciNumber major;  /* not set: all */
        OciNumber minor;
        char *access; /* of r, w, m; NULL: all */
} OciDeviceRule;

typedef struct OciBlockLimit {
        uint32_t major;
        uint32_t minor;
        uint64_t value; /* a weight, bytes or operations a second */
} OciBlockLimit;

typedef struct OciBlockLimits {
        OciBlockLimit *limits;
        size_t n;
} OciBlockLimits;

typedef struct OciResources {
        OciDeviceRule *devices;
        size_t n_devices;

        struct {
                OciNumber limit;
                OciNumber reservation;
                OciNumber swap; /* memory and swap together */
                OciNumber disable_oom_killer;
        } memory;
        struct {
                OciNumber shares;
                OciNumber quota;
                OciNumber period;
                char *cpus;
                char *mems;
        } cpu;
        struct {
                OciNumber weight;
                OciBlockLimits weight_device;
                OciBlockLimits read_bps;
                OciBlockLimits write_bps;
                OciBlockLimits read_iops;
                OciBlockLimits write_iops;
        } block_io;
        OciNumber pids_limit;
        char **unified; /* "memory.high=1000" */
} OciResources;

typedef struct OciLinux {
        OciNamespace *namespaces;
        size_t n_namespaces;
        OciIdMap *uid_mappings;
        size_t n_uid_mappings;
        OciIdMap *gid_mappings;
        size_t n_gid_mappings;
        OciDevice *devices;
        size_t n_devices;
        char *cgroups_path;
        OciResources resources;
        char **sysctl; /* "net.ipv4.ip_forward=1" */
        JsonObject *seccomp;
        char **masked_paths;
        char **readonly_paths;
        char *rootfs_propagation;
        char *mount_label;
        char *personality_domain; /* "LINUX" or "LINUX32" */
} OciLinux;

typedef struct OciSpec {
        char *version;
        OciProcess process;
        OciRoot root;
        char *hostname;
        char *domainname;
        OciMount *mounts;
        size_t n_mounts;
        OciHooks hooks[OCI_HOOK_TYPE_MAX];
        char **annotations; /* "key=value" */
        OciLinux linux_;    /* `linux` is a macro of the compiler */
} OciSpec;

int oci_spec_new(OciSpec **ret);
OciSpec *oci_spec_free(OciSpec *s);
DEFINE_TRIVIAL_CLEANUP_FUNC(OciSpec *, oci_spec_free)

/* name is for messages: "config.json: /process/user/uid: expected integer, got string". */
int oci_spec_parse(const char *name, const char *text, size_t size, OciSpec **ret, Error *reterr);

/* The document that oci_spec_parse() reads back as the same. */
int oci_spec_to_json(const OciSpec *s, JsonObject **ret);
int oci_spec_format(const OciSpec *s, char **ret);

/* For those who fill one: each copies its arguments and returns 0 or -ENOMEM. options may be NULL. */
int oci_spec_add_mount(OciSpec *s, const char *destination, const char *type, const char *source,
                       char *const *options);
int oci_spec_add_namespace(OciSpec *s, OciNamespaceType type, const char *path);
int oci_spec_add_id_map(OciSpec *s, uint32_t container_id, uint32_t host_id, uint32_t size); /* users and groups */
int oci_spec_add_device(OciSpec *s, const OciDevice *device);
int oci_spec_add_device_rule(OciSpec *s, const OciDeviceRule *rule);
int oci_spec_add_rlimit(OciSpec *s, int resource, uint64_t soft, uint64_t hard); /* replaces one of that resource */
int oci_block_limits_add(OciBlockLimits *l, uint32_t major, uint32_t minor, uint64_t value);
int oci_spec_set_annotation(OciSpec *s, const char *key, const char *value);

const char *oci_spec_annotation(const OciSpec *s, const char *key) _pure_;
bool oci_spec_annotation_is_true(const OciSpec *s, const char *key) _pure_;
const OciNamespace *oci_spec_namespace(const OciSpec *s, OciNamespaceType type) _pure_;

/* "RLIMIT_NOFILE"; -EINVAL for what Linux does not have. */
int oci_rlimit_from_string(const char *s) _pure_;
const char *oci_rlimit_to_string(int resource) _const_;
