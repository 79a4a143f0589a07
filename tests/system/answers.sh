# What tests of the HTTP APIs share, on top of lib.sh: answers are kept, and held against the
# descriptions of both APIs (tests/support/openapi_answers.py).

# recorded WHO METHOD PATH [CURL OPTION...]: calls an API through its Unix socket; WHO: gateway, or a
# participant. The answer goes to out.json, and is kept.
recorded() {
    local folder=gateway kind=gateway head
    [[ $1 == gateway ]] || folder=adapters/$1 kind=adapter
    head=$(curl -s -m 20 -X "$2" -o out.json -w '%{http_code} %{content_type}' \
        --unix-socket "$folder/state/api.socket" "${@:4}" "http://localhost$3") || true
    jq -nc --arg method "$2" --arg path "$3" --arg status "${head%% *}" --arg type "${head#* }" \
        --rawfile body out.json '{$method, $path, status: ($status | tonumber), $type, $body}' \
        >>"$TEST_DIR/$kind.answers"
}

# answers_hold KIND FILE...: gateway or adapter.
answers_hold() {
    local folder=$1 code=0
    [[ $1 == gateway ]] || folder=adapters
    python3 "$ROOT/tests/support/openapi_answers.py" "$ROOT/$folder/openapi.yaml" "${@:2}" \
        >answers.txt 2>&1 || code=$?
    cat answers.txt
    [[ $code -ne 2 ]] || echo "skipped: answers of the $1 are not held against its description"
    [[ $code -eq 0 || $code -eq 2 ]] || fail "answers are not as described"
}
