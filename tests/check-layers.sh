#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A folder of src/ may include only the folders listed with it here. Prints each line that does otherwise.

set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../src"

# Programs (supervisor, worker, dns, manager, ctl) are in no list: nothing includes them.
declare -A may_include=(
        [shared]=""
        [oci]="shared"
        [image]="oci shared"
        [registry]="image oci shared"
        [volume]="shared"
        [network]="shared"
        [quadlet]="oci shared"
        [build]="image registry oci shared"
        [runtime]="oci shared"
        [supervisor]="runtime oci shared"
        [worker]="image registry volume network quadlet build runtime oci shared"
        [dns]="network shared"
        [manager]="image network volume oci shared"
        [ctl]="shared"
)
failed=0

complain() {
        printf 'src/%s:%s: %s\n' "$1" "$2" "$3"
        failed=1
}

# check_include FILE LINE FOLDER HEADER
check_include() {
        local file=$1 line=$2 folder=$3 header=$4 other=${4%%/*}

        case "/$header/" in
        */../*)
                complain "$file" "$line" "'$header' climbs out of its folder: name the header from src/"
                return
                ;;
        esac
        # Without a folder of src/ in front it is next to the file.
        if [ "$other" = "$header" ] || [ ! -d "$other" ] || [ "$other" = "$folder" ]; then
                return
        fi
        [[ " ${may_include[$folder]} " == *" $other "* ]] ||
                complain "$file" "$line" "$folder/ may not include $other/ ('$header'), only: ${may_include[$folder]:-nothing}"
}

for directory in */; do
        folder=${directory%/}
        if [ -z "${may_include[$folder]+known}" ]; then
                complain "$folder" 0 "tests/check-layers.sh does not know this folder"
                continue
        fi
        while IFS=: read -r file line header; do
                check_include "$file" "$line" "$folder" "$header"
        done < <(grep -rnE --include='*.[ch]' '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' "$folder" |
                sed -E 's/^([^:]*:[0-9]+:)[^"]*"([^"]*)".*/\1\2/')
done

exit $failed
