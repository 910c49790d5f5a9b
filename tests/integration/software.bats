# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Programs as people run them, from Debian's packages, under the defaults. The root file system is made by
# tools/software-image on the machine, where there is a network, and seen by the test host at the same place.

load lib/common

ROOTFS=${CAISSON_CACHE_DIR:-/var/cache/caisson-tools}/debian-software.tar
IMAGE=localhost/software:latest

setup() {
        [ -e "$ROOTFS" ] || skip "tools/software-image has not been run"
        # Once for all tests of this file: it is large
        if ! image_id "$IMAGE" >/dev/null 2>&1; then
                test_image
                caissonctl import --quiet --change 'CMD ["/sbin/init"]' \
                        --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' "$ROOTFS" "$IMAGE"
        fi
        common_setup
}

teardown() {
        [ -e "$ROOTFS" ] || return 0
        if [ "${BATS_TEST_COMPLETED:-}" != 1 ]; then
                caissonctl logs server 2>&1 | tail -n 30 >&2 || :
                show_journal
        fi
        caissonctl rm --force server >/dev/null 2>&1 || :
        leak_check
}

teardown_file() {
        [ ! -e "$ROOTFS" ] || caissonctl rmi --force "$IMAGE" || :
}

# in_server COMMAND…: a program of the host's in the network of the container; there is no exec yet.
in_server() {
        nsenter --target "$(container_property server Leader)" --net -- "$@"
}

# in_root COMMAND…: a program of the image's, in all namespaces of the container but as its root.
in_root() {
        nsenter --target "$(container_property server Leader)" --all -- "$@"
}

serves_page() {
        in_server timeout 5 bash -c 'exec 3<>/dev/tcp/127.0.0.1/80
                printf "GET / HTTP/1.0\r\nHost: localhost\r\n\r\n" >&3; cat <&3' | grep -q "Welcome to nginx"
}

answers_ping() {
        # shellcheck disable=SC2016  # expanded over there
        in_server timeout 5 bash -c 'exec 3<>/dev/tcp/127.0.0.1/6379; printf "PING\r\n" >&3; read -r line <&3
                [[ $line == +PONG* ]]'
}

@test "nginx serves a page" {
        caissonctl run --detach --name server "$IMAGE" nginx -g 'daemon off;'
        wait_for 15 serves_page
        caissonctl stop server
        assert_equal "$(container_property server ExitCode)" 0
}

@test "nginx serves a page from a read-only root" {
        caissonctl run --detach --name server --read-only --tmpfs /var/lib/nginx --tmpfs /var/log/nginx "$IMAGE" \
                nginx -g 'daemon off;'
        wait_for 15 serves_page
}

@test "redis answers" {
        caissonctl run --detach --name server --user redis --workdir /tmp "$IMAGE" redis-server
        wait_for 15 answers_ping
        caissonctl stop server
        assert_equal "$(container_property server ExitCode)" 0
        assert_contains "$(caissonctl logs server 2>&1)" "User requested shutdown"
}

postgres_is_ready() {
        caissonctl logs server 2>&1 | grep -q "database system is ready to accept connections"
}

@test "postgresql creates a cluster and answers" {
        # As its image does: a first start as root that gives its directory away, and gosu or the like to leave root
        # shellcheck disable=SC2016  # expanded in the container
        caissonctl run --detach --name server --memory 256m "$IMAGE" sh -ec '
                mkdir -p /data && chown postgres /data && chmod 0700 /data
                bin=$(echo /usr/lib/postgresql/*/bin)
                setpriv --reuid postgres --regid postgres --init-groups "$bin/initdb" --auth=trust -D /data/db >/dev/null
                exec setpriv --reuid postgres --regid postgres --init-groups "$bin/postgres" -D /data/db -k /tmp'
        wait_for 60 postgres_is_ready
        assert_equal "$(in_root psql -h /tmp -U postgres -Atc 'select 6 * 7')" 42
        caissonctl stop --time 30 server
        assert_equal "$(container_property server ExitCode)" 0
}

system_is_up() {
        local state

        state=$(in_root systemctl is-system-running 2>/dev/null)
        [ "$state" = running ] || [ "$state" = degraded ]
}

@test "systemd boots" {
        caissonctl run --detach --name server "$IMAGE"
        wait_for 60 system_is_up
        # redis' unit wants a user namespace within ours, which the system call filter refuses
        for unit in systemd-journald nginx postgresql@15-main dbus; do
                assert_equal "$unit $(in_root systemctl is-active "$unit")" "$unit active"
        done
        assert serves_page
        assert_equal "$(in_root systemctl show --property Virtualization --value)" container-other
        # What it starts is below its own scope, where its limits are
        assert_contains "$(cat "/proc/$(in_root systemctl show -P MainPID nginx)/cgroup" 2>/dev/null || systemctl status \
                "$(container_property server Unit)")" nginx.service
        caissonctl stop --time 30 server
        assert_equal "$(container_property server ExitCode)" 0
}
