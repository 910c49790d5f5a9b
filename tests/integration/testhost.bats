# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# The test host itself: it is a real system, and a host within the host (which has systemd as its PID 1, as many machines
# have) leaves nothing behind.

load lib/assert

TESTHOST=$BATS_TEST_DIRNAME/../../tools/testhost

teardown() {
        "$TESTHOST" stop --force inner
}

refute_leftovers() {
        refute_exists /run/caisson-testhost
        refute_exists /var/tmp/caisson-testhost
        assert_equal "$(find /sys/fs/cgroup -name '*caisson-testhost*')" ""
        assert_equal "$(systemctl list-units --all --plain --no-legend 'caisson-testhost-*')" ""
}

inner_is_dead() {
        "$TESTHOST" list | grep -qE '^inner .* dead$'
}

@test "systemd is up and no unit has failed" {
        run systemctl is-system-running
        assert_output running
}

@test "logind, machined and polkit answer" {
        assert loginctl --no-legend list-sessions
        assert machinectl --no-legend list
        assert_contains "$(pkaction)" org.freedesktop.machine1
}

@test "a limit of a unit is enforced" {
        # Shared memory is charged and cannot be swapped out.
        run systemd-run --quiet --wait --pipe --property=MemoryMax=20M --property=MemorySwapMax=0 \
                dd if=/dev/zero of=/dev/shm/too-much bs=1M count=60
        rm -f /dev/shm/too-much
        assert_failure
        run systemd-run --quiet --wait --pipe --property=TasksMax=1 /bin/sh -c 'true | true; echo survived'
        assert_failure
        refute_output_contains survived
}

@test "exec passes on the exit status, the user and the environment" {
        "$TESTHOST" start inner
        run "$TESTHOST" exec inner -- sh -c 'exit 42'
        assert_failure 42
        assert_equal "$("$TESTHOST" exec --user nobody inner -- id -un)" nobody
        # shellcheck disable=SC2016  # expanded over there
        assert_equal "$(CAISSON_X='a b' OTHER=1 "$TESTHOST" exec inner -- sh -c 'echo "$CAISSON_X$OTHER"')" "a b"
        run "$TESTHOST" exec --user not-there inner -- true
        assert_failure 1
        assert_output "testhost: exec: test host 'inner' has no user 'not-there'"
}

@test "exec -t gives a terminal" {
        "$TESTHOST" start inner
        run script --quiet --return --command "$TESTHOST exec -t inner -- tty" /dev/null
        assert_success
        assert_output_contains /dev/pts/
}

@test "a command ends when exec is killed" {
        "$TESTHOST" start inner
        "$TESTHOST" exec inner -- sleep 86399 3>&- &
        pid=$!
        wait_for 5 pgrep -fx "sleep 86399"
        kill -KILL "$pid"
        wait_for 5 refute pgrep -fx "sleep 86399"
}

@test "a host that is stopped leaves nothing behind" {
        "$TESTHOST" start inner
        assert_contains "$("$TESTHOST" list)" inner
        "$TESTHOST" exec inner -- systemd-run --quiet --scope --unit=left-over sleep infinity 3>&- &
        wait_for 5 "$TESTHOST" exec inner -- systemctl --quiet is-active left-over.scope
        "$TESTHOST" stop inner
        refute_leftovers
        "$TESTHOST" stop inner
}

@test "a host that has died is cleaned up by stop, and by start" {
        "$TESTHOST" start inner
        kill -KILL "$(cut -d' ' -f1 /run/caisson-testhost/inner/leader)"
        wait_for 5 inner_is_dead
        "$TESTHOST" start inner
        kill -KILL "$(cut -d' ' -f1 /run/caisson-testhost/inner/leader)"
        "$TESTHOST" stop inner
        refute_leftovers
}

@test "a start that is interrupted leaves nothing behind" {
        for delay in 0.05 0.2 0.4 0.7; do
                timeout --signal=INT "$delay" "$TESTHOST" start inner || :
                if [ -e /run/caisson-testhost/inner ]; then
                        # It was up before the signal came.
                        "$TESTHOST" exec inner -- true
                        "$TESTHOST" stop inner
                fi
                refute_leftovers
        done
}

@test "one name is one host, and bad names are refused" {
        "$TESTHOST" start inner
        run "$TESTHOST" start inner
        assert_failure 1
        assert_output_contains "'inner' is running already"
        run "$TESTHOST" start ../x
        assert_failure 1
        assert_output_contains "is no name for a test host"
        run "$TESTHOST" exec nobody-home -- true
        assert_failure 1
        assert_output_contains "there is no running test host 'nobody-home'"
}

@test "directories can be bound, read-only if asked" {
        mkdir -p /var/tmp/bound
        echo here >/var/tmp/bound/file
        "$TESTHOST" start inner --bind /var/tmp/bound:/srv/rw --bind /var/tmp/bound:/srv/ro:ro
        assert_equal "$("$TESTHOST" exec inner -- cat /srv/ro/file)" here
        run "$TESTHOST" exec inner -- touch /srv/ro/x
        assert_failure
        "$TESTHOST" exec inner -- touch /srv/rw/x
        assert_exists /var/tmp/bound/x
        rm -r /var/tmp/bound
}
