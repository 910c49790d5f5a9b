# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What "run" can be told, and how a container and its unit look then. Security options are in security.bats.

# shellcheck disable=SC2016  # for the shell in the container
load lib/common

unified() {
        [ -e /sys/fs/cgroup/cgroup.controllers ]
}

# needs_controllers NAME…: a machine with the controllers of v1 has none to give to a host of v2
needs_controllers() {
        local name

        unified || return 0
        for name; do
                grep -qw "$name" /sys/fs/cgroup/cgroup.controllers || skip "no $name controller"
        done
}

@test "limits are properties of the unit" {
        caissonctl run --detach --name web --memory 500m --memory-reservation 100m --cpu-shares 512 --cpus 1.5 \
                --pids-limit 100 --cpuset-cpus 0 "$TEST_IMAGE" sleep infinity
        assert_equal "$(unit_property web MemoryMax)" 524288000
        assert_equal "$(unit_property web MemorySwapMax)" 524288000
        assert_equal "$(unit_property web MemoryLow)" 104857600
        assert_equal "$(unit_property web TasksMax)" 100
        assert_equal "$(unit_property web CPUQuotaPerSecUSec)" 1.500000s
        assert_equal "$(unit_property web AllowedCPUs)" 0
        assert_equal "$(unit_property web Slice)" caisson.slice
        if unified; then
                assert_equal "$(unit_property web CPUWeight)" 59
        else
                assert_equal "$(unit_property web CPUShares)" 512
        fi
}

@test "limits are in force" {
        needs_controllers memory pids cpuset
        caissonctl run --detach --name web --memory 64m --pids-limit 20 --cpuset-cpus 0 "$TEST_IMAGE" sleep infinity
        cgroup=$(unit_property web ControlGroup)
        if unified; then
                assert_equal "$(cat "/sys/fs/cgroup$cgroup/memory.max")" 67108864
                assert_equal "$(cat "/sys/fs/cgroup$cgroup/pids.max")" 20
        else
                assert_equal "$(cat "/sys/fs/cgroup/memory$cgroup/memory.limit_in_bytes")" 67108864
                assert_equal "$(cat "/sys/fs/cgroup/pids$cgroup/pids.max")" 20
        fi
        assert_equal "$(caissonctl run --rm --cpuset-cpus 0 "$TEST_IMAGE" nproc)" 1
}

@test "the weight of shares is that of the cpu controller" {
        needs_controllers cpu
        caissonctl run --detach --name web --cpu-shares 512 "$TEST_IMAGE" sleep infinity
        cgroup=$(unit_property web ControlGroup)
        if unified; then
                assert_equal "$(cat "/sys/fs/cgroup$cgroup/cpu.weight")" 59
        else
                assert_equal "$(cat "/sys/fs/cgroup/cpu$cgroup/cpu.shares")" 512
        fi
}

@test "limits of block devices are properties of the unit" {
        device=$BATS_TEST_TMPDIR/device
        read -r _ number <<<"$(awk 'NR > 2 && $1 > 0 { print $4, $1 ":" $2; exit }' /proc/partitions)"
        [ -n "$number" ] || skip "no block device"
        mknod /dev/caisson-test b "${number%:*}" "${number#*:}" 2>/dev/null || skip "block devices cannot be made here"
        device=/dev/caisson-test
        run caissonctl run --detach --name web --blkio-weight 300 --device-read-bps $device:1mb --device-write-bps $device:2mb \
                --device-read-iops $device:100 --device-write-iops $device:200 "$TEST_IMAGE" sleep infinity
        rm $device
        assert_success
        if unified; then
                assert_equal "$(unit_property web IOReadBandwidthMax)" "$device 1048576"
                assert_equal "$(unit_property web IOWeight)" 2930
        else
                assert_equal "$(unit_property web BlockIOReadBandwidth)" "$device 1048576"
                assert_equal "$(unit_property web BlockIOWriteBandwidth)" "$device 2097152"
                assert_equal "$(unit_property web BlockIOWeight)" 300
        fi
        assert_equal "$(unit_property web IOReadIOPSMax)" "$device 100"
        assert_equal "$(unit_property web IOWriteIOPSMax)" "$device 200"
}

@test "inspect shows what systemd has" {
        caissonctl run --detach --name web --memory 64m "$TEST_IMAGE" sleep infinity
        systemctl set-property --runtime "$(container_property web Unit)" MemoryMax=128M TasksMax=50
        assert_equal "$(caissonctl inspect --format '{{.HostConfig.Memory}} {{.HostConfig.PidsLimit}}' web)" "134217728 50"
}

@test "another slice" {
        caissonctl run --detach --name web --cgroup-parent tenant.slice "$TEST_IMAGE" sleep infinity
        assert_equal "$(unit_property web Slice)" tenant.slice
        caissonctl rm --force web
        run caissonctl run --rm --cgroup-parent /some/path "$TEST_IMAGE" true
        assert_equal "$status" 125
        assert_output_contains "is not a slice of systemd"
}

@test "entrypoint and command" {
        assert_equal "$(caissonctl run --rm --entrypoint echo "$TEST_IMAGE" a b)" "a b"
        docker_archive "$BATS_TEST_TMPDIR/e.tar" localhost/e:latest '{ "Entrypoint": [ "echo", "image" ], "Cmd": [ "cmd" ] }' \
                "$(test_layer)"
        caissonctl load --quiet --input "$BATS_TEST_TMPDIR/e.tar"
        assert_equal "$(caissonctl run --rm localhost/e)" "image cmd"
        assert_equal "$(caissonctl run --rm localhost/e mine)" "image mine"
        assert_equal "$(caissonctl run --rm --entrypoint '' localhost/e echo alone)" alone
        assert_equal "$(caissonctl run --rm --entrypoint '["echo","a"]' localhost/e b)" "a b"
        run caissonctl run --rm --entrypoint '' localhost/e
        assert_equal "$status" 125
        assert_output_contains "no command"
}

@test "environment, working directory, host name, umask, time zone" {
        assert_equal "$(caissonctl run --rm --env A=1 --env B=two "$TEST_IMAGE" sh -c 'echo $A$B')" 1two
        refute_contains "$(caissonctl run --rm --unsetenv HOSTNAME "$TEST_IMAGE" env)" HOSTNAME
        assert_equal "$(caissonctl run --rm --workdir /usr/bin "$TEST_IMAGE" pwd)" /usr/bin
        assert_equal "$(caissonctl run --rm --workdir /new/directory "$TEST_IMAGE" pwd)" /new/directory
        assert_equal "$(caissonctl run --rm --hostname web "$TEST_IMAGE" sh -c 'hostname; cat /etc/hostname; echo $HOSTNAME' |
                tr '\n' ' ')" "web web web "
        assert_equal "$(caissonctl run --rm --umask 0077 "$TEST_IMAGE" sh -c umask)" 0077
        assert_equal "$(caissonctl run --rm --user tester "$TEST_IMAGE" sh -c 'echo $HOME')" /home/tester
        [ ! -e /usr/share/zoneinfo/Asia/Tokyo ] ||
                assert_equal "$(caissonctl run --rm --tz Asia/Tokyo "$TEST_IMAGE" date +%Z)" JST
}

@test "names of others" {
        run caissonctl run --rm --add-host db:10.1.2.3 --add-host 'six:[fd00::1]' "$TEST_IMAGE" cat /etc/hosts
        assert_line $'10.1.2.3\tdb'
        assert_line $'fd00::1\tsix'
        run caissonctl run --rm --dns 9.9.9.9 --dns-search example.org --dns-option ndots:3 "$TEST_IMAGE" cat /etc/resolv.conf
        assert_line "nameserver 9.9.9.9"
        assert_line "search example.org"
        assert_line "options ndots:3"
}

@test "volumes and mounts" {
        directory=$BATS_TEST_TMPDIR/volume
        chmod 0755 "$BATS_TEST_TMPDIR"
        caissonctl run --rm --volume "$directory:/data" "$TEST_IMAGE" sh -c 'echo x >/data/x'
        assert_equal "$(cat "$directory/x")" x
        assert_equal "$(caissonctl run --rm --mount "type=bind,src=$directory,dst=/a/b,ro" "$TEST_IMAGE" cat /a/b/x)" x
        run caissonctl run --rm --mount "type=bind,src=$directory,dst=/a,ro" "$TEST_IMAGE" touch /a/y
        assert_failure
        assert_equal "$(caissonctl run --rm --volume "$directory/x:/etc/x:ro" "$TEST_IMAGE" cat /etc/x)" x
        run caissonctl run --rm --mount "type=bind,src=$directory/none,dst=/a" "$TEST_IMAGE" true
        assert_equal "$status" 125
        assert_output_contains "$directory/none"
        refute_exists "$directory/none"
        run caissonctl run --rm --volume data:/data "$TEST_IMAGE" true
        assert_equal "$status" 125
        assert_output_contains "named volume"
}

@test "tmpfs and shared memory" {
        run caissonctl run --rm --tmpfs /t:size=1m,mode=700 --shm-size 2m --mount type=tmpfs,dst=/u,tmpfs-size=3m "$TEST_IMAGE" \
                df -k /t /dev/shm /u
        assert_output_matches '1024 .* /t'
        assert_output_matches '2048 .* /dev/shm'
        assert_output_matches '3072 .* /u'
        assert_equal "$(caissonctl run --rm --tmpfs /t:mode=700,uid=1000 "$TEST_IMAGE" stat -c '%a %u' /t)" "700 1000"
}

@test "volumes without a name go with their container" {
        caissonctl run --detach --name web --read-only --volume /data "$TEST_IMAGE" sh -c 'echo x >/data/x; sleep 1000'
        id=$(container_property web Id)
        wait_for 5 test -e "/var/lib/caisson/containers/$id/volumes/0/x"
        caissonctl rm --force web
        refute_exists "/var/lib/caisson/containers/$id"
}

@test "devices" {
        [ -c /dev/fuse ] || skip "no /dev/fuse"
        assert_equal "$(caissonctl run --rm --device /dev/fuse "$TEST_IMAGE" stat -c '%F %t:%T' /dev/fuse)" \
                "character special file a:e5"
        assert_equal "$(caissonctl run --rm --device /dev/zero:/dev/other:r "$TEST_IMAGE" head -c 3 /dev/other | wc -c)" 3
        run caissonctl run --rm --device /dev/nothing "$TEST_IMAGE" true
        assert_equal "$status" 125
        assert_output_contains /dev/nothing
        run caissonctl run --rm --device /etc/passwd "$TEST_IMAGE" true
        assert_equal "$status" 125
        assert_output_contains "is not in /dev"
}

@test "an init reaps" {
        run caissonctl run --rm --init "$TEST_IMAGE" sh -c 'cat /proc/1/comm; echo $$'
        assert_output_contains caisson-init
        refute_line 1
}

@test "namespaces of the host" {
        assert_equal "$(caissonctl run --rm --network host "$TEST_IMAGE" readlink /proc/self/ns/net)" "$(readlink /proc/1/ns/net)"
        assert_equal "$(caissonctl run --rm --ipc host "$TEST_IMAGE" readlink /proc/self/ns/ipc)" "$(readlink /proc/1/ns/ipc)"
        assert_equal "$(caissonctl run --rm --uts host "$TEST_IMAGE" hostname)" "$(hostname)"
        assert_equal "$(caissonctl run --rm --userns host --pid host "$TEST_IMAGE" readlink /proc/self/ns/pid)" \
                "$(readlink /proc/1/ns/pid)"
        run caissonctl run --rm --pid host "$TEST_IMAGE" true
        assert_equal "$status" 125
        assert_output_contains "needs --userns host"
        for option in --network=bridge --pid=container:x --ipc=container:x --userns=keep-id; do
                run caissonctl run --rm "$option" "$TEST_IMAGE" true
                assert_equal "$status" 125
                assert_output_contains "${option#*=}"
        done
}

@test "ids of a larger range" {
        assert_equal "$(caissonctl run --rm --userns auto:size=200000 "$TEST_IMAGE" awk '{ print $3 }' /proc/self/uid_map)" 200000
        assert_equal "$(caissonctl run --rm --userns auto:size=200000 --user 150000 "$TEST_IMAGE" id -u)" 150000
        run caissonctl run --rm --user 70000 "$TEST_IMAGE" id
        assert_failure
}

@test "bad options are told in one sentence and leave nothing behind" {
        while IFS='|' read -r options message; do
                # shellcheck disable=SC2086  # words
                run caissonctl run $options "$TEST_IMAGE" true
                assert_equal "$options: $status" "$options: 125"
                assert_output_contains "$message"
                assert_equal "${#lines[@]}" 1
        done <<-'END'
		--memory 1m|Minimum memory limit allowed is 6MB
		--memory-swap 100m|needs one of memory
		--memory 100m --memory-swap 50m|must not be below
		--cpus 1000|processors
		--cpus 1 --cpu-quota 5000|cannot be combined
		--cpuset-cpus a-b|is not a list
		--cpuset-cpus 1000|processors are not available
		--blkio-weight 5|10 to 1000
		--ulimit nofile=9:1|above the hard limit
		--cap-add NOTHING|is not a capability
		--security-opt nonsense|unknown security option
		--device-read-bps /dev/nothing:1m|there is no device
		--publish 80:80|needs a network
		--volume /a:/|root directory
		--volume /a:/proc/x|is in /proc
		--volume /a:/b --tmpfs /b|two mounts
		--log-driver syslog|is not supported
		--restart often|restart policy
		--volumes-from other|not supported
		--oom-kill-disable|not supported
		--hostname a_b!|is not a host name
		--tz ../../etc/shadow|is not a time zone
		--user 99999999999|out of range
		--stop-signal NOSUCH|is not a signal
		END
        assert_equal "$(caissonctl ps --all --quiet)" ""
}
