#!/usr/bin/env bash
# The step of action.yml: gets the program, starts the local amoCRM, waits until it answers, and
# tells the steps that follow where it is.
set -euo pipefail

# How often it is looked at, every tenth of a second.
TRIES=300

work=$(mktemp --directory --tmpdir="${RUNNER_TEMP:-/tmp}")
log=$work/sandbox.txt
fail() { echo "::error title=Local amoCRM::$1" >&2; exit 1; }

if [ -n "${ARCHIVE:-}" ]; then
  [ -n "${SHA256:-}" ] || fail "sha256 is missing: an archive is not run unseen"
  curl --fail --silent --show-error --location --output "$work/archive.tar.gz" "$ARCHIVE" || fail "cannot get $ARCHIVE"
  echo "$SHA256  $work/archive.tar.gz" | sha256sum --check --status || fail "$ARCHIVE is not the one of this sha256"
  tar --extract --gzip --directory="$work" --strip-components=1 --file="$work/archive.tar.gz"
  BINARY=$work/amo-connect
fi
command -v "${BINARY:=amo-connect}" >/dev/null || fail "there is no $BINARY: give binary, or archive and sha256"

flags=(--amo-bind="127.0.0.1:${PORT:-8081}")
[ -z "${FIXTURES:-}" ] || flags+=(--fixtures="$FIXTURES")
[ -z "${REDIRECT_URI:-}" ] || flags+=(--redirect-uri="$REDIRECT_URI")
[ -z "${HOOK_URL:-}" ] || flags+=(--hook-url="$HOOK_URL")
while IFS= read -r flag; do
  [ -z "$flag" ] || flags+=("$flag")
done <<<"${ARGS:-}"

: >"$log"
nohup "$BINARY" sandbox --amo-only "${flags[@]}" >"$log" 2>"$work/errors.txt" </dev/null &
pid=$!
until grep -q '^Stop:' "$log"; do
  # Why it did not start stands on standard error; the first line is for the summary of the job.
  kill -0 $pid 2>/dev/null || { cat "$work/errors.txt" >&2; fail "$(head -n 1 "$work/errors.txt")"; }
  [ $((TRIES -= 1)) -gt 0 ] || { kill $pid; fail "it did not start in 30 seconds"; }
  sleep 0.1
done

grep '^AMO_' "$log" | tee -a "$GITHUB_ENV"
url=$(sed -n 's/^amoCRM is at \([^ ]*\).*/\1/p' "$log")
printf 'url=%s\nlog=%s\npid=%s\n' "$url" "$log" "$pid" >>"$GITHUB_OUTPUT"
