# What system tests share. A test starts with
#   #!/bin/bash
#   . "$(dirname "$0")/lib.sh"
# and has: ROOT (the sources), BIN (the programs under test: plain or sanitized), PLAIN_BIN,
# TEST_DIR (an empty directory of its own, the current one). It ends at the first command that
# fails, and whatever it started with `start` is ended with it.
set -euo pipefail
cd "$TEST_DIR"
started_processes=() undone_at_end=()

exec {complaints}>&2 # a function whose output goes to a file may fail too
fail() {
    echo "FAILED: $*" >&"$complaints"
    exit 1
}

# For what this machine cannot do (not root, no network namespaces): the reason is printed.
skip() {
    echo "skipped: $*"
    exit 77
}

# A moment between two looks. Nobody ever writes to that pipe; a sleep would be a process each time,
# and most of what a test that waits takes of the processor.
exec {nothing}<> <(:)
rest() { read -rt 0.05 -u "$nothing" || true; }

# wait_for SECONDS COMMAND...: until COMMAND succeeds; fails when it has not by then, PATIENCE times
# longer where the machine has other work (tests/run). This and ends_with are the only places of the
# tests that rest.
export PATIENCE=${PATIENCE:-4} # tests/support/patience.h too
wait_for() {
    local deadline=$((SECONDS + $1 * PATIENCE))
    shift
    until "$@"; do
        [[ $SECONDS -lt $deadline ]] || fail "waited in vain for: $*"
        rest
    done
}

# start NAME COMMAND...: in the background, output to NAME.log; its process id is in $NAME_pid.
start() {
    local name=$1
    shift
    "$@" </dev/null >>"$name.log" 2>&1 &
    declare -g "${name//[^A-Za-z0-9]/_}_pid=$!"
    started_processes+=("$!")
}

# at_end COMMAND: once the processes have ended, however the test ends.
at_end() { undone_at_end+=("$1"); }

# stop PID [CODE]: SIGTERM, and it must end with CODE (0).
stop() {
    local code=0
    kill -TERM "$1"
    wait "$1" || code=$?
    [[ $code -eq ${2:-0} ]] || fail "process $1 ended with $code instead of ${2:-0}"
}

# heeds_term PID: the process has begun, and a SIGTERM does not just kill it.
heeds_term() {
    local caught
    caught=$(sed -n 's/^SigCgt:\s*//p' "/proc/$1/status")
    [[ $((0x$caught >> 14 & 1)) -eq 1 ]]
}

# expect CODE COMMAND...: COMMAND must end with CODE.
expect() {
    local wanted=$1 code=0
    shift
    "$@" || code=$?
    [[ $code -eq $wanted ]] || fail "exit code $code instead of $wanted: $*"
}

# says TEXT FILE: the file has that text.
says() {
    grep -qF -- "$1" "$2" || fail "$2 does not say: $1"
}

now_ms() { echo $((${EPOCHREALTIME/./} / 1000)); }
# seconds_since MS: for people to read; no test judges by it.
seconds_since() {
    local tenths=$((($(now_ms) - $1) / 100))
    echo "$((tenths / 10)).$((tenths % 10)) s"
}

# submit NAME FIRST COUNT TYPE RECIPIENT UNIT MEMBERS: so many messages, each of the dossier of its
# number, over the local API of adapters/NAME, by one process. MEMBERS: the rest of their JSON.
submit() {
    local i port token
    port=$(<"adapters/$1/state/api.port")
    token=$(<"adapters/$1/state/api.token")
    for ((i = $2; i < $2 + $3; i++)); do
        ((i == $2)) || echo next
        cat <<REQUEST
url = http://127.0.0.1:$port/v1/messages
header = "Authorization: Bearer $token"
header = "Idempotency-Key: $4-$i"
header = "Content-Type: application/json"
output = /dev/null
write-out = "%{http_code}\n"
REQUEST
        printf 'data = "{\\"type\\":\\"%s\\",\\"recipient\\":\\"%s\\",%s,' \
            "$4" "$5" "${7//\"/\\\"}"
        printf '\\"dossier_code\\":\\"H38.%s-261008-%04d\\"}"\n' "$6" "$i"
    done >"$1.curl"
    curl -s -K "$1.curl" >"$1.codes" || true
    rm "$1.curl"
    [[ $(grep -c '^202$' "$1.codes") -eq $3 ]] || fail "not taken: $(sort "$1.codes" | uniq -c)"
}

# ends_with SECONDS LINE: the run that logs to up.log ends within SECONDS, and with LINE.
ends_with() {
    local deadline=$((SECONDS + $1 * PATIENCE))
    until grep -q "dossiers forwarded" up.log || [[ $SECONDS -ge $deadline ]]; do
        rest
    done
    grep -qF -- "$2" up.log || { explain_missing province; fail "not: $2"; }
}

# explain_missing PROVINCE: what the logs say of dossiers whose result has not come back.
explain_missing() {
    local code
    sqlite3 "file:$1/desk/desk.sqlite?mode=ro" \
        "SELECT code FROM dossier WHERE results = 0 LIMIT 3" | while read -r code; do
        echo "--- $code"
        grep -h -- "$code" "$1"/logs/*.log | sort | tail -n 40
    done
    grep -h "reason=" "$1"/logs/*.log | sort | tail -n 20
}

end_started() {
    local code=$? process log command
    trap - EXIT TERM INT
    for process in "${started_processes[@]}"; do
        kill -TERM "$process" 2>/dev/null || true
        kill -CONT "$process" 2>/dev/null || true # of a stopped one
    done
    for process in "${started_processes[@]}"; do
        wait "$process" 2>/dev/null || true
    done
    for command in "${undone_at_end[@]}"; do
        eval "$command" || echo "not undone: $command" >&2
    done
    if [[ $code -ne 0 && $code -ne 77 ]]; then
        for log in *.log; do
            [[ ! -s $log ]] || { echo "--- $log" && tail -n 40 "$log"; }
        done
    fi
    exit "$code"
}
trap end_started EXIT
# A test that ends at a command which failed says which.
trap 'echo "FAILED: line $LINENO: $BASH_COMMAND" >&2' ERR
trap 'exit 143' TERM
trap 'exit 130' INT
