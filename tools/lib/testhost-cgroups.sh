# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# A test host has a control group of its own in every hierarchy of the machine: BASE/host is the root of its cgroup
# namespace, BASE/outer holds the process that waits for its PID 1. The two are apart because a v2 group that holds
# processes cannot hand controllers to its children.
#
# The table of groups is a file with one line per hierarchy: TYPE OPTIONS MOUNTPOINT BASE. TYPE is cgroup or cgroup2, OPTIONS
# what mount(8) needs to mount the same hierarchy once more, "-" for none.

# cgroup_hierarchies: the machine's hierarchies, TYPE OPTIONS MOUNTPOINT per line. With CAISSON_TESTHOST_CGROUP=unified only
# the v2 hierarchy counts, which shows how the host looks on a machine without v1.
cgroup_hierarchies() {
        local line left right mountpoint type options option kept seen=" "

        while read -r line; do
                left=${line%% - *}
                right=${line#* - }
                mountpoint=$(cut -d' ' -f5 <<<"$left")
                read -r type _ options <<<"$right"
                case "$type" in
                cgroup)
                        [ "${CAISSON_TESTHOST_CGROUP:-}" != unified ] || continue
                        kept=
                        for option in ${options//,/ }; do
                                case "$option" in
                                rw | ro | xattr | noprefix | clone_children | cpuset_v2_mode | release_agent=*) ;;
                                name=*) kept=none,$option ;;
                                *) kept=${kept:+$kept,}$option ;;
                                esac
                        done
                        ;;
                cgroup2) kept=- ;;
                *) continue ;;
                esac

                # The same hierarchy may be mounted more than once: the first one will do.
                [[ $seen != *" $type:$kept "* ]] || continue
                seen+="$type:$kept "
                printf '%s %s %s\n' "$type" "$kept" "$mountpoint"
        done </proc/self/mountinfo
}

# cgroup_base NAME TYPE OPTIONS MOUNTPOINT: the group's directory. A scope that systemd has made for us (see testhost-launch)
# is the right place, where it exists; elsewhere the group hangs below the root of the hierarchy.
cgroup_base() {
        local name=$1 type=$2 options=$3 mountpoint=$4 id controllers path

        while IFS=: read -r id controllers path; do
                [[ $path == */caisson-testhost-$name.scope ]] || continue
                if [ "$type" = cgroup2 ]; then
                        [ "$id" = 0 ] || continue
                else
                        [ "$controllers" = "${options#none,}" ] || continue
                fi
                if [ -d "$mountpoint$path" ]; then
                        printf '%s\n' "$mountpoint$path"
                        return
                fi
        done </proc/self/cgroup

        printf '%s\n' "$mountpoint/caisson-testhost-$name"
}

# A v1 cpuset is empty when it is new and takes no process then.
cgroup_make() {
        local dir=$1 parent file

        mkdir -p "$dir" || return 1
        parent=${dir%/*}
        for file in cpuset.cpus cpuset.mems; do
                if [ -e "$dir/$file" ] && [ -e "$parent/tasks" ] && [ -z "$(<"$dir/$file")" ]; then
                        cat "$parent/$file" >"$dir/$file" || return 1
                fi
        done
}

# On a machine with v2 alone, hand down what there is. (Beside v1, a v2 hierarchy has no controllers as a rule, and crun
# does not work where it has some: the host does without the few that v1 has left over.) What the parent refuses (it holds processes, say) the host has to do without.
cgroup_enable_controllers() {
        local dir=$1 controller enabled

        enabled=" $(<"$dir/cgroup.subtree_control") "
        for controller in $(<"$dir/cgroup.controllers"); do
                [[ $enabled == *" $controller "* ]] && continue
                { echo "+$controller" >"$dir/cgroup.subtree_control"; } 2>/dev/null ||
                        echo "cannot enable the $controller controller in $dir, the test host goes without" >&2
        done
}

# cgroups_create NAME TABLE: makes all groups and writes the table, a line as soon as its group may exist.
cgroups_create() {
        local name=$1 table=$2 type options mountpoint base hierarchies

        hierarchies=$(cgroup_hierarchies)
        : >"$table"
        while read -r type options mountpoint; do
                [ -n "$type" ] || continue
                base=$(cgroup_base "$name" "$type" "$options" "$mountpoint")
                printf '%s %s %s %s\n' "$type" "$options" "$mountpoint" "$base" >>"$table"
                cgroup_make "$base" && cgroup_make "$base/host" && cgroup_make "$base/outer" || return 1

                # A process of ours that systemd put into the scope itself would be in the way of the controllers.
                if [ "$type" = cgroup2 ]; then
                        echo $$ >"$base/host/cgroup.procs" || return 1
                        if [[ $hierarchies != *"cgroup "* ]]; then
                                [[ $base == *.scope ]] || cgroup_enable_controllers "${base%/*}"
                                cgroup_enable_controllers "$base"
                        fi
                fi
        done <<<"$hierarchies"
}

# cgroups_join PID TABLE GROUP: puts the process into BASE/GROUP of every hierarchy, or its nearest parent that exists.
cgroups_join() {
        local pid=$1 table=$2 group base dir

        while read -r _ _ _ base; do
                group=$3
                while [ ! -d "$base/$group" ] && [ "$group" != "${group%/*}" ]; do
                        group=${group%/*}
                done
                dir=$base/$group
                echo "$pid" >"$dir/cgroup.procs" || return 1
        done <"$table"
}

cgroups_processes() {
        local base

        while read -r _ _ _ base; do
                [ ! -d "$base" ] || find "$base" -name cgroup.procs -exec cat {} + 2>/dev/null
        done <"$1" | sort -un
}

cgroups_try_remove() {
        local base left=0

        while read -r _ _ _ base; do
                [ ! -d "$base" ] || find "$base" -depth -type d -exec rmdir {} + 2>/dev/null
                [ ! -d "$base" ] || left=1
        done <"$1"
        return $left
}

# cgroups_remove TABLE: ends what is left in the groups and removes them.
cgroups_remove() {
        local table=$1 pid

        [ -e "$table" ] || return 0
        for pid in $(cgroups_processes "$table"); do
                [ "$pid" -le 1 ] || kill -KILL "$pid" 2>/dev/null || :
        done
        wait_until 5 cgroups_try_remove "$table"
}
