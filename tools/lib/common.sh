# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What every tool here needs: messages, and where the project is.

# shellcheck disable=SC2034  # for those who source this
PROJECT_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
PROGRAM=${PROGRAM:-${0##*/}}

info() {
        printf '%s: %s\n' "$PROGRAM" "$*" >&2
}

die() {
        info "$*"
        exit 1
}

require_root() {
        [ "$(id -u)" -eq 0 ] || die "this needs root"
}

# wait_until SECONDS COMMAND…: repeats the command until it succeeds; fails when the time is over.
wait_until() {
        local deadline=$(($(now_ms) + $1 * 1000))
        shift

        until "$@"; do
                (($(now_ms) < deadline)) || return 1
                sleep 0.03
        done
}

now_ms() {
        printf '%s\n' "${EPOCHREALTIME/[.,]/}" | sed 's/...$//'
}
