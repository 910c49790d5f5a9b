# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2016,SC2030,SC2031
#
# The program in the container: who it is, what it is given, how it ends; and the verbs of the OCI command line.

bats_require_minimum_version 1.5.0

load lib/runtime

gone() {
        ! kill -0 "$1" 2>/dev/null
}

@test "a program that is not there, or cannot be run, has docker's exit codes" {
        run -127 contain nonsense
        assert_contains "$output" 'exec: "nonsense": executable file not found in $PATH'
        run -127 contain /bin/nonsense
        assert_contains "$output" 'exec: "/bin/nonsense": stat /bin/nonsense: No such file or directory'
        run contain /etc/passwd
        assert_failure 126
        assert_contains "$output" 'exec: "/etc/passwd": Permission denied'
        run contain /etc
        assert_failure 126
        assert_contains "$output" 'exec: "/etc": Is a directory'
        printf '#!/bin/nonsense\n' >"$ROOTFS/bin/script"
        chmod 0755 "$ROOTFS/bin/script"
        run -127 contain script
        assert_contains "$output" "is its interpreter missing?"
        : >"$ROOTFS/bin/empty"
        printf 'nonsense' >"$ROOTFS/bin/empty"
        chmod 0755 "$ROOTFS/bin/empty"
        run contain empty
        assert_failure 126
        assert_contains "$output" "Exec format error"
}

@test "exit codes and signals arrive" {
        run contain_sh 'exit 42'
        assert_failure 42
        configure '.annotations["io.caisson.init"] = "true"'
        run contain_sh 'kill -TERM $$'
        assert_failure 143
}

@test "the environment is that of the specification and nothing else" {
        configure '.process.env = ["PATH=/bin", "A=b c", "EMPTY="]'
        run contain env
        assert_success
        assert_equal "$(sort <<<"$output")" $'A=b c\nEMPTY=\nPATH=/bin'
}

@test "users are looked up in the container's files" {
        while IFS='|' read -r user expected; do
                configure '.process.user = { uid: 0, gid: 0, username: $user }' --arg user "$user"
                run contain_sh 'id -u; id -g; grep ^Groups: /proc/self/status'
                assert_success
                assert_equal "$(tr '\n\t' '  ' <<<"$output" | sed 's/ *$//')" "$expected"
        done <<-END
		tester|1000 1000 Groups: 29 1000
		1000|1000 1000 Groups: 29 1000
		1000:5|1000 5 Groups: 5
		tester:audio|1000 29 Groups: 29
		7|7 0 Groups: 0
		7:8|7 8 Groups: 8
		0|0 0 Groups: 0
		END
        configure '.process.user.username = "nobodyhere"'
        run contain true
        assert_failure 125
        assert_contains "$output" "unable to find user nobodyhere: no matching entries in passwd file"
        configure '.process.user.username = "4294967296"'
        run contain true
        assert_failure 125
        configure '.process.user.username = "0:nogroup:x"'
        run contain true
        assert_failure 125
}

@test "groups can be added by name and number" {
        configure '.process.user.username = "tester:tester" | .annotations["io.caisson.group-add"] = "audio,77"'
        run contain grep ^Groups: /proc/self/status
        assert_equal "$(tr '\t' ' ' <<<"$output" | sed 's/ *$//')" "Groups: 29 77 1000"
}

@test "a user who is not root has no capabilities and can use its output" {
        with_userns
        with_overlay
        configure '.process.user = { uid: 1000, gid: 1000 }'
        run contain_sh 'grep ^CapEff: /proc/self/status; echo hello >/dev/stdout; echo >/x'
        assert_failure
        assert_contains "$output" "CapEff:	0000000000000000"
        assert_contains "$output" hello
        assert_contains "$output" "Permission denied"
}

@test "umask, limits, host name and working directory are set" {
        configure '.process.user.umask = 63 | .hostname = "web" | .domainname = "example.org" | .process.cwd = "/tmp" |
                .process.rlimits = [{ type: "RLIMIT_NOFILE", soft: 100, hard: 200 }, { type: "RLIMIT_CORE", soft: 0, hard: 0 }]'
        run contain_sh 'umask; hostname; cat /proc/sys/kernel/domainname; pwd; ulimit -n; ulimit -Hn; ulimit -c'
        assert_success
        assert_output $'0077\nweb\nexample.org\n/tmp\n100\n200\n0'
}

@test "a low limit of open files does not hinder the set-up" {
        configure '.process.rlimits = [{ type: "RLIMIT_NOFILE", soft: 12, hard: 12 }]'
        with_userns
        with_overlay
        run contain_sh 'ulimit -n'
        assert_success
        assert_output 12
}

@test "the OOM score is set" {
        configure '.process.oomScoreAdj = 321'
        with_userns
        with_overlay
        run contain cat /proc/self/oom_score_adj
        assert_output 321
}

@test "sysctls of the container's namespaces can be set, others are refused" {
        configure '.linux.sysctl = { "net.ipv4.ip_forward": "1", "kernel.msgmax": "4096", "net.ipv4.ping_group_range": "0 65535" }'
        with_userns
        with_overlay
        run contain_sh 'cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax'
        assert_success
        assert_output $'1\n4096'

        for name in kernel.core_pattern vm.swappiness kernel.panic net kernel.shm_rmid_forced/../core_pattern kernel..msgmax; do
                configure '.linux.sysctl = { ($name): "1" }' --arg name "$name"
                run contain true
                assert_failure 125
                assert_contains "$output" "sysctl '$name'"
        done

        configure '.linux.sysctl = { "net.ipv4.ip_forward": "1" } | .linux.namespaces |= map(select(.type != "network"))'
        run contain true
        assert_failure 125
        assert_contains "$output" "would be the host's"
}

@test "a system call filter is loaded, with no_new_privs and without" {
        configure '.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: ["mkdir", "mkdirat"],
                action: "SCMP_ACT_ERRNO", errnoRet: 95 }] }'
        for nnp in true false; do
                configure '.process.noNewPrivileges = $nnp' --argjson nnp $nnp
                run contain_sh 'grep ^Seccomp: /proc/self/status; mkdir /tmp/x'
                assert_failure
                assert_contains "$output" "Seccomp:	2"
                assert_contains "$output" "Operation not supported"
        done
}

@test "the init reaps, forwards signals and is not writable" {
        configure '.annotations["io.caisson.init"] = "true"'
        run contain_sh 'tr "\0" " " </proc/1/cmdline; (true &); sleep 0.2; ps -o stat | grep -c Z; true'
        assert_success
        assert_contains "$output" "caisson-init"
        assert_contains "$output" "0"

        runtime_args='trap "exit 9" USR1; echo ready; while :; do sleep 0.05; done'
        configure '.process.args = ["sh", "-c", $script]' --arg script "$runtime_args"
        runtime run --bundle "$BUNDLE" test >"$WORK/output" &
        runtime_pid=$!
        wait_for 5 grep -q ready "$WORK/output"
        runtime kill test USR1
        status=0
        wait $runtime_pid || status=$?
        assert_equal $status 9

        run contain_sh 'echo x >>/proc/1/exe'
        assert_failure
        run -127 contain nonsense
}

@test "the runtime's death is the container's" {
        configure '.process.args = ["sh", "-c", "sleep 1000 & wait"]'
        "$RUNTIME" --root "$WORK/state" --cgroup-manager=disabled run --bundle "$BUNDLE" test &
        runtime_pid=$!
        wait_for 5 test -e "$WORK/state/test/state.json"
        pid=$(jq .pid "$WORK/state/test/state.json")
        wait_for 5 grep -q . "/proc/$pid/task/$pid/children"
        child=$(cut -d' ' -f1 "/proc/$pid/task/$pid/children")
        kill -KILL $runtime_pid
        wait_for 5 gone "$pid"
        wait_for 5 gone "$child"
        runtime delete test
}

@test "create, start, state, kill, delete" {
        configure '.process.args = ["sh", "-c", "trap \"exit 0\" TERM; echo started; while :; do sleep 0.05; done"]'
        runtime create --bundle "$BUNDLE" --pid-file "$WORK/pid" test >"$WORK/output" 2>&1 </dev/null
        pid=$(cat "$WORK/pid")
        assert_equal "$(runtime state test | jq -r .status)" created
        assert_equal "$(runtime state test | jq -r .pid)" "$pid"
        assert_equal "$(cat "$WORK/output")" ""
        run runtime create --bundle "$BUNDLE" test
        assert_failure
        assert_contains "$output" "exists already"

        runtime start test
        assert_equal "$(runtime state test | jq -r .status)" running
        wait_for 5 grep -q started "$WORK/output"
        run runtime start test
        assert_failure
        run runtime delete test
        assert_failure
        assert_contains "$output" "still running"
        assert_contains "$(runtime list)" running
        assert_contains "$(runtime ps test)" "$pid"

        runtime kill test TERM
        wait_for 5 eval '[ "$(runtime state test | jq -r .status)" = stopped ]'
        run runtime kill test TERM
        assert_failure
        assert_contains "$output" "not running"
        runtime delete test
        run runtime state test
        assert_failure
        assert_contains "$output" "does not exist"
}

@test "start tells why a program cannot be executed" {
        configure '.process.args = ["nonsense"]'
        runtime create --bundle "$BUNDLE" test </dev/null >"$WORK/output" 2>&1
        run runtime start test
        assert_failure
        assert_contains "$output" "executable file not found"
        runtime delete --force test
}

@test "a container gets a terminal of its own" {
        configure '.process.terminal = true | .process.consoleSize = { height: 33, width: 99 }'
        configure '.process.args = ["sh", "-c", "tty; stty size; ls -l /dev/console; exit 5"]'
        run script --quiet --return --command "stty rows 44 cols 111; $RUNTIME --root $WORK/state --cgroup-manager=disabled run --bundle $BUNDLE test" /dev/null
        assert_failure 5
        assert_contains "$output" "/dev/pts/0"
        assert_contains "$output" "/dev/console"
        assert_matches "$output" "(33 99|44 111)"
}

@test "hooks get the state, and one that fails keeps the container from starting" {
        configure '.hooks = { createRuntime: [{ path: "/bin/sh", args: ["sh", "-c", $script] }], poststop: [{ path: "/bin/sh",
                args: ["sh", "-c", $after] }] }' --arg script "cat >$WORK/state.json" --arg after ": >$WORK/after"
        run contain true
        assert_success
        assert_equal "$(jq -r .id "$WORK/state.json")" test
        assert_exists "$WORK/after"

        configure '.hooks.createRuntime[0].args = ["sh", "-c", "exit 3"]'
        run contain true
        assert_failure 125
        assert_contains "$output" "hook '/bin/sh' failed with status 3"
}

@test "bad configurations get a sentence" {
        configure '.process.user.uid = "0"'
        run contain true
        assert_failure 125
        assert_contains "$output" "config.json: /process/user/uid: expected integer, got string"
        configure '.process.user.uid = 0 | .linux.namespaces |= map(select(.type != "uts"))'
        run contain true
        assert_failure 125
        assert_contains "$output" "A host name needs a UTS namespace"
        configure '.process.args = []'
        run runtime run --bundle "$BUNDLE" test
        assert_failure 125
        run runtime run --bundle "$BUNDLE" ../test
        assert_failure 125
        assert_contains "$output" "'../test' is not the name of a container"
}
