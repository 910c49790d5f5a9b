# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2016
#
# For the tests of caisson-runtime: a bundle with a busybox root file system, and configurations made with jq. They need
# root, but no caissond, and leave the machine's cgroups alone.

TEST_LIB=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
# shellcheck source=tests/integration/lib/assert.bash
. "$TEST_LIB/assert.bash"
# shellcheck source=tests/integration/lib/archive.bash
. "$TEST_LIB/archive.bash"

RUNTIME=${CAISSON_RUNTIME:-caisson-runtime}
INIT=${CAISSON_INIT:-/usr/lib/caisson/caisson-init}
FIRST_ID=100000 # of the range of the containers with a user namespace

setup() {
        runtime_setup
}

teardown() {
        runtime_teardown
}

runtime_setup() {
        WORK=$(mktemp -d /var/tmp/caisson-runtime-test.XXXXXX)
        BUNDLE=$WORK/bundle
        ROOTFS=$BUNDLE/rootfs
        mkdir -p "$BUNDLE" "$WORK/state"
        chmod 0755 "$WORK"
        [ -d "$BATS_FILE_TMPDIR/rootfs" ] || busybox_rootfs "$BATS_FILE_TMPDIR/rootfs"
        cp -a "$BATS_FILE_TMPDIR/rootfs" "$ROOTFS"
        runtime spec --bundle "$BUNDLE"
        configure '.process.terminal = false | .root.readonly = false | .linux.resources = {}'
}

runtime_teardown() {
        local id

        for id in $(runtime list --quiet); do
                runtime delete --force "$id"
        done
        assert_equal "$(ls "$WORK/state")" ""
        rm -r "$WORK"
}

runtime() {
        "$RUNTIME" --root "$WORK/state" --cgroup-manager=disabled --init "$INIT" "$@"
}

# configure FILTER [JQ-OPTION…]: changes config.json.
configure() {
        local filter=$1
        shift

        jq "$filter" "$@" <"$BUNDLE/config.json" >"$BUNDLE/config.new"
        mv "$BUNDLE/config.new" "$BUNDLE/config.json"
}

# words WORD…: prints them as a JSON array (jq itself would take "-c" for an option).
words() {
        printf '%s\x1e' "$@" | jq --raw-input --slurp 'split("\u001e")[:-1]'
}

# with_userns: with a user namespace, over a root file system that is its own.
with_userns() {
        configure '.linux.namespaces += [{ type: "user" }] |
                .linux.uidMappings = [{ containerID: 0, hostID: $first, size: 65536 }] |
                .linux.gidMappings = .linux.uidMappings' --argjson first "$FIRST_ID"
}

# with_overlay [LAYER…]: the root is an overlay of these directories, topmost first, over the busybox one.
with_overlay() {
        local layer options=() owner=0 idmap=false

        if jq --exit-status '.linux.uidMappings' "$BUNDLE/config.json" >/dev/null; then
                owner=$FIRST_ID
                idmap=true
        fi
        mkdir -p "$WORK/upper" "$WORK/work"
        chown "$owner:$owner" "$WORK/upper"
        for layer in "$@" "$ROOTFS"; do
                options+=("lowerdir=$layer")
        done
        configure '.mounts = [{ destination: "/", type: "overlay", source: "overlay", options: ($options +
                if $idmap then ["idmap"] else [] end) }] + .mounts' --argjson idmap $idmap \
                --argjson options "$(words "${options[@]}" "upperdir=$WORK/upper" "workdir=$WORK/work")"
}

# contain COMMAND…: runs it in a container.
contain() {
        configure '.process.args = $args' --argjson args "$(words "$@")"
        runtime run --bundle "$BUNDLE" test
}

# contain_sh SCRIPT: the same for a line of shell.
contain_sh() {
        contain sh -c "$1"
}
