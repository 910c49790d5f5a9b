# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# The root file system of a test host: a throw-away overlay of the machine's, with a fresh identity, fresh kernel file
# systems, and no unit that would touch the machine or wait for hardware. Sourced by testhost-init, inside the namespaces.

# Directories that cannot be on the overlay, because overlays (of containers) have their upper directories there.
DATA_BINDS=(/var/lib/caisson /var/lib/containers /var/lib/docker /var/lib/containerd /var/tmp)

MASKED_UNITS=(
        # Hardware, which is the machine's.
        systemd-udevd.service systemd-udevd-control.socket systemd-udevd-kernel.socket systemd-udev-trigger.service
        systemd-udev-settle.service systemd-modules-load.service modprobe@.service kmod-static-nodes.service systemd-backlight@.service
        systemd-rfkill.service systemd-rfkill.socket systemd-tmpfiles-setup-dev.service systemd-hwdb-update.service
        # Kernel state without namespaces.
        systemd-sysctl.service systemd-binfmt.service proc-sys-fs-binfmt_misc.automount proc-sys-fs-binfmt_misc.mount
        systemd-random-seed.service systemd-pstore.service systemd-timesyncd.service systemd-oomd.service
        systemd-oomd.socket systemd-journald-audit.socket apparmor.service auditd.service
        # File systems: there is nothing to check, grow or remount.
        systemd-remount-fs.service systemd-repart.service systemd-growfs@.service systemd-fsck-root.service
        dev-hugepages.mount sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount
        sys-fs-fuse-connections.mount tmp.mount
        # Consoles and their questions.
        getty.target getty@.service serial-getty@.service console-getty.service container-getty@.service
        systemd-ask-password-console.path systemd-ask-password-wall.path systemd-firstboot.service
        systemd-vconsole-setup.service
        # Bookkeeping of machines that stay.
        systemd-update-utmp.service systemd-update-utmp-runlevel.service systemd-sysusers.service
        systemd-machine-id-commit.service systemd-boot-update.service systemd-pcrphase.service
        systemd-pcrphase-sysinit.service systemd-initctl.socket systemd-journal-flush.service ldconfig.service
        systemd-update-done.service systemd-journal-catalog-update.service
        # Network: only the loopback interface, and no questions about it.
        systemd-networkd.service systemd-networkd.socket systemd-networkd-wait-online.service networking.service
        systemd-resolved.service systemd-network-generator.service NetworkManager.service
        # Housekeeping.
        systemd-tmpfiles-clean.timer apt-daily.timer apt-daily-upgrade.timer
)

make_data_directories() {
        local data=$1 target

        mkdir -p "$data/root" "$data/upper" "$data/work" "$data/other" "$data/binds"
        # The root directory of an overlay takes its mode from the upper one, whatever our umask.
        chmod 0755 "$data/upper"
        for target in "${DATA_BINDS[@]}"; do
                mkdir -p "$data/binds$target"
        done
        chmod 1777 "$data/binds/var/tmp"
        chmod 0700 "$data/binds/var/lib/caisson"
}

# mount_overlay LOWER TARGET UPPER WORK. It will be thrown away, so nothing needs to reach the disk (where the kernel can).
mount_overlay() {
        local options=lowerdir=$1,upperdir=$3,workdir=$4

        mount -t overlay -o "$options,volatile" overlay "$2" 2>/dev/null ||
                mount -t overlay -o "$options" overlay "$2"
}

# An overlay does not see the mounts below its lower directory: where /usr, /var or /home are file systems of their own, or
# single files are mounted (/etc/resolv.conf, in containers), do the same once more.
mount_overlays_of_other_file_systems() {
        local root=$1 data=$2 line target type n=0

        while read -r line; do
                read -r _ _ _ _ target _ <<<"$line"
                read -r type _ <<<"${line#* - }"
                case "$type" in
                ext2 | ext3 | ext4 | xfs | btrfs | f2fs | zfs | bcachefs | overlay | virtiofs | 9p) ;;
                *) continue ;;
                esac
                case "$target" in
                *\\* | "$data"/*) continue ;;
                /etc/* | /usr | /usr/* | /var | /var/* | /opt | /opt/* | /srv | /srv/* | /home | /home/* | /root | /root/*) ;;
                *) continue ;;
                esac
                if [ -d "$target" ]; then
                        n=$((n + 1))
                        mkdir -p "$root$target" "$data/other/$n.upper" "$data/other/$n.work"
                        chmod --reference="$target" "$data/other/$n.upper"
                        chown --reference="$target" "$data/other/$n.upper"
                        mount_overlay "$target" "$root$target" "$data/other/$n.upper" "$data/other/$n.work"
                elif [ -f "$target" ]; then
                        rm -f "$root$target"
                        cp -p "$target" "$root$target"
                fi
        done </proc/self/mountinfo
}

# configure_root ROOT NAME: makes it a machine of its own, one that boots what its vendor ships and nothing that was
# enabled on this machine.
configure_root() {
        local root=$1 name=$2

        tr -d - </proc/sys/kernel/random/uuid >"$root/etc/machine-id"
        printf '%s\n' "$name" >"$root/etc/hostname"
        printf '%s\n' "127.0.0.1 localhost $name" "::1 localhost ip6-localhost ip6-loopback" >"$root/etc/hosts"
        if [ -L "$root/etc/resolv.conf" ]; then
                rm "$root/etc/resolv.conf"
                cp /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null || : >"$root/etc/resolv.conf"
        fi
        printf '# A test host mounts nothing.\n' >"$root/etc/fstab"
        rm -rf "$root/etc/crypttab" "$root/var/log/journal" "$root"/etc/rc?.d \
                "$root"/etc/systemd/system/*.wants "$root"/etc/systemd/system/*.requires
        mkdir -p "$root/etc/systemd/system" "$root/etc/systemd/journald.conf.d" "$root/etc/systemd/system.conf.d"

        # Audit=no: journald would switch auditing on for the whole machine.
        cat >"$root/etc/systemd/journald.conf.d/testhost.conf" <<-END
		[Journal]
		Storage=volatile
		Audit=no
		ReadKMsg=no
		RateLimitIntervalSec=0
		ForwardToSyslog=no
		ForwardToWall=no
		END
        cat >"$root/etc/systemd/system.conf.d/testhost.conf" <<-END
		[Manager]
		DefaultTimeoutStopSec=10s
		END
        # Debian's logind hangs for its whole stop timeout when the bus goes first.
        mkdir -p "$root/etc/systemd/system/systemd-logind.service.d"
        printf '[Unit]\nAfter=dbus.service\n' >"$root/etc/systemd/system/systemd-logind.service.d/testhost.conf"
        # tools/testhost exec runs its commands in this unit's control group, so that they belong to something.
        cat >"$root/etc/systemd/system/testhost.service" <<-END
		[Unit]
		Description=Commands of tools/testhost exec
		[Service]
		ExecStart=/bin/sleep infinity
		Delegate=yes
		KillMode=mixed
		END
        mkdir "$root/etc/systemd/system/multi-user.target.wants"
        ln -s ../testhost.service "$root/etc/systemd/system/multi-user.target.wants/"
}

mask_units() {
        local root=$1 unit

        for unit in "${MASKED_UNITS[@]}"; do
                ln -sfn /dev/null "$root/etc/systemd/system/$unit"
        done
        # Old init scripts of the machine's services; those with units of their own stay startable.
        mkdir -p "$root/etc/systemd/system-generators"
        ln -sfn /dev/null "$root/etc/systemd/system-generators/systemd-sysv-generator"
}

mount_kernel_file_systems() {
        local root=$1

        mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
        mount -t sysfs -o nosuid,nodev,noexec sysfs "$root/sys"
        mount -t tmpfs -o nosuid,nodev,mode=0755 tmpfs "$root/run"
        mount -t tmpfs -o nosuid,nodev,mode=1777 tmpfs "$root/tmp"
        mount -t tmpfs -o nosuid,mode=0755,size=4m tmpfs "$root/dev"
        mkdir "$root/dev/pts" "$root/dev/shm" "$root/dev/mqueue"
        mount -t devpts -o nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5 devpts "$root/dev/pts"
        mount -t tmpfs -o nosuid,nodev,mode=1777 tmpfs "$root/dev/shm"
}

# mount_cgroups ROOT TABLE: in our cgroup namespace, so that the host's groups are the roots of what is mounted.
mount_cgroups() {
        local root=$1 table=$2 type options mountpoint name target

        if ! grep -q '^cgroup ' "$table"; then
                mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 "$root/sys/fs/cgroup"
                return
        fi

        mount -t tmpfs -o nosuid,nodev,noexec,mode=0755,size=1m tmpfs "$root/sys/fs/cgroup"
        while read -r type options mountpoint _; do
                name=${mountpoint##*/}
                target=$root/sys/fs/cgroup/$name
                mkdir "$target"
                if [ "$type" = cgroup2 ]; then
                        mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 "$target"
                else
                        mount -t cgroup -o "nosuid,nodev,noexec,$options" cgroup "$target"
                fi
                # cpu,cpuacct is known by the names of its parts too.
                case "$name" in
                *,*) for part in ${name//,/ }; do ln -s "$name" "$root/sys/fs/cgroup/$part"; done ;;
                esac
        done <"$table"
}

make_devices() {
        local dev=$1/dev node

        for node in null:666 zero:666 full:666 random:666 urandom:666 tty:666 fuse:666 net/tun:666 kvm:660; do
                copy_device "/dev/${node%:*}" "$dev/${node%:*}" "${node#*:}"
        done
        ln -s pts/ptmx "$dev/ptmx"
        ln -s /proc/self/fd "$dev/fd"
        ln -s /proc/self/fd/0 "$dev/stdin"
        ln -s /proc/self/fd/1 "$dev/stdout"
        ln -s /proc/self/fd/2 "$dev/stderr"
}

copy_device() {
        local source=$1 target=$2 mode=$3 major minor

        [ -c "$source" ] || return 0
        read -r major minor <<<"$(stat -c '%Hr %Lr' "$source")"
        mkdir -p "${target%/*}"
        mknod -m "$mode" "$target" c "$major" "$minor"
}

mount_data() {
        local root=$1 data=$2 target

        for target in "${DATA_BINDS[@]}"; do
                mkdir -p "$root$target"
                mount --bind "$data/binds$target" "$root$target"
        done
}

# The working tree changes while the host runs, and files that change below an overlay may stay the old ones in it: what has
# been built last is seen for certain only through a mount of the tree itself. Read-only, for the host's programs are tests.
mount_project() {
        local root=$1 project=$2

        case "$project" in
        / | /usr | /etc | /var) die "the working tree cannot be in $project" ;;
        esac
        mount_bind "$root" "$project:$project:ro"
}

# mount_bind ROOT SOURCE:DESTINATION[:ro]
mount_bind() {
        local root=$1 source destination mode target

        IFS=: read -r source destination mode <<<"$2"
        target=$root$destination
        if [ -d "$source" ]; then
                mkdir -p "$target"
        elif [ -e "$source" ]; then
                mkdir -p "${target%/*}"
                [ -e "$target" ] || : >"$target"
        else
                die "cannot bind $source: there is no such file"
        fi
        mount --rbind "$source" "$target"
        case "$mode" in
        "" | rw) ;;
        ro) mount -o remount,bind,ro "$target" ;;
        *) die "cannot bind $2: '$mode' is neither ro nor rw" ;;
        esac
}
