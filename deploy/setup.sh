#!/usr/bin/env bash
# Makes .venv and installs what Docket needs: `deploy/setup.sh [tests]`.
#
# System packages are installed where that is allowed (root, or sudo without a password); what
# is missing otherwise is named, and Docket goes on without it. TESSERACT_CMD= and
# POPPLER_PATH= (set but empty) switch the two programs off, so they are not installed either.
set -euo pipefail
cd "$(dirname "$0")/.."
say() { printf 'setup: %s\n' "$*" >&2; }

find_python() {
    for name in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if command -v "$name" >/dev/null &&
            "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    say "Python 3.11 or later is needed; on Debian or Ubuntu: apt-get install python3 python3-venv"
    exit 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

may_install() {
    command -v apt-get >/dev/null || return 1
    [ "$(id -u)" = 0 ] || { command -v sudo >/dev/null && sudo -n true 2>/dev/null; }
}

install_packages() {
    [ $# -gt 0 ] || return 0
    local package
    if ! may_install; then
        say "going on without: $* (to have them: apt-get install $*)"
        return 0
    fi
    say "installing $*"
    as_root apt-get update -qq >/dev/null 2>&1 || say "apt-get update failed; trying anyway"
    # One call each: a package that this system does not have must not cost the others.
    for package in "$@"; do
        as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -qq --no-install-recommends "$package" >/dev/null 2>&1 ||
            say "could not install $package; going on without"
    done
}

system_packages() {
    local wanted=()
    if [ "${TESSERACT_CMD-unset}" != "" ] && ! command -v "${TESSERACT_CMD:-tesseract}" >/dev/null; then
        wanted+=(tesseract-ocr)
    fi
    if [ "${POPPLER_PATH-unset}" != "" ] && ! command -v pdftoppm >/dev/null; then
        wanted+=(poppler-utils)
    fi
    if [ "${1:-}" = tests ] && ! command -v chromium >/dev/null &&
        ! command -v chromium-browser >/dev/null; then
        wanted+=(chromium)
    fi
    if [ "${1:-}" = tests ] && ! command -v redis-server >/dev/null; then
        wanted+=(redis-server)
    fi
    install_packages "${wanted[@]}"
}

make_venv() {
    local python="$1"
    [ -x .venv/bin/python ] && .venv/bin/python -c 'import pip' 2>/dev/null && return
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        local package
        package="python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"
        may_install && install_packages "$package"
        if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
            say "this Python cannot make virtual environments; install the package $package"
            exit 1
        fi
    fi
    rm -rf .venv
    "$python" -m venv .venv
}

install_requirements() {
    local file="$1" mark
    mark=".venv/.$(sha256sum <"$file" | cut -c1-16)"
    [ -e "$mark" ] && return
    say "installing Python packages of $file (a minute or two)"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check -r "$file" 2>&1 |
        { grep -v '^WARNING: Location' || true; } >&2
    touch "$mark"
}

system_packages "${1:-}"
make_venv "$(find_python)"
install_requirements requirements.txt
if [ "${1:-}" = tests ]; then
    install_requirements tests/requirements.txt
fi
