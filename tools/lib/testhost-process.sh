# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# A process is a PID and its start time, so that a number that was used again is never taken for the old process.

# process_start_time PID: in clock ticks since boot; fails if there is no such process, or if it is as good as gone: a
# process without memory has exited, and only waits for somebody to notice (or, as PID 1 of a namespace, for others to be
# noticed, which may take long where the machine's own PID 1 is lazy).
process_start_time() {
        local stat fields

        { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
        # The command name may hold anything, but nothing after the last parenthesis does.
        read -ra fields <<<"${stat##*) }"
        [ "${fields[20]}" != 0 ] || return 1
        printf '%s\n' "${fields[19]}"
}

# process_save PID FILE
process_save() {
        local start

        start=$(process_start_time "$1") || return 1
        printf '%s %s\n' "$1" "$start" >"$2.new" && mv "$2.new" "$2"
}

# process_load FILE: prints the PID if the process saved there is alive.
process_load() {
        local pid start

        { read -r pid start <"$1"; } 2>/dev/null || return 1
        [ "$(process_start_time "$pid")" = "$start" ] || return 1
        printf '%s\n' "$pid"
}

process_is_gone() {
        ! process_load "$1" >/dev/null
}

# set_limits: as systemd sets them on a machine of its own; without CAP_SYS_RESOURCE the hard limit stays where it is.
set_limits() {
        ulimit -Sc 0
        ulimit -Hn 524288 2>/dev/null || :
        ulimit -Sn 1024
}
