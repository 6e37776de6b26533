#!/usr/bin/env bash
# Builds a release into target/dist: for each target an archive and a Debian package, an SBOM
# (CycloneDX), and SHA256SUMS. Order, owners and times in an archive depend on the commit alone.
#
#     deploy/release.sh                                # this machine's target, and aarch64 where its toolchain is
#     deploy/release.sh x86_64-unknown-linux-gnu       # these targets, or it fails
#
# Another target than the machine's own needs `rustup target add TARGET` and, for aarch64,
# Debian's gcc-aarch64-linux-gnu. Needs git; installs cargo-deb and cargo-cyclonedx into target/.
set -euo pipefail

CARGO_DEB=3.8.0
CARGO_CYCLONEDX=0.5.9
AARCH64=aarch64-unknown-linux-gnu

cd "$(dirname "$0")/.."
fail() { echo "release: $1" >&2; exit 1; }

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
grep -q "^## $version" CHANGELOG.md || fail "CHANGELOG.md has no heading for $version"
[ -z "$(git status --porcelain)" ] || fail "the tree has changes that are not committed"
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH

host=$(rustc -vV | sed -n 's/^host: //p')
has_std() { [ -d "$(rustc --print sysroot)/lib/rustlib/$1/lib" ]; }
targets=("$@")
if [ ${#targets[@]} = 0 ]; then
  targets=("$host")
  if [ "$host" != $AARCH64 ]; then
    if has_std $AARCH64; then targets+=("$AARCH64"); else echo "release: without $AARCH64: rustup target add $AARCH64" >&2; fi
  fi
fi
for target in "${targets[@]}"; do has_std "$target" || fail "rustup target add $target comes first"; done
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=${CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER:-aarch64-linux-gnu-gcc}

tools=$PWD/target/release-tools
PATH="$tools/bin:$PATH"
cargo deb --version 2>/dev/null | grep -qx "$CARGO_DEB" \
  || cargo install --quiet --locked --root "$tools" "cargo-deb@$CARGO_DEB"
cargo cyclonedx --version 2>/dev/null | grep -q " $CARGO_CYCLONEDX$" \
  || cargo install --quiet --locked --root "$tools" "cargo-cyclonedx@$CARGO_CYCLONEDX"

dist=$PWD/target/dist
built=${CARGO_TARGET_DIR:-target}
rm -rf "$dist"
mkdir -p "$dist"
# No path of this machine is in the binary.
export RUSTFLAGS="--remap-path-prefix=$PWD=/amo-connect --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo"
for target in "$host" "${targets[@]}"; do
  cargo build --release --locked --package amo-connect --target "$target"
done

# The machine's own binary writes what every package takes.
completions=target/completions
mkdir -p $completions
"$built/$host/release/amo-connect" completions bash >$completions/amo-connect.bash
"$built/$host/release/amo-connect" completions zsh >$completions/_amo-connect
"$built/$host/release/amo-connect" completions fish >$completions/amo-connect.fish

for target in "${targets[@]}"; do
  name=amo-connect-$version-$target
  folder=$(mktemp -d)
  mkdir "$folder/$name"
  cp "$built/$target/release/amo-connect" LICENSE-MIT LICENSE-APACHE README.md CHANGELOG.md "$folder/$name/"
  cp -r docs deploy $completions "$folder/$name/"
  tar --create --gzip --directory="$folder" --sort=name --owner=0 --group=0 --numeric-owner \
    --mtime="@$SOURCE_DATE_EPOCH" --file="$dist/$name.tar.gz" "$name"
  rm -rf "$folder"
  cargo deb --quiet --no-build --package amo-connect --target "$target" --output "$dist/"
done

cargo cyclonedx --quiet --manifest-path crates/app/Cargo.toml --format json --spec-version 1.5 --override-filename bom
mv crates/app/bom.json "$dist/amo-connect-$version.cdx.json"
# One for each package of the workspace is written.
git clean --quiet --force -- '*/bom.json'

(cd "$dist" && sha256sum -- * >SHA256SUMS && cat SHA256SUMS)
