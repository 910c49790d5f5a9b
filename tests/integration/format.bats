# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2016,SC1010
#
# Tables, templates and JSON of lists and inspect.

load lib/common

@test "ps is a table of docker's columns" {
        caissonctl run -d --name web --label a=b "$TEST_IMAGE" sh -c 'sleep infinity; true'
        run caissonctl ps
        assert_output_matches '^CONTAINER ID +IMAGE +COMMAND +CREATED +STATUS +PORTS +NAMES'
        assert_matches "${lines[1]}" '^[0-9a-f]{12}   localhost/test:latest   "sh -c .*" +[A-Z].* ago +Up .* web$'
        run caissonctl ps --noheading
        assert_equal "${#lines[@]}" 1
        run caissonctl container ls --no-trunc
        assert_output_contains '"sh -c sleep infinity; true"'
        assert_output_matches '[0-9a-f]{64}'
}

@test "ps shows what runs, and with -a, -n and -l the rest" {
        caissonctl create --name first "$TEST_IMAGE" true
        caissonctl run --name second "$TEST_IMAGE" sh -c 'exit 3' || :
        caissonctl run -d --name third "$TEST_IMAGE" sleep infinity
        assert_equal "$(caissonctl ps --format '{{.Names}}')" third
        assert_equal "$(caissonctl ps -a --format '{{.Names}}')" $'third\nsecond\nfirst'
        assert_equal "$(caissonctl ps -n 2 --format '{{.Names}}')" $'third\nsecond'
        assert_equal "$(caissonctl ps -l --format '{{.Names}}')" third
        assert_equal "$(caissonctl ps --filter status=exited --format '{{.Names}}')" second
        assert_matches "$(caissonctl ps -a --filter name=second --format '{{.Status}}')" '^Exited \(3\) .* ago$'
        assert_equal "$(caissonctl ps -a --filter name=first --format '{{.Status}} {{.State}}')" "Created created"
        assert_equal "$(caissonctl ps -aq | wc -l)" 3
        run caissonctl ps --filter nonsense=1
        assert_failure 1
        run caissonctl ps --filter nonsense
        assert_failure 1
}

@test "ps --format: templates, tables, JSON" {
        id=$(caissonctl run -d --name web --label role=front "$TEST_IMAGE" sleep infinity)
        assert_equal "$(caissonctl ps --format '{{.ID}} {{.Names | upper}} {{.Label "role"}}')" "${id:0:12} WEB front"
        assert_equal "$(caissonctl ps --format '{{json .Names}}')" '"web"'
        run caissonctl ps --format 'table {{.Names}}\t{{.State}}'
        assert_output $'NAMES     STATE\nweb       running'
        run bash -c 'caissonctl ps --format json | jq -r ".[0] | .Names[0], .State, .Labels.role, .Id"'
        assert_output $'web\nrunning\nfront\n'"$id"
        assert_equal "$(caissonctl ps -a --filter name=nobody --format json | jq -c .)" '[]'
        run caissonctl ps --format '{{.Nmaes}}'
        assert_failure 1
        assert_output_contains "did you mean .Names?"
        run caissonctl ps --format '{{.Names'
        assert_failure 1
        assert_output_matches '^Error: template: 1:[0-9]+: '
}

@test "inspect: JSON by default, several objects, templates" {
        caissonctl create --name web -e A=1 -e B=2 --label x.y=z "$TEST_IMAGE" sh -c 'true'
        run bash -c 'caissonctl inspect web | jq -r ".[0].Config.Cmd | join(\" \")"'
        assert_output "sh -c true"
        run caissonctl inspect --format '{{.Name}} {{.State.Status}} {{.Config.Image}}' web
        assert_output_matches 'web created .*test:latest$'
        run caissonctl inspect -f '{{index .Config.Labels "x.y"}}|{{index .Config.Labels "none"}}' web
        assert_output 'z|'
        run caissonctl inspect -f '{{range $i, $e := .Config.Env}}{{if eq $e "A=1"}}found{{end}}{{end}}' web
        assert_output found
        run caissonctl inspect -f '{{json .Config.Cmd}}' web
        assert_output '["sh","-c","true"]'
        run caissonctl inspect -f '{{.Id}}' web "$TEST_IMAGE"
        assert_equal "${#lines[@]}" 2
        run caissonctl inspect --type image web
        assert_failure 1
        run caissonctl inspect --type container "$TEST_IMAGE"
        assert_failure 1
        run --separate-stderr caissonctl inspect nobody web
        assert_failure 1
        assert_equal "$(jq length <<<"$output")" 1
        run --separate-stderr caissonctl inspect nobody
        assert_failure 1
        assert_equal "$(jq -c . <<<"$output")" '[]'
        run caissonctl inspect -f '{{.Nonsense}}' web
        assert_failure 1
}

@test "images: a line for each name, ids once, JSON once" {
        caissonctl tag "$TEST_IMAGE" localhost/other:2
        run caissonctl images
        assert_output_matches '^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE'
        assert_output_matches 'localhost/test +latest +[0-9a-f]{12} '
        assert_output_matches 'localhost/other +2 +[0-9a-f]{12} '
        assert_equal "$(caissonctl images -q | wc -l)" 1
        assert_equal "$(caissonctl images --format json | jq 'length')" 1
        assert_equal "$(caissonctl images --format '{{.Repository}}:{{.Tag}}' localhost/other)" localhost/other:2
        assert_matches "$(caissonctl images --no-trunc -q)" '^sha256:[0-9a-f]{64}$'
        run caissonctl images --digests
        assert_output_contains "sha256:"
        assert caissonctl untag "$TEST_IMAGE" localhost/other:2
}

@test "info and version have their fields" {
        assert_equal "$(caissonctl info --format '{{.Containers}}')" 0
        assert_equal "$(caissonctl version --format '{{.Client.Version}}')" "$(caissonctl version --format '{{.Server.Version}}')"
        assert_equal "$(caissonctl info --format json | jq -r .CgroupDriver)" systemd
        run caissonctl version
        assert_output_contains "Client:"
}

@test "nothing is colored where nobody can see it" {
        run caissonctl ps --quite
        refute_output_contains $'\e['
        run in_terminal env NO_COLOR=1 TERM=xterm caissonctl ps --quite
        refute_output_contains $'\e[1'
        run in_terminal env -u NO_COLOR TERM=xterm caissonctl ps --quite
        assert_output_contains $'\e[1'
}

@test "control characters in what containers say about themselves do not reach the terminal" {
        caissonctl create --name web --label "evil=$(printf 'a\033]0;title\007b')" "$TEST_IMAGE" printf '\033[2J'
        run caissonctl ps -a --no-trunc --format '{{.Command}} {{.Labels}}'
        refute_output_contains $'\e'
        assert_output_contains '\x1b'
        run in_terminal caissonctl inspect -f '{{index .Config.Labels "evil"}}' web
        refute_output_contains $'\e]0'
}
