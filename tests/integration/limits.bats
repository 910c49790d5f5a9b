# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Limits are properties of the container's unit: what was asked for is what systemd says, and it holds.

load lib/common

unified() {
        [ "$(stat --file-system --format %T /sys/fs/cgroup)" = cgroup2fs ]
}

@test "limits are read back from systemd" {
        caissonctl run --detach --name web --memory 64m --memory-reservation 32m --pids-limit 50 --cpus 0.5 "$TEST_IMAGE" \
                sleep infinity
        assert_equal "$(unit_property web MemoryMax)" $((64 << 20))
        assert_equal "$(unit_property web TasksMax)" 50
        assert_equal "$(unit_property web CPUQuotaPerSecUSec)" 500ms
        if unified; then
                assert_equal "$(unit_property web MemoryLow)" $((32 << 20))
        fi
}

@test "cpu shares are a weight" {
        caissonctl run --detach --name web --cpu-shares 512 "$TEST_IMAGE" sleep infinity
        if unified; then
                assert_not_equal "$(unit_property web CPUWeight)" "[not set]"
        else
                assert_equal "$(unit_property web CPUShares)" 512
        fi
}

@test "without limits there is one on processes alone" {
        caissonctl run --detach --name web "$TEST_IMAGE" sleep infinity
        assert_equal "$(unit_property web MemoryMax)" infinity
        assert_equal "$(unit_property web TasksMax)" 2048
}

@test "limits can be changed on the running unit" {
        caissonctl run --detach --name web --memory 64m "$TEST_IMAGE" sleep infinity
        systemctl set-property --runtime caisson-web.scope MemoryMax=96M
        assert_equal "$(unit_property web MemoryMax)" $((96 << 20))
        assert_equal "$(caissonctl inspect --format '{{.HostConfig.Memory}}' web)" $((96 << 20))
}

@test "who takes too much memory is killed, and that is said" {
        # shellcheck disable=SC2016  # expanded over there
        run caissonctl run --name web --memory 16m --memory-swap 16m "$TEST_IMAGE" \
                sh -c 'x=$(head -c 64m /dev/zero | tr "\0" x); echo survived'
        assert_not_equal "$status" 0
        refute_output_contains survived
        wait_for_state web exited
        assert_equal "$(container_property web OOMKilled)" true
        assert_equal "$(caissonctl inspect --format '{{.State.OOMKilled}}' web)" true
}

@test "who is not killed for memory is not said to be" {
        caissonctl run --name web --memory 64m "$TEST_IMAGE" sh -c 'exit 137' || :
        assert_equal "$(container_property web OOMKilled)" false
        assert_equal "$(container_property web ExitCode)" 137
}

@test "a fork bomb ends at the limit" {
        run caissonctl run --rm --pids-limit 10 "$TEST_IMAGE" \
                sh -c 'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 1 & done; wait' 2>&1
        assert_output_contains fork
}

@test "a memory limit that nothing can run with is a clear failure" {
        run caissonctl run --rm --memory 1k "$TEST_IMAGE" true
        assert_equal "$status" 125
        assert_output_contains emory
}

@test "the container's unit is in the group that was asked for" {
        caissonctl run --detach --name web --cgroup-parent caisson-special.slice "$TEST_IMAGE" sleep infinity
        assert_equal "$(unit_property web Slice)" caisson-special.slice
        caissonctl rm --force web
        systemctl stop caisson-special.slice
}

@test "pause stops time where the machine can, and says so where not" {
        caissonctl run --detach --name web "$TEST_IMAGE" sh -c 'while :; do date +%s%N >/now; sleep 0.05; done'
        object=$(container_object web)
        run busctl call io.caisson1 "$object" io.caisson1.Container Pause
        if unified; then
                assert_success
                assert_equal "$(container_property web State)" paused
                caissonctl stop --time 1 web
        else
                assert_failure
                assert_equal "$(container_property web State)" running
        fi
}
