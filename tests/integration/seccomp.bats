# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# System calls, made by perl (which every Debian has, and whose syscall() takes numbers), under the default profile and
# under one's own.

load lib/common

PERL_IMAGE=localhost/perl:latest

setup_file() {
        local root

        root=$(mktemp -d)
        mkdir -p "$root"/{dev,etc,proc,sys,tmp,usr/bin}
        cp /usr/bin/perl "$root/usr/bin/"
        ldd /usr/bin/perl | grep -o '/[^ ]*' | while read -r library; do
                install -D "$library" "$root/usr/${library#/usr/}"
        done
        for link in lib lib64; do
                [ ! -d "$root/usr/$link" ] || ln -sfn "usr/$link" "$root/$link"
        done
        ln -sfn usr/bin "$root/bin"
        chmod 0755 "$root"
        layer_tar "$root" "$BATS_FILE_TMPDIR/perl.tar"
        rm -r "$root"
        docker_archive "$BATS_FILE_TMPDIR/perl-image.tar" "$PERL_IMAGE" '{}' "$BATS_FILE_TMPDIR/perl.tar"
}

setup() {
        [ "$(uname -m)" = x86_64 ] || skip "the numbers are x86_64's"
        common_setup
        caissonctl load --input "$BATS_FILE_TMPDIR/perl-image.tar" >/dev/null
}

# errnos [OPTION…] -- CALL…: the error number of each, 0 where it worked; a CALL is "NUMBER[,ARGUMENT…]".
errnos() {
        local options=()

        while [ "$1" != -- ]; do
                options+=("$1")
                shift
        done
        shift
        # shellcheck disable=SC2016  # for perl
        caissonctl run --rm "${options[@]}" "$PERL_IMAGE" /usr/bin/perl -e '
                for (@ARGV) {
                        my @a = map { 0 + $_ } split /,/;
                        my $r = syscall(shift @a, @a, (0) x (6 - @a));
                        printf "%d ", $r < 0 ? $! : 0;
                }' "$@"
}

EPERM=1 ENOSYS=38 EAFNOSUPPORT=97 EPROTONOSUPPORT=93

@test "what is known to be bad is not permitted" {
        # keyctl add_key request_key io_uring_setup userfaultfd bpf perf_event_open mount umount2 pivot_root setns kexec_load
        # init_module open_by_handle_at reboot swapon move_pages vmsplice process_vm_readv settimeofday syslog acct
        calls=(250 248 249 425 323 321 298 165 166 155 308 246 175 304 169 167 279 278 310 164 103 163)
        # shellcheck disable=SC2046  # words
        assert_equal "$(errnos -- "${calls[@]}")" "$(printf "$EPERM %.0s" "${calls[@]}")"
}

@test "what is not known is not there" {
        assert_equal "$(errnos -- 1000 9999 435)" "$ENOSYS $ENOSYS $ENOSYS " # the last is clone3
}

@test "no user namespaces, nor others" {
        # unshare, clone: CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWNET with SIGCHLD
        assert_equal "$(errnos -- 272,33554432 272,131072 272,268435456 56,268435473 56,131089 56,1073741841)" \
                "$EPERM $EPERM $EPERM $EPERM $EPERM $EPERM "
}

@test "sockets are of the usual families" {
        # AF_UNIX, AF_INET, AF_INET6, AF_NETLINK ROUTE and GENERIC
        assert_equal "$(errnos -- 41,1,1,0 41,2,1,0 41,10,2,0 41,16,3,0 41,16,3,16)" "0 0 0 0 0 "
        # AF_ALG, AF_VSOCK, AF_PACKET, AF_BLUETOOTH, one that will never be, AF_ALG with something in the upper half
        assert_equal "$(errnos -- 41,38,5,0 41,40,1,0 41,17,3,0 41,31,3,0 41,99,1,0 41,4294967334,5,0)" \
                "$(printf "$EAFNOSUPPORT %.0s" 1 2 3 4 5 6)"
        # AUDIT, NETFILTER
        assert_equal "$(errnos -- 41,16,3,9 41,16,3,12)" "$EPROTONOSUPPORT $EPROTONOSUPPORT "
        # AF_PACKET with the capability for it
        assert_equal "$(errnos --cap-add NET_RAW -- 41,17,3,0)" "0 "
}

@test "personality is what it was" {
        assert_equal "$(errnos -- 135,4294967295 135,0 135,262144 135,4194304)" "0 0 $ENOSYS $ENOSYS "
}

@test "the other entries to the kernel kill" {
        run errnos -- 1073741863 # getpid of x32
        assert_failure 159      # 128 + SIGSYS
}

@test "unconfined is without a filter" {
        assert_equal "$(errnos --security-opt seccomp=unconfined -- 135,262144)" "0 "
}

@test "a profile of one's own" {
        cat >"$BATS_TEST_TMPDIR/profile.json" <<-'END'
		{ "defaultAction": "SCMP_ACT_ALLOW",
		  "syscalls": [ { "names": [ "getpriority", "no_such_call" ], "action": "SCMP_ACT_ERRNO", "errnoRet": 42 } ] }
		END
        assert_equal "$(errnos --security-opt "seccomp=$BATS_TEST_TMPDIR/profile.json" -- 140 104)" "42 0 "
}

@test "a profile that is none is told, and leaves nothing" {
        echo '{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [ { "names": [ "read" ], "action": "forbid" } ] }' \
                >"$BATS_TEST_TMPDIR/profile.json"
        run caissonctl run --name web --security-opt "seccomp=$BATS_TEST_TMPDIR/profile.json" "$TEST_IMAGE" true
        assert_failure 125
        assert_output_contains "/syscalls/0/action: unknown action 'forbid'"

        echo '{' >"$BATS_TEST_TMPDIR/profile.json"
        run caissonctl run --name web --security-opt "seccomp=$BATS_TEST_TMPDIR/profile.json" "$TEST_IMAGE" true
        assert_failure 125
        run caissonctl run --name web --security-opt "seccomp=$BATS_TEST_TMPDIR/missing.json" "$TEST_IMAGE" true
        assert_failure 125
        assert_output_contains missing.json
}

@test "a filter is compiled once" {
        rm -rf /run/caisson/seccomp
        restart_caissond
        caissonctl run --rm "$TEST_IMAGE" true
        assert_matches "$(ls /run/caisson/seccomp)" '^[0-9a-f]{64}\.bpf$'
        assert_equal "$(stat -c %a /run/caisson/seccomp/*)" 600
        before=$(stat -c %Y:%i /run/caisson/seccomp/*)
        caissonctl run --rm "$TEST_IMAGE" true
        assert_equal "$(stat -c %Y:%i /run/caisson/seccomp/*)" "$before"
}
