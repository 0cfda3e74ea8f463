#!/usr/bin/env bash
# Proves that wasm/pkg is what the sources give: builds it again elsewhere and compares bytes when the compiler is the one
# that wasm/pkg/BUILD records, or else runs the kernel's tests on the result. Leaves wasm/pkg as it was.
#
#   --allow-missing   succeed, with a notice, where no Rust toolchain can build it
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
pkg=$PWD/pkg
scratch=$(mktemp -d)
cleanup() {
  if [ -d "$scratch/committed" ]; then cp "$scratch"/committed/* "$pkg/"; fi
  rm -rf "$scratch"
}
trap cleanup EXIT

if ! ./build.sh --can-build; then
  [ "${1:-}" = --allow-missing ] && { echo 'kernel: not verified, since it cannot be built here'; exit 0; }
  exit 1
fi
./build.sh "$scratch/built" >"$scratch/log" 2>&1 || { cat "$scratch/log" >&2; echo 'kernel: the build failed' >&2; exit 1; }

if cmp -s "$scratch/built/BUILD" pkg/BUILD; then
  diff -rq pkg "$scratch/built" || { echo 'kernel: wasm/pkg is not what the sources give; run `npm run kernel` and commit it' >&2; exit 1; }
  echo "kernel: wasm/pkg is byte for byte what the sources give ($(head -1 pkg/BUILD))"
  exit 0
fi

echo "kernel: built by another compiler than wasm/pkg, so its tests decide:"
diff pkg/BUILD "$scratch/built/BUILD" || true
cp -r pkg "$scratch/committed"
cp "$scratch"/built/* pkg/
(cd .. && npx vitest run test/unit/kernel.test.ts test/property/kernel.test.ts)
