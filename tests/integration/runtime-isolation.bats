# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2016,SC2030,SC2031
#
# What a container sees and may do, with and without a user namespace.

load lib/runtime

# in_every_mode FUNCTION: without a user namespace, with one, and over an overlay with one.
in_every_mode() {
        cp "$BUNDLE/config.json" "$WORK/config.json"
        "$1"
        with_userns
        chown -R "$FIRST_ID:$FIRST_ID" "$ROOTFS"
        "$1"
        cp "$WORK/config.json" "$BUNDLE/config.json"
        chown -R 0:0 "$ROOTFS"
        with_userns
        with_overlay
        "$1"
}

only_standard_descriptors() {
        run contain_sh 'sleep 10 & ls /proc/$!/fd /proc/$$/fd; kill $!' </dev/null
        assert_success
        assert_equal "$(grep -v ':$' <<<"$output" | tr '\n' ' ')" "0 1 2  0 1 2 "
}

@test "no descriptor but standard input and output reaches a container" {
        exec 7</etc/passwd
        in_every_mode only_standard_descriptors
}

no_mount_of_the_host() {
        run contain cat /proc/self/mountinfo
        assert_success
        # Nothing from before the container; the root alone is a directory of the host
        refute_contains "$(cut -d' ' -f4,5 <<<"$output" | grep -v ' /$')" "$WORK"
        assert_equal "$(grep -c -- ' - ext4\| - xfs\| - btrfs' <<<"$output" || :)" \
                "$(awk '$5 == "/"' <<<"$output" | grep -c -- ' - ext4\| - xfs\| - btrfs' || :)"
        refute_contains "$output" " - devtmpfs "
        refute_contains "$output" " shared:"
        refute_contains "$output" " master:"
        assert_equal "$(awk '$5 == "/"' <<<"$output" | wc -l)" 1
}

@test "no mount of the host is left, and none propagates" {
        in_every_mode no_mount_of_the_host
}

mount_flags_as_promised() {
        run contain sh -c 'while read -r _ _ _ _ point options _; do echo "$point $options"; done </proc/self/mountinfo'
        assert_success
        assert_contains "$output" "/proc rw,nosuid,nodev,noexec"
        assert_contains "$output" "/sys ro,nosuid,nodev,noexec"
        assert_contains "$output" "/proc/sys ro,nosuid,nodev,noexec"
        assert_contains "$output" "/sys/fs/cgroup ro,nosuid,nodev,noexec"
        assert_equal "$(grep '^/sys/fs/cgroup' <<<"$output" | grep -vc ' ro,nosuid,nodev,noexec' || :)" 0
        assert_contains "$output" "/dev rw,nosuid,noexec"
}

@test "kernel file systems are mounted with the flags of their kind" {
        in_every_mode mount_flags_as_promised
}

@test "an overlay root is nodev, with and without a user namespace" {
        with_overlay
        run contain awk '$5 == "/" { print $6 }' /proc/self/mountinfo
        assert_contains "$output" nodev
        rm -r "$WORK/upper" "$WORK/work"
        configure 'del(.mounts[0])'
        with_userns
        with_overlay
        run contain awk '$5 == "/" { print $6 }' /proc/self/mountinfo
        assert_contains "$output" nodev
}

devices_work() {
        run contain_sh 'set -e
                for d in full null random tty urandom zero; do [ -c /dev/$d ] || echo "no $d"; done
                echo x >/dev/null
                head -c 4 /dev/zero | od -An -tx1
                head -c 4 /dev/urandom | wc -c
                ls /dev | tr "\n" " "'
        assert_success
        assert_equal "${lines[0]}" " 00 00 00 00"
        assert_equal "${lines[1]}" 4
        assert_equal "${lines[2]}" "core fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero "
}

@test "the usual devices are there and work" {
        in_every_mode devices_work
}

@test "device nodes cannot be made with a user namespace, nor used from the root" {
        with_userns
        with_overlay
        configure '.process.capabilities |= with_entries(.value += ["CAP_MKNOD"])'
        mknod "$ROOTFS/disk" b 7 0
        mknod "$ROOTFS/null" c 1 3
        chmod 0666 "$ROOTFS/disk" "$ROOTFS/null"
        run contain_sh 'mknod /dev/x c 1 3; echo x >/null; cat /disk'
        assert_failure
        assert_equal "$(grep -c 'Operation not permitted' <<<"$output")" 1
        assert_equal "$(grep -c 'Permission denied\|can.t create' <<<"$output")" 2
}

masked_paths_are_empty() {
        run contain_sh 'cat /proc/keys /proc/timer_list /proc/interrupts; ls /sys/firmware /proc/acpi; echo end'
        assert_equal "$(grep -v ':$' <<<"$output" | tr -d '\n')" "end"
        run contain_sh 'echo x >/sys/firmware/x'
        assert_failure
        assert_contains "$output" "Read-only file system"
}

@test "masked paths show nothing and take nothing" {
        in_every_mode masked_paths_are_empty
}

readonly_paths_are_readonly() {
        run contain_sh 'echo 1 >/proc/sys/vm/drop_caches; [ ! -e /proc/sysrq-trigger ] || echo h >/proc/sysrq-trigger'
        assert_equal "$(grep -cv 'Read-only file system' <<<"$output" || :)" 0
        assert_contains "$output" "Read-only file system"
}

@test "read-only paths cannot be written" {
        in_every_mode readonly_paths_are_readonly
}

capabilities_are_those_given() {
        run contain grep -E '^(Cap|NoNewPrivs|Groups)' /proc/self/status
        assert_success
        assert_contains "$output" "CapInh:	0000000000000000"
        assert_contains "$output" "CapPrm:	0000000020000420"
        assert_contains "$output" "CapEff:	0000000020000420"
        assert_contains "$output" "CapBnd:	0000000020000420"
        assert_contains "$output" "CapAmb:	0000000000000000"
        assert_contains "$output" "NoNewPrivs:	1"
        assert_matches "$output" "Groups:	0 ?"$'(\n|$)'
}

@test "capabilities are those of the specification, groups those of the user" {
        in_every_mode capabilities_are_those_given
}

@test "all processes of the container are its own, the first is the program" {
        run contain ps -o pid,args
        assert_success
        assert_equal "${#lines[@]}" 2
        assert_matches "${lines[1]}" '^ *1 ps -o pid,args'
}

@test "namespaces are new, but for those that are left out" {
        configure '.linux.namespaces |= map(select(.type != "ipc"))'
        for name in pid ipc net uts mnt cgroup; do
                eval "host_$name=$(readlink /proc/self/ns/$name | tr -d '[]:a-z')"
        done
        run contain_sh 'for n in pid ipc net uts mnt cgroup; do readlink /proc/self/ns/$n; done'
        assert_success
        for name in pid net uts mnt cgroup; do
                variable=host_$name
                refute_contains "$output" "$name:[${!variable}]"
        done
        # shellcheck disable=SC2154  # set by eval
        assert_contains "$output" "ipc:[$host_ipc]"
}

@test "loopback is up in a network namespace of its own" {
        run contain ip addr show lo
        assert_success
        assert_contains "$output" "127.0.0.1/8"
}

@test "with the host's network, and a user namespace, /sys is there" {
        configure '.linux.namespaces |= map(select(.type != "network"))'
        with_userns
        with_overlay
        run contain ls /sys/class/net
        assert_success
        assert_contains "$output" lo
        assert_equal "$(grep -cv '^$' <<<"$output")" "$(find /sys/class/net -mindepth 1 | wc -l)"
}

@test "with the host's processes, and a user namespace, /proc is there" {
        configure '.linux.namespaces |= map(select(.type != "pid"))'
        with_userns
        with_overlay
        run contain_sh 'ls -d /proc/1 /proc/self/status; cat /proc/1/environ'
        assert_contains "$output" "/proc/1"
        assert_contains "$output" "Permission denied"
}

@test "a namespace can be joined by its path" {
        ip netns add caisson-test || skip "no network namespaces by name"
        ip -n caisson-test link add dummy7 type dummy || ip -n caisson-test link set lo up
        configure '.linux.namespaces |= map(if .type == "network" then .path = "/run/netns/caisson-test" else . end)'
        with_userns
        with_overlay
        before=$(readlink /proc/self/ns/net)
        run contain readlink /proc/self/ns/net
        ip netns delete caisson-test
        assert_success
        assert_not_equal "$output" "$before"
}

@test "the host's cgroups are seen read-only without a cgroup namespace" {
        configure '.linux.namespaces |= map(select(.type != "cgroup"))'
        with_userns
        with_overlay
        run contain_sh 'ls /sys/fs/cgroup | head -n 1; mkdir /sys/fs/cgroup/x'
        assert_failure
        assert_not_equal "${lines[0]}" ""
}

@test "cgroup paths of a container begin at its own group" {
        with_userns
        with_overlay
        run contain cut -d: -f3 /proc/self/cgroup
        assert_success
        assert_equal "$(sort -u <<<"$output")" "/"
}

@test "keys of the host's session are out of reach" {
        with_userns
        with_overlay
        configure '.linux.maskedPaths = []'
        run contain_sh 'cat /proc/keys'
        refute_contains "$output" "_ses: 2"
}
