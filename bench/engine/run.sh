#!/usr/bin/env bash
# Raw Engine.IO messages: CPU time per message and memory per connection, of our server, of engineioxide and of the floor, in
# one run. Servers take turns, so that all have the same minutes of the machine; the figure is CPU time, so that others who
# work on it disturb little.
#
#   bench/engine/run.sh              echo and memory
#   bench/engine/run.sh echo         only this
#   bench/engine/run.sh memory
#   bench/engine/run.sh poll         echo by long polling, not a part of the first
#
# REPEAT (3) is how often, SECONDS_EACH (3) how long, CONNECTIONS (10000) how many are idle, RT (current) the kind of runtime.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

what=${1:-echo memory}
ulimit -n "$(ulimit -Hn)"
cargo build --release --quiet
target=$(cargo metadata --no-deps --format-version 1 | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
export RT=${RT:-current} PORT=$((20000 + RANDOM % 10000))

server=
trap '[ -z "$server" ] || kill "$server"' EXIT
start() {
    PORT=$((PORT + 1))
    taskset -c 0 "$target/release/$1" >/dev/null &
    server=$!
    for _ in $(seq 100); do
        if (exec 3<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null; then return; fi
        sleep 0.05
    done
    echo "$1 did not start" >&2
    exit 1
}
stop() {
    kill "$server"
    wait "$server" 2>/dev/null || true
    server=
}
measure() {
    local name=$1
    shift
    start "$name"
    printf '%-13s %-22s ' "$name" "$*"
    taskset -c 1 "$target/release/load" "$PORT" "$server" "$@" | paste -sd ';'
    stop
}

echo "load of the machine: $(cut -d ' ' -f 1-3 /proc/loadavg)"
if [[ $what == *echo* ]]; then
    for _ in $(seq "${REPEAT:-3}"); do
        for scenario in "100 1" "100 16"; do
            # shellcheck disable=SC2086
            for name in floor ours engineioxide; do measure "$name" echo $scenario "${SECONDS_EACH:-3}"; done
        done
    done
fi
if [[ $what == *poll* ]]; then
    for _ in $(seq "${REPEAT:-3}"); do
        for name in ours engineioxide; do measure "$name" poll 50 "${SECONDS_EACH:-3}"; done
    done
fi
if [[ $what == *memory* ]]; then
    for kind in websocket polling; do
        for name in ours engineioxide; do measure "$name" memory "$kind" "${CONNECTIONS:-10000}"; done
    done
fi
