#!/usr/bin/env bash
export PATH=/usr/bin:$PATH:/root/.cargo/bin
cd $(dirname $0)
RUSTC_BOOTSTRAP=1 CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=wasm-ld RUSTFLAGS="-Ctarget-feature=+simd128" \
wasm-pack build . --release --target web --mode force --no-pack -- -Zbuild-std=std,panic_abort
rm -f pkg/.gitignore
