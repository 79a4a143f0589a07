# What tests of the desk in a province share, on top of lib.sh: a gateway, the centre, an agency
# without a system of its own (stnmt), and a desk for each; answers are kept, and held against
# adapters/desk/openapi.yaml.
# shellcheck disable=SC2034

# shellcheck source=tests/system/answers.sh
. "$ROOT/tests/system/answers.sh"

# Everything is up, and both have people of every role, all with the same password.
readonly DESK_PASSWORD="hai con ngựa trắng"
desk_province() {
    local name
    "$BIN/lienthong" sandbox init province
    sed -i '/^office:/,$d' province/adapters/stnmt/adapter.yaml
    printf 'office:\n  kind: inbox\n' >>province/adapters/stnmt/adapter.yaml
    mkdir -m 700 province/gateway/state # as an operator would
    start gateway "$BIN/lienthong-gateway" --settings province/gateway/gateway.yaml
    wait_for 30 test -S province/gateway/state/api.socket
    for name in centre stnmt; do
        start "adapter_$name" "$BIN/lienthong-adapter" \
            --settings "province/adapters/$name/adapter.yaml"
        wait_for 30 test -s "province/adapters/$name/state/api.port"
        desk_start "$name"
    done
    desk_person centre motcua clerk --content
    desk_person centre lanhdao supervisor --content
    desk_person centre vanhanh operator
    desk_person centre kiemtra auditor
    desk_person stnmt canbo agency_clerk --content
}

# desk_start NAME: of a participant; its address is in $desk_NAME.
desk_start() {
    mkdir -p "desk-$1"
    cat >"desk-$1/desk.yaml" <<YAML
participant: $1
state_directory: state
registry_directory: ../province/registry
adapter:
  state_directory: ../province/adapters/$1/state
port: 0
YAML
    rm -f "desk-$1/state/api.port"
    start "desk_$1" "$BIN/lienthong-desk" --settings "desk-$1/desk.yaml"
    wait_for 30 test -s "desk-$1/state/api.port"
    declare -g "desk_$1=http://127.0.0.1:$(<"desk-$1/state/api.port")"
}

# desk_person NAME PERSON ROLE [--content]
desk_person() {
    "$BIN/lienthong-desk" --settings "desk-$1/desk.yaml" people add "$2" --role "$3" \
        --full-name "Người $2" --password-stdin "${@:4}" <<<"$DESK_PASSWORD"
}

# desk_says STATUS TEXT PERSON METHOD PATH [CURL OPTION...]: PERSON@NAME, or - for nobody; the
# answer is in out.json, and kept.
desk_says() {
    local url=desk_${3#*@} head
    [[ $3 != *-* ]] || url=desk_centre
    : >out.json
    head=$(curl -s -m 60 -X "$4" -H 'X-Desk: 1' -b "$3.jar" -c "$3.jar" -o out.json \
        -w '%{http_code} %{content_type}' "${@:6}" "${!url}$5") || true
    keep_answer "$TEST_DIR/desk.answers" "$4" "$5" "$head"
    [[ ${head%% *} == "$1" ]] || fail "${head%% *} instead of $1: ${*:3}: $(<out.json)"
    [[ -z $2 ]] || says "$2" out.json
}
# desk_sends STATUS TEXT PERSON METHOD PATH JSON [CURL OPTION...]
desk_sends() { desk_says "${@:1:5}" -H 'Content-Type: application/json' -d "$6" "${@:7}"; }
# desk_sign_in PERSON@NAME
desk_sign_in() {
    desk_sends 200 '"name"' "$1" POST /v1/sign-in \
        "$(jq -nc --arg name "${1%@*}" --arg password "$DESK_PASSWORD" '{$name, $password}')"
}
# desk_has TEXT PERSON PATH: for wait_for; not kept.
desk_has() {
    local url=desk_${2#*@}
    curl -s -m 20 -b "$2.jar" "${!url}$3" | grep -qF -- "$1"
}

# desk_answers_hold [OPERATION...]: those are not there yet.
desk_answers_hold() {
    local code=0
    python3 "$ROOT/tests/support/openapi_answers.py" "$ROOT/adapters/desk/openapi.yaml" \
        "$TEST_DIR/desk.answers" "${@/#/--without=}" >answers.txt 2>&1 || code=$?
    cat answers.txt
    [[ $code -ne 2 ]] || echo "skipped: answers of the desk are not held against its description"
    [[ $code -eq 0 || $code -eq 2 ]] || fail "answers are not as described"
}
