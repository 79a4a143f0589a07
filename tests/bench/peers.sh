# peers.sh - RabbitMQ and NATS from Debian, on loopback, with directories and ports of their own.
# Sourced by the benchmarks. Every server is a child of the shell that starts it, and is ended by
# its process id.

peer_pids=()

# A TCP port of 127.0.0.1 that is free now.
free_port() {
    local port
    while :; do
        port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    echo "$port"
}

# wait_port PORT PID: until somebody listens, at most 60 s.
wait_port() {
    local i
    for ((i = 0; i < 600; i++)); do
        (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return 0
        kill -0 "$2" 2>/dev/null || return 1
        read -rt 0.1 <> <(:) || :
    done
    return 1
}

# start_rabbitmq DIR: sets rabbitmq_port, rabbitmq_pid.
start_rabbitmq() {
    local dir=$1 epmd_port dist_port
    mkdir -p "$dir"
    rabbitmq_port=$(free_port) epmd_port=$(free_port) dist_port=$(free_port)
    epmd -address 127.0.0.1 -port "$epmd_port" >"$dir/epmd.log" 2>&1 &
    peer_pids+=($!)
    wait_port "$epmd_port" $! || return 1
    cat >"$dir/rabbitmq.conf" <<END
listeners.tcp.1 = 127.0.0.1:$rabbitmq_port
log.file.level = error
disk_free_limit.absolute = 1GB
END
    : >"$dir/enabled_plugins"
    : >"$dir/env.conf"
    env HOME="$dir" ERL_EPMD_PORT="$epmd_port" ERL_EPMD_ADDRESS=127.0.0.1 \
        RABBITMQ_NODENAME="bench@localhost" RABBITMQ_DIST_PORT="$dist_port" \
        RABBITMQ_CONF_ENV_FILE="$dir/env.conf" RABBITMQ_CONFIG_FILE="$dir/rabbitmq.conf" \
        RABBITMQ_MNESIA_BASE="$dir/mnesia" RABBITMQ_LOG_BASE="$dir/log" \
        RABBITMQ_ENABLED_PLUGINS_FILE="$dir/enabled_plugins" \
        RABBITMQ_PID_FILE="$dir/pid" RABBITMQ_ALLOW_INPUT=1 \
        /usr/lib/rabbitmq/bin/rabbitmq-server -noinput >"$dir/rabbitmq.log" 2>&1 </dev/null &
    rabbitmq_pid=$!
    peer_pids+=("$rabbitmq_pid")
    wait_port "$rabbitmq_port" "$rabbitmq_pid"
}

# start_nats DIR: sets nats_port, nats_pid. JetStream with file storage; sync_interval stays the
# default (two minutes): NATS 2.9 does not fsync what it acknowledges.
start_nats() {
    local dir=$1
    mkdir -p "$dir"
    nats_port=$(free_port)
    cat >"$dir/nats.conf" <<END
listen: "127.0.0.1:$nats_port"
jetstream { store_dir: "$dir/jetstream", max_file_store: 20GB, max_memory_store: 64MB }
END
    nats-server -c "$dir/nats.conf" >"$dir/nats.log" 2>&1 &
    nats_pid=$!
    peer_pids+=("$nats_pid")
    wait_port "$nats_port" "$nats_pid"
}

# In the reverse order, one by one: a RabbitMQ whose epmd is gone starts another one that stays.
stop_peers() {
    local i pid
    for ((i = ${#peer_pids[@]} - 1; i >= 0; i--)); do
        pid=${peer_pids[i]}
        kill -CONT "$pid" 2>/dev/null || :
        kill -TERM "$pid" 2>/dev/null || :
        wait "$pid" 2>/dev/null || :
    done
    peer_pids=()
}
