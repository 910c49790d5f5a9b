# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Images for the tests, made by hand with tar, so that nothing needs the network and everything can be wrong on purpose.

# busybox_rootfs DIRECTORY: a root file system of busybox alone.
busybox_rootfs() {
        local root=$1 applet

        mkdir -p "$root"/{bin,dev,etc,home/tester,proc,root,run,sys,tmp,usr/bin,var/tmp}
        chmod 1777 "$root/tmp" "$root/var/tmp"
        chmod 0700 "$root/root"
        chown 1000:1000 "$root/home/tester"
        cp "$(command -v busybox)" "$root/bin/busybox"
        for applet in $(busybox --list); do
                [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
        done
        ln -s ../../bin/env "$root/usr/bin/env"
        cat >"$root/etc/passwd" <<-END
		root:x:0:0:root:/root:/bin/sh
		daemon:x:1:1:daemon:/:/bin/false
		tester:x:1000:1000:tester:/home/tester:/bin/sh
		nobody:x:65534:65534:nobody:/:/bin/false
		END
        cat >"$root/etc/group" <<-END
		root:x:0:
		daemon:x:1:
		audio:x:29:tester
		tester:x:1000:
		nogroup:x:65534:
		END
        printf 'ID=caisson-test\nNAME="caisson test image"\n' >"$root/etc/os-release"
}

# layer_tar DIRECTORY OUTPUT [TAR-OPTION…]: the same bytes for the same files.
layer_tar() {
        local directory=$1 output=$2
        shift 2
        tar --create --file "$output" --directory "$directory" --sort=name --mtime=@1700000000 --numeric-owner \
                --format=pax --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime "$@" .
}

sha256_of() {
        sha256sum "$1" | cut -d' ' -f1
}

# image_config CONFIG-JSON LAYER.tar…: prints an image configuration; CONFIG-JSON is its "config" object.
image_config() {
        local config=$1 layer ids=()
        shift

        for layer; do
                ids+=("sha256:$(sha256_of "$layer")")
        done
        jq --null-input --compact-output --argjson config "$config" --arg arch "$(image_architecture)" '{
                created: "2023-11-14T22:13:20Z", architecture: $arch, os: "linux", config: $config,
                rootfs: { type: "layers", diff_ids: $ARGS.positional },
                history: [ $ARGS.positional[] | { created: "2023-11-14T22:13:20Z", created_by: "made for a test" } ]
        }' --args -- "${ids[@]}"
}

image_architecture() {
        case "$(uname -m)" in
        x86_64) echo amd64 ;;
        aarch64) echo arm64 ;;
        *) uname -m ;;
        esac
}

# docker_archive OUTPUT NAME[,NAME…] CONFIG-JSON LAYER.tar…: what "docker save" writes. An empty NAME gives an image without.
docker_archive() {
        local output=$1 names=$2 config=$3 work layer id n=0 paths=()
        shift 3

        work=$(mktemp -d)
        image_config "$config" "$@" >"$work/config"
        id=$(sha256_of "$work/config")
        mkdir "$work/archive"
        mv "$work/config" "$work/archive/$id.json"
        for layer; do
                n=$((n + 1))
                mkdir "$work/archive/$n"
                cp --reflink=auto "$layer" "$work/archive/$n/layer.tar"
                paths+=("$n/layer.tar")
        done
        jq --null-input --compact-output --arg config "$id.json" --arg names "$names" '[ {
                Config: $config, RepoTags: ($names | split(",")), Layers: $ARGS.positional
        } ]' --args -- "${paths[@]}" >"$work/archive/manifest.json"
        find "$work/archive" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort |
                tar --create --file "$output" --directory "$work/archive" --sort=name --owner=0 --group=0 --files-from=-
        rm -r "$work"
}

# oci_blob LAYOUT FILE: moves the file into the layout and prints its digest in hexadecimal.
oci_blob() {
        local digest

        digest=$(sha256_of "$2")
        mkdir -p "$1/blobs/sha256"
        mv "$2" "$1/blobs/sha256/$digest"
        printf '%s\n' "$digest"
}

# oci_layout DIRECTORY NAME CONFIG-JSON LAYER.tar…: layers are compressed with gzip when OCI_GZIP=1.
oci_layout() {
        local layout=$1 name=$2 config=$3 layer type=application/vnd.oci.image.layer.v1.tar descriptors=() digest size \
                config_digest config_size work
        shift 3

        work=$(mktemp -d)
        mkdir -p "$layout"
        printf '{"imageLayoutVersion":"1.0.0"}' >"$layout/oci-layout"
        image_config "$config" "$@" >"$work/config"
        config_size=$(stat -c %s "$work/config")
        config_digest=$(oci_blob "$layout" "$work/config")
        for layer; do
                if [ "${OCI_GZIP:-0}" = 1 ]; then
                        gzip --no-name --stdout "$layer" >"$work/layer"
                        type=application/vnd.oci.image.layer.v1.tar+gzip
                else
                        cp --reflink=auto "$layer" "$work/layer"
                fi
                size=$(stat -c %s "$work/layer")
                digest=$(oci_blob "$layout" "$work/layer")
                descriptors+=("$(jq -nc --arg t $type --arg d "sha256:$digest" --argjson s "$size" \
                        '{ mediaType: $t, digest: $d, size: $s }')")
        done
        printf '%s\n' "${descriptors[@]}" | jq --slurp --compact-output \
                --arg d "sha256:$config_digest" --argjson s "$config_size" '{
                        schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json",
                        config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: $d, size: $s },
                        layers: .
                }' >"$work/manifest"
        size=$(stat -c %s "$work/manifest")
        digest=$(oci_blob "$layout" "$work/manifest")
        jq --null-input --compact-output --arg d "sha256:$digest" --argjson s "$size" --arg n "$name" '{
                schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json",
                manifests: [ { mediaType: "application/vnd.oci.image.manifest.v1+json", digest: $d, size: $s }
                             + if $n == "" then {} else
                                 { annotations: { "org.opencontainers.image.ref.name": $n } } end ]
        }' >"$layout/index.json"
        rm -r "$work"
}

# oci_archive OUTPUT NAME CONFIG-JSON LAYER.tar…
oci_archive() {
        local output=$1 work
        shift

        work=$(mktemp -d)
        oci_layout "$work" "$@"
        tar --create --file "$output" --directory "$work" --sort=name --owner=0 --group=0 oci-layout index.json blobs
        rm -r "$work"
}
