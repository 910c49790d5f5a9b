# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Real images to try and measure with, made on this machine and kept for the next time.

# shellcheck source=tests/integration/lib/archive.bash
. "$PROJECT_DIR/tests/integration/lib/archive.bash"

# shellcheck disable=SC2034  # for those who source this
IMAGE_CACHE=${CAISSON_CACHE_DIR:-/var/cache/caisson-tools}

# busybox_image OUTPUT: a docker archive named busybox:latest.
busybox_image() {
        local output=$1 work

        [ ! -e "$output" ] || return 0
        mkdir -p "${output%/*}"
        work=$(mktemp -d)
        mkdir -m 0755 "$work/root"
        busybox_rootfs "$work/root"
        layer_tar "$work/root" "$work/layer.tar"
        docker_archive "$work/image.tar" busybox:latest \
                '{ "Env": [ "PATH=/usr/local/bin:/usr/bin:/bin" ], "Cmd": [ "/bin/sh" ] }' "$work/layer.tar"
        mv "$work/image.tar" "$output"
        rm -r "$work"
}

# debian_sources: where this machine gets Debian from, as lines of sources.list(5).
debian_sources() {
        # shellcheck disable=SC2016  # apt's own variables
        apt-get indextargets --format '$(ORIGIN) $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Identifier: Packages' |
                sed -n 's/^Debian /deb /p' | sort -u
}

# debian_rootfs OUTPUT [PACKAGE,…]: a minimal Debian of this machine's release, with these packages.
debian_rootfs() {
        local file=$1 packages=${2:-} release sources

        [ ! -e "$file" ] || return 0
        mkdir -p "${file%/*}"
        release=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
        sources=$(debian_sources)
        if [ -z "$sources" ]; then
                apt-get --quiet --quiet update
                sources=$(debian_sources)
        fi
        [ -n "$sources" ] || die "apt knows no source of Debian packages"
        mmdebstrap --quiet --variant=minbase ${packages:+--include="$packages"} "$release" "$file.new.tar" - <<<"$sources"
        mv "$file.new.tar" "$file"
}

# software_rootfs OUTPUT: Debian with the programs that tests/integration/software.bats runs.
software_rootfs() {
        debian_rootfs "$1" nginx-light,redis-server,postgresql,systemd-sysv,dbus
}
