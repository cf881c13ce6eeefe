#!/usr/bin/env bash
# Every test: examples in the documentation first, then all test binaries, then the dashboard in a browser.
set -euo pipefail
cd "$(dirname "$0")/.."

# The providers' own SDKs, which sign and verify in some tests. Does nothing when they are there.
tests-sdk/install.sh

# The dashboard, which is part of the binary that the tests run.
scripts/web.sh

cargo test --workspace --doc --quiet

if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run --workspace --no-fail-fast
else
    echo "cargo-nextest is not here, so cargo test runs the tests, one binary after the other"
    echo "  to install it: cargo install --locked cargo-nextest"
    cargo test --workspace --lib --bins --tests --no-fail-fast
fi

# The dashboard in a real browser, against the binary that was just built.
HOOKYARD_BIN="${CARGO_TARGET_DIR:-$PWD/target}/debug/hookyard" web/test.sh
