# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Integration tests: a fresh test host, the build installed there, bats.

SANITIZER_ENVIRONMENT=(
        ASAN_OPTIONS=detect_leaks=1:exitcode=99
        UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1:exitcode=99
        LSAN_OPTIONS=exitcode=99
)

# In the journal of a healthy host there is none of this. Tests kill caissond, so status KILL and TERM are none of it.
JOURNAL_TROUBLE='AddressSanitizer|LeakSanitizer|UndefinedBehaviorSanitizer|: runtime error: |Assertion .* failed'
JOURNAL_TROUBLE+='|caissond\.service: .*status=(4/ILL|5/TRAP|6/ABRT|7/BUS|8/FPE|11/SEGV|31/SYS|99/)'
JOURNAL_TROUBLE+="|caissond\.service: Failed with result '(watchdog|timeout|core-dump)'"

integration_current=    # the host that is running

integration_host() {
        "$PROJECT_DIR/tools/testhost" "$@"
}

# integration_prepare HOST: how the daemon and what it starts are to run under test.
integration_prepare() {
        local host=$1

        # shellcheck disable=SC2016  # expanded over there
        integration_host exec "$host" -- /bin/sh -ec '
                directory=/etc/systemd/system/caissond.service.d
                mkdir -p $directory
                printf "[Unit]\nStartLimitIntervalSec=0\n[Service]\n" >$directory/test.conf
                for variable; do
                        printf "Environment=%s\n" "$variable" >>$directory/test.conf
                done' sh "${SANITIZER_ENVIRONMENT[@]}"
}

# integration_check_journal NAME HOST: of the time since the last call.
integration_check_journal() {
        local name=$1 host=$2 journal=$RESULTS_DIR/journal trouble=$RESULTS_DIR/trouble

        integration_host exec "$host" -- journalctl --cursor-file=/run/test-cursor --no-pager --output=short-precise \
                >"$journal" 2>&1 || :
        # Only of what is ours are the lines around it of interest.
        sed -i -E '/ (systemd|systemd-machined|dbus-daemon|polkitd)\[[0-9]+\]: /{/caissond\.service/!d}' "$journal"
        if grep -E --after-context=30 "$JOURNAL_TROUBLE" "$journal" >"$trouble"; then
                result fail "$name: no sanitizer report and no crash in the journal" "$trouble"
        else
                result pass "$name: no sanitizer report and no crash in the journal"
        fi
}

# integration_run NAME HOST FILE: one file of tests.
integration_run() {
        local name=$1 host=$2 file=$3 tap=$RESULTS_DIR/tap status=0

        env "${SANITIZER_ENVIRONMENT[@]}" "$PROJECT_DIR/tools/testhost" exec "$host" -- \
                env BATS_TEST_TIMEOUT="${CAISSON_TEST_TIMEOUT:-180}" timeout --kill-after=10 1200 \
                bats --tap "$file" >"$tap" 2>&1 </dev/null || status=$?
        results_of_tap "$name" "$tap" || result fail "$name: bats ran all tests (it exited with $status)" "$tap"
        integration_check_journal "$name" "$host"
}

# integration LABEL BUILD KEEP FILE…: all of them on one host. Leaves no host behind, unless asked to.
integration() {
        local label=$1 build=$2 keep=$3 host=test-$1-$$ output=$RESULTS_DIR/output file name
        shift 3

        integration_current=$host
        if ! integration_host start "$host" >"$output" 2>&1; then
                result fail "$label: the test host starts" "$output"
                return 0
        fi
        if ! integration_prepare "$host" >"$output" 2>&1 || ! integration_host install "$host" "$build" >"$output" 2>&1; then
                result fail "$label: the build can be installed" "$output"
                integration_stop "$keep"
                return 0
        fi
        for file; do
                name="$label: $(basename "$file")"
                printf '%s\n' "$name"
                integration_run "$name" "$host" "$(realpath "$file")"
        done
        integration_stop "$keep"
}

# integration_stop KEEP: also when the tests are interrupted.
integration_stop() {
        local host=$integration_current

        [ -n "$host" ] || return 0
        integration_current=
        if [ "$1" -eq 1 ]; then
                info "the test host is kept: tools/testhost shell $host; tools/testhost stop $host"
        else
                integration_host stop "$host" || :
        fi
}
