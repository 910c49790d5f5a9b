# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Who may do what: root all, others what polkit allows them, and nobody anything while polkit is not there.

load lib/common

RULES=/etc/polkit-1/rules.d/10-caisson-test.rules

setup() {
        common_setup
        rm -f "$RULES"
}

teardown() {
        rm -f "$RULES"
        systemctl start polkit.service
        common_teardown
}

# allow JAVASCRIPT-CONDITION: of action and subject
allow() {
        cat >"$RULES" <<-END
		polkit.addRule(function(action, subject) {
		        if (subject.user == "$TEST_USER" && ($1))
		                return polkit.Result.YES;
		});
		END
        # polkit reads it when it notices
        systemctl restart polkit.service
}

user_call() {
        as_user "$TEST_USER" busctl --system --timeout=20 call io.caisson1 /io/caisson1 io.caisson1.Manager "$@"
}

@test "somebody without rights is refused everything" {
        caissonctl run --detach --name web "$TEST_IMAGE" sleep infinity
        object=$(container_object web)
        for command in ps images 'run --rm localhost/test true' 'stop web' 'rm --force web' 'rmi localhost/test' \
                'inspect web' 'kill web' 'tag localhost/test localhost/other' 'save localhost/test'; do
                # shellcheck disable=SC2086  # words
                run as_user "$TEST_USER" caissonctl $command
                assert_failure
                assert_output_matches "[Nn]ot authorized"
        done
        for call in Stop:tt:1:0 Kill:si:all:9 Remove:t:1 Pause Unpause Restart:tt:1:0 Rename:s:x; do
                # shellcheck disable=SC2046  # words
                run as_user "$TEST_USER" busctl --system call io.caisson1 "$object" io.caisson1.Container \
                        $(tr ':' ' ' <<<"$call")
                assert_failure
        done
        assert_equal "$(container_property web State)" running
}

@test "without polkit only root may" {
        systemctl stop polkit.service
        systemctl mask --runtime polkit.service
        run user_call ListContainers 'a{sv}' 0
        status_of_user=$status
        run caissonctl ps
        systemctl unmask --runtime polkit.service
        assert_not_equal "$status_of_user" 0
        assert_success
}

@test "a rule can give one verb on one container" {
        caissonctl run --detach --name web "$TEST_IMAGE" sleep infinity
        caissonctl run --detach --name db "$TEST_IMAGE" sleep infinity
        allow 'action.id == "io.caisson1.inspect" ||
               action.id == "io.caisson1.manage-containers" && action.lookup("container") == "web"'
        assert as_user "$TEST_USER" caissonctl ps
        as_user "$TEST_USER" caissonctl kill web
        wait_for_state web exited
        run as_user "$TEST_USER" caissonctl kill db
        assert_failure
        assert_equal "$(container_property db State)" running
}

@test "to run a container is not to have the host" {
        allow 'action.id == "io.caisson1.inspect" || action.id == "io.caisson1.run-container" ||
               action.id == "io.caisson1.exec"'
        assert_equal "$(as_user "$TEST_USER" caissonctl run --rm "$TEST_IMAGE" id -u)" 0
        for option in --privileged --userns=host --network=host --ipc=host --uts=host --cap-add=SYS_ADMIN \
                --security-opt=seccomp=unconfined --security-opt=unmask=ALL --security-opt=no-new-privileges=false \
                --volume=/etc:/host --mount=type=bind,src=/,dst=/host --device=/dev/null:/dev/x --cgroup-parent=system.slice \
                --oom-score-adj=-500 --pids-limit=-1 --device-cgroup-rule='c 1:1 r'; do
                run as_user "$TEST_USER" caissonctl run --rm "$option" "$TEST_IMAGE" true
                assert_failure
                assert_output_matches "[Nn]ot authorized"
        done
}

@test "environments are secrets" {
        caissonctl run --detach --name web --env TOKEN=hidden "$TEST_IMAGE" sleep infinity
        allow 'action.id == "io.caisson1.inspect"'
        run as_user "$TEST_USER" caissonctl inspect web
        refute_output_contains hidden
        assert_contains "$(caissonctl inspect web)" hidden
}

@test "a caller who leaves while polkit is asked gets nothing" {
        local i

        allow 'action.id == "io.caisson1.run-container" && polkit.spawn([ "/bin/sleep", "0.2" ]) == ""'
        for i in 1 2 3 4 5; do
                as_user "$TEST_USER" timeout --signal=KILL 0.1 caissonctl run --detach --name "late$i" "$TEST_IMAGE" true || :
        done
        sleep 2
        assert_equal "$(caissonctl ps --all --quiet)" ""
        assert caissonctl ps
}

@test "requests that wait for polkit are limited" {
        local i pids=()

        systemctl kill --signal=STOP polkit.service
        for i in $(seq 40); do
                user_call ListContainers 'a{sv}' 0 >>"$BATS_TEST_TMPDIR/output" 2>&1 &
                pids+=($!)
        done
        wait_for 15 grep -q "Too many requests wait" "$BATS_TEST_TMPDIR/output"
        # root does not wait behind them
        assert caissonctl ps
        systemctl kill --signal=CONT polkit.service
        for i in "${pids[@]}"; do
                wait "$i" || :
        done
}
