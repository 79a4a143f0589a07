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

# desk_with_adapter KEY: in a province, the adapter of that participant and a desk before it.
desk_with_adapter() {
    start "adapter-$1" "$BIN/lienthong-adapter" --settings "adapters/$1/adapter.yaml"
    desk_settings "$1" "desk-$1" registry "adapters/$1/state" >"desk-$1.yaml"
    wait_for 30 test -s "adapters/$1/state/api.port"
    desk_start "desk-$1" "desk-$1.yaml" "desk-$1"
}

# ---- Chromium
browser_or_skip() {
    local program
    export CHROMIUM=${CHROMIUM:-/usr/bin/chromium} DESK_PASSWORD=$DESK_WORD
    for program in node npm "$CHROMIUM"; do
        command -v "$program" >/dev/null || skip "$program is not installed"
    done
    [[ -d $ROOT/build/browser/node_modules/playwright-core ]] || skip "no packages in build/browser"
}
browser_test() { # PATTERN of tests/browser
    cp -r "$ROOT/tests/browser" "$TEST_DIR/run"
    ln -s "$ROOT/build/browser/node_modules" "$TEST_DIR/run/node_modules"
    # shellcheck disable=SC2086 # the pattern is one
    HOME=$TEST_DIR XDG_CONFIG_HOME=$TEST_DIR/config XDG_CACHE_HOME=$TEST_DIR/cache \
        node --test --test-timeout=$((60000 * PATIENCE)) --test-reporter=spec "$TEST_DIR"/run/$1 || fail "see above"
}
