# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What a container cannot do unless somebody asked for it, as seen from inside: each line of the tables in docs/SECURITY.md
# names the test that proves it.

load lib/common

DOCUMENT=$BATS_TEST_DIRNAME/../../docs/SECURITY.md

# inside [OPTION…] -- SCRIPT: runs it in a new container, as "sh -c".
inside() {
        local options=()

        while [ "$1" != -- ]; do
                options+=("$1")
                shift
        done
        caissonctl run --rm "${options[@]}" "$TEST_IMAGE" /bin/sh -c "$2"
}

# status_line NAME TEXT: the value of a line of /proc/PID/status
status_line() {
        awk -v name="$1:" '$1 == name { print $2 }' <<<"$2"
}

# mount_flags TARGET MOUNTINFO: options of the mount, between commas
mount_flags() {
        awk -v target="$1" '$5 == target { flags = $6 } END { print "," flags "," }' <<<"$2"
}

@test "root has nine capabilities, and none to inherit" {
        text=$(inside -- 'cat /proc/self/status')
        assert_equal "$(status_line CapBnd "$text")" 00000000000404fb
        assert_equal "$(status_line CapEff "$text")" 00000000000404fb
        assert_equal "$(status_line CapPrm "$text")" 00000000000404fb
        assert_equal "$(status_line CapInh "$text")" 0000000000000000
        assert_equal "$(status_line CapAmb "$text")" 0000000000000000
}

@test "another user has no capabilities" {
        text=$(inside --user 1000:1000 -- 'cat /proc/self/status')
        assert_equal "$(status_line CapEff "$text")" 0000000000000000
        assert_equal "$(status_line CapPrm "$text")" 0000000000000000
        assert_equal "$(status_line CapInh "$text")" 0000000000000000
        assert_equal "$(status_line CapAmb "$text")" 0000000000000000
}

@test "capabilities can be taken and given" {
        text=$(inside --cap-drop all --cap-add net_raw --cap-add CAP_CHOWN -- 'cat /proc/self/status')
        assert_equal "$(status_line CapEff "$text")" 0000000000002001
        assert_equal "$(status_line CapBnd "$text")" 0000000000002001
        run caissonctl run --rm --cap-add NET_ADMN "$TEST_IMAGE" true
        assert_equal "$status" 125
        assert_output_contains "did you mean NET_ADMIN?"
}

@test "new privileges cannot be gained" {
        assert_equal "$(status_line NoNewPrivs "$(inside -- 'cat /proc/self/status')")" 1
        assert_equal "$(status_line NoNewPrivs "$(inside --security-opt no-new-privileges=false -- 'cat /proc/self/status')")" 0
}

@test "a seccomp filter is loaded" {
        assert_equal "$(status_line Seccomp "$(inside -- 'cat /proc/self/status')")" 2
        assert_equal "$(status_line Seccomp "$(inside --security-opt seccomp=unconfined -- 'cat /proc/self/status')")" 0
}

@test "system calls that make namespaces and mounts are refused" {
        run inside -- 'unshare -U true'
        assert_failure
        run inside -- 'unshare -m true'
        assert_failure
        run inside -- 'mount -t tmpfs tmpfs /tmp'
        assert_failure
        run inside -- 'umount /proc'
        assert_failure
        run inside -- 'mkdir /x && pivot_root / /x'
        assert_failure
        run inside -- 'hostname other'
        assert_failure
}

@test "root of a container is nobody on the host" {
        read -r inside_id host_id size <<<"$(inside -- 'cat /proc/self/uid_map')"
        assert_equal "$inside_id" 0
        assert [ "$host_id" -ge $((0x40000000)) ]
        assert [ "$host_id" -le $((0x6FFF0000)) ]
        assert_equal "$((host_id % 65536))" 0
        assert_equal "$size" 65536
        assert_equal "$(inside -- 'cat /proc/self/setgroups')" allow
}

@test "no two containers share ids" {
        caissonctl run --detach --name one "$TEST_IMAGE" sleep infinity
        caissonctl run --detach --name two "$TEST_IMAGE" sleep infinity
        assert_not_equal "$(container_property one UIDShift)" "$(container_property two UIDShift)"
        restart_caissond
        caissonctl run --detach --name three "$TEST_IMAGE" sleep infinity
        assert_not_equal "$(container_property one UIDShift)" "$(container_property three UIDShift)"
        assert_not_equal "$(container_property two UIDShift)" "$(container_property three UIDShift)"
        assert_equal "$(stat -c %u "/proc/$(container_property one Leader)")" "$(container_property one UIDShift)"
}

@test "every namespace is its own" {
        local type

        # shellcheck disable=SC2016  # expanded in the container
        names=$(inside -- 'for name in /proc/self/ns/*; do readlink $name; done')
        for type in cgroup ipc mnt net pid user uts; do
                refute_contains "$names" "$(readlink /proc/1/ns/$type)"
        done
}

@test "files of the kernel are masked" {
        for path in /proc/acpi /proc/asound /proc/scsi /sys/dev/block /sys/devices/virtual/powercap /sys/firmware \
                /sys/fs/selinux /sys/kernel/debug /sys/kernel/tracing /sys/module; do
                [ -d "$path" ] || continue
                assert_equal "$(inside -- "ls -A $path 2>&1")" ""
        done
        for path in /proc/config.gz /proc/interrupts /proc/kcore /proc/keys /proc/kpagecgroup /proc/kpagecount \
                /proc/kpageflags /proc/latency_stats /proc/sched_debug /proc/timer_list /proc/timer_stats; do
                [ -e "$path" ] || continue
                assert_equal "$(inside -- "head -c 100 $path 2>/dev/null | wc -c")" 0
        done
}

@test "what is masked and unmasked can be chosen" {
        assert_equal "$(inside --security-opt mask=/proc/uptime -- 'wc -c </proc/uptime')" 0
        assert_not_equal "$(inside --security-opt unmask=/proc/interrupts -- 'wc -c </proc/interrupts')" 0
        assert_not_equal "$(inside --security-opt unmask=ALL -- 'ls -A /sys/module | wc -l')" 0
}

@test "switches of the kernel cannot be written" {
        local path

        for path in /proc/sys/kernel/core_pattern /proc/sys/kernel/domainname /proc/sys/vm/drop_caches \
                /proc/sysrq-trigger /proc/irq/default_smp_affinity /sys/kernel/mm/transparent_hugepage/enabled; do
                [ -e "$path" ] || continue
                run inside --user 0 -- "echo 1 >$path"
                assert_failure
        done
        run inside -- 'mkdir /sys/fs/cgroup/x'
        assert_failure
}

@test "mounts have the flags that they should" {
        info=$(inside --volume "$BATS_TEST_TMPDIR:/data:ro" --tmpfs /scratch -- 'cat /proc/self/mountinfo')
        for flag in nosuid nodev noexec; do
                assert_contains "$(mount_flags /proc "$info")" ",$flag,"
                assert_contains "$(mount_flags /sys "$info")" ",$flag,"
                assert_contains "$(mount_flags /sys/fs/cgroup "$info")" ",$flag,"
                assert_contains "$(mount_flags /dev/shm "$info")" ",$flag,"
                assert_contains "$(mount_flags /dev/mqueue "$info")" ",$flag,"
                assert_contains "$(mount_flags /etc/hosts "$info")" ",$flag,"
                assert_contains "$(mount_flags /etc/resolv.conf "$info")" ",$flag,"
                assert_contains "$(mount_flags /etc/hostname "$info")" ",$flag,"
                assert_contains "$(mount_flags /scratch "$info")" ",$flag,"
        done
        for target in /sys /sys/fs/cgroup /etc/hosts /etc/resolv.conf /etc/hostname /data; do
                assert_contains "$(mount_flags $target "$info")" ,ro,
        done
        for flag in nosuid noexec; do
                assert_contains "$(mount_flags /dev "$info")" ",$flag,"
                assert_contains "$(mount_flags /dev/pts "$info")" ",$flag,"
        done
        assert_contains "$(mount_flags /data "$info")" ,nosuid,
        assert_contains "$(mount_flags /data "$info")" ,nodev,
        assert_contains "$(mount_flags / "$info")" ,nodev,
        # Nothing is seen of the host's later mounts, and nothing of ours by the host
        refute_contains "$info" " shared:"
}

@test "there are only the usual devices" {
        assert_equal "$(inside -- 'cd /dev && ls -A' | sort | tr '\n' ' ')" \
                "core fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero "
        run inside -- 'mknod /tmp/sda b 8 0'
        assert_failure
        run inside --userns host --cap-add MKNOD -- 'mknod /tmp/mem c 1 1 && head -c 1 /tmp/mem'
        assert_failure
        assert_equal "$(inside -- 'echo x >/dev/null && head -c 4 /dev/zero | wc -c')" 4
}

@test "the unit allows the usual devices and no others" {
        caissonctl run --detach --name web "$TEST_IMAGE" sleep infinity
        assert_equal "$(unit_property web DevicePolicy)" strict
        refute_contains "$(unit_property web DeviceAllow)" block-
}

@test "a terminal is the container's own" {
        run in_terminal caissonctl run --rm --tty --interactive "$TEST_IMAGE" tty </dev/null
        assert_output_contains /dev/pts/0
}

@test "nothing of the daemon's or the client's reaches a container" {
        # ls has a descriptor of its own for the directory
        assert_equal "$(inside -- 'ls /proc/self/fd | wc -l')" 4
        environment=$(SECRET=1 caissonctl run --rm "$TEST_IMAGE" env | sed 's/=.*//' | sort | tr '\n' ' ')
        assert_equal "$environment" "HOME HOSTNAME PATH container "
        assert_equal "$(inside -- 'id -G')" 0
        assert_equal "$(inside --user 1000:1000 -- 'id -G')" 1000
        assert_equal "$(inside -- 'umask')" 0022
        assert_equal "$(inside -- 'pwd')" /
}

@test "file descriptors and core dumps are limited" {
        assert_equal "$(inside -- 'ulimit -Sn')" 1024
        assert [ "$(inside -- 'ulimit -Hn')" -le 524288 ]
        assert_equal "$(inside -- 'ulimit -Sc')" 0
        assert_equal "$(inside --ulimit nofile=512:600 -- 'ulimit -Sn; ulimit -Hn' | tr '\n' ' ')" "512 600 "
}

@test "processes are limited to 2048" {
        caissonctl run --detach --name web "$TEST_IMAGE" sleep infinity
        assert_equal "$(unit_property web TasksMax)" 2048
        if [ -e /sys/fs/cgroup/cgroup.controllers ] && ! grep -qw pids /sys/fs/cgroup/cgroup.controllers; then
                skip "no pids controller"
        fi
        run inside --pids-limit 10 -- 'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 5 & done; wait'
        assert_failure
}

@test "a container is the first to be killed when memory runs out" {
        assert_equal "$(inside -- 'cat /proc/self/oom_score_adj')" 0
        run inside -- 'echo -500 >/proc/self/oom_score_adj'
        assert_failure
        assert_equal "$(inside --oom-score-adj 300 -- 'cat /proc/self/oom_score_adj')" 300
}

@test "sysctls are the container's own or refused" {
        assert_equal "$(inside -- 'cat /proc/sys/net/ipv4/ping_group_range' | tr '\t' ' ')" "0 65535"
        assert_equal "$(inside --sysctl net.core.somaxconn=77 -- 'cat /proc/sys/net/core/somaxconn')" 77
        assert_equal "$(inside --sysctl kernel.msgmax=9000 -- 'cat /proc/sys/kernel/msgmax')" 9000
        assert_not_equal "$(cat /proc/sys/net/core/somaxconn)" 77
        run inside --sysctl kernel.core_pattern=x -- true
        assert_equal "$status" 125
        assert_output_contains "sysctl 'kernel.core_pattern' does not belong to a container"
        run inside --network host --sysctl net.core.somaxconn=77 -- true
        assert_equal "$status" 125
}

@test "there is no network but lo" {
        assert_equal "$(inside -- 'ls /sys/class/net')" lo
        assert_equal "$(inside -- 'cat /sys/class/net/lo/operstate')" unknown
        assert_equal "$(inside -- 'echo up | nc -l -p 80 >/dev/null & sleep 1; nc -w 5 127.0.0.1 80 </dev/null')" up
}

@test "control groups are seen from the container's own on" {
        refute_contains "$(inside -- 'cat /proc/self/cgroup')" caisson
}

@test "a read-only root is read-only, with places to write" {
        run inside --read-only -- 'echo x >/etc/x'
        assert_failure
        assert_equal "$(inside --read-only -- 'echo x >/tmp/x && echo y >/run/y && echo z >/var/tmp/z && cat /tmp/x /run/y')" "x
y"
        run inside --read-only --read-only-tmpfs=false -- 'echo x >/tmp/x'
        assert_failure
}

@test "read-only volumes are so with all that is mounted in them" {
        mkdir -p "$BATS_TEST_TMPDIR/a/b"
        mount -t tmpfs tmpfs "$BATS_TEST_TMPDIR/a/b"
        chmod 0777 "$BATS_TEST_TMPDIR/a/b"
        run inside --volume "$BATS_TEST_TMPDIR/a:/a:ro" -- 'echo x >/a/b/x'
        umount "$BATS_TEST_TMPDIR/a/b"
        assert_failure
        assert_output_contains "Read-only file system"
}

@test "files in volumes belong to whom docker would give them" {
        chmod 0777 "$BATS_TEST_TMPDIR"
        inside --volume "$BATS_TEST_TMPDIR:/data" -- 'echo x >/data/root; stat -c %u:%g /data/root'
        inside --user 1000:1000 --volume "$BATS_TEST_TMPDIR:/data" -- 'echo x >/data/tester'
        assert_equal "$(stat -c %u:%g "$BATS_TEST_TMPDIR/root")" 0:0
        assert_equal "$(stat -c %u:%g "$BATS_TEST_TMPDIR/tester")" 1000:1000
}

@test "privileged lifts it all, in a user namespace still" {
        info=$(inside --privileged -- 'cat /proc/self/status /proc/self/uid_map; ls -A /sys/module | wc -l')
        assert_equal "$(status_line CapEff "$info")" 000001ffffffffff
        assert_equal "$(status_line Seccomp "$info")" 0
        assert_equal "$(status_line NoNewPrivs "$info")" 0
        assert_not_equal "$(tail -n 1 <<<"$info")" 0
        read -r _ host_id _ <<<"$(inside --privileged -- 'cat /proc/self/uid_map')"
        assert_not_equal "$host_id" 0
        assert_equal "$(inside --privileged --userns host -- 'cat /proc/self/uid_map' | tr -s ' ')" " 0 0 4294967295"
}

@test "users are read whole and looked up in the image" {
        assert_equal "$(inside --user tester -- 'id -u; id -g; id -G' | tr '\n' ' ')" "1000 1000 1000 29 "
        assert_equal "$(inside --user 0:audio -- 'id -g')" 29
        for user in -1 4294967296 1000x: 'a b' 1:2:3; do
                run inside --user "$user" -- id
                assert_equal "$status" 125
        done
        run inside --user nosuchuser -- id
        assert_failure
        assert_output_contains nosuchuser
}

@test "an image's labels, volumes and user do not steer the engine" {
        docker_archive "$BATS_TEST_TMPDIR/evil.tar" localhost/evil:latest \
                '{ "Cmd": [ "true" ], "Labels": { "io.caisson.init": "true", "good": "yes" }, "Env": [ "PATH=/bin", "NOVALUE", "*" ] }' \
                "$(test_layer)"
        caissonctl load --quiet --input "$BATS_TEST_TMPDIR/evil.tar"
        caissonctl run --detach --name evil localhost/evil sleep infinity
        assert_equal "$(caissonctl inspect --format '{{json .Config.Labels}}' evil)" '{"good":"yes"}'
        refute_contains "$(caissonctl inspect --format '{{json .Config.Env}}' evil)" NOVALUE

        for config in '{ "Cmd": [ "true" ], "Volumes": { "/proc": {} } }' '{ "Cmd": [ "true" ], "User": "4294967296" }' \
                '{ "Cmd": [ "true" ], "Volumes": { "/x/../../sys/kernel": {} } }'; do
                docker_archive "$BATS_TEST_TMPDIR/bad.tar" localhost/bad:latest "$config" "$(test_layer)"
                caissonctl load --quiet --input "$BATS_TEST_TMPDIR/bad.tar"
                run caissonctl run --rm localhost/bad
                assert_equal "$status" 125
                caissonctl rmi localhost/bad
        done
}

@test "the engine's directories are closed to others" {
        assert_equal "$(stat -c %a:%u /var/lib/caisson /run/caisson | tr '\n' ' ')" "700:0 700:0 "
}

@test "every promise of the documentation has its test" {
        local name missing=0

        while IFS= read -r name; do
                if ! grep -qFr "$name" "$BATS_TEST_DIRNAME" "$BATS_TEST_DIRNAME/../unit"; then
                        printf 'no test "%s"\n' "$name" >&2
                        missing=1
                fi
        done < <(grep '^|' "$DOCUMENT" | sed -n 's/.*| \*\([^*]*\)\* |$/\1/p' | tr ';' '\n' | sed 's/^ *//')
        assert_equal "$missing" 0
}
