#!/bin/sh
# Installs the official SDKs that the tests sign and verify with, exactly as package-lock.json pins
# them. Does nothing where they are already there, so that `make test` can call it every time.
set -eu
cd "$(dirname "$0")"

node_major_min=18
# A copy of the lock file that node_modules was made from; hookyard-test-sdk looks at it too.
installed=node_modules/.installed-lock.json

has_node() {
    command -v npm >/dev/null 2>&1 && command -v node >/dev/null 2>&1 &&
        [ "$(node -p 'process.versions.node.split(".")[0]')" -ge "$node_major_min" ]
}

if ! has_node; then
    if [ "$(id -u)" = 0 ] && [ -e /etc/debian_version ]; then
        echo "tests-sdk: installing nodejs and npm from Debian" >&2
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nodejs npm >/dev/null
    fi
    if ! has_node; then
        echo "tests-sdk: Node.js $node_major_min or newer and npm are needed. Found:" \
            "node $(node --version 2>/dev/null || echo none), npm $(npm --version 2>/dev/null || echo none)." >&2
        if [ -e /etc/debian_version ]; then
            echo "tests-sdk: run: sudo apt-get install -y nodejs npm" >&2
        elif [ "$(uname -s)" = Darwin ]; then
            echo "tests-sdk: run: brew install node" >&2
        else
            echo "tests-sdk: see https://nodejs.org/en/download" >&2
        fi
        exit 1
    fi
fi

if cmp -s package-lock.json "$installed"; then
    exit 0
fi
# No package may run a script of its own.
npm ci --ignore-scripts --loglevel=error >&2
cp package-lock.json "$installed"
