# What the tests of the national portal share, on top of lib.sh: a gateway, the adapters of the centre
# and of the portal, and the stand-in, each a process that can be killed and started again;
# and the comparison of what the portal has with what the ledger says it must have.
readonly PORTAL_DIR=$TEST_DIR/portal PROVINCE=$TEST_DIR/province
readonly FEED=${BIN%/bin}/tests/support/portal_feed

# portal_init [SETTING...]: a province, and settings of the portal's adapter; SETTING is a line of
# its section office. PORTAL_DIALECT: the mapping, provincial or ministry.
portal_init() {
    "$BIN/lienthong" sandbox init "$PROVINCE"
    portal_open "$@"
    local name
    for name in gateway centre adapter; do
        portal_start "$name"
    done
}

# The stand-in alone, and the settings of its adapter.
portal_open() {
    mkdir -p "$PORTAL_DIR"
    start portal "$BIN/lienthong-sandbox-portal" --directory "$PORTAL_DIR" --port 0
    wait_for 30 test -s "$PORTAL_DIR/portal.port"
    portal_port=$(<"$PORTAL_DIR/portal.port")
    portal_settings "$@"
}

portal_settings() {
    local folder=$PROVINCE/adapters/portal
    mkdir -p "$folder"
    sed -e 's/centre/portal/g' -e '/^office:/,$d' "$PROVINCE/adapters/centre/adapter.yaml" \
        >"$folder/adapter.yaml"
    cat >>"$folder/adapter.yaml" <<SETTINGS
office:
  kind: portal
  url: http://127.0.0.1:$portal_port
  mapping: $ROOT/adapters/portal/${PORTAL_DIALECT:-provincial}.jq
  credentials_file: test.json
  window: 64
$(printf '  %s\n' "$@")
portal:
  unit: H38
  dstcode: VN/GOV/DVCQG/sandbox
SETTINGS
    [[ ${PORTAL_DIALECT:-provincial} == provincial ]] || cat >>"$folder/adapter.yaml" <<SETTINGS
  integration_path: /ministry
  auth_path: /ministry/token
  batch: 1
SETTINGS
    (umask 077 && echo '{"username":"lienthong","password":"sandbox-portal"}' >"$folder/test.json")
}

# portal_start portal|adapter|centre|gateway: again, on the same port and state.
portal_start() {
    case $1 in
    portal) start portal "$BIN/lienthong-sandbox-portal" --directory "$PORTAL_DIR" \
        --port "$portal_port" ;;
    gateway) start gateway "$BIN/lienthong-gateway" --settings "$PROVINCE/gateway/gateway.yaml" ;;
    adapter) start adapter "$BIN/lienthong-adapter" \
        --settings "$PROVINCE/adapters/portal/adapter.yaml" ;;
    centre) start centre "$BIN/lienthong-adapter" \
        --settings "$PROVINCE/adapters/centre/adapter.yaml" ;;
    esac
}

portal_stop() { # kill -9
    local pid=$1_pid
    kill -9 "${!pid}"
    wait "${!pid}" 2>/dev/null || true
}
portal_kill() { # and once more from what is on disk
    portal_stop "$1"
    portal_start "$1"
}

# portal_trouble KIND [FIELD...]: how the stand-in is to misbehave from now on.
portal_trouble() {
    local kind=$1
    shift
    curl -sf --retry 20 --retry-connrefused --retry-delay 1 -o /dev/null \
        -d "{\"kind\":\"$kind\"$(printf ',%s' "$@")}" "http://127.0.0.1:$portal_port/control"
}
portal_sql() { sqlite3 -cmd '.timeout 10000' "file:$PORTAL_DIR/portal.sqlite?mode=ro" "$1"; }
portal_has() { # a number of changes of state
    [[ $(portal_sql 'SELECT count(*) FROM state_change') -ge $1 ]]
}
portal_did() { # a misbehaviour
    [[ $(portal_sql "SELECT count(*) FROM call WHERE misbehaviour = '$1'") -ge 1 ]]
}
# Nothing is owed to the portal any more, and the sender knows it.
portal_is_quiet() {
    [[ $(sqlite3 "file:$PROVINCE/gateway/state/store.sqlite?mode=ro" \
        'SELECT (SELECT count(*) FROM waiting WHERE is_receipt = 0) +
                (SELECT count(*) FROM lease)') == 0 ]]
}

# portal_compare DOSSIERS: what the gateway's ledger holds for the portal, the steps that its
# adapter's book took from it, and what the portal was told, record by record:
#   missing    in the ledger, and the portal does not have it        extra   the other way round
#   order      the portal has another state at this place, or another time
#   twice      taken a second time by the portal
#   open       not ended as delivered at the gateway, or not accepted in the book
# The plan of portal_feed stands against the ledger in the same way.
portal_compare() {
    sqlite3 -cmd '.timeout 10000' <<SQL
ATTACH 'file:$PORTAL_DIR/portal.sqlite?mode=ro' AS portal;
ATTACH 'file:$PROVINCE/gateway/state/store.sqlite?mode=ro' AS gateway;
ATTACH 'file:$PROVINCE/adapters/portal/state/portal.sqlite?mode=ro' AS book;
CREATE TEMP TABLE message AS
    SELECT m.seq, m.dossier AS code, m.sequence AS step, lower(hex(m.id)) AS id
    FROM gateway.message m JOIN gateway.participant p ON p.number = m.recipient
    WHERE p.key = 'portal' AND m.type < 32;
CREATE TEMP TABLE taken AS
    SELECT replace(message_id, '-', '') AS id, state, service, outcome, at_ms FROM book.event;
CREATE INDEX temp.taken_id ON taken(id);
CREATE TEMP TABLE truth AS
    SELECT m.code, m.step, t.state, t.service, t.outcome,
           strftime('%Y%m%d%H%M%S', t.at_ms / 1000 + 25200, 'unixepoch') AS at
    FROM message m LEFT JOIN taken t USING(id);
CREATE UNIQUE INDEX temp.truth_step ON truth(code, step);
CREATE TEMP TABLE told AS
    SELECT code, row_number() OVER (PARTITION BY code ORDER BY number) AS step, to_state AS state,
           replace(replace(replace(substr(source_time, 1, 19), '-', ''), ':', ''), 'T', '') AS at
    FROM portal.state_change;
CREATE UNIQUE INDEX temp.told_step ON told(code, step);
CREATE TEMP TABLE plan(step, state);
INSERT INTO plan VALUES (1,2), (2,4), (3,5), (4,4), (5,6), (6,4), (7,9), (8,10);
CREATE TEMP TABLE planned AS
    WITH RECURSIVE number(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number WHERE n + 1 < $1)
    SELECT printf('H38.09-261102-%06d', n) AS code, step, state FROM number, plan;
SELECT printf('portal: %d dossiers, %d states: %d missing, %d extra, %d out of order, %d twice, '
              || '%d open, %d beside the plan',
    (SELECT count(*) FROM portal.dossier),
    (SELECT count(*) FROM told),
    (SELECT count(*) FROM truth LEFT JOIN told USING(code, step) WHERE told.code IS NULL),
    (SELECT count(*) FROM told LEFT JOIN truth USING(code, step) WHERE truth.code IS NULL),
    (SELECT count(*) FROM truth JOIN told USING(code, step) WHERE truth.state IS NOT told.state
        OR (truth.service = 2 AND truth.at IS NOT told.at)),
    (SELECT coalesce(sum(times - 1), 0) FROM portal.record)
        + (SELECT count(*) - count(DISTINCT code || content) FROM portal.progress),
    (SELECT count(*) FROM truth WHERE outcome IS NOT 1)
        + (SELECT count(*) FROM message m JOIN gateway.ended e ON e.place >> 16 = m.seq
           WHERE e.state <> 5)
        + (SELECT count(*) FROM message) - (SELECT count(*) FROM message m
           JOIN gateway.ended e ON e.place >> 16 = m.seq),
    (SELECT count(*) FROM (SELECT * FROM planned EXCEPT SELECT code, step, state FROM told))
        + (SELECT count(*) FROM (SELECT code, step, state FROM told EXCEPT SELECT * FROM planned))
        + (SELECT count(*) FROM portal.dossier WHERE state <> 10));
SQL
}
