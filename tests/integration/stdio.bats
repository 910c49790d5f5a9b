# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What containers read and write: to the client that started them, and to the log.

load lib/common

# entries UNIT: the unit's own log lines as JSON, one a line, all of each.
entries() {
        journalctl --sync
        journalctl --unit "$1" --after-cursor "$TEST_CURSOR" --output json --all --no-pager |
                jq --compact-output 'select(._SYSTEMD_UNIT == "'"$1"'")'
}

has_entry() {
        entries "$1" | jq --exit-status --slurp --arg text "$2" 'any(.[]; .MESSAGE == $text)' >/dev/null
}

@test "standard output and standard error are told apart" {
        caissonctl run --rm "$TEST_IMAGE" sh -c 'echo to out; echo to err >&2' >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
        assert_equal "$(cat "$BATS_TEST_TMPDIR/out")" "to out"
        assert_equal "$(cat "$BATS_TEST_TMPDIR/err")" "to err"
}

@test "100 MB go out whole" {
        sum=$(yes caisson | head -c 104857600 | sha256sum)
        # the journal takes a line a time, which is not what is tested
        assert_equal "$(caissonctl run --rm --log-driver none "$TEST_IMAGE" sh -c 'yes caisson | head -c 104857600' | sha256sum)" "$sum"
}

@test "20 MB go in and out again whole, and the end of input is seen" {
        head -c 20971520 /dev/urandom >"$BATS_TEST_TMPDIR/data"
        caissonctl run --rm --interactive --log-driver none "$TEST_IMAGE" cat <"$BATS_TEST_TMPDIR/data" >"$BATS_TEST_TMPDIR/copy"
        assert cmp "$BATS_TEST_TMPDIR/data" "$BATS_TEST_TMPDIR/copy"
}

@test "without --interactive there is nothing to read" {
        run caissonctl run --rm "$TEST_IMAGE" cat <<<text
        assert_success
        assert_output ""
}

@test "a reader that is late gets what was written last" {
        run bash -c 'caissonctl run --rm --log-driver none "$1" sh -c "yes | head -c 100000; echo; echo last" | (sleep 1; tail -n 1)' - "$TEST_IMAGE"
        assert_output last
}

@test "a reader that leaves does not harm the container" {
        run bash -c 'caissonctl run --name web --log-driver none "$1" sh -c "yes | head -c 3000000; exit 7" | head -n 1' - "$TEST_IMAGE"
        assert_output y
        wait_for_state web exited
        assert_equal "$(container_property web ExitCode)" 7
}

@test "a client that is killed does not harm the container" {
        caissonctl run --name web "$TEST_IMAGE" sh -c 'echo up; sleep 2; echo more; exit 5' >"$BATS_TEST_TMPDIR/out" &
        wait_for 10 grep -q up "$BATS_TEST_TMPDIR/out"
        kill -KILL $!
        wait $! || :
        wait_for_state web exited
        assert_equal "$(container_property web ExitCode)" 5
}

@test "the journal has a detached container's lines under its scope" {
        caissonctl run --detach --name web "$TEST_IMAGE" sh -c 'echo to out; echo to err >&2; printf "no end"' >/dev/null
        wait_for_state web exited
        wait_for 10 has_entry caisson-web.scope "no end"

        text=$(entries caisson-web.scope)
        assert_equal "$(jq -r 'select(.MESSAGE == "to out") | [.PRIORITY, .SYSLOG_IDENTIFIER, ._UID] | join(" ")' <<<"$text")" "6 web 0"
        assert_equal "$(jq -r 'select(.MESSAGE == "to err") | .PRIORITY' <<<"$text")" 3
}

@test "lines of processes that are gone at once are under the scope, too" {
        for i in 1 2 3 4 5; do
                caissonctl run --rm --name "short$i" "$TEST_IMAGE" echo "line $i" >/dev/null
                wait_for 10 has_entry "caisson-short$i.scope" "line $i"
        done
}

@test "a line longer than the journal's is in pieces and complete" {
        caissonctl run --detach --name web "$TEST_IMAGE" sh -c 'yes 0123456789 | head -n 20000 | tr -d "\n"; echo; echo after' >/dev/null
        wait_for_state web exited
        wait_for 10 has_entry caisson-web.scope after
        assert_equal "$(entries caisson-web.scope | jq -j 'select(.MESSAGE != "after") | .MESSAGE' | sha256sum)" \
                "$(yes 0123456789 | head -n 20000 | tr -d '\n' | sha256sum)"
}

@test "/dev/stdout can be opened, by every user" {
        caissonctl run --detach --name web --user 1000:1000 "$TEST_IMAGE" \
                sh -c 'echo "as user" >/dev/stdout; echo "an error" >/dev/stderr; echo again >/proc/self/fd/1' >/dev/null
        wait_for_state web exited
        assert_equal "$(container_property web ExitCode)" 0
        wait_for 10 has_entry caisson-web.scope "as user"
        wait_for 10 has_entry caisson-web.scope "an error"
        wait_for 10 has_entry caisson-web.scope again
}

@test "lines are logged over a restart of journald" {
        # shellcheck disable=SC2016  # for the shell inside
        caissonctl run --detach --name web --interactive "$TEST_IMAGE" sh -c 'echo before; i=0; while :; do i=$((i + 1)); echo "line $i"; sleep 0.1; done' >/dev/null
        wait_for 10 has_entry caisson-web.scope before
        systemctl restart systemd-journald.service
        last=$(entries caisson-web.scope | jq -r .MESSAGE | sed -n 's/^line //p' | tail -n 1)
        wait_for 10 has_entry caisson-web.scope "line $((last + 10))"
        assert container_state_is web running

        # and none is missing
        assert_equal "$(entries caisson-web.scope | jq -r .MESSAGE | sed -n 's/^line //p' | head -n "$last")" "$(seq "$last")"
        caissonctl rm --force web >/dev/null
}

@test "a terminal's lines are logged without what ends them" {
        run in_terminal caissonctl run --tty --name web "$TEST_IMAGE" sh -c 'test -t 1 && echo a terminal'
        assert_success
        assert_output_contains "a terminal"
        wait_for 10 has_entry caisson-web.scope "a terminal"
}

@test "the driver json-file writes docker's format" {
        caissonctl run --detach --name web --log-driver json-file "$TEST_IMAGE" sh -c 'echo "a \"line\""; echo err >&2' >/dev/null
        wait_for_state web exited
        id=$(caissonctl inspect --format '{{.Id}}' web)
        log=/var/lib/caisson/containers/$id/$id-json.log
        assert_equal "$(stat -c %a "$log")" 600
        assert_equal "$(jq -r 'select(.stream == "stdout") | .log' "$log")" 'a "line"'
        assert_equal "$(jq -r 'select(.stream == "stderr") | .log' "$log")" err
        refute has_entry caisson-web.scope err
}

@test "the driver none logs nothing" {
        caissonctl run --detach --name web --log-driver none "$TEST_IMAGE" sh -c 'echo not this' >/dev/null
        wait_for_state web exited
        refute has_entry caisson-web.scope "not this"
}

@test "the log option direct leaves nobody in between" {
        caissonctl run --detach --name web --log-opt direct=true "$TEST_IMAGE" sh -c 'echo straight; sleep 1000' >/dev/null
        wait_for 10 has_entry caisson-web.scope straight
        assert_contains "$(readlink "$(container_root web)/proc/1/fd/1")" socket:
        caissonctl rm --force web >/dev/null
}

@test "a container has no descriptors but its streams" {
        caissonctl run --detach --name web "$TEST_IMAGE" sleep 1000 >/dev/null
        assert_equal "$(echo "/proc/$(container_property web Leader)"/fd/* | sed 's,[^ ]*/,,g')" "0 1 2"
        caissonctl rm --force web >/dev/null
        run in_terminal caissonctl run --tty --name web "$TEST_IMAGE" sh -c 'cd /proc/1/fd; echo *'
        assert_output_contains "0 1 2"
        refute_output_contains "0 1 2 4"
}

@test "when a supervisor is killed its container is gone, and that is known" {
        caissonctl run --detach --name web "$TEST_IMAGE" sh -c 'trap "" TERM; sleep 1000' >/dev/null
        leader=$(container_property web Leader)
        supervisor=$(awk '{ print $4 }' "/proc/$leader/stat")
        assert_equal "$(cat "/proc/$supervisor/comm")" caisson-supervi
        kill -KILL "$supervisor"
        wait_for_state web exited 5
        wait_for 5 test ! -e "/proc/$leader"    # it dies with its supervisor, and somebody else has to reap it
}

@test "a supervisor survives every other signal" {
        caissonctl run --detach --name web "$TEST_IMAGE" sh -c 'trap "" HUP INT QUIT USR1 USR2; sleep 1000' >/dev/null
        leader=$(container_property web Leader)
        supervisor=$(awk '{ print $4 }' "/proc/$leader/stat")
        for signal in HUP INT QUIT USR1 USR2 PIPE ALRM WINCH; do
                kill -s "$signal" "$supervisor"
        done
        assert container_state_is web running
        # Not every machine lets root do that
        ! (echo -800 >/proc/self/oom_score_adj) 2>/dev/null || assert_equal "$(cat "/proc/$supervisor/oom_score_adj")" -800
        assert_equal "$(cat "/proc/$leader/oom_score_adj")" 0
}
