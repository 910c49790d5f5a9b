# SPDX-License-Identifier: LGPL-2.1-or-later

function __caissonctl_complete
        set -l words (commandline -opc) (commandline -ct)
        for line in (caissonctl __complete -- $words[2..-1] 2>/dev/null)
                if test "$line" = \tfiles
                        __fish_complete_path (commandline -ct)
                else
                        echo $line
                end
        end
end

complete -c caissonctl -f -a '(__caissonctl_complete)'
