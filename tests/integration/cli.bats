# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2016,SC1010
#
# The command line as people and their scripts know it: what is printed where, and how it exits.

load lib/common

# apart COMMAND…: $output is standard output alone, $errors standard error.
apart() {
        local expected=()
        if [[ $1 == -* ]]; then
                expected=("$1")
                shift
        fi
        run "${expected[@]}" --separate-stderr "$@"
        # shellcheck disable=SC2154  # of bats
        errors=$stderr
}

@test "run -d prints the id and nothing else" {
        apart caissonctl run -d --name web "$TEST_IMAGE" sleep infinity
        assert_success
        assert_output_matches '^[0-9a-f]{64}$'
        assert_equal "$errors" ""
        assert_equal "$(container_property web Id)" "$output"
}

@test "the exit code of run is the command's" {
        run caissonctl run --rm "$TEST_IMAGE" sh -c 'exit 42'
        assert_failure 42
        run caissonctl run --rm "$TEST_IMAGE" sh -c 'kill -KILL $$ & wait'
        run caissonctl run --rm --init "$TEST_IMAGE" sh -c 'kill -TERM $$'
        assert_failure 143
}

@test "a command that is not there is 127, one that cannot be executed 126, anything else of ours 125" {
        apart -127 caissonctl run --rm "$TEST_IMAGE" not-there
        assert_failure 127
        assert_contains "$errors" not-there
        assert_equal "$(wc -l <<<"$errors")" 1
        apart caissonctl run --rm "$TEST_IMAGE" /etc/passwd
        assert_failure 126
        apart caissonctl run --rm no-such-image true
        assert_failure 125
        assert_matches "$errors" '^Error: .*no-such-image'
        apart caissonctl run --rm --no-such-option "$TEST_IMAGE" true
        assert_failure 125
        apart caissonctl run
        assert_failure 125
        assert_equal "$(caissonctl ps -aq)" ""
}

@test "standard output and standard error stay apart" {
        apart caissonctl run --rm "$TEST_IMAGE" sh -c 'echo out; echo err >&2'
        assert_output out
        assert_equal "$errors" err
}

@test "standard input is passed on with -i only" {
        run bash -c "printf 'one\ntwo\n' | caissonctl run --rm -i $TEST_IMAGE wc -l"
        assert_output 2
        run bash -c "printf 'one\ntwo\n' | caissonctl run --rm $TEST_IMAGE wc -l"
        assert_output 0
}

@test "much output arrives whole, at a slow reader as well" {
        run bash -c "caissonctl run --rm $TEST_IMAGE dd if=/dev/zero bs=64k count=256 2>/dev/null | (sleep 0.5; wc -c)"
        assert_output $((64 * 1024 * 256))
}

@test "much input arrives whole" {
        run bash -c "head -c 8000000 /dev/zero | caissonctl run --rm -i $TEST_IMAGE wc -c"
        assert_output 8000000
}

@test "what follows the image is no option of ours" {
        run caissonctl run --rm "$TEST_IMAGE" echo --rm -it --name x
        assert_output "--rm -it --name x"
}

@test "-a connects only what it names" {
        apart caissonctl run --rm -a stderr "$TEST_IMAGE" sh -c 'echo out; echo err >&2'
        assert_success
        assert_output ""
        assert_equal "$errors" err
        run caissonctl run --rm -a stdbad "$TEST_IMAGE" true
        assert_failure 125
        run caissonctl run -d -a stdout "$TEST_IMAGE" true
        assert_failure 125
        assert_output_contains "exclude each other"
}

@test "options that exclude one another are refused before anything is done" {
        run caissonctl run -d --rm --restart always "$TEST_IMAGE" true
        assert_failure 125
        run caissonctl run -d --replace "$TEST_IMAGE" true
        assert_failure 125
        assert_equal "$(caissonctl ps -aq)" ""
}

@test "the environment, files of it and copies of ours" {
        printf '# comment\nA=from file\nB=from file\nCOPIED\n' >"$BATS_TEST_TMPDIR/env"
        COPIED=ours run caissonctl run --rm --env-file "$BATS_TEST_TMPDIR/env" -e B=over -e COPIED "$TEST_IMAGE" env
        assert_line "A=from file"
        assert_line B=over
        assert_line COPIED=ours
        run caissonctl run --rm --env-file /no/such/file "$TEST_IMAGE" env
        assert_failure 125
        assert_output_contains "/no/such/file"
}

@test "--cidfile is written, and never over something" {
        run caissonctl run -d --cidfile "$BATS_TEST_TMPDIR/cid" "$TEST_IMAGE" sleep infinity
        assert_success
        assert_equal "$(cat "$BATS_TEST_TMPDIR/cid")" "$output"
        run caissonctl run -d --cidfile "$BATS_TEST_TMPDIR/cid" "$TEST_IMAGE" true
        assert_failure 125
        assert_output_contains exists
        run caissonctl run -d --cidfile "$BATS_TEST_TMPDIR/other" no-such-image true
        assert_failure 125
        refute_exists "$BATS_TEST_TMPDIR/other"
        run caissonctl rm -f --cidfile "$BATS_TEST_TMPDIR/cid"
        assert_success
}

@test "--rm frees the name before run returns" {
        for _ in 1 2 3 4 5; do
                caissonctl run --rm --name same "$TEST_IMAGE" true
        done
        run caissonctl container exists same
        assert_failure 1
}

@test "--replace takes the name from another container" {
        caissonctl run -d --name web "$TEST_IMAGE" sleep infinity
        old=$(container_property web Id)
        run caissonctl run -d --name web "$TEST_IMAGE" sleep infinity
        assert_failure 125
        assert_output_contains web
        run caissonctl run -d --name web --replace "$TEST_IMAGE" sleep infinity
        assert_success
        assert_not_equal "$output" "$old"
        run caissonctl container exists "$old"
        assert_failure 1
}

@test "stop, kill, rm and start print what they were given, and go on after a failure" {
        caissonctl run -d --name one "$TEST_IMAGE" sleep infinity
        caissonctl run -d --name two "$TEST_IMAGE" sleep infinity
        apart caissonctl stop -t 0 one not-there two
        assert_failure 1
        assert_output $'one\ntwo'
        assert_matches "$errors" '^Error: .*not-there'
        run caissonctl start one two
        assert_output $'one\ntwo'
        run caissonctl kill one two
        assert_output $'one\ntwo'
        wait_for_state one exited
        apart caissonctl rm -f two nobody one
        assert_failure 1
        assert_output $'two\none'
        run caissonctl rm --ignore -f nobody
        assert_success
        assert_output ""
}

@test "--all and --filter" {
        caissonctl run -d --name one --label team=a "$TEST_IMAGE" sleep infinity
        caissonctl run -d --name two --label team=b "$TEST_IMAGE" sleep infinity
        caissonctl create --name three "$TEST_IMAGE" true
        run caissonctl stop -t 0 --filter label=team=b
        assert_success
        assert_equal "$(caissonctl ps --format '{{.Names}}')" one
        run caissonctl stop --all -t 0
        assert_success
        run caissonctl stop --all one
        assert_failure 1
        run caissonctl rm --all --force --ignore -t 0
        assert_success
        assert_equal "$(caissonctl ps -aq)" ""
        run caissonctl rm --all
        assert_success
}

@test "signals by name and number; what is none is said" {
        caissonctl run -d --name web "$TEST_IMAGE" sh -c 'trap "exit 9" USR1; while :; do sleep 0.05; done'
        run caissonctl kill -s NOPE web
        assert_failure 1
        assert_output_contains NOPE
        wait_for 10 sh -c "caissonctl kill -s USR1 web; [ \"\$(caissonctl inspect -f '{{.State.Status}}' web)\" = exited ]"
        assert_equal "$(caissonctl inspect -f '{{.State.ExitCode}}' web)" 9
}

@test "stop with a signal of its own" {
        caissonctl run -d --name web "$TEST_IMAGE" sh -c 'trap "exit 9" INT; while :; do sleep 0.05; done'
        wait_for 10 sh -c "caissonctl stop -s INT -t 10 web"
        assert_equal "$(caissonctl inspect -f '{{.State.Status}}' web)" exited
}

@test "wait prints the exit codes" {
        caissonctl run -d --name one "$TEST_IMAGE" sh -c 'exit 3'
        caissonctl run -d --name two "$TEST_IMAGE" sh -c 'sleep 0.3; exit 4'
        run caissonctl wait one two
        assert_success
        assert_output $'3\n4'
        run caissonctl wait one nobody
        assert_failure 1
        run caissonctl wait --ignore nobody
        assert_output -1
        run caissonctl wait --condition never one
        assert_failure 1
}

@test "exists answers with its exit code alone" {
        caissonctl create --name web "$TEST_IMAGE" true
        run caissonctl container exists web
        assert_success
        assert_output ""
        run caissonctl container exists nobody
        assert_failure 1
        assert_output ""
        run caissonctl image exists "$TEST_IMAGE"
        assert_success
        run caissonctl image exists nothing
        assert_failure 1
        DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nowhere run caissonctl container exists web
        assert_failure 125
}

@test "short ids and unique beginnings" {
        id=$(caissonctl create "$TEST_IMAGE" true)
        assert_equal "$(caissonctl inspect -f '{{.Id}}' "${id:0:12}")" "$id"
        assert_equal "$(caissonctl inspect -f '{{.Id}}' "${id:0:5}")" "$id"
}

@test "rename" {
        caissonctl create --name old "$TEST_IMAGE" true
        caissonctl create --name other "$TEST_IMAGE" true
        run caissonctl rename old new
        assert_success
        assert caissonctl container exists new
        run caissonctl rename new other
        assert_failure 1
        run caissonctl rename new '../x'
        assert_failure 1
}

@test "mistakes get one sentence, a suggestion and 125" {
        apart caissonctl rnu x
        assert_failure 125
        assert_output ""
        assert_contains "$errors" "did you mean 'run'?"
        apart caissonctl ps --quite
        assert_failure 125
        assert_contains "$errors" "did you mean --quiet?"
        apart caissonctl exec web sh
        assert_failure 125
        assert_contains "$errors" "not supported by this version"
        apart caissonctl run --gpus all "$TEST_IMAGE"
        assert_failure 125
        assert_contains "$errors" "not supported by this version"
        apart caissonctl
        assert_failure 125
        assert_contains "$errors" Usage:
}

@test "every verb has its help, on standard output" {
        while read -r verb; do
                # shellcheck disable=SC2086  # some are two words
                apart caissonctl $verb --help
                assert_success
                assert_output_contains "Usage: caissonctl $verb"
                assert_equal "$errors" ""
        done < <(caissonctl help | sed -nE 's/^  ([a-z]+( [a-z]+)?)  .*/\1/p' | sed 's/ *$//')
        apart caissonctl container --help
        assert_success
        assert_output_contains prune
}

@test "no bus: one sentence that says so" {
        DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nowhere apart caissonctl ps
        assert_failure 1
        assert_equal "$(wc -l <<<"$errors")" 1
        assert_contains "$errors" "system bus"
}

@test "a full standard output is an error" {
        run bash -c 'caissonctl ps >/dev/full'
        assert_failure 1
        assert_output_contains "standard output"
}

@test "attach shows what comes from then on, and ends with the container" {
        caissonctl run -d --name web "$TEST_IMAGE" sh -c 'while [ ! -e /tmp/go ]; do sleep 0.05; done; echo late; exit 5'
        caissonctl attach --no-stdin web >"$BATS_TEST_TMPDIR/out" &
        attached=$!
        sleep 0.3
        touch "$(container_root web)/tmp/go"
        status=0
        wait $attached || status=$?
        assert_equal "$status" 5
        assert_equal "$(cat "$BATS_TEST_TMPDIR/out")" late
}

@test "start -a connects to a container that ran before" {
        caissonctl create --name web "$TEST_IMAGE" sh -c 'echo hello; exit 6'
        run caissonctl start -a web
        assert_failure 6
        assert_output hello
        run caissonctl start -a web
        assert_failure 6
        assert_output hello
}

@test "signals are passed on to the command" {
        caissonctl run --rm --name web "$TEST_IMAGE" sh -c 'trap "exit 7" TERM; echo ready; while :; do sleep 0.05; done' \
                >"$BATS_TEST_TMPDIR/out" &
        client=$!
        wait_for 10 grep -q ready "$BATS_TEST_TMPDIR/out"
        kill -TERM $client
        status=0
        wait $client || status=$?
        assert_equal "$status" 7
}

@test "with --sig-proxy=false a signal ends the client alone" {
        caissonctl run --sig-proxy=false --name web "$TEST_IMAGE" sh -c 'echo ready; sleep infinity' \
                >"$BATS_TEST_TMPDIR/out" &
        client=$!
        wait_for 10 grep -q ready "$BATS_TEST_TMPDIR/out"
        kill -TERM $client
        status=0
        wait $client || status=$?
        assert_equal "$status" 143
        assert_equal "$(container_property web State)" running
}

@test "logs: both streams, in order, and only those of this container" {
        caissonctl run --name web "$TEST_IMAGE" sh -c 'echo old' >/dev/null
        caissonctl rm web
        caissonctl run -d --name web "$TEST_IMAGE" sh -c 'echo one; echo two >&2; echo three; printf end'
        caissonctl wait web
        apart caissonctl logs web
        assert_success
        assert_output $'one\nthree\nend'
        assert_equal "$errors" two
        run caissonctl logs nobody
        assert_failure 1
}

@test "logs: --tail, --since, --until, --timestamps, --names" {
        caissonctl run -d --name web "$TEST_IMAGE" sh -c 'for i in 1 2 3 4 5; do echo line $i; done'
        caissonctl wait web
        run caissonctl logs --tail 2 web
        assert_output $'line 4\nline 5'
        run caissonctl logs -n 0 web
        assert_output ""
        run caissonctl logs -n all web
        assert_equal "${#lines[@]}" 5
        run caissonctl logs --since 1h web
        assert_equal "${#lines[@]}" 5
        run caissonctl logs --until 1h web
        assert_output ""
        run caissonctl logs --since never web
        assert_failure 1
        run caissonctl logs -t --tail 1 web
        assert_output_matches '^20[0-9-]+T[0-9:.]+Z line 5$'
        run caissonctl logs --names --tail 1 web
        assert_output "web line 5"
}

@test "logs -f goes on until the container has ended" {
        caissonctl run -d --name web "$TEST_IMAGE" sh -c 'echo first; while [ ! -e /tmp/go ]; do sleep 0.05; done; echo last'
        caissonctl logs -f web >"$BATS_TEST_TMPDIR/out" &
        follower=$!
        wait_for 10 grep -q first "$BATS_TEST_TMPDIR/out"
        touch "$(container_root web)/tmp/go"
        wait_for 20 sh -c "! kill -0 $follower 2>/dev/null"
        assert wait $follower
        assert_equal "$(cat "$BATS_TEST_TMPDIR/out")" $'first\nlast'
}

@test "logs of another driver are where that puts them" {
        caissonctl run --name web --log-driver none "$TEST_IMAGE" echo hello
        run caissonctl logs web
        assert_failure 1
        assert_output_contains none
}

@test "top lists the processes" {
        caissonctl run -d --name web "$TEST_IMAGE" sleep infinity
        run caissonctl top web
        assert_success
        assert_output_matches '^USER +PID +PPID +COMMAND'
        assert_output_contains "sleep infinity"
        assert_equal "$(caissonctl top -q web)" "$(container_property web Pid)"
}

@test "load, save, tag, untag, rmi and history print what docker's do" {
        docker_archive "$BATS_TEST_TMPDIR/a.tar" localhost/one:1 '{ "Cmd": [ "true" ], "Env": [ "X=1" ] }' "$(test_layer)"
        run caissonctl load -q -i "$BATS_TEST_TMPDIR/a.tar"
        assert_output "Loaded image: localhost/one:1"
        run caissonctl tag localhost/one:1 localhost/two
        assert_success
        assert_output ""
        assert caissonctl image exists localhost/two:latest
        apart caissonctl save -o "$BATS_TEST_TMPDIR/b.tar" localhost/one:1
        assert_success
        assert_output ""
        run caissonctl rmi localhost/two
        assert_output "Untagged: localhost/two:latest"
        run caissonctl rmi localhost/one:1
        assert_output_matches '^Untagged: localhost/one:1'
        assert_output_contains "Deleted: sha256:"
        run bash -c "caissonctl load -q <'$BATS_TEST_TMPDIR/b.tar'"
        assert_output "Loaded image: localhost/one:1"
        run caissonctl history localhost/one:1
        assert_output_matches '^IMAGE +CREATED +CREATED BY +SIZE +COMMENT'
        run caissonctl untag localhost/one:1
        assert_success
        run caissonctl image exists localhost/one:1
        assert_failure 1
        run caissonctl images --filter dangling=true -q
        assert_equal "${#lines[@]}" 1
        run caissonctl image prune -f
        assert_success
        assert_equal "$(caissonctl images -q | wc -l)" 1
}

@test "images that are used stay when all are removed" {
        caissonctl create --name web "$TEST_IMAGE" true
        caissonctl tag "$TEST_IMAGE" localhost/more
        run caissonctl rmi --all
        assert_success
        assert caissonctl image exists "$TEST_IMAGE"
        assert caissonctl image exists localhost/more
        assert caissonctl untag "$TEST_IMAGE" localhost/more
}

@test "archives from and to nowhere" {
        run caissonctl load -i /no/such/file
        assert_failure 1
        assert_output_contains /no/such/file
        run caissonctl load -i /tmp
        assert_failure 1
        assert_output_contains directory
        run caissonctl save -o /no/such/directory/x.tar "$TEST_IMAGE"
        assert_failure 1
        run caissonctl save --format zip "$TEST_IMAGE"
        assert_failure 1
        run caissonctl save -o "$BATS_TEST_TMPDIR/x.tar" no-such-image
        assert_failure 1
        assert_equal "$(find "$BATS_TEST_TMPDIR" -name 'x.tar*')" ""
}

@test "a load that is interrupted is canceled" {
        mkfifo "$BATS_TEST_TMPDIR/fifo"
        caissonctl load -q <"$BATS_TEST_TMPDIR/fifo" 2>"$BATS_TEST_TMPDIR/err" &
        client=$!
        exec 9>"$BATS_TEST_TMPDIR/fifo"
        wait_for 10 sh -c '[ -n "$(caissonctl jobs -q)" ]'
        kill -INT $client
        # bash starts background commands with SIGINT ignored: TERM does the same
        kill -TERM $client
        status=0
        wait $client || status=$?
        exec 9>&-
        assert_equal "$status" 130
        wait_for 10 sh -c '[ -z "$(caissonctl jobs -q)" ]'
}

@test "container prune removes what does not run" {
        caissonctl run -d --name one "$TEST_IMAGE" sleep infinity
        id=$(caissonctl create "$TEST_IMAGE" true)
        run bash -c 'caissonctl container prune </dev/null'
        assert caissonctl container exists "$id"
        run caissonctl container prune --force
        assert_success
        assert_output "$id"
        assert caissonctl container exists one
}

@test "completion knows verbs, options and names" {
        caissonctl run -d --name web "$TEST_IMAGE" sleep infinity
        run caissonctl __complete -- ""
        assert_line run
        assert_line container
        refute_line __complete
        run caissonctl __complete -- container ""
        assert_line ls
        run caissonctl __complete -- run --
        assert_line --memory
        run caissonctl __complete -- stop ""
        assert_line web
        run caissonctl __complete -- rmi ""
        assert_line localhost/test:latest
        run bash -c '. /usr/share/bash-completion/completions/caissonctl
                COMP_WORDS=(caissonctl sto) COMP_CWORD=1; _caissonctl; echo "${COMPREPLY[@]}"'
        assert_output stop
}
