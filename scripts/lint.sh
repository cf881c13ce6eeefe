#!/usr/bin/env bash
# Format and lints always; licences and unused dependencies where their tools are installed. A tool that
# is missing is named at the end, with the command that installs it.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo fmt --all -- --check
cargo clippy --workspace --all-targets --quiet -- -D warnings

missing=''

# with_tool NAME COMMAND…: runs the command if cargo-NAME is installed.
with_tool() {
    local tool="cargo-$1"
    shift
    if command -v "$tool" >/dev/null 2>&1; then
        "$@"
    else
        missing="$missing $tool"
    fi
}

with_tool deny cargo deny --log-level warn check
with_tool machete cargo machete

echo "format and lints: fine"
for tool in $missing; do
    echo "not checked: $tool is not installed (cargo install --locked $tool)"
done
