# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# The jobs that bring, name and remove images: what they tell, and what is left when they are killed.

load lib/common

# The names that a test gave to the image of all tests go with it.
teardown() {
        local name

        # shellcheck disable=SC2154  # lib/common.bash sets it
        for name in $(caissonctl images --no-trunc --format '{{.ID}} {{.Repository}}:{{.Tag}}' |
                awk -v id="$test_image_id" -v name="$TEST_IMAGE" '$1 == id && $2 != name { print $2 }'); do
                caissonctl rmi "$name" >/dev/null
        done
        common_teardown
}

image_names() {
        caissonctl images --format '{{.Repository}}:{{.Tag}}' | sort
}

# big_layer OUTPUT: a tar that takes a while to unpack.
big_layer() {
        local root="$BATS_TEST_TMPDIR/big" i

        mkdir -p "$root"
        for i in $(seq 1 400); do
                head -c 100000 /dev/urandom >"$root/file-$i"
        done
        layer_tar "$root" "$1"
        rm -r "$root"
}

big_archive() {
        local layer="$BATS_TEST_TMPDIR/big.tar"

        big_layer "$layer"
        docker_archive "$BATS_TEST_TMPDIR/big-image.tar" big:1 '{}' "$(test_layer)" "$layer"
        rm "$layer"
        printf '%s\n' "$BATS_TEST_TMPDIR/big-image.tar"
}

# hold_load: a load whose archive comes through a pipe that stays open as descriptor 7, so that it is under way until then.
hold_load() {
        mkfifo "$BATS_TEST_TMPDIR/fifo"
        caissonctl load --quiet --input "$BATS_TEST_TMPDIR/fifo" >"$BATS_TEST_TMPDIR/load.log" 2>&1 &
        loader=$!
        exec 7>"$BATS_TEST_TMPDIR/fifo"
        head --bytes=-4096 "$(test_archive)" >&7
        wait_for 10 staging_is_used
}

end_load() {
        exec 7>&-
        wait "$loader" || :
}

staging_is_used() {
        [ -n "$(ls -A /var/lib/caisson/images/staging 2>/dev/null)" ]
}

staging_is_empty() {
        ! staging_is_used && [ -z "$(find /var/lib/caisson/layers -maxdepth 1 -name '.*' -mindepth 1)" ]
}

job_path() {
        manager_call ListJobs | jq -r '.data[0][0][5]'
}

job_property() {
        busctl --json=short get-property io.caisson1 "$1" io.caisson1.Job "$2" | jq -r .data
}

@test "the same tar twice is one layer" {
        caissonctl import --quiet "$(test_layer)" localhost/made:1
        n=$(find /var/lib/caisson/layers -mindepth 1 -maxdepth 1 | wc -l)
        caissonctl import --quiet "$(test_layer)" localhost/made:2
        assert_equal "$(find /var/lib/caisson/layers -mindepth 1 -maxdepth 1 | wc -l)" "$n"
}

@test "what is saved can be loaded and is the same" {
        caissonctl tag "$TEST_IMAGE" localhost/other:1
        for format in docker-archive oci-archive; do
                caissonctl save --quiet --format "$format" --output "$BATS_TEST_TMPDIR/saved" "$TEST_IMAGE" localhost/other:1
                caissonctl save --quiet --format "$format" "$TEST_IMAGE" localhost/other:1 | cmp - "$BATS_TEST_TMPDIR/saved"
                id=$(image_id "$TEST_IMAGE")
                caissonctl rmi "$TEST_IMAGE" localhost/other:1
                run image_id "$TEST_IMAGE"
                assert_failure

                caissonctl load --quiet --input "$BATS_TEST_TMPDIR/saved"
                assert_equal "$(image_id "$TEST_IMAGE")" "$id"
                assert_equal "$(image_id localhost/other:1)" "$id"
                assert_equal "$(caissonctl run --rm "$TEST_IMAGE" echo works)" works
        done

        run caissonctl save --quiet --output "$BATS_TEST_TMPDIR/none" localhost/nothing:1
        assert_failure
        assert_output_contains localhost/nothing:1
        refute_exists "$BATS_TEST_TMPDIR/none"
}

@test "lists are filtered as docker's are" {
        caissonctl import --quiet --change 'LABEL tier=web' "$(test_layer)" localhost/web:1
        caissonctl import --quiet "$(test_layer)" >/dev/null

        names() {
                caissonctl images --format '{{.Repository}}:{{.Tag}}' "$@" | sort | tr '\n' ' '
        }
        assert_equal "$(names --filter label=tier)" 'localhost/web:1 '
        assert_equal "$(names --filter label=tier=db)" ''
        assert_equal "$(names --filter dangling=true)" '<none>:<none> '
        assert_equal "$(names --filter 'reference=localhost/w*')" 'localhost/web:1 '
        assert_equal "$(names --filter before=localhost/web:1)" "$TEST_IMAGE "
        assert_equal "$(names --filter "since=$TEST_IMAGE" --filter dangling=false)" 'localhost/web:1 '
        run caissonctl images --filter nonsense=1
        assert_failure
        assert_output_contains nonsense
}

@test "an image that a container uses stays" {
        caissonctl tag "$TEST_IMAGE" localhost/used:1
        id=$(caissonctl import --quiet "$(test_layer)" localhost/used:1)
        caissonctl create --name user localhost/used:1 true

        run caissonctl rmi localhost/used:1
        assert_failure
        assert_output_contains 'container user'
        run caissonctl rmi "$id"
        assert_failure

        run caissonctl rmi --force localhost/used:1
        assert_success
        assert_output 'Untagged: localhost/used:1'
        caissonctl start user
        caissonctl wait user
        caissonctl rm user
        run caissonctl rmi "$id"
        assert_success
        assert_line "Deleted: $id"
}

@test "an image with several names is not removed by its id without force" {
        caissonctl tag "$TEST_IMAGE" localhost/a:1
        run caissonctl rmi "$(image_id "$TEST_IMAGE")"
        assert_failure
        assert_output_contains 'several names'
}

@test "a job can be looked at and cancelled" {
        hold_load
        job=$(job_path)

        assert_equal "$(job_property "$job" Type)" load
        assert_equal "$(job_property "$job" State)" running
        assert_equal "$(job_property "$job" Requester)" 0
        number=${job##*/}
        assert_equal "$(manager_call GetJob u "$number" | jq -r '.data[0]')" "$job"
        manager_call CancelJob u "$number"
        wait_for 10 test ! -d "/proc/$loader"
        run wait "$loader"
        assert_failure
        assert_contains "$(cat "$BATS_TEST_TMPDIR/load.log")" cancel
        end_load
        wait_for 10 staging_is_empty
        run manager_call GetJob u "$number"
        assert_failure
}

@test "a job ends with its client" {
        hold_load
        kill -KILL "$loader"
        wait_for 10 staging_is_empty
        end_load
        assert_equal "$(manager_call ListJobs | jq -r '.data[0] | length')" 0
}

@test "a worker that is killed leaves nothing and is told of" {
        hold_load
        pkill --signal KILL --full '^caisson-worker load$'
        wait_for 10 test ! -d "/proc/$loader"
        end_load
        assert_contains "$(cat "$BATS_TEST_TMPDIR/load.log")" 'was killed by SIGKILL'
        wait_for 10 staging_is_empty
}

@test "caissond killed in the middle of a load leaves nothing" {
        hold_load
        kill_caissond
        end_load
        wait_for 10 manager_call ListJobs
        wait_for 10 staging_is_empty
        assert_equal "$(image_names)" "$TEST_IMAGE"
        assert_equal "$(caissonctl run --rm "$TEST_IMAGE" echo works)" works
}

@test "killed at any moment, a load is done or not done" {
        archive=$(big_archive)
        for delay in 0.02 0.05 0.1 0.15 0.2 0.3 0.4; do
                caissonctl load --quiet --input "$archive" >/dev/null 2>&1 &
                client=$!
                sleep "$delay"
                kill_caissond
                wait "$client" || :
                systemctl reset-failed caissond.service
                wait_for 10 manager_call ListJobs
                wait_for 20 staging_is_empty
                if image_id big:1 >/dev/null 2>&1; then
                        assert_equal "$(caissonctl run --rm big:1 sh -c 'ls /file-* | wc -l')" 400
                        caissonctl rmi big:1
                fi
        done
        # What no image needs is gone, too
        wait_for 10 test "$(find /var/lib/caisson/layers -mindepth 1 -maxdepth 1 | wc -l)" = 1
}

@test "several at once are several images" {
        for i in 1 2 3 4 5 6; do
                caissonctl import --quiet --change "LABEL number=$i" "$(test_layer)" "localhost/many:$i" &
        done
        wait
        assert_equal "$(caissonctl images --filter label=number --quiet | sort -u | wc -l)" 6
        for i in 1 2 3 4 5 6; do
                caissonctl rmi "localhost/many:$i" &
        done
        wait
        assert_equal "$(image_names)" "$TEST_IMAGE"
}
