# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2016,SC1010
#
# Containers with a terminal. script(1) gives the client one; what is typed comes from a fifo.

load lib/common

setup() {
        common_setup
        mkfifo "$BATS_TEST_TMPDIR/keys"
        screen=$BATS_TEST_TMPDIR/screen
}

# in_background COMMAND…: in a terminal; the screen is in $screen, keys are typed with type_keys.
in_background() {
        in_terminal "$@" <"$BATS_TEST_TMPDIR/keys" >"$screen" 2>&1 3>&- &
        client=$!
        exec 8>"$BATS_TEST_TMPDIR/keys"
}

type_keys() {
        # shellcheck disable=SC2059  # escapes are wanted
        printf "$1" >&8
}

wait_for_screen() {
        wait_for 10 grep -qE "$1" "$screen" || fail "the screen does not show $1, but:" "$(cat -v "$screen")"
}

# end_of_client: its exit status in $status
end_of_client() {
        status=0
        wait_for 10 sh -c "! kill -0 $client 2>/dev/null" || fail "the client does not end; the screen:" "$(cat -v "$screen")"
        wait "$client" || status=$?
        exec 8>&-
}

@test "a shell: typing, editing, the terminal's size, its end" {
        in_background sh -c "stty rows 33 cols 99; caissonctl run --rm -it $TEST_IMAGE sh"
        wait_for_screen '[#$] '
        type_keys 'stty size\r'
        wait_for_screen '33 99'
        type_keys 'tty\r'
        wait_for_screen '/dev/(pts|console)'
        type_keys 'exit 12\r'
        end_of_client
        assert_equal "$status" 12
}

@test "ctrl-c goes to the container" {
        in_background caissonctl run --rm -it "$TEST_IMAGE" sh -c 'trap "echo caught; exit 4" INT; echo ready; while :; do sleep 0.05; done'
        wait_for_screen ready
        type_keys '\003'
        end_of_client
        assert_equal "$status" 4
        assert_contains "$(cat "$screen")" caught
}

@test "ctrl-p ctrl-q leaves the container running, attach comes back" {
        in_background caissonctl run -it --name web "$TEST_IMAGE" sh
        wait_for_screen '[#$] '
        type_keys 'echo mark$((1+1))\r'
        wait_for_screen 'mark2'
        type_keys '\020\021'
        end_of_client
        assert_equal "$status" 0
        assert_equal "$(container_property web State)" running

        in_background caissonctl attach web
        wait_for_screen 'mark2' # what was there before
        type_keys 'echo back$((2+2))\r'
        wait_for_screen 'back4'
        type_keys 'exit 3\r'
        end_of_client
        assert_equal "$status" 3
}

@test "--detach-keys" {
        in_background caissonctl run -it --name web --detach-keys 'ctrl-x,x' "$TEST_IMAGE" sh
        wait_for_screen '[#$] '
        type_keys '\030x'
        end_of_client
        assert_equal "$status" 0
        assert_equal "$(container_property web State)" running
        run caissonctl run -it --detach-keys 'hyper-a' "$TEST_IMAGE" true
        assert_failure 125
}

@test "the terminal is as before, however it ends" {
        in_background sh -c "caissonctl run --rm -it $TEST_IMAGE true; stty -a | grep -o -e '-*icanon' -e '-*echo ' | tr '\n' ' '; echo done"
        wait_for_screen done
        assert_matches "$(cat "$screen")" '(^|[^-])icanon'
        end_of_client

        in_background sh -c "caissonctl run -it --name web $TEST_IMAGE sh; stty -a | grep -o -e '-*icanon'; echo done"
        wait_for_screen '[#$] '
        caissonctl rm -f web
        wait_for_screen done
        assert_matches "$(cat "$screen")" '(^|[^-])icanon'
        end_of_client
}

@test "-it without a terminal is an error, -t alone and -i alone are none" {
        run bash -c "caissonctl run --rm -it $TEST_IMAGE true </dev/null"
        assert_failure 125
        assert_output_contains "the input device is not a TTY"
        assert_equal "$(caissonctl ps -aq)" ""
        run bash -c "caissonctl run --rm -t $TEST_IMAGE tty </dev/null"
        assert_success
        run bash -c "echo x | caissonctl run --rm -i $TEST_IMAGE cat"
        assert_output x
}

@test "a terminal has one stream, with the line ends of a terminal" {
        run --separate-stderr bash -c "caissonctl run --rm -t $TEST_IMAGE sh -c 'echo out; echo err >&2' </dev/null | od -c"
        assert_output_contains '\r'
        # shellcheck disable=SC2154  # of bats
        assert_equal "$stderr" ""
}

@test "a resize reaches the container" {
        in_background sh -c 'stty rows 20 cols 70; terminal=$(tty)
                (sleep 1; stty -F "$terminal" rows 21 cols 71) &
                exec caissonctl run --rm -it "$1" sh -c "$2"' sh "$TEST_IMAGE" \
                'while [ "$(stty size)" != "21 71" ]; do sleep 0.05; done; echo resized'
        wait_for_screen resized
        end_of_client
}
