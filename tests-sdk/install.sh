#!/bin/sh
# Installs the official SDKs that the tests sign and verify with, and what holds the API against its description, exactly as
# package-lock.json and the requirements.txt of each folder pin them. Does nothing where they are already there, so that `make test` can call it every time.
set -eu
cd "$(dirname "$0")"

node_major_min=20
# Copies of the pins that the packages were installed from; hookyard-test-sdk looks at them too.
installed_npm=node_modules/.installed-lock.json
installed_pypi=.venv/.installed-requirements.txt

has_node() {
    command -v npm >/dev/null 2>&1 && command -v node >/dev/null 2>&1 &&
        [ "$(node -p 'process.versions.node.split(".")[0]')" -ge "$node_major_min" ]
}

has_python() {
    command -v python3 >/dev/null 2>&1 && python3 -c 'import ensurepip, venv, sys; sys.exit(sys.version_info < (3, 10))'
}

# With root on Debian what is missing is installed; otherwise the user is told what to run.
need() {
    what=$1 check=$2 debian=$3 darwin=$4 elsewhere=$5
    "$check" && return
    if [ "$(id -u)" = 0 ] && [ -e /etc/debian_version ]; then
        echo "tests-sdk: installing $debian from Debian" >&2
        apt-get update -qq
        # shellcheck disable=SC2086 # several packages
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $debian >/dev/null
    fi
    "$check" && return
    echo "tests-sdk: $what is needed. Found: node $(node --version 2>/dev/null || echo none)," \
        "npm $(npm --version 2>/dev/null || echo none), $(python3 --version 2>/dev/null || echo no Python)." >&2
    if [ -e /etc/debian_version ]; then
        echo "tests-sdk: run: sudo apt-get install -y $debian" >&2
    elif [ "$(uname -s)" = Darwin ]; then
        echo "tests-sdk: run: brew install $darwin" >&2
    else
        echo "tests-sdk: see $elsewhere" >&2
    fi
    exit 1
}

need "Node.js $node_major_min or newer with npm" has_node "nodejs npm" node https://nodejs.org/en/download
need "Python 3.10 or newer with venv" has_python "python3 python3-venv" python3 https://www.python.org/downloads

if ! cmp -s package-lock.json "$installed_npm"; then
    # No package may run a script of its own.
    npm ci --ignore-scripts --loglevel=error >&2
    cp package-lock.json "$installed_npm"
fi
# A virtual environment in a folder, of the packages that its requirements.txt pins.
install_pypi() {
    cmp -s "$1/requirements.txt" "$1/$installed_pypi" && return
    rm -rf "$1/.venv"
    python3 -m venv "$1/.venv"
    # Wheels only: a source package would run a script of its own.
    "$1/.venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: --require-hashes \
        -r "$1/requirements.txt" >&2
    cp "$1/requirements.txt" "$1/$installed_pypi"
}

# Apart from each other: what schemathesis needs is not what the SDKs need.
install_pypi .
install_pypi openapi
