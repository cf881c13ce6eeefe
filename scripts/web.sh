#!/bin/sh
# Builds the dashboard into web/dist, from where the next build takes it into the binary. With --if-possible a machine
# without Node.js is told what it misses, and that is all.
set -eu
cd "$(dirname "$0")/../web"

node_major_min=20
built=dist/.built-from

if ! command -v npm >/dev/null 2>&1 || [ "$(node -p 'process.versions.node.split(".")[0]')" -lt "$node_major_min" ]; then
    echo "web: the dashboard needs Node.js $node_major_min or newer with npm, and was not built" \
        "(found: $(node --version 2>/dev/null || echo none))" >&2
    [ "${1:-}" = --if-possible ] && exit 0
    exit 1
fi

# What it is built from, by content: nothing is done where that is as before.
sources=$(git ls-files -z --cached --others --exclude-standard -- . ../docs/openapi.json | xargs -0 sha256sum 2>/dev/null | sha256sum)
if [ "$(cat "$built" 2>/dev/null)" = "$sources" ]; then
    exit 0
fi
if ! cmp -s package-lock.json node_modules/.installed-lock.json; then
    # No package may run a script of its own.
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
    cp package-lock.json node_modules/.installed-lock.json
fi
npm run --silent build >&2
echo "$sources" >"$built"
