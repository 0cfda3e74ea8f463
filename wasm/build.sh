#!/usr/bin/env bash
# Builds the kernel to wasm/pkg, or to the folder given. The bytes depend on the sources and the compiler's version alone.
#
# Needs wasm-pack and wasm-bindgen (of the version in Cargo.toml), and a Rust with either the wasm32-unknown-unknown target
# (rustup target add wasm32-unknown-unknown) or its own sources (Debian: rustc-web cargo-web rust-web-src lld), from which
# the standard library is then built.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
out=$(realpath -m "${1:-pkg}")
target=wasm32-unknown-unknown
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

has_target() { [ -n "$(ls "$("$1" --print sysroot)/lib/rustlib/$target/lib/"libstd-*.rlib 2>/dev/null)" ]; }
has_sources() { [ -e "$("$1" --print sysroot)/lib/rustlib/src/rust/library/std/Cargo.toml" ]; }

extra=()
rustc=
for candidate in "${RUSTC:-}" $(type -ap rustc) /usr/bin/rustc; do
  [ -x "$candidate" ] || continue
  if has_target "$candidate"; then rustc=$candidate; break; fi
done
if [ -z "$rustc" ]; then
  for candidate in "${RUSTC:-}" $(type -ap rustc) /usr/bin/rustc; do
    [ -x "$candidate" ] || continue
    if has_sources "$candidate" && command -v wasm-ld >/dev/null; then rustc=$candidate; break; fi
  done
  [ -n "$rustc" ] || { echo "kernel: no Rust that can build for $target was found (see wasm/build.sh)" >&2; exit 3; }
  export RUSTC_BOOTSTRAP=1
  extra=(-Zbuild-std=std,panic_abort)
fi
command -v wasm-pack >/dev/null || { echo 'kernel: wasm-pack was not found (cargo install wasm-pack)' >&2; exit 3; }

sysroot=$("$rustc" --print sysroot)
# The rustc, cargo and linker that belong together.
export PATH="$(dirname "$rustc"):$PATH" RUSTC="$rustc"
if ! [ -x "$sysroot/lib/rustlib/$("$rustc" -vV | sed -n 's/^host: //p')/bin/rust-lld" ]; then
  export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=wasm-ld
fi
export RUSTFLAGS="-Ctarget-feature=+simd128 --remap-path-prefix=$PWD=kernel \
--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=cargo --remap-path-prefix=$sysroot=rust"

# wasm-pack asks rustup for the target unless it is told not to, and wants to own the output folder.
wasm-pack build . --release --target web --mode force --no-pack --out-dir "$scratch/pkg" -- --locked "${extra[@]}"
mkdir -p "$out"
cp "$scratch"/pkg/autotag_kernel{.js,.d.ts,_bg.wasm,_bg.wasm.d.ts} "$out/"
{ "$rustc" --version; wasm-bindgen --version; } > "$out/BUILD"
