# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What is in a layer arrives in the container as it was, and nothing of what a hostile one tries arrives anywhere else.

load lib/common

# lower_layer, upper_layer: print the paths of tars that hold everything a layer can hold.
lower_layer() {
        local root="$BATS_TEST_TMPDIR/lower"

        mkdir -p "$root"/{etc,usr/lib,opaque,gone,data}
        ln -s usr/lib "$root/lib"
        echo old >"$root/etc/replaced"
        echo old >"$root/etc/removed"
        echo old >"$root/opaque/hidden"
        echo old >"$root/gone/file"
        echo linked >"$root/usr/lib/linked"
        chown 70000:80000 "$root/usr/lib/linked"
        chmod 0711 "$root/usr"
        layer_tar "$root" "$BATS_TEST_TMPDIR/lower.tar"
        printf '%s\n' "$BATS_TEST_TMPDIR/lower.tar"
}

upper_layer() {
        python3 - "$BATS_TEST_TMPDIR/upper.tar" <<'END'
import io, sys, tarfile

tar = tarfile.open(sys.argv[1], 'w', format=tarfile.PAX_FORMAT)

def add(name, type=tarfile.REGTYPE, data=b'', mode=None, **fields):
    info = tarfile.TarInfo(name)
    info.type = type
    info.size = len(data)
    info.mtime = 1700000000.25
    info.mode = mode if mode is not None else 0o755 if type == tarfile.DIRTYPE else 0o644
    for key, value in fields.items():
        setattr(info, key, value)
    tar.addfile(info, io.BytesIO(data))

add('etc/', tarfile.DIRTYPE)
add('etc/replaced', data=b'new\n')
add('etc/.wh.removed')
add('.wh.gone')
add('opaque/', tarfile.DIRTYPE)
add('opaque/.wh..wh..opq')
add('opaque/kept', data=b'new\n')
add('lib/through-a-link', data=b'in usr/lib\n')
add('hard', tarfile.LNKTYPE, linkname='usr/lib/linked')
add('suid', data=b'x', mode=0o4755, uid=1000, gid=100)
add('big-owner', data=b'x', uid=3000000, gid=4000000)
add('null', tarfile.CHRTYPE, mode=0o666, devmajor=1, devminor=3)
add('pipe', tarfile.FIFOTYPE, mode=0o600)
add('sticky/', tarfile.DIRTYPE, mode=0o1777)
add('n' * 250, data=b'long\n')
add('d/' * 100 + 'deep', data=b'deep\n')
capability = (b'\x01\x00\x00\x02\x00\x20\x00\x00' + b'\x00' * 12).decode('latin-1')
add('ping', data=b'x', mode=0o755, pax_headers={'SCHILY.xattr.security.capability': capability,
    'SCHILY.xattr.user.note': 'hello', 'SCHILY.xattr.trusted.overlay.redirect': '/etc',
    'SCHILY.xattr.user.overlay.opaque': 'y'})
tar.close()

# A name that is no UTF-8, and a file of a terabyte that is a hole
with open(sys.argv[1], 'rb') as f:
    data = f.read().rstrip(b'\0')
data += b'\0' * (-len(data) % 512)
out = io.BytesIO()
tar = tarfile.open(fileobj=out, mode='w', format=tarfile.GNU_FORMAT, encoding='latin-1')
info = tarfile.TarInfo('latin-\xe9')
tar.addfile(info)
tar.close()
with open(sys.argv[1], 'wb') as f:
    f.write(data + out.getvalue())
END
        truncate --size 1T "$BATS_TEST_TMPDIR/sparse"
        tar --create --sparse --format=gnu --owner=0 --group=0 --file "$BATS_TEST_TMPDIR/sparse.tar" \
                --directory "$BATS_TEST_TMPDIR" sparse
        tar --concatenate --file "$BATS_TEST_TMPDIR/upper.tar" "$BATS_TEST_TMPDIR/sparse.tar"
        rm "$BATS_TEST_TMPDIR/sparse"
        printf '%s\n' "$BATS_TEST_TMPDIR/upper.tar"
}

# in_image COMMAND…: in a container of the image that setup_layers has made, whose ids are those of the host.
in_image() {
        caissonctl run --rm --userns host everything "$@"
}

load_layers() {
        docker_archive "$BATS_TEST_TMPDIR/everything.tar" everything '{}' "$(test_layer)" "$(lower_layer)" "$(upper_layer)"
        caissonctl load --quiet --input "$BATS_TEST_TMPDIR/everything.tar"
}

# load_bad ARCHIVE SENTENCE: it is refused with it, and nothing of it is left.
load_bad() {
        leak_state >"$BATS_TEST_TMPDIR/before"
        run caissonctl load --quiet --input "$1"
        assert_failure
        assert_equal "${#lines[@]}" 1
        assert_output_contains "$2"
        wait_for 10 nothing_new || fail "left behind:" "$(leak_state | comm -13 "$BATS_TEST_TMPDIR/before" -)"
}

nothing_new() {
        [ -z "$(leak_state | comm -13 "$BATS_TEST_TMPDIR/before" -)" ]
}

# layer_of PYTHON: a tar made by lines of Python that call add().
bad_layer() {
        python3 - "$BATS_TEST_TMPDIR/bad-layer.tar" "$1" <<'END'
import io, sys, tarfile

tar = tarfile.open(sys.argv[1], 'w', format=tarfile.PAX_FORMAT)

def add(name, type=tarfile.REGTYPE, data=b'', **fields):
    info = tarfile.TarInfo(name)
    info.type = type
    info.size = len(data)
    for key, value in fields.items():
        setattr(info, key, value)
    tar.addfile(info, io.BytesIO(data))

exec(sys.argv[2])
tar.close()
END
        docker_archive "$BATS_TEST_TMPDIR/bad.tar" bad '{}' "$(test_layer)" "$BATS_TEST_TMPDIR/bad-layer.tar"
        printf '%s\n' "$BATS_TEST_TMPDIR/bad.tar"
}

@test "everything in a layer arrives as it was" {
        load_layers

        run in_image sh -c 'cat /etc/replaced /opaque/kept /lib/through-a-link /usr/lib/through-a-link /hard'
        assert_success
        assert_output "new
new
in usr/lib
in usr/lib
linked"
        refute in_image test -e /etc/removed
        refute in_image test -e /gone
        refute in_image test -e /opaque/hidden
        assert in_image test -L /lib

        assert_equal "$(in_image stat -c %A /usr)" drwx--x--x
        run in_image stat -c '%n %A %u:%g %h' /usr/lib/linked /hard /suid /big-owner /pipe
        assert_success
        assert_output "/usr/lib/linked -rw-r--r-- 70000:80000 2
/hard -rw-r--r-- 70000:80000 2
/suid -rwsr-xr-x 1000:100 1
/big-owner -rw-r--r-- 3000000:4000000 1
/pipe prw------- 0:0 1"
        assert_equal "$(in_image stat -c %A /sticky)" drwxrwxrwt

        run in_image stat -c '%t:%T' /null
        assert_output 1:3
        run in_image stat -c %s /sparse
        assert_output 1099511627776
        run in_image sh -c 'cat /nnnnn*; cat /d/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/../../../../../../../../../../../../../../../d/../../etc/replaced'
        assert_output_contains long
        run in_image sh -c 'printf %s /latin* | od -An -tx1 | tr -d " \n"'
        assert_output_contains 6c6174696e2de9
}

@test "attributes arrive but for those that overlayfs and the kernel would obey" {
        load_layers
        layer=$(find /var/lib/caisson/layers -maxdepth 2 -name ping -printf '%h\n')

        run getfattr --no-dereference --absolute-names --dump --match - "$layer/ping"
        assert_output_contains user.note=
        assert_output_contains security.capability=
        refute_output_contains overlay
        assert_matches "$(getcap "$layer/ping")" cap_net_raw
        # upper layers stand on what is below them and nothing else
        assert_contains "$layer" /chain-
        assert_equal "$(getfattr --only-values --name trusted.overlay.opaque "$layer/opaque")" y
}

@test "files of layers are nobody's but root's" {
        load_layers
        assert_equal "$(stat -c %a /var/lib/caisson)" 700
        run as_user "$TEST_USER" ls /var/lib/caisson/layers
        assert_failure
}

@test "a layer that tries to get out is refused" {
        load_bad "$(bad_layer 'add("../../escape", data=b"x")')" "contains '..'"
        load_bad "$(bad_layer 'add("a/../../escape", data=b"x")')" "contains '..'"
        load_bad "$(bad_layer 'add("x", tarfile.LNKTYPE, linkname="../../../etc/shadow")')" "contains '..'"
        load_bad "$(bad_layer 'add("x", tarfile.LNKTYPE, linkname="/etc/shadow-of-the-host")')" 'hard link to a file that does not exist'
        load_bad "$(bad_layer 'add("./", tarfile.SYMTYPE, linkname="/")')" 'root of the layer is not a directory'
        load_bad "$(bad_layer 'add("etc/passwd/x", data=b"x"); add("f"); add("f/x")')" 'not a directory'
        load_bad "$(bad_layer 'add("x" * 300)')" 'more than 255 bytes'
        load_bad "$(bad_layer 'add("d/" * 600 + "x")')" 'directories deep'
        load_bad "$(bad_layer 'add("l", tarfile.SYMTYPE, linkname="l"); add("l/x")')" 'too many symbolic links'
        load_bad "$(bad_layer 'add("x", uid=4294967295)')" 'out of range'
        load_bad "$(bad_layer 'add("etc/.wh...")')" 'whiteout'
}

@test "links in a layer lead within it" {
        canary=/var/tmp/canary-$$
        echo untouched >"$canary"
        archive=$(bad_layer "
add('out', tarfile.SYMTYPE, linkname='$canary')
add('out', data=b'mine')
add('up', tarfile.SYMTYPE, linkname='../../../../../../../../var/tmp')
add('up/${canary##*/}', data=b'mine too')
add('host', tarfile.SYMTYPE, linkname='/proc/1/root')
add('host/var/tmp/${canary##*/}', data=b'and this')
")
        caissonctl load --quiet --input "$archive"
        assert_equal "$(cat "$canary")" untouched
        rm "$canary"
        run caissonctl run --rm bad cat /out "/var/tmp/${canary##*/}"
        assert_output 'minemine too'
}

@test "archives that are damaged or not what they say are refused with a sentence" {
        good=$(test_archive)

        head -c 100000 "$good" >"$BATS_TEST_TMPDIR/cut.tar"
        load_bad "$BATS_TEST_TMPDIR/cut.tar" ''
        echo 'not an archive' >"$BATS_TEST_TMPDIR/text"
        load_bad "$BATS_TEST_TMPDIR/text" ''
        : >"$BATS_TEST_TMPDIR/empty"
        load_bad "$BATS_TEST_TMPDIR/empty" ''
        gzip --stdout "$good" | head -c 200000 >"$BATS_TEST_TMPDIR/cut.gz"
        load_bad "$BATS_TEST_TMPDIR/cut.gz" ''
        gzip --stdout "$good" | gzip >"$BATS_TEST_TMPDIR/twice.gz"
        load_bad "$BATS_TEST_TMPDIR/twice.gz" ''

        # A layer that is not the one that the configuration names
        layer_tar "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR/other.tar" --exclude='*.tar' --exclude='*.gz'
        docker_archive "$BATS_TEST_TMPDIR/right.tar" wrong '{}' "$(test_layer)"
        mkdir "$BATS_TEST_TMPDIR/wrong"
        tar --extract --file "$BATS_TEST_TMPDIR/right.tar" --directory "$BATS_TEST_TMPDIR/wrong"
        cp "$BATS_TEST_TMPDIR/other.tar" "$BATS_TEST_TMPDIR/wrong/1/layer.tar"
        tar --create --file "$BATS_TEST_TMPDIR/wrong.tar" --directory "$BATS_TEST_TMPDIR/wrong" .
        load_bad "$BATS_TEST_TMPDIR/wrong.tar" sha256:
}

@test "plain, gzip, zstd and xz, from a file or a pipe" {
        good=$(test_archive)

        id=$(image_id "$TEST_IMAGE")
        for program in cat gzip zstd xz; do
                $program <"$good" >"$BATS_TEST_TMPDIR/archive"
                caissonctl rmi "$TEST_IMAGE"
                caissonctl load --quiet --input "$BATS_TEST_TMPDIR/archive"
                assert_equal "$(image_id "$TEST_IMAGE")" "$id"
                caissonctl rmi "$TEST_IMAGE"
                $program <"$good" | caissonctl load --quiet
                assert_equal "$(image_id "$TEST_IMAGE")" "$id"
        done
}

# worker_pid VERB: of the job under way.
worker_pid() {
        pgrep --full "^caisson-worker $1\$" | head -n 1
}

# The last right it gives away is that to make processes, by the filter, which the sanitizer could not live with.
worker_is_confined() {
        local filter=2

        ! grep --quiet --fixed-strings __asan_init /usr/lib/caisson/caisson-worker || filter=0
        [ "$(awk '/^(CapPrm|Seccomp):/ { print $2 }' "/proc/$(worker_pid load)/status" 2>/dev/null | tr '\n' ' ')" = \
                "000000008800001b $filter " ]
}

@test "what reads an archive is confined" {
        mkfifo "$BATS_TEST_TMPDIR/fifo"
        caissonctl load --quiet --input "$BATS_TEST_TMPDIR/fifo" 2>/dev/null &
        client=$!
        exec 7>"$BATS_TEST_TMPDIR/fifo"
        wait_for 10 worker_is_confined
        pid=$(worker_pid load)

        status=$(cat "/proc/$pid/status")
        assert_matches "$status" $'\nNoNewPrivs:\t1\n'
        assert_matches "$status" $'\nCapInh:\t0000000000000000\n'
        assert_matches "$status" $'\nCapAmb:\t0000000000000000\n'
        # CHOWN DAC_OVERRIDE FOWNER FSETID MKNOD SETFCAP
        assert_matches "$status" $'\nCapPrm:\t000000008800001b\n'
        assert_matches "$status" $'\nCapBnd:\t000000008800001b\n'
        assert_not_equal "$(readlink "/proc/$pid/ns/net")" "$(readlink /proc/1/ns/net)"
        assert_not_equal "$(readlink "/proc/$pid/ns/mnt")" "$(readlink /proc/1/ns/mnt)"
        assert_equal "$(find "/proc/$pid/root/" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort)" \
                "$(find /var/lib/caisson -mindepth 1 -maxdepth 1 -printf '%f\n' | sort)"
        assert_equal "$(find "/proc/$pid/root/containers" -mindepth 1 | wc -l)" 0
        assert_matches "$(awk '/^Max core file size/ { print $5 }' "/proc/$pid/limits")" '^0$'

        kill "$client"
        exec 7>&-
        wait "$client" || :
        wait_for 10 test ! -d "/proc/$pid"
}
