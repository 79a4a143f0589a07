# The world of a chaos run: namespaces, links, file systems, processes. Sourced after lib.sh.
# Names end in this process's number, so that two runs do not meet.
readonly CENTRE_SPACE=ltc$$ AGENCY_SPACE=lta$$
readonly COMPARE=$BIN/../tests/support/store_compare
# A tmpfs grows with what is in it; this is only where it ends while no disk is full.
readonly STATE_SIZE=2g
mounts=()
participants=()
declare -A link_of

in_space() { nsenter --net="/run/netns/$1" "${@:2}"; }
number_in() { sed -n "s/.*tcp:\/\/127.0.0.1:\([0-9]*\).*/\1/p" "$1"; }

# Nothing stays but, after a failure, the folder with what the disks held.
world_clean() {
    local code=$? process mount
    set +e
    trap - EXIT
    touch over
    for process in "${started_processes[@]}"; do kill -TERM "$process" 2>/dev/null; done
    for process in "${started_processes[@]}"; do wait "$process" 2>/dev/null; done
    for mount in "${mounts[@]}"; do
        [[ $code -eq 0 || $code -eq 77 ]] || cp -a "$mount" "$mount.kept"
        umount -l "$mount"
    done
    ip netns del "$CENTRE_SPACE" 2>/dev/null
    ip netns del "$AGENCY_SPACE" 2>/dev/null
    (exit "$code")
    end_started
}

# A file system of its own for a state directory.
make_disk() {
    mkdir -p "$1"
    mount -t tmpfs -o "size=$STATE_SIZE,mode=0700" chaos "$1" || skip "no tmpfs can be mounted here"
    mounts+=("$PWD/$1")
}

# Link number $2 between the two namespaces, for adapter $1.
make_link() {
    local name=$1 number=$2 link=l$2
    ip link add "$link" netns "$CENTRE_SPACE" type veth peer name "$link" netns "$AGENCY_SPACE"
    ip -n "$CENTRE_SPACE" address add "10.99.$number.1/30" dev "$link"
    ip -n "$AGENCY_SPACE" address add "10.99.$number.2/30" dev "$link"
    ip -n "$CENTRE_SPACE" link set "$link" up
    ip -n "$AGENCY_SPACE" link set "$link" up
    link_of[$name]=$number
    sed -i "s/tcp:\/\/127.0.0.1:/tcp:\/\/10.99.$number.1:/" "province/adapters/$name/adapter.yaml"
}

world_make() {
    local number=0 folder
    [[ $EUID -eq 0 ]] || skip 'network namespaces and small file systems need root'
    ip netns add "$CENTRE_SPACE" 2>/dev/null || skip 'no network namespace can be made here'
    trap world_clean EXIT
    ip netns add "$AGENCY_SPACE"
    ip -n "$CENTRE_SPACE" link set lo up
    ip -n "$AGENCY_SPACE" link set lo up
    ip link add lt$$ netns "$CENTRE_SPACE" type veth peer name lt$$ netns "$AGENCY_SPACE" ||
        skip 'no virtual link can be made here'
    "$BIN/lienthong" sandbox init province 2>init.log || fail "$(cat init.log)"
    sed -i 's/^listen: tcp:\/\/127.0.0.1:/listen: tcp:\/\/0.0.0.0:/' province/gateway/gateway.yaml
    make_disk province/gateway/state
    for folder in province/adapters/*; do
        number=$((number + 1))
        participants+=("${folder##*/}")
        make_disk "$folder/state"
        make_link "${folder##*/}" "$number"
    done
    slow_links=tbf
    ! in_space "$CENTRE_SPACE" tc qdisc add dev lt$$ root netem delay 1ms 2>/dev/null ||
        slow_links=netem
}

# Starts the gateway again whenever it has ended, unless the file `hold` is there; writes its
# process id where the sandbox writes the others', and its exit codes into gateway.codes.
keep_gateway() {
    local code pid=
    trap '[[ -z $pid ]] || kill -KILL "$pid" 2>/dev/null; exit 0' TERM
    while [[ ! -e over ]]; do
        if [[ ! -e hold ]]; then
            nsenter --net="/run/netns/$CENTRE_SPACE" "$BIN/lienthong-gateway" \
                --settings province/gateway/gateway.yaml &
            pid=$!
            echo "$pid" >province/run/gateway.pid
            code=0
            wait "$pid" || code=$?
            echo "$code" >>gateway.codes
        fi
        sleep 0.2
    done
}

world_up() {
    mkdir -p province/run
    start gateway keep_gateway
    start up nsenter --net="/run/netns/$AGENCY_SPACE" "$BIN/lienthong" sandbox up province \
        --once --hold gateway --dossiers "$DOSSIERS" \
        --forward-delay-ms "$FORWARD_MS" --step-delay-ms 1500 --file-bytes-max 200000 \
        --limit-seconds $((MINUTES * 60 + DRAIN_SECONDS))
    wait_for 60 test -S province/run/control.socket
    wait_for 60 test -s province/run/gateway.pid
}

world_down() {
    touch over
    kill -TERM "$(<province/run/gateway.pid)" 2>/dev/null || true
    wait "$gateway_pid" || true
    wait "$up_pid" || true
}

# A store's files as a crash would leave them; its process must be stopped or gone.
copy_store() {
    mkdir -p "$2"
    cp "$1" "$2/store.sqlite"
    [[ ! -e $1-wal ]] || cp "$1-wal" "$2/store.sqlite-wal"
}
