# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Names of images, their end, and archives that leave the store.

load lib/common

setup() {
        common_setup
        WORK=$BATS_TEST_TMPDIR
        mkdir -p "$WORK/layer/etc"
        echo "$BATS_TEST_NAME" >"$WORK/layer/etc/hello"
        layer_tar "$WORK/layer" "$WORK/layer.tar"
        docker_archive "$WORK/image.tar" app:1,quay.io/x/app:2 '{ "Cmd": [ "/bin/sh" ] }' "$(test_layer)" "$WORK/layer.tar"
        caissonctl load --input "$WORK/image.tar"
        ID=$(image_id app:1)
}

@test "a name can be given, and moves to whoever gets it last" {
        caissonctl tag app:1 other
        assert_equal "$(image_id other)" "$ID"
        caissonctl tag "$TEST_IMAGE" other:latest
        assert_equal "$(image_id other)" "$(image_id "$TEST_IMAGE")"
        run caissonctl tag app:1 'No Name'
        assert_failure
        run caissonctl tag no-such-image other
        assert_failure
        assert_output_contains "There is no image 'no-such-image'"
}

@test "an image is found by name, id and the beginning of its id" {
        local text

        for text in app:1 docker.io/library/app:1 quay.io/x/app:2 "$ID" "${ID#sha256:}" "${ID:7:12}" "${ID:0:19}"; do
                assert_equal "$(image_id "$text")" "$ID"
        done
        run caissonctl image inspect "$(printf '0%.0s' {1..64})"
        assert_failure
        assert_output_contains "There is no image"
}

@test "rmi takes names away, and the image with the last" {
        run caissonctl rmi "$ID"
        assert_failure
        assert_output_contains "has several names (app:1, quay.io/x/app:2)"

        run caissonctl rmi app:1
        assert_success
        assert_output "Untagged: app:1"
        run caissonctl rmi quay.io/x/app:2
        assert_success
        assert_line "Untagged: quay.io/x/app:2"
        assert_line "Deleted: $ID"
        assert_line "Deleted: sha256:$(sha256_of "$WORK/layer.tar")"
        refute caissonctl image inspect "$ID"
        # The layer of the other image is still in its place
        assert_equal "$(caissonctl run --rm "$TEST_IMAGE" echo x)" x
}

@test "an image that a container stands on is not removed" {
        caissonctl create --name web app:1
        caissonctl rmi quay.io/x/app:2
        run caissonctl rmi app:1
        assert_failure
        assert_output_contains "is used by container web"
        caissonctl rm web
        caissonctl rmi app:1
}

@test "what is saved can be loaded, and skopeo reads it" {
        local format transport

        for format in docker-archive oci-archive; do
                caissonctl save --format "$format" --output "$WORK/$format.tar" app:1 quay.io/x/app:2 "$TEST_IMAGE"
                caissonctl save --format "$format" app:1 quay.io/x/app:2 "$TEST_IMAGE" | cmp - "$WORK/$format.tar"
                TMPDIR=$WORK skopeo --insecure-policy inspect --config --raw "$format:$WORK/$format.tar:quay.io/x/app:2" >"$WORK/config"
                assert_equal "sha256:$(sha256_of "$WORK/config")" "$ID"
                TMPDIR=$WORK skopeo --insecure-policy copy "$format:$WORK/$format.tar:quay.io/x/app:2" "dir:$WORK/copy-$format"

                caissonctl rmi --force "$ID"
                caissonctl load --input "$WORK/$format.tar"
                assert_equal "$(image_id app:1)" "$ID"
                assert_equal "$(image_id quay.io/x/app:2)" "$ID"
        done
        for transport in docker-archive oci-archive; do
                TMPDIR=$WORK skopeo --insecure-policy copy "oci:/var/lib/caisson/images:docker.io/library/app:1" \
                        "$transport:$WORK/skopeo-$transport.tar:quay.io/y/app:3"
                caissonctl load --input "$WORK/skopeo-$transport.tar"
                assert_equal "$(caissonctl run --rm quay.io/y/app:3 cat /etc/hello)" "$BATS_TEST_NAME"
                caissonctl rmi quay.io/y/app:3
        done
}

@test "the store is a valid OCI layout" {
        assert_equal "$(jq -r .imageLayoutVersion /var/lib/caisson/images/oci-layout)" 1.0.0
        assert_equal "$(jq -r '.manifests[].annotations["org.opencontainers.image.ref.name"]' /var/lib/caisson/images/index.json |
                grep -c app)" 2
        for blob in /var/lib/caisson/images/blobs/sha256/*; do
                assert_equal "$(sha256_of "$blob")" "${blob##*/}"
        done
        assert_equal "$(stat -c %a /var/lib/caisson/images /var/lib/caisson/layers | sort -u)" 700
}

@test "any one damaged file of the store costs one image" {
        local file

        systemctl stop caissond.service
        cp -a /var/lib/caisson/images "$WORK/images"
        for file in index.json index.json.backup oci-layout "blobs/sha256/${ID#sha256:}"; do
                for how in truncate remove overwrite; do
                        case $how in
                        truncate) truncate -s 5 "/var/lib/caisson/images/$file" ;;
                        remove) rm "/var/lib/caisson/images/$file" ;;
                        overwrite) printf '\377\377' | dd of="/var/lib/caisson/images/$file" bs=1 seek=3 conv=notrunc status=none ;;
                        esac
                        assert_equal "$(caissonctl run --rm "$TEST_IMAGE" echo "$file $how")" "$file $how"
                        if [[ $file == blobs/* ]]; then
                                run caissonctl run --rm app:1 true
                                assert_failure 125
                                assert_output_contains "app:1"
                        else
                                assert_equal "$(image_id app:1)" "$ID"
                        fi
                        systemctl stop caissond.service
                        rm -rf /var/lib/caisson/images
                        cp -a "$WORK/images" /var/lib/caisson/images
                done
        done
}
