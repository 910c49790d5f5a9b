# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Assertions. Each says what it found and what it wanted, and fails the test. $status, $output and $lines are those of bats' run.

# fail MESSAGE…
fail() {
        printf '%s\n' "$@" >&2
        return 1
}

show_run() {
        printf 'status: %s\noutput:\n' "${status:-}" >&2
        # shellcheck disable=SC2154  # set by run
        printf '%s\n' "$output" | sed 's/^/  /' >&2
}

# assert_equal ACTUAL EXPECTED
assert_equal() {
        [ "$1" = "$2" ] || fail "expected: $2" "actual:   $1"
}

assert_not_equal() {
        [ "$1" != "$2" ] || fail "both are: $1"
}

# assert_contains TEXT PART
assert_contains() {
        [[ $1 == *"$2"* ]] || fail "expected to find: $2" "in:" "$1"
}

refute_contains() {
        [[ $1 != *"$2"* ]] || fail "expected not to find: $2" "in:" "$1"
}

# assert_matches TEXT REGEX
assert_matches() {
        [[ $1 =~ $2 ]] || fail "expected to match: $2" "but is:" "$1"
}

# assert COMMAND…, refute COMMAND…: in a test, "! command" alone would not fail.
assert() {
        "$@" || fail "failed: $*"
}

refute() {
        if "$@"; then
                fail "should have failed: $*"
        fi
}

assert_success() {
        # shellcheck disable=SC2154  # set by run
        [ "$status" -eq 0 ] || { show_run && fail "expected success"; }
}

# assert_failure [STATUS]
assert_failure() {
        if [ $# -eq 0 ]; then
                [ "$status" -ne 0 ] || { show_run && fail "expected failure"; }
        else
                [ "$status" -eq "$1" ] || { show_run && fail "expected status $1"; }
        fi
}

assert_output() {
        [ "$output" = "$1" ] || { show_run && fail "expected output: $1"; }
}

assert_output_contains() {
        [[ $output == *"$1"* ]] || { show_run && fail "expected in the output: $1"; }
}

refute_output_contains() {
        [[ $output != *"$1"* ]] || { show_run && fail "expected not to be in the output: $1"; }
}

assert_output_matches() {
        [[ $output =~ $1 ]] || { show_run && fail "expected the output to match: $1"; }
}

# assert_line TEXT: one line of the output is exactly this.
assert_line() {
        grep -qxF -- "$1" <<<"$output" || { show_run && fail "expected a line: $1"; }
}

refute_line() {
        ! grep -qxF -- "$1" <<<"$output" || { show_run && fail "expected no line: $1"; }
}

assert_exists() {
        [ -e "$1" ] || [ -L "$1" ] || fail "$1 does not exist"
}

refute_exists() {
        if [ -e "$1" ] || [ -L "$1" ]; then
                fail "$1 exists"
        fi
}

# wait_for SECONDS COMMAND…: until it succeeds; never "long enough", always a condition with a deadline.
wait_for() {
        local seconds=$1 deadline=$((${EPOCHREALTIME/./} + $1 * 1000000))
        shift

        until "$@"; do
                ((${EPOCHREALTIME/./} < deadline)) || fail "not within $seconds seconds: $*" || return 1
                sleep 0.05
        done
}
