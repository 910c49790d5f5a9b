# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Loading archives of images and importing root file systems, by the confined worker; and archives that are not in order.

load lib/common

setup() {
        common_setup
        WORK=$BATS_TEST_TMPDIR
        mkdir -p "$WORK/layer/etc"
        echo hello >"$WORK/layer/etc/hello"
        layer_tar "$WORK/layer" "$WORK/layer.tar"
}

# make_archive NAME [LAYER.tar…]: $WORK/image.tar, of busybox and what is named, or of one small layer
make_archive() {
        docker_archive "$WORK/image.tar" "$1" '{ "Cmd": [ "/bin/sh" ] }' "$(test_layer)" "${@:2}"
}

# refuse_load FILE SENTENCE: it is refused with that, and nothing has changed
refuse_load() {
        local before after

        before=$(caissonctl images --no-trunc)
        run caissonctl load --input "$1"
        assert_failure
        assert_output_contains "$2"
        after=$(caissonctl images --no-trunc)
        assert_equal "$after" "$before"
        assert_equal "$(find /var/lib/caisson/images/staging /var/lib/caisson/layers -mindepth 1 -name '.staging*' -o \
                -path '*/staging/*' -prune -print)" ""
}

# bad_layer TAR-ARGUMENT…: $WORK/bad.tar
bad_layer() {
        tar --create --file "$WORK/bad.tar" --absolute-names --directory "$WORK/layer" "$@"
}

@test "an archive is loaded from a file and from a pipe, plain and compressed" {
        local filter

        make_archive app:1 "$WORK/layer.tar"
        for filter in cat gzip zstd xz; do
                $filter <"$WORK/image.tar" >"$WORK/image.$filter"
                run caissonctl load --input "$WORK/image.$filter"
                assert_success
                assert_output_matches "Loaded image: .*app:1"
                assert_equal "$(caissonctl run --rm app:1 cat /etc/hello)" hello
                caissonctl rmi app:1

                # shellcheck disable=SC2002  # a pipe is the point
                cat "$WORK/image.$filter" | caissonctl load
                assert_equal "$(caissonctl run --rm app:1 cat /etc/hello)" hello
                caissonctl rmi app:1
        done
}

@test "an oci-archive is loaded, its layers compressed or not" {
        local gzip

        for gzip in 0 1; do
                OCI_GZIP=$gzip oci_archive "$WORK/oci.tar" quay.io/x/app:2 '{ "Cmd": [ "/bin/sh" ] }' "$(test_layer)" "$WORK/layer.tar"
                caissonctl load --input "$WORK/oci.tar"
                assert_equal "$(caissonctl run --rm quay.io/x/app:2 cat /etc/hello)" hello
                caissonctl rmi quay.io/x/app:2
        done
}

@test "an image without a name is known by its id" {
        make_archive ""
        jq -c '.[].RepoTags = null' <(tar -xOf "$WORK/image.tar" manifest.json) >"$WORK/manifest.json"
        tar --delete --file "$WORK/image.tar" manifest.json
        tar --append --file "$WORK/image.tar" --directory "$WORK" manifest.json
        run caissonctl load --input "$WORK/image.tar"
        assert_success
        assert_output_matches 'sha256:[0-9a-f]{64}'
        assert_equal "$(caissonctl run --rm "${BASH_REMATCH[0]:7:12}" echo x)" x
}

@test "loading the same twice changes nothing" {
        make_archive app:1 "$WORK/layer.tar"
        caissonctl load --input "$WORK/image.tar"
        find /var/lib/caisson/layers /var/lib/caisson/images/blobs -mindepth 1 -maxdepth 2 | sort >"$WORK/before"
        caissonctl load --input "$WORK/image.tar"
        find /var/lib/caisson/layers /var/lib/caisson/images/blobs -mindepth 1 -maxdepth 2 | sort >"$WORK/after"
        diff "$WORK/before" "$WORK/after"
}

@test "whiteouts and opaque directories hide what is below" {
        mkdir -p "$WORK/one/d" "$WORK/two/d"
        echo 1 >"$WORK/one/gone"
        echo 1 >"$WORK/one/d/old"
        : >"$WORK/two/.wh.gone"
        : >"$WORK/two/d/.wh..wh..opq"
        echo 2 >"$WORK/two/d/new"
        layer_tar "$WORK/one" "$WORK/one.tar"
        layer_tar "$WORK/two" "$WORK/two.tar"
        make_archive app:1 "$WORK/one.tar" "$WORK/two.tar"
        caissonctl load --input "$WORK/image.tar"
        assert_equal "$(caissonctl run --rm app:1 ls /d)" new
        refute caissonctl run --rm app:1 test -e /gone
}

@test "a layer that leaves its directories to the one below gets them as they are there" {
        mkdir -p "$WORK/one/d"
        chmod 0710 "$WORK/one/d"
        chown 0:29 "$WORK/one/d"
        layer_tar "$WORK/one" "$WORK/one.tar"
        mkdir -p "$WORK/two/d"
        echo x >"$WORK/two/d/x"
        tar --create --file "$WORK/two.tar" --directory "$WORK/two" d/x
        make_archive app:1 "$WORK/one.tar" "$WORK/two.tar"
        caissonctl load --input "$WORK/image.tar"
        assert_equal "$(caissonctl run --rm app:1 stat -c '%a %u %g' /d)" "710 0 29"
}

@test "an image may have the same layer twice" {
        mkdir -p "$WORK/other/etc"
        echo other >"$WORK/other/etc/hello"
        layer_tar "$WORK/other" "$WORK/other.tar"
        make_archive app:1 "$WORK/layer.tar" "$WORK/other.tar" "$WORK/layer.tar"
        caissonctl load --input "$WORK/image.tar"
        assert_equal "$(caissonctl run --rm app:1 cat /etc/hello)" hello
}

@test "a root file system is imported, with changes to its configuration" {
        # shellcheck disable=SC2016  # the container's shell replaces them
        run caissonctl import --message 'from tar' --change 'CMD ["/bin/sh","-c","echo $GREETING $PWD"]' \
                --change 'ENV GREETING="hello world"' --change 'WORKDIR /tmp' "$(test_layer)" imported:1
        assert_success
        assert_equal "$(caissonctl run --rm imported:1)" "hello world /tmp"
        assert_contains "$(caissonctl history imported:1)" "from tar"

        # shellcheck disable=SC2002
        cat "$(test_layer)" | xz | caissonctl import - imported:2
        assert_equal "$(caissonctl run --rm imported:2 echo x)" x

        run caissonctl import --change 'RUN x' "$(test_layer)" imported:3
        assert_failure
        assert_output_contains "not an instruction that changes an image's configuration"
        run caissonctl import "$(test_layer)" Imported
        assert_failure
        assert_output_contains "'Imported' is not an image name"
        run caissonctl import /etc/passwd imported:3
        assert_failure
        assert_output_contains "not a valid tar archive"
        refute caissonctl image inspect imported:3
}

@test "what is missing, cut short or none at all is refused" {
        run caissonctl load --input "$WORK/no-such-file"
        assert_failure
        refuse_load /dev/null "The archive is empty"
        refuse_load /etc/passwd "The archive is damaged or is none"
        refuse_load "$WORK/layer.tar" "The archive is not one of images"

        make_archive app:1 "$WORK/layer.tar"
        head -c 100000 "$WORK/image.tar" >"$WORK/cut.tar"
        refuse_load "$WORK/cut.tar" "The archive is damaged"
        gzip <"$WORK/image.tar" | head -c 100000 >"$WORK/cut.tar.gz"
        refuse_load "$WORK/cut.tar.gz" "The archive cannot be read"
        gzip <"$WORK/image.tar" | gzip >"$WORK/twice.tar.gz"
        refuse_load "$WORK/twice.tar.gz" "The archive"
}

@test "what is not what its digest says is refused" {
        make_archive app:1 "$WORK/layer.tar"
        mkdir "$WORK/unpacked"
        tar -xf "$WORK/image.tar" -C "$WORK/unpacked"
        printf x | dd of="$WORK/unpacked/2/layer.tar" bs=1 seek=600 conv=notrunc status=none
        tar -cf "$WORK/changed.tar" -C "$WORK/unpacked" .
        refuse_load "$WORK/changed.tar" "The archive is damaged: layer '2/layer.tar' is sha256:"

        OCI_GZIP=1 oci_layout "$WORK/layout" app:2 '{}' "$WORK/layer.tar"
        for blob in "$WORK"/layout/blobs/sha256/*; do
                cp "$blob" "$WORK/saved"
                printf x | dd of="$blob" bs=1 seek=20 conv=notrunc status=none
                tar -cf "$WORK/changed.tar" -C "$WORK/layout" .
                refuse_load "$WORK/changed.tar" "The archive is damaged: the content of 'blobs/sha256/${blob##*/}' is sha256:"
                cp "$WORK/saved" "$blob"
        done
        tar -cf "$WORK/good.tar" -C "$WORK/layout" .
        caissonctl load --input "$WORK/good.tar"
}

@test "names that lead out of an archive or a layer reach nothing" {
        echo canary >/var/tmp/canary
        tar --create --file "$WORK/a.tar" --absolute-names --transform 's,.*,../../../../../var/tmp/canary,' "$WORK/layer/etc/hello"
        refuse_load "$WORK/a.tar" "contains '..'"
        tar --create --file "$WORK/a.tar" --absolute-names "$WORK/layer/etc/hello"
        refuse_load "$WORK/a.tar" "is an absolute path"

        bad_layer --transform 's,.*,../../../../../var/tmp/canary,' etc/hello
        make_archive bad:1 "$WORK/bad.tar"
        refuse_load "$WORK/image.tar" "the path contains '..'"

        # Through a link in the layer, and by a hard link to a file of the host
        ln -s / "$WORK/layer/out"
        tar --create --file "$WORK/bad.tar" --directory "$WORK/layer" out
        mkdir -p "$WORK/second/out/var/tmp"
        echo overwritten >"$WORK/second/out/var/tmp/canary"
        tar --append --file "$WORK/bad.tar" --directory "$WORK/second" out/var/tmp/canary
        make_archive bad:2 "$WORK/bad.tar"
        caissonctl load --input "$WORK/image.tar" || :
        assert_equal "$(cat /var/tmp/canary)" canary
        ! caissonctl image inspect bad:2 >/dev/null 2>&1 || caissonctl rmi bad:2
        rm /var/tmp/canary
}

@test "JSON that is too deep, too long or of the wrong type is refused" {
        local manifest

        make_archive app:1
        for manifest in '{}' '[7]' '[{"Config":7}]' '[{"Config":"x","Layers":[null]}]' \
                "$(printf '[%.0s' {1..200})$(printf ']%.0s' {1..200})" '[{"Config":"/etc/passwd","Layers":[]}]' \
                '[{"Config":"../../x","Layers":[]}]' 'not JSON'; do
                printf '%s' "$manifest" >"$WORK/manifest.json"
                tar --create --file "$WORK/bad.tar" --directory "$WORK" manifest.json
                refuse_load "$WORK/bad.tar" "The archive "
        done
        head -c 5000000 /dev/zero | tr '\0' ' ' >"$WORK/manifest.json"
        tar --create --file "$WORK/bad.tar" --directory "$WORK" manifest.json
        refuse_load "$WORK/bad.tar" "manifest.json is longer than"
}

@test "names that are not names are refused" {
        local name

        for name in Upper 'a b' '../../etc/passwd' 'a:b:c' 'http://x/y' "$(printf 'a%.0s' {1..300})"; do
                docker_archive "$WORK/image.tar" "$name" '{}' "$WORK/layer.tar"
                refuse_load "$WORK/image.tar" "is not an image name"
        done
}

@test "a full disk: one sentence, and all space is given back" {
        head -c 30000000 /dev/urandom >"$WORK/layer/large"
        layer_tar "$WORK/layer" "$WORK/layer.tar"
        make_archive app:1 "$WORK/layer.tar"
        systemctl stop caissond.service
        mount -t tmpfs -o size=20m,mode=0700 small /var/lib/caisson/images/staging
        run caissonctl load --input "$WORK/image.tar"
        caissonctl images >/dev/null
        umount /var/lib/caisson/images/staging || { systemctl stop caissond.service && umount /var/lib/caisson/images/staging; }
        assert_failure
        assert_output_contains "No space left on device"
        systemctl restart caissond.service
        assert_equal "$(find /var/lib/caisson/images/staging /var/lib/caisson/layers -mindepth 1 -maxdepth 1 -name '.*')" ""
        caissonctl load --input "$WORK/image.tar"
        assert_equal "$(caissonctl run --rm app:1 cat /etc/hello)" hello
}

@test "a worker that is killed leaves nothing, and the next one cleans up" {
        make_archive app:1 "$WORK/layer.tar"
        mkfifo "$WORK/pipe"
        caissonctl load --input "$WORK/pipe" >"$WORK/output" 2>&1 &
        client=$!
        exec 9>"$WORK/pipe"
        head -c 2000000 "$WORK/image.tar" >&9
        wait_for 10 pgrep -x caisson-worker >/dev/null
        wait_for 10 staging_has_something
        kill -KILL "$(pgrep -x --oldest caisson-worker)"
        exec 9>&-
        run wait "$client"
        assert_failure
        refute caissonctl image inspect app:1
        caissonctl load --input "$WORK/image.tar"
        assert_equal "$(find /var/lib/caisson/images/staging -mindepth 1)" ""
        assert_equal "$(caissonctl run --rm app:1 cat /etc/hello)" hello
}

staging_has_something() {
        [ -n "$(find /var/lib/caisson/images/staging -mindepth 1 -print -quit)" ]
}

@test "two loads of the same image at once are both right" {
        make_archive app:1 "$WORK/layer.tar"
        caissonctl load --input "$WORK/image.tar" &
        one=$!
        caissonctl load --input "$WORK/image.tar" &
        two=$!
        wait "$one"
        wait "$two"
        assert_equal "$(caissonctl images --quiet app | wc -l)" 1
        assert_equal "$(caissonctl run --rm app:1 cat /etc/hello)" hello
}
