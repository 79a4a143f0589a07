# The faults of a chaos run. Each has a target that suffers one at a time; what ends by itself
# stands in `ends` until its time. Sourced after world.sh.
declare -A done_of=([kill]=0 [stop]=0 [cut]=0 [slow]=0 [deaf]=0 [full]=0 [rot]=0 [blob]=0)
declare -A busy=()
end_at=() end_command=() end_target=()

now_ms() { NOW=$((${EPOCHREALTIME/./} / 1000)); }
draw() { DRAWN=$((RANDOM % $1)); }
count_fault() { done_of[$1]=$((done_of[$1] + 1)); }
faults_counted() {
    local kind
    for kind in kill stop cut slow deaf full rot blob; do echo -n " $kind=${done_of[$kind]}"; done
}

# later TARGET LEAST-MS MORE-MS COMMAND: COMMAND ends what TARGET suffers from.
later() {
    draw "$3"
    now_ms
    end_at+=($((NOW + $2 + DRAWN)))
    end_target+=("$1")
    end_command+=("${*:4}")
    busy[$1]=1
}

# Ends what is over; with `all`, everything.
end_faults() {
    local i
    now_ms
    for i in "${!end_at[@]}"; do
        [[ ${1:-} == all || ${end_at[$i]} -le $NOW ]] || continue
        ${end_command[$i]} || true
        unset "busy[${end_target[$i]}]" "end_at[$i]" "end_command[$i]" "end_target[$i]"
    done
}
heal_all() { end_faults all; }

# --- targets ---------------------------------------------------------------------------------

draw_participant() {
    draw 4
    if [[ $DRAWN -eq 0 ]]; then
        WHO=centre
    else
        draw ${#participants[@]}
        WHO=${participants[$DRAWN]}
    fi
}

# A process: the gateway, an adapter or a back office.
draw_process() {
    draw 5
    PROCESS=gateway
    [[ $DRAWN -ne 0 ]] || return 0
    draw_participant
    PROCESS=adapter-$WHO
    draw 3
    if [[ $DRAWN -eq 0 && $WHO != centre ]]; then PROCESS=office-$WHO; fi
}
pid_of() { cat "province/run/$1.pid" 2>/dev/null; }
signal() { kill "-$1" "$(pid_of "$2")" 2>/dev/null; }
state_of() {
    STATE=province/adapters/$1/state
    [[ $1 != gateway ]] || STATE=province/gateway/state
}

# --- faults ----------------------------------------------------------------------------------

fault_kill() {
    draw_process
    [[ -z ${busy[$PROCESS]:-} ]] || return 0
    signal KILL "$PROCESS" && count_fault kill
}

fault_stop() {
    draw_process
    [[ -z ${busy[$PROCESS]:-} ]] || return 0
    signal STOP "$PROCESS" || return 0
    count_fault stop
    later "$PROCESS" 200 8000 signal CONT "$PROCESS"
}

link_set() { ip -n "$AGENCY_SPACE" link set "l${link_of[$1]}" "$2"; }
fault_cut() {
    draw_participant
    [[ -z ${busy[link-$WHO]:-} ]] || return 0
    link_set "$WHO" down
    count_fault cut
    later "link-$WHO" 200 12000 link_set "$WHO" up
}

slow_end() { tc -n "$AGENCY_SPACE" qdisc del dev "l${link_of[$1]}" root; }
fault_slow() {
    draw_participant
    [[ -z ${busy[link-$WHO]:-} ]] || return 0
    if [[ $slow_links == netem ]]; then
        tc -n "$AGENCY_SPACE" qdisc add dev "l${link_of[$WHO]}" root netem delay 80ms 40ms loss 3%
    else
        tc -n "$AGENCY_SPACE" qdisc add dev "l${link_of[$WHO]}" root \
            tbf rate 300kbit burst 4kb limit 20kb
    fi || return 0
    count_fault slow
    later "link-$WHO" 2000 12000 slow_end "$WHO"
}

# One direction only: what the gateway sends to this adapter is lost.
deaf_end() { ip -n "$CENTRE_SPACE" route del blackhole "10.99.${link_of[$1]}.2/32"; }
fault_deaf() {
    draw_participant
    [[ -z ${busy[link-$WHO]:-} ]] || return 0
    ip -n "$CENTRE_SPACE" route add blackhole "10.99.${link_of[$WHO]}.2/32" || return 0
    count_fault deaf
    later "link-$WHO" 500 12000 deaf_end "$WHO"
}

# The disk ends where it is filled to.
resize() { mount -o "remount,size=$2" "$1" 2>/dev/null; }
fault_full() {
    draw 3
    WHO=gateway
    [[ $DRAWN -eq 0 ]] || draw_participant
    state_of "$WHO"
    [[ -z ${busy[disk-$WHO]:-} ]] || return 0
    resize "$STATE" "$(($(df --output=used -k "$STATE" | tail -n 1) + 16))k" || return 0
    count_fault full
    later "disk-$WHO" 500 8000 resize "$STATE" "$STATE_SIZE"
}

# flip FILE OFFSET: turns one bit over; again, and it is as before.
flip() {
    local byte
    byte=$(od -An -tu1 -j "$2" -N 1 "$1")
    printf "\\x$(printf %x $((byte ^ 16)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# mend STATE NAME OFFSET: the paper is whole again, and where it was before it was put aside.
mend() {
    local file=$1/blobs/${2:0:2}/${2:2}
    [[ -f $file ]] || mv "$1/blobs/damaged/$2" "$file"
    flip "$file" "$3"
}

# A paper rots at an agency while its adapter is down. The adapter that comes up must not give it
# out; when the paper is whole again, all goes on. Only what the centre sent: an agency's own paper
# would wait for somebody to bring it again.
fault_blob() {
    local name address token
    draw_participant
    [[ $WHO != centre && -z ${busy[adapter-$WHO]:-} ]] || return 0
    state_of "$WHO"
    name=$(cd "$STATE/blobs" 2>/dev/null && find . -path './??/*' -type f -size +1k | head -n 20 |
        while read -r name; do
            [[ ! -f $TEST_DIR/province/adapters/centre/state/blobs/$name ]] || echo "$name"
        done | tail -n 1)
    [[ -n $name ]] || return 0
    local file=$STATE/blobs/$name pid
    draw 1000
    local offset=$DRAWN
    pid=$(pid_of "adapter-$WHO")
    rm -f "$STATE/api.port"
    signal KILL "adapter-$WHO" || return 0
    flip "$file" "$offset"
    wait_for 30 test -s "$STATE/api.port"
    address=http://127.0.0.1:$(<"$STATE/api.port")
    token=$(<"$STATE/api.token")
    name=${name//[!0-9a-f]/}
    : >rotten
    in_space "$AGENCY_SPACE" curl -s -m 10 -H "Authorization: Bearer $token" -o rotten \
        "$address/v1/attachments/$name" || true
    [[ ! -s rotten || $(head -c 1 rotten) == '{' ]] ||
        fail "seed $SEED: $file rotted and was given out"
    rm -f rotten
    count_fault blob
    busy[adapter-$WHO]=1
    later "adapter-$WHO" 500 4000 mend "$STATE" "$name" "$offset"
}

# A store rots. On copies, so that the real one stays: nothing that the damaged copy says differs
# from what the whole one says. The gateway's rots in its place as well, while the gateway is down,
# in a page that every start reads: it must refuse to start.
fault_rot() {
    local pid bits
    draw_participant
    draw 3
    [[ $DRAWN -ne 0 ]] || WHO=gateway
    state_of "$WHO"
    local process=adapter-$WHO
    [[ $WHO != gateway ]] || process=gateway
    [[ -z ${busy[$process]:-} && -s $STATE/store.sqlite ]] || return 0
    pid=$(pid_of "$process")
    signal STOP "$process" || return 0
    wait_for 5 grep -q '^State:.T' "/proc/$pid/status"
    copy_store "$STATE/store.sqlite" whole
    copy_store "$STATE/store.sqlite" rotten
    kill -CONT "$pid"
    draw 8
    for ((bits = 0; bits <= DRAWN; bits++)); do
        flip rotten/store.sqlite $(((RANDOM * 32768 + RANDOM) % $(stat -c %s rotten/store.sqlite)))
    done
    "$COMPARE" whole/store.sqlite rotten/store.sqlite >>compare.log ||
        fail "seed $SEED: a damaged copy of $STATE was served: $(tail -n 3 compare.log)"
    rm -rf whole rotten
    count_fault rot
    [[ $WHO != gateway || -n ${busy[disk-gateway]:-} ]] || refuse_to_start
}

refuse_to_start() {
    local code=0
    touch hold
    signal TERM gateway # which puts the log into the file: a page in the log is not read from there
    wait_for 20 gateway_is_gone
    flip province/gateway/state/store.sqlite 3000
    timeout 10 "$BIN/lienthong-gateway" --settings province/gateway/gateway.yaml \
        >rotten-gateway.log 2>&1 </dev/null || code=$?
    flip province/gateway/state/store.sqlite 3000
    rm -f hold
    [[ $code -ne 0 && $code -lt 124 ]] && grep -q store_corrupt rotten-gateway.log ||
        fail "seed $SEED: started on a damaged store ($code): $(tail -n 3 rotten-gateway.log)"
    count_fault rot
}
gateway_is_gone() { ! kill -0 "$(pid_of gateway)" 2>/dev/null; }

# --- all -------------------------------------------------------------------------------------

readonly FAULTS=(kill kill kill kill stop stop cut cut cut slow slow deaf full full blob rot)

# Faults for so many seconds, or until the desk has everything back.
faults_for() {
    local until next=0
    now_ms
    until=$((NOW + $1 * 1000))
    while now_ms && [[ $NOW -lt $until ]] && ! grep -q 'dossiers forwarded' up.log; do
        end_faults
        if [[ $NOW -ge $next ]]; then
            draw ${#FAULTS[@]}
            "fault_${FAULTS[$DRAWN]}" || true
            now_ms
            draw $((2 * FAULT_GAP_MS))
            next=$((NOW + DRAWN))
        fi
        sleep 0.05
    done
}
