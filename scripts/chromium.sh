#!/bin/sh
# Prints where the browser is that the dashboard is tested and measured in: CHROMIUM, or the system's. As root on Debian it is
# installed where it is missing; otherwise the command that does it is printed.
set -eu

chromium=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}
if [ -z "$chromium" ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        apt-get update -qq >&2
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
        chromium=$(command -v chromium)
    else
        echo "web: the browser is missing: sudo apt-get install -y chromium" >&2
        exit 1
    fi
fi
echo "$chromium"
