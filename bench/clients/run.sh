#!/usr/bin/env bash
# Round trips over WebSocket: our client, rust_socketio and the client of JavaScript, in one run against the same server of
# JavaScript. They take turns, so that all have the same minutes of the machine. The figure is processor time; others who work
# on the machine make it larger and never smaller, so the smallest of several is what counts.
#
#   bench/clients/run.sh
#
# REPEAT (5) is how often, SECONDS_EACH (3) how long, IN_FLIGHT ("1 32") how many events wait for their answer at a time.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

[ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-audit --no-fund
cargo build --locked --release --quiet
target=$(cargo metadata --no-deps --format-version 1 | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')

exec 3< <(exec taskset -c 0 node server.js 0)
server=$!
trap 'kill "$server"' EXIT
read -r -u 3 _ port
url=http://127.0.0.1:$port

echo "load of the machine: $(cut -d ' ' -f 1-3 /proc/loadavg)"
measure() {
    timeout 60 taskset -c 1 "$@" "$url" "${SECONDS_EACH:-3}" "$in_flight" || echo "$* did not come to an end"
}
for _ in $(seq "${REPEAT:-5}"); do
    for in_flight in ${IN_FLIGHT:-1 32}; do
        measure "$target/release/ours"
        # The asynchronous client of rust_socketio is measured where there is one event at a time, the blocking one always.
        [ "$in_flight" -gt 1 ] || measure "$target/release/rust_socketio"
        measure "$target/release/rust_socketio_blocking"
        measure node npm.js
    done
done | tee /dev/stderr | sort --stable --key=1,1 --key=2,2n --key=8,8n | awk '
    !(($1, $2) in seen) { seen[$1, $2] = 1; smallest[++n] = $0 }
    END { print "\nThe smallest of each:"; for (i = 1; i <= n; i++) print smallest[i] }'
