#!/usr/bin/env bash
# Starts a local amoCRM for one client, and runs the client with its address as the last argument:
#
#     with_local_amocrm.sh SANDBOX COMMAND…
set -euo pipefail

sandbox=$1
shift

work=$(mktemp -d)
trap 'kill "${amocrm:-}" 2>/dev/null || true; rm -rf "$work"' EXIT
# Some clients keep tokens and caches in their home, some in the folder that they are started in.
mkdir "$work/home"
export HOME=$work/home
cd "$HOME"

: > "$work/said"
"$sandbox" 2>"$work/said" &
amocrm=$!
until grep -q '^http' "$work/said"; do
  kill -0 "$amocrm" 2>/dev/null || { cat "$work/said" >&2; exit 1; }
  sleep 0.1
done
base=$(sed -n 's#^\(http://[^/]*\)/oauth.*#\1#p' "$work/said")

timeout 120 "$@" "$base"
