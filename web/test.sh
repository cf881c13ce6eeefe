#!/bin/sh
# All tests of the dashboard: types, lints, units, and the browser against the real binary that HOOKYARD_BIN names (by default
# the debug build). What is missing is installed, where that may be done; otherwise the command that does it is printed.
# Screenshots are in test-results/screenshots. Arguments go to Playwright: `./test.sh newcomer`.
set -eu
cd "$(dirname "$0")"

HOOKYARD_BIN=${HOOKYARD_BIN:-$PWD/../target/debug/hookyard}
export HOOKYARD_BIN
if [ ! -x "$HOOKYARD_BIN" ]; then
    echo "web: there is no binary at $HOOKYARD_BIN: build it with \`make\`, or name it with HOOKYARD_BIN" >&2
    exit 1
fi

if ! cmp -s package-lock.json node_modules/.installed-lock.json; then
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
    cp package-lock.json node_modules/.installed-lock.json
fi

CHROMIUM=$(../scripts/chromium.sh)
export CHROMIUM

if ! npm run --silent api -- --check >/dev/null 2>&1; then
    echo "web: src/api/schema.d.ts is not what docs/openapi.json says: run \`npm run api\`" >&2
    exit 1
fi
npm run --silent typecheck
npm run --silent lint
npm run --silent test
if [ "${HOOKYARD_DASHBOARD:-}" = dist ]; then
    npm run --silent build
fi
rm -rf test-results
npx --no-install playwright test "$@"
