#!/usr/bin/env bash
# Instructions per operation, for each operation of the protocol crates that have an example `instructions`.
#
# Counted by callgrind as the slope between two numbers of runs, so that start-up cancels. The figures are the same
# on every run of the same binary; a change of a percent is a fact and not noise.
#
#   bench/instructions.sh             every operation
#   bench/instructions.sh PATTERN     those whose name matches
set -euo pipefail
cd "$(dirname "$0")/.."

pattern=${1:-.}
few=200
many=700

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# program, operation, number of runs
instructions() {
    valgrind --tool=callgrind --callgrind-out-file="$scratch/out" "$@" 2>&1 </dev/null | sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}

command -v valgrind >/dev/null || { echo "this needs valgrind" >&2; exit 1; }
line() { printf '| %-45s | %8s | %12s |\n' "$@"; }

line operation bytes instructions
line "$(printf '%.0s-' {1..45})" -------: -----------:
for crate in engineio-proto socketio-proto; do
    [ -f "$crate/examples/instructions.rs" ] || continue
    program=$(cargo build --quiet --profile bench -p "$crate" --example instructions --message-format json |
        sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | tail -n 1)
    # A pattern may match nothing in one crate and something in the other.
    { "$program" | grep -E -- "$pattern" || true; } | while read -r bytes name; do
        a=$(instructions "$program" "$name" "$few")
        b=$(instructions "$program" "$name" "$many")
        line "$name" "$bytes" $(((b - a) / (many - few)))
    done
done
