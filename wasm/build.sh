#!/usr/bin/env bash
# Builds the kernel to wasm/pkg, or to the folder given. The bytes depend on the sources and the compiler's version alone.
#
# Needs wasm-pack and wasm-bindgen (of the version in Cargo.toml), and a Rust with either the wasm32-unknown-unknown target
# (rustup target add wasm32-unknown-unknown) or its own sources (Debian: rustc-web cargo-web rust-web-src lld), from which
# the standard library is then built. --can-build only says whether they are there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
target=wasm32-unknown-unknown

missing() {
  echo "kernel: $1; see wasm/build.sh" >&2
  exit 3
}
sysroot() { "$1" --print sysroot 2>/dev/null; }
has_target() { compgen -G "$(sysroot "$1")/lib/rustlib/$target/lib/libstd-*.rlib" >/dev/null; }
has_sources() { [ -e "$(sysroot "$1")/lib/rustlib/src/rust/library/std/Cargo.toml" ] && command -v wasm-ld >/dev/null; }
find_rustc() {
  local candidate
  for candidate in ${RUSTC:-} $(type -ap rustc || true); do
    if [ -x "$candidate" ] && "$1" "$candidate"; then
      echo "$candidate"
      return
    fi
  done
}

PATH="$PATH:/usr/bin:${CARGO_HOME:-$HOME/.cargo}/bin"
flags=(--locked)
rustc=$(find_rustc has_target)
if [ -z "$rustc" ]; then
  rustc=$(find_rustc has_sources)
  flags+=(-Zbuild-std=std,panic_abort)
  export RUSTC_BOOTSTRAP=1 CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=wasm-ld
fi
[ -n "$rustc" ] || missing "no Rust that can build for $target was found"
command -v wasm-pack >/dev/null || missing 'wasm-pack was not found (cargo install wasm-pack)'
command -v wasm-bindgen >/dev/null || missing 'wasm-bindgen was not found (cargo install wasm-bindgen-cli)'
wanted=$(sed -n 's/^wasm-bindgen = "=\(.*\)"$/\1/p' Cargo.toml)
[ "$(wasm-bindgen --version)" = "wasm-bindgen $wanted" ] || missing "wasm-bindgen is not of version $wanted"
[ "${1:-}" = --can-build ] && exit 0

out=$(realpath -m "${1:-pkg}")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# The cargo and the rustc that belong together, without rustup's proxies before them.
export RUSTC="$rustc" PATH="$(dirname "$rustc"):$PATH"
export RUSTFLAGS="-Ctarget-feature=+simd128 --remap-path-prefix=$PWD=kernel \
--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=cargo --remap-path-prefix=$(sysroot "$rustc")=rust"
# --mode force: wasm-pack would ask rustup for the target. It also wants to own its folder, hence the copy.
wasm-pack build . --release --target web --mode force --no-pack --out-dir "$scratch/pkg" -- "${flags[@]}"
mkdir -p "$out"
cp "$scratch"/pkg/autotag_kernel{.js,.d.ts,_bg.wasm,_bg.wasm.d.ts} "$out/"
{ "$rustc" --version && wasm-bindgen --version; } >"$out/BUILD"
