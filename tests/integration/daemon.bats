# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# caissond's unit and its interface on the bus.

load lib/common

# interface_of FILE-OR-'-': members of our interfaces, one a line.
interface_of() {
        python3 - "$1" <<'END'
import sys, xml.etree.ElementTree as ET
source = sys.stdin if sys.argv[1] == '-' else open(sys.argv[1])
root = ET.fromstring(source.read())
for interface in root.findall('interface'):
    if not interface.get('name').startswith('io.caisson1.'):
        continue
    for member in interface:
        changes = ''
        if member.tag == 'property':
            changes = 'true'
            for a in member.findall('annotation'):
                if a.get('name').endswith('EmitsChangedSignal'):
                    changes = a.get('value')
        arguments = [(a.get('direction') or '', a.get('type'), a.get('name') or '') for a in member.findall('arg')]
        if member.tag == 'signal':
            arguments = [('', t, n) for _, t, n in arguments]
        print(interface.get('name'), member.tag, member.get('name'), member.get('type') or '', member.get('access') or '',
              changes, arguments)
END
}

introspect() {
        busctl --json=short call io.caisson1 "$1" org.freedesktop.DBus.Introspectable Introspect | jq -r '.data[0]' \
                >"$BATS_TEST_TMPDIR/introspection.xml"
        interface_of "$BATS_TEST_TMPDIR/introspection.xml" | sort
}

@test "what is on the bus is what the XML says" {
        caissonctl create --name web "$TEST_IMAGE" true
        for object in Manager=/io/caisson1 "Container=$(container_object web)" \
                "Image=/io/caisson1/image/$(image_id "$TEST_IMAGE" | cut -d: -f2)"; do
                introspect "${object#*=}" >"$BATS_TEST_TMPDIR/actual"
                interface_of "/usr/share/dbus-1/interfaces/io.caisson1.${object%%=*}.xml" | sort >"$BATS_TEST_TMPDIR/expected"
                run diff -u "$BATS_TEST_TMPDIR/expected" "$BATS_TEST_TMPDIR/actual"
                assert_success
        done
}

@test "the bus starts caissond when it is asked for" {
        systemctl stop caissond.service
        assert_equal "$(systemctl is-active caissond.service)" inactive
        manager_call ListContainers 'a{sv}' 0
        assert_equal "$(systemctl is-active caissond.service)" active
}

@test "its unit is as confined as containers allow" {
        exposure=$(systemd-analyze security --no-pager caissond.service | sed -n 's/.*exposure level.*: \([0-9.]*\) .*/\1/p')
        assert_matches "$exposure" '^([0-6]\.[0-9]|7\.[0-5])$'
        # inherited by every container: they must not be there
        assert_equal "$(awk '/^NoNewPrivs/ { print $2 }' "/proc/$(caissond_pid)/status")" 0
        assert_equal "$(awk '/^Seccomp:/ { print $2 }' "/proc/$(caissond_pid)/status")" 0
}

@test "its directories are for root alone" {
        for directory in /var/lib/caisson /run/caisson /var/lib/caisson/containers /run/caisson/containers; do
                assert_equal "$(stat --format %a:%u "$directory")" 700:0
        done
}

@test "reloading is possible and harmless" {
        caissonctl run --detach --name web "$TEST_IMAGE" sleep infinity
        pid=$(caissond_pid)
        systemctl reload caissond.service
        assert_equal "$(caissond_pid)" "$pid"
        assert_equal "$(container_property web State)" running
}

@test "calls of wrong types and values are clean errors" {
        caissonctl run --detach --name web "$TEST_IMAGE" sleep infinity
        object=$(container_object web)
        pid=$(caissond_pid)
        try() {
                run busctl call io.caisson1 "$@"
                assert_failure
        }
        for call in 'RunContainer s x' 'RunContainer ssa{sv}t x image 1 NoSuchKey s x 0' \
                "RunContainer ssa{sv}t x $TEST_IMAGE 1 Command s true 0" "RunContainer ssa{sv}t x $TEST_IMAGE 1 Memory s much 0" \
                "RunContainer ssa{sv}t x $TEST_IMAGE 0 99" "RunContainer ssa{sv}t x $TEST_IMAGE 1 AttachSocket s x 0" \
                'GetContainer u 1' 'GetContainer s ' 'GetContainerByPID u 0' 'GetContainerByPID u 4294967295' \
                'ListContainers a{sv} 1 name u 3' 'ListContainers a{sv} 1 nonsense s x' 'DescribeContainers asa{sv} 1 x 0' \
                'NoSuchMethod' 'PruneContainers a{sv}t 0 5'; do
                # shellcheck disable=SC2086  # words
                try /io/caisson1 io.caisson1.Manager $call
        done
        for call in 'Kill si leader 0' 'Kill si leader 999' 'Kill si nobody 9' 'Kill si leader -- -9' 'Stop tt 999999999999999 0' \
                'Stop tt 0 7' 'Remove t 64' 'Wait s nonsense' 'Rename s a/b' 'Inspect s toml' 'Start a{sv}t 1 Nonsense s x 0' \
                'Attach s x' 'Unpause'; do
                # shellcheck disable=SC2086
                try "$object" io.caisson1.Container $call
        done
        try /io/caisson1/container/0123 io.caisson1.Container Stop tt 0 0
        try "/io/caisson1/container/$(printf 'a%.0s' {1..64})" io.caisson1.Container Stop tt 0 0
        assert_equal "$(caissond_pid)" "$pid"
        assert_equal "$(container_property web State)" running
        assert_equal "$(caissonctl ps --all --quiet | wc -l)" 1
}

@test "changes are signalled" {
        busctl --json=short monitor --match "type='signal',sender='io.caisson1'" io.caisson1 >"$BATS_TEST_TMPDIR/signals" &
        monitor=$!
        wait_for 5 pgrep --parent $$ --full 'busctl.*monitor' || :
        sleep 0.3
        caissonctl run --rm --name web "$TEST_IMAGE" sh -c 'exit 3' || :
        wait_for 5 grep -q '"member":"ContainerRemoved"' "$BATS_TEST_TMPDIR/signals"
        kill $monitor
        for member in ContainerNew StateChanged Exited ContainerRemoved InterfacesAdded InterfacesRemoved PropertiesChanged; do
                assert grep -q "\"member\":\"$member\"" "$BATS_TEST_TMPDIR/signals"
        done
}

@test "who asked for what is in the journal" {
        caissonctl run --rm --name web "$TEST_IMAGE" true
        run journalctl --no-pager --output=json CAISSON_CONTAINER=web CAISSON_ACTION=run CAISSON_UID=0 _COMM=caissond
        assert_output_contains MESSAGE_ID
}

@test "properties and object lists are root's" {
        for interface in org.freedesktop.DBus.Properties:GetAll:s:io.caisson1.Manager \
                org.freedesktop.DBus.ObjectManager:GetManagedObjects; do
                # shellcheck disable=SC2046  # words
                run as_user "$TEST_USER" busctl --system call io.caisson1 /io/caisson1 $(tr ':' ' ' <<<"$interface")
                assert_failure
                assert_output_contains "ccess denied"
        done
}

@test "Describe tells of the machine and the containers" {
        caissonctl run --detach --name web "$TEST_IMAGE" sleep infinity
        json=$(manager_call Describe | jq -r '.data[0]')
        assert_equal "$(jq .ContainersRunning <<<"$json")" 1
        assert_equal "$(jq -r .CgroupDriver <<<"$json")" systemd
        assert_not_equal "$(jq -r .ServerVersion <<<"$json")" null
}
