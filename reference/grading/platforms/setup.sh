#!/usr/bin/env bash
# Gradescope runs this once, when the autograder is built: a Python, and what grading needs.
set -euo pipefail
ROOT="${AUTOGRADER_ROOT:-/autograder}"

# The first Python that is new enough and can make an environment.
find_python() {
    local each
    for each in python3.13 python3.12 python3.11 python3.14 python3; do
        if command -v "$each" >/dev/null &&
            "$each" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$each"
            return
        fi
    done
    return 1
}

if ! PYTHON="$(find_python)"; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update
    for version in 3 3.12 3.11; do
        apt-get install -y --no-install-recommends "python$version" "python$version-venv" || true
        if PYTHON="$(find_python)"; then break; fi
    done
fi
if [ -z "${PYTHON:-}" ]; then
    echo "No Python 3.11 or newer here: choose Ubuntu 24.04 as the autograder's base image." >&2
    exit 1
fi

"$PYTHON" -m venv "$ROOT/venv"
"$ROOT/venv/bin/python" -m pip install --disable-pip-version-check --no-cache-dir @PACKAGES@
chmod 600 "$ROOT/source/secret"
chmod 755 "$ROOT/source/run_autograder"
