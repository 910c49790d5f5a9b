# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# For all integration tests: "load lib/common" and write the tests. They run as root on a host of their own (tools/testhost)
# with caisson installed, one after the other. $TEST_IMAGE is there when a test starts; containers and images that it makes
# are removed at its end, and what is still there after that fails it. A file with a setup() or teardown() of its own calls
# common_setup first and common_teardown last in them.

bats_require_minimum_version 1.5.0

TEST_LIB=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
# shellcheck source=tests/integration/lib/assert.bash
. "$TEST_LIB/assert.bash"
# shellcheck source=tests/integration/lib/archive.bash
. "$TEST_LIB/archive.bash"
# shellcheck source=tests/integration/lib/leaks.bash
. "$TEST_LIB/leaks.bash"

TEST_IMAGE=localhost/test:latest        # busybox, see test_image()
# shellcheck disable=SC2034  # for the tests
TEST_USER=nobody                        # somebody without any rights
FIXTURES=/var/tmp/test-fixtures         # lives as long as the host

setup() {
        common_setup
}

teardown() {
        common_teardown
}

common_setup() {
        # So that "wait" in a test waits for what the test has started, and not for what bats times it with.
        disown -a
        TEST_CURSOR=$(journalctl --lines=0 --show-cursor --no-pager | sed -n 's/^-- cursor: //p')
        systemctl reset-failed
        test_image
        test_image_id=$(image_id "$TEST_IMAGE")
        warm_up
        leak_snapshot
}

common_teardown() {
        if [ "${BATS_TEST_COMPLETED:-}" != 1 ]; then
                show_journal
        fi
        remove_everything
        leak_check
}

# show_journal: what was logged since the test began.
show_journal() {
        journalctl --after-cursor="$TEST_CURSOR" --no-pager --output=short-precise --lines=80 |
                grep -vE ' (systemd|dbus-daemon|polkitd|systemd-machined)\[[0-9]+\]: ' | sed 's/^/journal: /' >&2 || :
}

remove_everything() {
        local id

        for id in $(caissonctl ps --all --quiet --no-trunc); do
                caissonctl rm --force "$id" >/dev/null || fail "could not remove container $id"
        done
        for id in $(caissonctl images --quiet --no-trunc | sort -u); do
                [ "$id" = "$test_image_id" ] || caissonctl rmi --force "$id" >/dev/null || fail "could not remove image $id"
        done
        # A test may have given the image more names, or taken its own.
        test_image
}

# test_image: loads the image if it is not there.
test_image() {
        image_id "$TEST_IMAGE" >/dev/null 2>&1 || caissonctl load --input "$(test_archive)" >/dev/null
}

# warm_up: has a caissond that is new open what it keeps open from then on (the compiled seccomp filter, say).
warm_up() {
        local pid

        pid=$(caissond_pid)
        [ "$pid" != "$(cat "$FIXTURES/warm" 2>/dev/null)" ] || return 0
        caissonctl run --rm "$TEST_IMAGE" true
        mkdir -p "$FIXTURES"
        caissond_pid >"$FIXTURES/warm"
}

image_id() {
        caissonctl image inspect --format '{{.Id}}' "$1"
}

# test_layer, test_archive: print the path of a layer, and of a docker archive with this layer, of busybox.
test_layer() {
        local root

        if [ ! -e "$FIXTURES/busybox.tar" ]; then
                mkdir -p "$FIXTURES"
                root=$(mktemp -d)
                busybox_rootfs "$root"
                chmod 0755 "$root"
                layer_tar "$root" "$FIXTURES/busybox.tar.new"
                mv "$FIXTURES/busybox.tar.new" "$FIXTURES/busybox.tar"
                rm -r "$root"
        fi
        printf '%s\n' "$FIXTURES/busybox.tar"
}

test_archive() {
        if [ ! -e "$FIXTURES/test-image.tar" ]; then
                docker_archive "$FIXTURES/test-image.tar.new" "$TEST_IMAGE" \
                        '{ "Env": [ "PATH=/usr/local/bin:/usr/bin:/bin" ], "Cmd": [ "/bin/sh" ], "WorkingDir": "/" }' \
                        "$(test_layer)"
                mv "$FIXTURES/test-image.tar.new" "$FIXTURES/test-image.tar"
        fi
        printf '%s\n' "$FIXTURES/test-image.tar"
}

# manager_call METHOD [SIGNATURE ARGUMENT…]: prints the answer as JSON.
manager_call() {
        busctl --json=short --system call io.caisson1 /io/caisson1 io.caisson1.Manager "$@"
}

# container_object NAME
container_object() {
        manager_call GetContainer s "$1" | jq -r '.data[0]'
}

# container_property NAME PROPERTY: as D-Bus has it; Pid is another word for Leader.
container_property() {
        local object property=$2

        [ "$property" != Pid ] || property=Leader
        object=$(container_object "$1") || return 1
        busctl --json=short --system get-property io.caisson1 "$object" io.caisson1.Container "$property" | jq -r '.data'
}

container_state_is() {
        [ "$(container_property "$1" State)" = "$2" ]
}

# wait_for_state NAME STATE [SECONDS]
wait_for_state() {
        wait_for "${3:-10}" container_state_is "$1" "$2" || fail "'$1' is $(container_property "$1" State), not $2"
}

# unit_property NAME PROPERTY: of the container's scope, as systemd has it.
unit_property() {
        systemctl show --property "$2" --value -- "$(container_property "$1" Unit)"
}

# container_root NAME: its root directory, as the host sees it.
container_root() {
        printf '/proc/%s/root\n' "$(container_property "$1" Leader)"
}

# as_user NAME COMMAND…
as_user() {
        local user=$1
        shift
        setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups -- "$@"
}

# in_terminal COMMAND…: gives it a terminal of its own; standard input is passed on.
in_terminal() {
        script --quiet --return --command "$(printf '%q ' "$@")" /dev/null
}

restart_caissond() {
        systemctl reset-failed caissond.service 2>/dev/null || :
        systemctl restart caissond.service
}

# kill_caissond: as a crash would; it comes back on its own or with the next request.
kill_caissond() {
        systemctl kill --kill-whom=main --signal=KILL caissond.service
}
