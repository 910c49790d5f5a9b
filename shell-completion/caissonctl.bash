# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash

_caissonctl() {
        local candidates line current=${COMP_WORDS[COMP_CWORD]}

        COMPREPLY=()
        # "--name=web" comes as three words
        mapfile -t candidates < <(caissonctl __complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
        for line in "${candidates[@]}"; do
                if [ "$line" = $'\tfiles' ]; then
                        compopt -o filenames 2>/dev/null
                        mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$current")
                elif [[ $line == "$current"* ]]; then
                        COMPREPLY+=("$line")
                fi
        done
        # Of a name with a colon, bash replaces only what is behind it
        if declare -F __ltrim_colon_completions >/dev/null; then
                __ltrim_colon_completions "$current"
        fi
}

complete -F _caissonctl caissonctl
