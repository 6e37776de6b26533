#!/usr/bin/env bash
# Starts a local amoCRM for one client, and runs the client with its address as the last argument:
#
#     with_local_amocrm.sh AMO_CONNECT DOMAIN COMMAND…
#
# DOMAIN is - for a client that takes any address. For one that asks only https://SUBDOMAIN.amocrm.ru or .kommo.com it is
# that domain: the local amoCRM and the client then run in namespaces of their own, where its names lead to this machine
# and port 443 is free, and the client trusts the certificate of the local one as it would trust amoCRM's.
set -euo pipefail

binary=$1 domain=$2
shift 2

if [ "$domain" != - ] && [ -z "${APART:-}" ]; then
  [ "$(id -u)" = 0 ] || as_root=--map-root-user
  APART=1 exec unshare --mount --net ${as_root:-} "$0" "$binary" "$domain" "$@"
fi

work=$(mktemp -d)
trap 'kill "${amocrm:-}" 2>/dev/null || true; rm -rf "$work"' EXIT
# Some clients keep tokens and caches in their home, some in the folder that they are started in.
mkdir "$work/home"
export HOME=$work/home
cd "$HOME"

if [ "$domain" = - ]; then
  flags=(--amo-bind 127.0.0.1:0)
else
  ip link set lo up
  echo "127.0.0.1 localhost foryou.$domain rivalhomes.$domain empty.$domain www.$domain" > "$work/hosts"
  mount --bind "$work/hosts" /etc/hosts
  flags=(--amo-bind 127.0.0.1:443 --domain "$domain" --tls-self-signed "$work/tls")
  # What requests, OpenSSL (urllib, httpx, aiohttp) and Node read.
  export REQUESTS_CA_BUNDLE=$work/tls/ca.pem SSL_CERT_FILE=$work/tls/ca.pem NODE_EXTRA_CA_CERTS=$work/tls/ca.pem
fi

: > "$work/said"
[ -z "${REDIRECT_URI:-}" ] || flags+=(--redirect-uri "$REDIRECT_URI")
"$binary" sandbox --amo-only "${flags[@]}" > "$work/said" 2>&1 &
amocrm=$!
until grep -q '^Stop:' "$work/said"; do
  kill -0 "$amocrm" 2>/dev/null || { cat "$work/said" >&2; exit 1; }
  sleep 0.1
done
if [ "$domain" = - ]; then
  base=$(sed -n 's#^AMO_AUTH_URL=\(.*\)/oauth$#\1#p' "$work/said")
else
  base=https://foryou.$domain
fi

timeout 120 "$@" "$base"
