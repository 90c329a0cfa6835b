#!/usr/bin/env bash
# Instructions per operation of our codec and of the parser of socketioxide, on the same text; see README.md.
#
#   bench/beside.sh             every operation
#   bench/beside.sh PATTERN     those whose name matches
set -euo pipefail
cd "$(dirname "$0")"

pattern=${1:-.}
few=200
many=700

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

command -v valgrind >/dev/null || { echo "this needs valgrind" >&2; exit 1; }

# operation, side, number of runs
instructions() {
    valgrind --tool=callgrind --callgrind-out-file="$scratch/out" "$program" "$@" 2>&1 </dev/null |
        sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}

# operation, side
each() {
    local a b
    a=$(instructions "$1" "$2" "$few")
    b=$(instructions "$1" "$2" "$many")
    echo $(((b - a) / (many - few)))
}

version() { cargo metadata --locked --format-version 1 | grep -o "\"name\":\"$1\",\"version\":\"[^\"]*\"" | head -n 1 | cut -d '"' -f 8; }

program=$(cargo build --quiet --locked --release -p bench-codecs --message-format json |
    sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | tail -n 1)

echo "socketioxide-parser-common $(version socketioxide-parser-common), socketioxide-core $(version socketioxide-core)," \
    "engineioxide-core $(version engineioxide-core), serde_json $(version serde_json); $(rustc --version)"
echo
line() { printf '| %-41s | %14s | %12s |\n' "$@"; }
line operation socketio-proto socketioxide
line "$(printf '%.0s-' {1..41})" -------------: -----------:
"$program" | grep -E -- "$pattern" | while read -r name; do
    line "$name" "$(each "$name" ours)" "$(each "$name" theirs)"
done
