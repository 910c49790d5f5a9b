# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# The states of a container, the verbs that change them, its name, and its unit.

load lib/common

# TERM ends it with 3: a shell as PID 1 that listens.
LISTENER='trap "exit 3" TERM; while :; do sleep 0.05; done'

@test "a container is created, runs, exits and is removed" {
        caissonctl create --name web "$TEST_IMAGE" sh -c 'exit 7'
        assert_equal "$(container_property web State)" created
        caissonctl start web
        wait_for_state web exited
        assert_equal "$(container_property web ExitCode)" 7
        caissonctl rm web
        refute caissonctl inspect web
}

@test "what ended starts again, with its files" {
        caissonctl run --name web "$TEST_IMAGE" sh -c 'echo x >>/count; wc -l </count'
        caissonctl start web
        wait_for_state web exited
        # the journal has its own time
        wait_for 10 sh -c 'caissonctl logs web | grep -qx 2'
}

@test "run gives the exit code of the command, and 128 + n for signal n" {
        run caissonctl run --rm "$TEST_IMAGE" sh -c 'exit 42'
        assert_equal "$status" 42
        run caissonctl run --rm "$TEST_IMAGE" sh -c 'kill -KILL $$; sleep 5'
        # PID 1 of a PID namespace cannot kill itself
        assert_equal "$status" 0
        run caissonctl run --rm --init "$TEST_IMAGE" sh -c 'kill -KILL $$'
        assert_equal "$status" 137
}

@test "a command that is not there is 127, one that cannot be executed 126, and nothing is left" {
        run caissonctl run --rm "$TEST_IMAGE" /no/such/command
        assert_equal "$status" 127
        assert_output_contains "/no/such/command"
        run caissonctl run --rm "$TEST_IMAGE" /etc/passwd
        assert_equal "$status" 126
        run caissonctl run --rm no-such-image true
        assert_equal "$status" 125
        assert_equal "$(caissonctl ps --all --quiet)" ""
}

@test "a container that could not be started is kept, says why, and can be removed" {
        run caissonctl run --name web "$TEST_IMAGE" /no/such/command
        assert_equal "$status" 127
        assert_equal "$(container_property web State)" failed
        assert_equal "$(container_property web ExitCode)" 127
        assert_contains "$(container_property web Error)" "/no/such/command"
        caissonctl rm web
}

@test "stop sends the stop signal and waits" {
        caissonctl run --detach --name web "$TEST_IMAGE" sh -c "$LISTENER"
        caissonctl stop web
        assert_equal "$(container_property web State)" exited
        assert_equal "$(container_property web ExitCode)" 3
        # twice is no mistake
        caissonctl stop web
}

@test "the container's own stop signal is sent" {
        caissonctl run --detach --name web --stop-signal USR1 "$TEST_IMAGE" \
                sh -c 'trap "exit 5" USR1; while :; do sleep 0.05; done'
        caissonctl stop web
        assert_equal "$(container_property web ExitCode)" 5
}

@test "who does not listen is killed when the time is over" {
        caissonctl run --detach --name web "$TEST_IMAGE" sleep infinity
        SECONDS=0
        caissonctl stop --time 1 web
        assert [ $SECONDS -lt 8 ]
        assert_equal "$(container_property web ExitCode)" 137
        assert_equal "$(container_property web Error)" ""
}

@test "a stop can be made shorter by a second one" {
        caissonctl run --detach --name web "$TEST_IMAGE" sleep infinity
        caissonctl stop --time 600 web &
        wait_for_state web stopping
        caissonctl stop --time 0 web
        wait
        assert_equal "$(container_property web State)" exited
}

@test "kill sends any signal, and only to what runs" {
        caissonctl run --detach --name web "$TEST_IMAGE" sh -c 'trap "echo got it" HUP; while :; do sleep 0.05; done'
        caissonctl kill --signal HUP web
        wait_for 10 sh -c 'caissonctl logs web | grep -q "got it"'
        assert_equal "$(container_property web State)" running
        caissonctl kill web
        wait_for_state web exited
        assert_equal "$(container_property web ExitCode)" 137
        run caissonctl kill web
        assert_failure
        assert_output_contains "does not run"
}

@test "restart gives a new process in the same container" {
        caissonctl run --detach --name web "$TEST_IMAGE" sh -c "$LISTENER"
        before=$(container_property web Leader)
        id=$(container_property web Id)
        caissonctl restart web
        assert_equal "$(container_property web State)" running
        assert_not_equal "$(container_property web Leader)" "$before"
        assert_equal "$(container_property web Id)" "$id"
        assert_equal "$(container_property web Unit)" caisson-web.scope
}

@test "a running container is removed by force only" {
        caissonctl run --detach --name web "$TEST_IMAGE" sleep infinity
        run caissonctl rm web
        assert_failure
        assert_output_contains "is running"
        caissonctl rm --force web
        refute caissonctl inspect web
}

@test "wait tells the exit code of one that ends, and of one that has" {
        caissonctl run --detach --name web "$TEST_IMAGE" sh -c 'sleep 0.5; exit 9'
        assert_equal "$(caissonctl wait web)" 9
        assert_equal "$(caissonctl wait web)" 9
}

@test "waiting for the removal ends with it" {
        caissonctl run --detach --rm --name web "$TEST_IMAGE" sh -c 'sleep 0.5; exit 4'
        object=$(container_object web)
        run busctl --json=short --timeout=20 call io.caisson1 "$object" io.caisson1.Container Wait s removed
        assert_success
        assert_output_contains '"data":[4]'
}

@test "with --rm the name is free again when run returns" {
        for _ in 1 2 3 4 5; do
                caissonctl run --rm --name web "$TEST_IMAGE" true
        done
        caissonctl run --rm --detach --name web "$TEST_IMAGE" sleep 0.2
        wait_for 5 refute caissonctl inspect web
}

@test "a name has one container" {
        caissonctl create --name web "$TEST_IMAGE" true
        run caissonctl create --name web "$TEST_IMAGE" true
        assert_failure
        assert_output_contains "'web' is taken"
        caissonctl create --replace --name web "$TEST_IMAGE" true
        assert_equal "$(caissonctl ps --all --quiet | wc -l)" 1
}

@test "of many who want one name at once, one gets it" {
        for i in {1..8}; do
                { caissonctl run --detach --name web "$TEST_IMAGE" sleep infinity && echo "$i" >>"$BATS_TEST_TMPDIR/won"; } \
                        >/dev/null 2>&1 &
        done
        wait
        assert_equal "$(wc -l <"$BATS_TEST_TMPDIR/won")" 1
        assert_equal "$(caissonctl ps --all --quiet | wc -l)" 1
}

@test "a replaced container that runs is killed first" {
        caissonctl run --detach --name web "$TEST_IMAGE" sleep infinity
        before=$(container_property web Id)
        caissonctl run --detach --replace --name web "$TEST_IMAGE" sleep infinity
        assert_not_equal "$(container_property web Id)" "$before"
        assert_equal "$(container_property web State)" running
}

@test "containers go by name, id and the beginning of an id" {
        id=$(caissonctl create --name web "$TEST_IMAGE" true)
        for name in web "$id" "${id:0:12}" "${id:0:5}"; do
                assert_equal "$(caissonctl inspect --format '{{.Id}}' "$name")" "$id"
        done
        # a name goes before an id
        caissonctl create --name "${id:0:12}" "$TEST_IMAGE" true
        assert_not_equal "$(caissonctl inspect --format '{{.Id}}' "${id:0:12}")" "$id"
        run caissonctl inspect no-such-thing
        assert_failure
}

@test "a name that is none is refused" {
        for name in '../x' 'a b' '-x' '.x' "$(printf 'x%.0s' {1..129})"; do
                run manager_call CreateContainer 'ssa{sv}t' -- "$name" "$TEST_IMAGE" 0 0
                assert_failure
                assert_output_contains "is not a name"
        done
}

@test "renaming keeps the unit of what runs, and the name can be had by another" {
        caissonctl run --detach --name web "$TEST_IMAGE" sleep infinity
        object=$(container_object web)
        busctl call io.caisson1 "$object" io.caisson1.Container Rename s old
        assert_equal "$(container_property old Unit)" caisson-web.scope
        caissonctl run --detach --name web "$TEST_IMAGE" sleep infinity
        assert_matches "$(container_property web Unit)" '^caisson-web-[0-9a-f]{12}\.scope$'
        restart_caissond
        assert_equal "$(container_property old State)" running
        assert_equal "$(container_property web State)" running
}

@test "names are escaped in units" {
        caissonctl run --detach --name web-1.x_y "$TEST_IMAGE" sleep infinity
        assert_equal "$(container_property web-1.x_y Unit)" "caisson-$(systemd-escape web-1.x_y).scope"
        assert_equal "$(unit_property web-1.x_y ActiveState)" active
        assert_equal "$(unit_property web-1.x_y Slice)" caisson.slice
}

@test "systemctl stop is a stop: own signal, own time" {
        caissonctl run --detach --name web --stop-signal USR1 "$TEST_IMAGE" \
                sh -c 'trap "exit 5" USR1; trap "exit 6" TERM; while :; do sleep 0.05; done'
        systemctl stop caisson-web.scope
        wait_for_state web exited
        assert_equal "$(container_property web ExitCode)" 5
}

@test "systemctl stop is a stop also for a caissond that came after the container" {
        caissonctl run --detach --name web --stop-timeout 1 "$TEST_IMAGE" sleep infinity
        restart_caissond
        SECONDS=0
        systemctl stop caisson-web.scope
        assert [ $SECONDS -lt 5 ]
        wait_for_state web exited
        assert_equal "$(container_property web ExitCode)" 137
        assert_equal "$(container_property web Error)" ""
}

@test "machined knows containers that run" {
        caissonctl run --detach --name web "$TEST_IMAGE" sleep infinity
        wait_for 5 machinectl show web
        assert_equal "$(machinectl show --property Leader --value web)" "$(container_property web Leader)"
        assert_equal "$(machinectl show --property Class --value web)" container
        assert_equal "$(machinectl show --property Service --value web)" caisson
        caissonctl stop --time 0 web
        wait_for 5 refute machinectl show web
}

@test "a container's processes are listed, and a process leads to its container" {
        caissonctl run --detach --name web "$TEST_IMAGE" sh -c 'sleep infinity & wait'
        object=$(container_object web)
        pid=$(container_property web Leader)
        run busctl --json=short call io.caisson1 "$object" io.caisson1.Container ListProcesses
        assert_success
        assert_output_contains "[$pid,"
        assert_output_contains "sleep infinity"
        refute_output_contains supervisor
        assert_equal "$(manager_call GetContainerByPID u "$pid" | jq -r '.data[0]')" "$object"
        refute manager_call GetContainerByPID u 1
}

@test "a client that is killed leaves its container alone" {
        caissonctl run --name web "$TEST_IMAGE" sleep infinity &
        client=$!
        wait_for 5 container_state_is web running
        kill -KILL $client
        wait $client || :
        assert_equal "$(container_property web State)" running
        caissonctl rm --force web
}

@test "a supervisor that is killed takes its container with it, and that is said" {
        caissonctl run --detach --name web "$TEST_IMAGE" sh -c 'sleep infinity & wait'
        leader=$(container_property web Leader)
        supervisor=$(ps -o ppid= -p "$leader" | tr -d ' ')
        kill -KILL "$supervisor"
        wait_for_state web exited 2
        assert_equal "$(container_property web ExitCode)" 137
        assert_contains "$(container_property web Error)" "supervisor was killed"
        wait_for 5 refute systemctl is-active --quiet caisson-web.scope
        refute [ -d "/proc/$leader" ]
}

@test "prune removes what does not run, and nothing else" {
        caissonctl create --name a "$TEST_IMAGE" true
        caissonctl create --name b --label keep=1 "$TEST_IMAGE" true
        caissonctl run --detach --name c "$TEST_IMAGE" sleep infinity
        manager_call PruneContainers 'a{sv}t' 1 name as 1 a 0
        assert_equal "$(caissonctl ps --all --format '{{.Names}}' | sort | tr '\n' ' ')" "b c "
        manager_call PruneContainers 'a{sv}t' 0 0
        assert_equal "$(caissonctl ps --all --format '{{.Names}}')" c
}

@test "lists are filtered" {
        caissonctl create --name a --label x=1 --label y=2 "$TEST_IMAGE" true
        caissonctl create --name ab --label x=2 "$TEST_IMAGE" true
        caissonctl run --name b "$TEST_IMAGE" sh -c 'exit 5' || :
        names() {
                caissonctl ps --all --format '{{.Names}}' "$@" | sort | tr '\n' ' '
        }
        assert_equal "$(names --filter name=a)" "a ab "
        assert_equal "$(names --filter name=^a$)" "a "
        assert_equal "$(names --filter label=x)" "a ab "
        assert_equal "$(names --filter label=x=1 --filter label=y)" "a "
        assert_equal "$(names --filter exited=5)" "b "
        assert_equal "$(names --filter status=created --filter status=exited)" "a ab b "
        assert_equal "$(names --filter since=a)" "ab b "
        assert_equal "$(names --filter before=ab)" "a "
        assert_equal "$(names --filter ancestor="$TEST_IMAGE")" "a ab b "
        run caissonctl ps --filter nonsense=1
        assert_failure
        run manager_call ListContainers 'a{sv}' 1 status as 1 nonsense
        assert_failure
}
