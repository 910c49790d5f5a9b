# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What a test may not leave behind. The state of the host is a sorted list of lines; what is in it at the end of a test and
# was not at its start has leaked.

caissond_pid() {
        systemctl show --property MainPID --value caissond.service
}

# leak_mounts PID: mounts as seen by it, without what gives them their order. systemd makes and removes some of its own at will.
leak_mounts() {
        awk -v who="$2" '{ print "mount " who ": " $4 " on " $5 }' "/proc/$1/mountinfo" 2>/dev/null |
                grep -Ev ' on (/run/credentials/|/run/systemd/|/run/user/|/tmp/bats-run)' || :
}

# leak_namespaces: which units have processes in namespaces other than the host's. Other services may come and go.
leak_namespaces() {
        {
                grep -H '^0::' /proc/[0-9]*/cgroup
                find /proc/[0-9]*/ns -maxdepth 1 -name '[!pt]*' -printf '%p %l\n' -o -name pid -printf '%p %l\n'
        } 2>/dev/null | awk '
                /cgroup:0::/ { split($0, part, ":"); split(part[1], path, "/"); unit[path[3]] = part[4]; next }
                { split($1, path, "/"); own[path[3], path[5]] = $2; pids[path[3]] = 1; types[path[5]] = 1 }
                END {
                        for (pid in pids) {
                                u = unit[pid]
                                if (u ~ /\/caissond\.service/) u = "caissond.service"
                                else if (u == "" || u ~ /^\/(system\.slice|user\.slice)\// || u ~ /^\/init\.scope/) continue
                                for (type in types)
                                        if (own[pid, type] != "" && own[pid, type] != own[1, type])
                                                print "namespace " type " of " u
                        }
                }'
}

leak_processes() {
        ps -e -o comm=,cgroup= | awk '
                $1 ~ /^caisson-/ { print "process " $1; next }
                $2 ~ /caisson[.]slice/ { print "process " $1 " in " $2 }'
}

leak_files() {
        local directory

        for directory in /var/lib/caisson/containers /var/lib/caisson/layers /var/lib/caisson/images/staging \
                /var/lib/caisson/images/blobs/sha256 /var/lib/caisson/volumes /run/caisson/containers; do
                [ -d "$directory" ] || continue
                find "$directory" -mindepth 1 -maxdepth 1 -printf 'file %p\n'
        done
        find /tmp /var/tmp /dev/shm /dev/mqueue /run/caisson -mindepth 1 -maxdepth 1 -name '*caisson*' -printf 'file %p\n'
        # A staging directory under any other name has one in common: it is not there when nobody works.
        find /var/lib/caisson -mindepth 1 -maxdepth 2 \( -name '.*' -o -name '*.tmp' -o -name '*.new' -o -name 'staging*' \) \
                ! -path /var/lib/caisson/images/staging -printf 'file %p\n' 2>/dev/null || :
}

leak_state() {
        local pid

        {
                leak_mounts 1 host
                pid=$(caissond_pid)
                [ "$pid" = 0 ] || leak_mounts "$pid" caissond
                leak_namespaces
                leak_processes
                leak_files
                systemctl list-units --all --plain --no-legend --no-pager 'caisson-*' | sed 's/^/unit /'
                # caisson.slice itself goes when systemd finds the time.
                find /sys/fs/cgroup -mindepth 1 -type d -path '*caisson*' ! -path '*/caissond.service*' \
                        ! -name caisson.slice -printf 'cgroup %p\n'
                machinectl list --no-legend --no-pager | awk '{ print "machine " $1 }'
                ip -o link | awk -F': ' '{ print "link " $2 }'
        } | sort | awk '{ n = seen[$0]++; print $0 (n ? " (" n + 1 ")" : "") }' | sort
}

# leak_descriptors: how many the daemon has.
leak_descriptors() {
        local pid

        pid=$(caissond_pid)
        [ "$pid" = 0 ] || printf '%s %s\n' "$pid" "$(find "/proc/$pid/fd" -mindepth 1 | wc -l)"
}

# leak_snapshot: to be called when the host is at rest.
leak_snapshot() {
        leak_state >"$BATS_TEST_TMPDIR/leaks.before"
        leak_descriptors >"$BATS_TEST_TMPDIR/descriptors.before"
}

leak_list() {
        local before after

        leak_state >"$BATS_TEST_TMPDIR/leaks.after"
        comm -13 "$BATS_TEST_TMPDIR/leaks.before" "$BATS_TEST_TMPDIR/leaks.after"
        before=$(<"$BATS_TEST_TMPDIR/descriptors.before")
        after=$(leak_descriptors)
        # Only of the same process can it be said that it has grown.
        if [ "${before% *}" = "${after% *}" ] && [ "${after#* }" -gt "${before#* }" ]; then
                printf 'descriptors of caissond: %s, were %s\n' "${after#* }" "${before#* }"
                find "/proc/${after% *}/fd" -mindepth 1 -printf '  %l\n' 2>/dev/null | sort | uniq -c
        fi
}

leak_none() {
        [ -z "$(leak_list)" ]
}

# leak_check: what is removed asynchronously (machined's record, units in the garbage collection) has its time.
leak_check() {
        local leaks

        if ! wait_for 10 leak_none 2>/dev/null; then
                leaks=$(leak_list)
                [ -z "$leaks" ] || fail "this test has left behind:" "$leaks"
        fi
}
