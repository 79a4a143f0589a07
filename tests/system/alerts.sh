# What the tests of the alerts share, on top of lib.sh: Debian's Prometheus with the shipped
# rules.yml scrapes the province's programs, Debian's Alertmanager with the shipped alertmanager.yml
# tells a webhook, and a test asks what that heard. All of it on free ports of the loopback
# interface, in TEST_DIR/watch. Expressions, thresholds, labels, routes and inhibitions are those
# that are shipped; only times are shorter (alerts_open).
readonly WATCH=$TEST_DIR/watch
declare -A scraped=() # instance: "job place port", of alerts_program
readonly SHORT=3 LONG_AGO=75 WINDOW=15 # seconds; see alerts_open

# The programs' own door on a port that nobody else has: that of an office that does not run here.
# alerts_program INSTANCE PLACE OFFICE: gateway or adapter of that name, in province/PLACE.
alerts_program() {
    local job=lienthong-adapter port
    [[ $1 != gateway ]] || job=lienthong-gateway
    port=$(<"offices/$3/port")
    if [[ $job == lienthong-gateway ]]; then
        printf 'api:\n  port: %s\n' "$port" >>"$2/gateway.yaml"
    else
        sed -i "s/^  port: 0\$/  port: $port/" "$2/adapter.yaml"
    fi
    scraped[$1]="$job $2 $port"
}

# Each instance has the name that the test calls it by, and its own token.
scrape_settings() {
    local instance job place port
    printf 'global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [rules.yml]
alerting: { alertmanagers: [{ static_configs: [{ targets: ["%s"] }] }] }
scrape_configs:\n' "$1"
    for instance in "${!scraped[@]}"; do
        read -r job place port <<<"${scraped[$instance]}"
        cat <<YAML
  - job_name: $instance
    scrape_timeout: 1s
    authorization: { credentials_file: $PWD/$place/state/api.token }
    static_configs: [{ targets: ["127.0.0.1:$port"], labels: { job: $job, instance: $instance } }]
YAML
    done
}

# What a program of Go says of the port that it took.
address_of() { sed -n 's/.*msg="Listening on" .*address=\([0-9.:]*\).*/\1/p' "$WATCH/$1.log"; }
listens() { [[ -n $(address_of "$1") ]]; }
watcher() { # NAME PROGRAM...: in the folder of the watchers
    cd "$WATCH"
    start "$@"
    cd "$OLDPWD"
}

# Shorter than shipped, and nothing else is:
#   for          SHORT, since a test ends a cause only once its alert was heard
#   [1h], [15m]  WINDOW: an alarm is seen, and refusals are counted, over that long
#   offset 15m   LONG_AGO: more than the minute in which a witness is told that the ledger grew
#   < 86400      LONG_AGO, of the alert whose cause is that something was done within the last day
# and Alertmanager waits a second, for others of a group and between two messages of it.
alerts_open() {
    local program
    for program in prometheus prometheus-alertmanager; do
        command -v "$program" >/dev/null || skip "$program is not installed (ops/packages.txt)"
    done
    mkdir "$WATCH"
    sed -e "s/^\( *for:\) .*/\1 ${SHORT}s/" -e "s/\[1h\]/[${WINDOW}s]/g" \
        -e "s/\[15m\]/[${WINDOW}s]/g" -e "s/offset 15m/offset ${LONG_AGO}s/g" \
        -e "s/\(put_back.*\) < 86400/\1 < $LONG_AGO/" \
        "$ROOT/ops/monitoring/rules.yml" >"$WATCH/rules.yml"
    watcher hook python3 "$ROOT/tests/support/alert_hook.py"
    wait_for 30 test -s "$WATCH/hook.port"
    sed -e "s/127.0.0.1:9095/127.0.0.1:$(<"$WATCH/hook.port")/" \
        -e 's/^\( *group_\(wait\|interval\):\) .*/\1 1s/' \
        "$ROOT/ops/monitoring/alertmanager.yml" >"$WATCH/alertmanager.yml"
    watcher alertmanager prometheus-alertmanager --config.file=alertmanager.yml \
        --storage.path=alertmanager --web.listen-address=127.0.0.1:0 --cluster.listen-address=
    wait_for 30 listens alertmanager
    scrape_settings "$(address_of alertmanager)" >"$WATCH/prometheus.yml"
    watcher prometheus prometheus --config.file=prometheus.yml --storage.tsdb.path=data \
        --web.listen-address=127.0.0.1:0 --query.lookback-delta=5s
    wait_for 30 listens prometheus
    wait_for 60 all_scraped
}
sent=0
send() { # AGENCY COUNT: transfers of the centre, each of a dossier of its own
    submit centre $((sent + 1)) "$2" transfer "$1" 30 "\"procedure_code\": \"$(
        grep -m 1 ",$1,\(full\|partial\|none\)," registry/procedures.csv | cut -d, -f1
    )\", \"body\": {\"owner\": {\"name\": \"Nguyễn Văn Mẫu\"}}"
    sent=$((sent + $2))
}

# query EXPRESSION: how many rows it has now.
query() {
    curl -sf --max-time 10 --data-urlencode "query=$1" \
        "http://$(address_of prometheus)/api/v1/query" | jq '.data.result | length'
}
all_scraped() { [[ $(query 'up == 1') -eq ${#scraped[@]} ]]; }

# is_told STATUS NAME [LABEL=VALUE]: the last that people heard of it.
is_told() {
    local last=quiet file="$WATCH/told/$2${3:+ $3}"
    [[ ! -e $file ]] || read -r last <"$file"
    [[ $last == "$1" ]]
}
# quiet NAME [LABEL=VALUE]: before its cause is staged, or it would prove nothing.
quiet() { ! is_told firing "$@" || fail "fires without its cause: $*"; }
fires() {
    wait_for 60 is_told firing "$@"
    echo "fires: $*, $SECONDS s"
}
resolves() {
    wait_for 60 is_told resolved "$@"
    echo "resolves: $*, $SECONDS s"
}
# What was told reads well: no template failed, and nothing is empty.
alerts_read_well() {
    ! jq -c '.annotations' "$WATCH/heard" | grep -E 'no value|error expanding|""' ||
        fail "an alert reads badly"
    [[ $(jq -r '"\(.labels.severity) \(.receiver)"' "$WATCH/heard" | sort -u) == \
        $'critical on-call\nwarning operators' ]] || fail "somebody else was told"
}
