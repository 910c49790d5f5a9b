# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Results of all kinds of tests in one place: a file with a line "pass|fail|skip NAME" for each, and the output of those that
# failed, to be shown again at the end.

results_begin() {
        RESULTS_DIR=$(mktemp -d)
        : >"$RESULTS_DIR/results"
}

results_cleanup() {
        rm -rf "$RESULTS_DIR"
}

# result KIND NAME [FILE-WITH-OUTPUT]
result() {
        local kind=$1 name=$2 output=${3:-}

        printf '%s %s\n' "$kind" "$name" >>"$RESULTS_DIR/results"
        [ "$kind" = fail ] || return 0
        printf 'FAILED: %s\n' "$name"
        {
                printf '\n=== %s\n' "$name"
                if [ -n "$output" ]; then
                        tail -n 120 "$output"
                fi
        } >>"$RESULTS_DIR/failures"
}

# check NAME COMMAND…: a test that is one command.
check() {
        local name=$1 output=$RESULTS_DIR/output
        shift

        if "$@" >"$output" 2>&1; then
                result pass "$name"
        else
                result fail "$name" "$output"
        fi
}

# results_of_meson NAME BUILD: what "meson test" has written; with a wrapper, its name is part of that of the file.
results_of_meson() {
        local name=$1 build=$2 log kind test output=$RESULTS_DIR/output

        log=$(find "$build/meson-logs" -name 'testlog*.json' -size +0)
        [ -f "$log" ] || return 1
        while IFS=$'\t' read -r kind test; do
                case "$kind" in
                OK | EXPECTEDFAIL) result pass "$name: $test" ;;
                SKIP) result skip "$name: $test" ;;
                *)
                        jq -r --arg name "$test" 'select(.name == $name)
                                | "\(.command | join(" "))\n\(.stdout // "")\(.stderr // "")"' "$log" >"$output"
                        result fail "$name: $test ($kind)" "$output"
                        ;;
                esac
        done < <(jq -r '"\(.result)\t\(.name)"' "$log")
}

# tap_comments FILE LINE: what follows the line up to the next test says why.
tap_comments() {
        awk -v wanted="$2" '
                $0 == wanted { on = 1; next }
                on && /^(not )?ok / { exit }
                on' "$1"
}

# results_of_tap NAME FILE: what bats has printed; fails if it has stopped before its last test.
# shellcheck disable=SC2094  # read only
results_of_tap() {
        local name=$1 file=$2 line planned=0 seen=0 description

        while IFS= read -r line; do
                case "$line" in
                1..*) planned=${line#1..} ;;
                "ok "* | "not ok "*)
                        seen=$((seen + 1))
                        description=${line#not }
                        description=${description#ok * }
                        case "$line" in
                        "ok "*" # skip"*) result skip "$name: ${description%% # skip*}" ;;
                        "ok "*) result pass "$name: $description" ;;
                        *)
                                tap_comments "$file" "$line" >"$RESULTS_DIR/output"
                                result fail "$name: $description" "$RESULTS_DIR/output"
                                ;;
                        esac
                        ;;
                esac
        done <"$file"
        [ "$seen" -gt 0 ] && [ "$seen" -eq "$planned" ]
}

# results_end: shows what has failed and, as the last line, how many of each there are; fails if any have failed.
results_end() {
        local passed failed skipped

        if [ -s "$RESULTS_DIR/failures" ]; then
                cat "$RESULTS_DIR/failures"
                printf '\n'
        fi
        passed=$(grep -c '^pass ' "$RESULTS_DIR/results") || :
        failed=$(grep -c '^fail ' "$RESULTS_DIR/results") || :
        skipped=$(grep -c '^skip ' "$RESULTS_DIR/results") || :
        printf '%s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
        [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
