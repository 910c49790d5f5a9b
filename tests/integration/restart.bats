# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# caissond is stopped, killed and started while containers run, end and begin: nothing is lost and nothing left.

load lib/common

@test "a running container survives a restart of caissond" {
        caissonctl run --detach --name web "$TEST_IMAGE" sleep infinity
        pid=$(container_property web Pid)
        started=$(container_property web Started)
        restart_caissond
        wait_for_state web running
        assert_equal "$(container_property web Pid)" "$pid"
        wait_for 5 eval "[ \"\$(container_property web Started)\" = $started ]"
        caissonctl stop --time 0 web
        assert_equal "$(container_property web ExitCode)" 137
}

@test "a running container survives a crash of caissond" {
        caissonctl run --detach --name web "$TEST_IMAGE" sh -c 'trap "exit 3" TERM; while :; do sleep 0.05; done'
        pid=$(container_property web Pid)
        daemon=$(caissond_pid)
        kill_caissond
        wait_for 10 eval "[ \"\$(caissond_pid)\" != $daemon ] && [ \"\$(caissond_pid)\" != 0 ]"
        assert_equal "$(container_property web Pid)" "$pid"
        caissonctl stop web
        assert_equal "$(container_property web ExitCode)" 3
}

@test "how a container ended while caissond was away is known" {
        caissonctl run --detach --name web "$TEST_IMAGE" sh -c 'sleep 1; exit 42'
        systemctl stop caissond.service
        wait_for 10 refute systemctl is-active --quiet caisson-web.scope
        assert_equal "$(container_property web State)" exited
        assert_equal "$(container_property web ExitCode)" 42
}

@test "a container with --rm that ended while caissond was away is gone" {
        caissonctl run --detach --rm --name web "$TEST_IMAGE" sleep 1
        systemctl stop caissond.service
        wait_for 10 refute systemctl is-active --quiet caisson-web.scope
        assert_equal "$(caissonctl ps --all --quiet)" ""
}

@test "a supervisor that was killed while caissond was away is noticed" {
        caissonctl run --detach --name web "$TEST_IMAGE" sleep infinity
        supervisor=$(ps -o ppid= -p "$(container_property web Pid)" | tr -d ' ')
        systemctl stop caissond.service
        kill -KILL "$supervisor"
        wait_for 5 refute [ -d "/proc/$supervisor" ]
        assert_equal "$(container_property web State)" exited
        assert_equal "$(container_property web ExitCode)" 137
}

@test "exit codes are kept over restarts" {
        caissonctl run --name web "$TEST_IMAGE" sh -c 'exit 5' || :
        finished=$(container_property web Finished)
        restart_caissond
        assert_equal "$(container_property web State)" exited
        assert_equal "$(container_property web ExitCode)" 5
        assert_equal "$(container_property web Finished)" "$finished"
}

@test "a created container is still created, also with --rm" {
        caissonctl create --name a "$TEST_IMAGE" true
        caissonctl create --rm --name b "$TEST_IMAGE" true
        restart_caissond
        assert_equal "$(container_property a State)" created
        assert_equal "$(container_property b State)" created
        caissonctl start --attach b
        restart_caissond
        refute caissonctl inspect b
}

@test "a damaged record costs one container, which can be removed" {
        caissonctl run --name bad "$TEST_IMAGE" true
        caissonctl run --name good "$TEST_IMAGE" true
        id=$(container_property bad Id)
        systemctl stop caissond.service
        for damage in : 'printf {' 'head --bytes=100 /dev/urandom' 'echo {}' 'echo []'; do
                eval "$damage" >"/var/lib/caisson/containers/$id/container.json"
                restart_caissond
                assert_equal "$(container_property good State)" exited
                assert_equal "$(container_property "$id" State)" failed
                run caissonctl start "$id"
                assert_failure
                assert_output_contains damaged
        done
        caissonctl rm "$id"
        refute_exists "/var/lib/caisson/containers/$id"
}

@test "a record that is gone is the beginning of a container, and removed" {
        caissonctl run --name web "$TEST_IMAGE" true
        id=$(container_property web Id)
        systemctl stop caissond.service
        rm "/var/lib/caisson/containers/$id/container.json"
        assert_equal "$(caissonctl ps --all --quiet)" ""
        refute_exists "/var/lib/caisson/containers/$id"
}

@test "a machine that went down while containers ran says so" {
        caissonctl run --detach --name web "$TEST_IMAGE" sleep infinity
        caissonctl run --detach --rm --name gone "$TEST_IMAGE" sleep infinity
        systemctl stop caissond.service
        # what a power cut leaves: no process, no /run
        systemctl kill --signal=KILL caisson-web.scope caisson-gone.scope
        wait_for 5 refute systemctl is-active --quiet caisson-web.scope
        wait_for 5 refute systemctl is-active --quiet caisson-gone.scope
        find /run/caisson/containers -mindepth 1 -delete
        assert_equal "$(container_property web State)" exited
        assert_equal "$(container_property web ExitCode)" 255
        assert_contains "$(container_property web Error)" "shut down"
        refute caissonctl inspect gone
        caissonctl start web
        assert_equal "$(container_property web State)" running
}

@test "caissond is killed again and again while containers start and end, and nothing is lost" {
        caissonctl run --detach --name constant "$TEST_IMAGE" sleep infinity
        pid=$(container_property constant Pid)
        (
                for i in {1..60}; do
                        caissonctl run --detach --name "c$i" "$TEST_IMAGE" sh -c "exit $((i % 7))" || :
                        caissonctl run --rm "$TEST_IMAGE" true || :
                done >/dev/null 2>&1
        ) &
        load=$!
        for _ in {1..15}; do
                kill_caissond || :
                sleep 0.$((RANDOM % 4))
        done
        wait $load || :
        wait_for 20 manager_call ListContainers 'a{sv}' 0
        assert_equal "$(container_property constant Pid)" "$pid"
        assert_equal "$(container_property constant State)" running
        for name in $(caissonctl ps --all --format '{{.Names}}'); do
                [ "$name" != constant ] || continue
                wait_for 10 eval "! container_state_is $name running && ! container_state_is $name starting"
                i=${name#c}
                case "$(container_property "$name" State)" in
                exited) assert_equal "$(container_property "$name" ExitCode)" $((i % 7)) ;;
                created) ;; # killed before it was started
                *) fail "$name is $(container_property "$name" State): $(container_property "$name" Error)" ;;
                esac
        done
}

@test "waiting survives nothing, but the answer can be had again" {
        caissonctl run --detach --name web "$TEST_IMAGE" sh -c 'sleep 2; exit 6'
        caissonctl wait web >/dev/null 2>&1 &
        waiter=$!
        sleep 0.2
        restart_caissond
        wait $waiter || :
        assert_equal "$(caissonctl wait web)" 6
}
