#!/usr/bin/env bash
# Drives the sandbox with clients of amoCRM that other people wrote, as the registries have them.
# Needs python3 (3.10 or later) with venv, node (18 or later) with npm, and both registries.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'kill "${sandbox:-}" 2>/dev/null || true; rm -rf "$work"' EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check aioamocrm==0.1.1 amocrm-api==2.6.1
(cd "$work" && npm init --yes >/dev/null && npm install --silent --no-audit --no-fund amocrm-js@3.6.0)

cargo build --quiet --workspace --all-features --example sandbox
target=${CARGO_TARGET_DIR:-"$here/../../../../target"}
"$target/debug/examples/sandbox" 2>"$work/said" &
sandbox=$!
until grep -q '^http' "$work/said"; do
  kill -0 "$sandbox" || { cat "$work/said"; exit 1; }
  sleep 0.1
done
base=$(sed -n 's#^\(http://[^/]*\)/oauth.*#\1#p' "$work/said")

"$work/venv/bin/python" "$here/aioamocrm_client.py" "$base"
"$work/venv/bin/python" "$here/amocrm_api_client.py" "$base"
NODE_PATH="$work/node_modules" node "$here/amocrm_js_client.js" "$base"
echo "3 passed, 0 failed"
