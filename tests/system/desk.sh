# What tests of the desk share; after lib.sh. `url` is the desk's that is asked, `jar` the cookies of
# who asks.
readonly DESK_WORD="hai con ngựa trắng"

# desk_settings PARTICIPANT STATE REGISTRY ADAPTER: on standard output.
desk_settings() {
    cat <<YAML
participant: $1
state_directory: $2
registry_directory: $3
adapter:
  state_directory: $4
port: 0
YAML
}

# desk_start NAME SETTINGS STATE: `url` is its address then.
desk_up() {
    [[ -s $1/api.port ]] &&
        curl -s -m 5 -o /dev/null "http://127.0.0.1:$(<"$1/api.port")/healthz"
}
desk_start() {
    rm -f "$3/api.port"
    start "$1" "$BIN/lienthong-desk" --settings "$2"
    wait_for 20 desk_up "$3"
    url=http://127.0.0.1:$(<"$3/api.port")
}

# ---- calls: status in the answer's last line
call() { # METHOD PATH [CURL OPTIONS...]: as a program of ours
    curl -s -m $((20 * PATIENCE)) -w '\n%{http_code}' -X "$1" -H 'X-Desk: 1' "${@:3}" "$url$2"
}
answers() { # STATUS TEXT METHOD PATH [...]
    local got
    got=$(call "${@:3}")
    [[ ${got##*$'\n'} == "$1" && $got == *"$2"* ]] || fail "not $1 with '$2': ${*:3}: $got"
}
sign_in() { # STATUS TEXT NAME PASSWORD [CURL OPTIONS...]
    local body
    body=$(jq -cn --arg name "$3" --arg password "$4" '{name: $name, password: $password}')
    answers "$1" "$2" POST /v1/sign-in -H 'Content-Type: application/json' -d "$body" "${@:5}"
}
# said METHOD PATH [JSON]: what the person of `jar` is answered, without the status.
said() {
    local json=()
    [[ $# -lt 3 ]] || json=(-H 'Content-Type: application/json' -d "$3")
    call "$1" "$2" -b "$jar" "${json[@]}" | sed '$d'
}
