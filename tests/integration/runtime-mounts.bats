# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2016,SC2030,SC2031
#
# Root file systems and mounts, and images that want to lead them astray.

load lib/runtime

add_mount() {
        configure '.mounts += [{ destination: $d, type: $t, source: $s, options: $options }]' \
                --arg d "$1" --arg t "$2" --arg s "$3" --argjson options "$(words "${@:4}")"
}

@test "files of layers belong to whom they belonged, whatever the range" {
        mkdir "$WORK/layer"
        echo hello >"$WORK/layer/mine"
        chown 1000:1000 "$WORK/layer/mine"
        with_userns
        with_overlay "$WORK/layer"
        run contain_sh 'stat -c %u:%g /mine /bin; cat /mine; touch /new; chown 5:6 /new 2>/dev/null; stat -c %u:%g /new'
        assert_success
        assert_equal "${lines[0]}" 1000:1000
        assert_equal "${lines[1]}" 0:0
        assert_equal "${lines[2]}" hello
        assert_equal "${lines[3]}" 0:0
        assert_equal "$(stat -c %u:%g "$WORK/layer/mine")" 1000:1000
        assert_equal "$(stat -c %u:%g "$WORK/upper/new")" "$FIRST_ID:$FIRST_ID"
}

@test "a hundred layers with long names mount" {
        local layers=()

        for i in $(seq 100); do
                layers+=("$WORK/layers/$(printf '%064d' "$i")")
                mkdir -p "${layers[-1]}"
                echo "$i" >"${layers[-1]}/number"
                touch "${layers[-1]}/file-$i"
        done
        with_userns
        with_overlay "${layers[@]}"
        run contain_sh 'cat /number; ls -d /file-* | wc -l'
        assert_success
        assert_equal "${lines[0]}" 1
        assert_equal "${lines[1]}" 100
}

@test "an image without layers has its upper directory for a root" {
        with_overlay
        configure '.mounts[0].options |= map(select(startswith("lowerdir=") | not))'
        cp -a "$ROOTFS/." "$WORK/upper"
        run contain_sh 'touch /x'
        assert_success
        assert_exists "$WORK/upper/x"
}

@test "a volatile overlay is volatile" {
        with_overlay
        configure '.mounts[0].options += ["volatile"]'
        run contain grep ' / ' /proc/self/mounts
        assert_success
        assert_contains "$output" volatile
}

@test "a layer that is not there is named" {
        with_overlay /nonexistent/layer
        run contain true
        assert_failure 125
        assert_contains "$output" "/nonexistent/layer"
}

@test "a read-only root is read-only, what is mounted in it is not" {
        configure '.root.readonly = true'
        add_mount /tmp tmpfs tmpfs size=64k mode=1777
        run contain_sh 'touch /tmp/x && touch /x'
        assert_failure
        assert_contains "$output" "/x: Read-only file system"
}

@test "a bind mount shows what is there and keeps its flags" {
        mkdir "$WORK/data"
        echo hello >"$WORK/data/file"
        add_mount /srv/data bind "$WORK/data" rbind ro nosuid nodev noexec
        run contain_sh 'cat /srv/data/file; grep " /srv/data " /proc/self/mountinfo | cut -d" " -f6; touch /srv/data/x'
        assert_failure
        assert_equal "${lines[0]}" hello
        assert_matches "${lines[1]}" '^ro,nosuid,nodev,noexec'
        assert_contains "$output" "Read-only file system"
}

@test "read-only goes for the mounts below as well" {
        mkdir -p "$WORK/data/below"
        mount -t tmpfs tmpfs "$WORK/data/below"
        add_mount /data bind "$WORK/data" rbind ro
        run contain_sh 'touch /data/below/x'
        umount "$WORK/data/below"
        assert_failure
        assert_contains "$output" "Read-only file system"
}

@test "a file can be mounted onto a file that is not there" {
        echo hello >"$WORK/file"
        add_mount /etc/some/file bind "$WORK/file" bind ro
        run contain cat /etc/some/file
        assert_success
        assert_output hello
}

@test "an id-mapped bind mount has the owners it has on disk" {
        mkdir "$WORK/data"
        touch "$WORK/data/mine"
        chown 1000:1000 "$WORK/data" "$WORK/data/mine"
        with_userns
        with_overlay
        add_mount /data bind "$WORK/data" bind idmap
        configure '.process.user = { uid: 1000, gid: 1000 }'
        run contain_sh 'stat -c %u:%g /data/mine; touch /data/new'
        assert_success
        assert_output 1000:1000
        assert_equal "$(stat -c %u:%g "$WORK/data/new")" 1000:1000
}

@test "a source that is not there is named" {
        add_mount /data bind "$WORK/nothing" bind
        run contain true
        assert_failure 125
        assert_contains "$output" "bind source path does not exist: $WORK/nothing"
}

@test "an unknown option of a bind mount is named" {
        add_mount /data bind "$WORK" bind nonsense
        run contain true
        assert_failure 125
        assert_contains "$output" "mount /data: unknown option 'nonsense'"
}

@test "what a file system says of its options is told" {
        add_mount /data tmpfs tmpfs size=nonsense
        run contain true
        assert_failure 125
        assert_contains "$output" "make /data: Invalid argument (tmpfs: Bad value for 'size')"
}

@test "links at /proc, /sys and /dev are errors" {
        local canary=$WORK/canary

        for name in proc sys dev; do
                mkdir -p "$canary" "$ROOTFS/canary"
                rmdir "$ROOTFS/$name"
                for target in "$canary" /canary /etc ../../canary; do
                        ln -sfn "$target" "$ROOTFS/$name"
                        run contain true
                        assert_failure 125
                        assert_contains "$output" "mount /$name: Too many levels of symbolic links"
                        assert_equal "$(find "$canary" "$ROOTFS/canary" -mindepth 1)" ""
                        rm "$ROOTFS/$name"
                done
                mkdir "$ROOTFS/$name"
        done
}

@test "links below /dev are errors" {
        # /dev of the image is covered by ours; with a bind mount it is not
        configure '.mounts |= map(select(.destination != "/dev"))'
        ln -s /etc "$ROOTFS/dev/shm"
        run contain true
        assert_failure 125
        assert_contains "$output" "mount /dev/shm: Too many levels of symbolic links"
}

@test "links of the image lead mounts about inside the root only" {
        mkdir "$WORK/data" "$WORK/outside"
        touch "$WORK/data/here"
        mkdir -p "$ROOTFS$WORK/outside"
        ln -s "/../../../../../../$WORK/outside" "$ROOTFS/out"
        add_mount /out/deep bind "$WORK/data" bind
        run contain ls "$WORK/outside/deep"
        assert_success
        assert_output here
        assert_equal "$(ls "$WORK/outside")" ""

        # One that leads nowhere in there leads nowhere
        rm -r "$ROOTFS$WORK/outside"
        run contain true
        assert_failure 125
        assert_contains "$output" "mount /out/deep: Not a directory"
        assert_equal "$(ls "$WORK/outside")" ""
}

@test "a volume cannot be led into /proc or /sys" {
        mkdir "$WORK/data"
        ln -s /proc/self "$ROOTFS/evil"
        add_mount /evil bind "$WORK/data" bind
        run contain true
        assert_failure 125
        ln -sfn /sys/kernel "$ROOTFS/evil"
        run contain true
        assert_failure 125
        assert_contains "$output" "mount /evil: Too many levels of symbolic links"
}

@test "a fifo as /etc/passwd hangs nobody, one without end fills no memory" {
        rm "$ROOTFS/etc/passwd"
        mkfifo "$ROOTFS/etc/passwd"
        configure '.process.user.username = "tester"'
        run timeout 10 "$RUNTIME" --root "$WORK/state" --cgroup-manager=disabled run --bundle "$BUNDLE" test
        assert_failure 125
        assert_contains "$output" "The container's /etc/passwd is not a regular file"

        configure '.process.user.username = "1000"'
        run contain awk '/^Uid:/ { print $2 }' /proc/self/status
        assert_success
        assert_output 1000

        rm "$ROOTFS/etc/passwd"
        truncate --size 2M "$ROOTFS/etc/passwd"
        configure '.process.user.username = "tester"'
        run contain true
        assert_failure 125
        assert_contains "$output" "larger than 1 MiB"

        rm "$ROOTFS/etc/passwd"
        ln -s /dev/zero "$ROOTFS/etc/passwd"
        run contain true
        assert_failure 125
}

@test "a working directory of magic links is refused" {
        for fd in 3 4 5 6 7 8 9 10; do
                configure '.process.cwd = $cwd' --arg cwd "/proc/self/fd/$fd"
                run contain pwd
                assert_failure
                configure '.process.cwd = $cwd' --arg cwd "/proc/self/fd/$fd/../.."
                run contain pwd
                assert_failure
        done
        ln -s /proc/self/fd/8 "$ROOTFS/link"
        configure '.process.cwd = "/link"'
        run contain pwd
        assert_failure
}

@test "a working directory is made inside the root only" {
        ln -s "$WORK/outside" "$ROOTFS/out"
        configure '.process.cwd = "/srv/deep/er"'
        run contain pwd
        assert_success
        assert_output /srv/deep/er
        configure '.process.cwd = "/out/x"'
        run contain true
        refute_exists "$WORK/outside"
}

@test "two containers can be made from the same layers at once" {
        with_userns
        with_overlay
        mkdir -p "$WORK/second/rootfs" "$WORK/upper2" "$WORK/work2"
        jq '.mounts[0].options |= map(sub("/upper$"; "/upper2") | sub("/work$"; "/work2")) |
                .linux.uidMappings[0].hostID = 200000 | .linux.gidMappings[0].hostID = 200000 |
                .process.args = ["stat", "-c", "%u", "/bin"]' "$BUNDLE/config.json" >"$WORK/second/config.json"
        chown 200000:200000 "$WORK/upper2"
        contain stat -c %u /bin >"$WORK/one" &
        runtime run --bundle "$WORK/second" second >"$WORK/two"
        wait $!
        assert_equal "$(cat "$WORK/one" "$WORK/two")" $'0\n0'
}
