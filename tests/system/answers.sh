# What tests of the HTTP APIs share, on top of lib.sh: answers are kept, and held against the
# descriptions of both APIs (tests/support/openapi_answers.py).

# keep_answer FILE METHOD PATH "STATUS TYPE": what is in out.json, as a line of FILE (without a
# process of its own, for there are hundreds). JSON has no line breaks that mean something.
keep_answer() {
    local body=""
    if [[ $4 == *json* ]]; then
        body=$(<out.json)
    elif [[ -s out.json ]]; then
        body=-
    fi
    printf '%s\t%s\t%s\t%s\t%s\n' "$2" "$3" "${4%% *}" "${4#* }" "${body//$'\n'/ }" >>"$1"
}

# recorded WHO METHOD PATH [CURL OPTION...]: calls an API through its Unix socket; WHO: gateway, or a
# participant. The answer goes to out.json, and is kept.
recorded() {
    local folder=gateway kind=gateway head
    [[ $1 == gateway ]] || folder=adapters/$1 kind=adapter
    : >out.json
    head=$(curl -s -m 20 -X "$2" -o out.json -w '%{http_code} %{content_type}' \
        --unix-socket "$folder/state/api.socket" "${@:4}" "http://localhost$3") || true
    keep_answer "$TEST_DIR/$kind.answers" "$2" "$3" "$head"
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
