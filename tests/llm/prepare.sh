#!/usr/bin/env bash
# Makes var/llm-venv with the servers of tests/requirements-llm.txt. Compiles llama-cpp-python
# once, for minutes; where that cannot be done, var/llm/no-chat says why and the tests that
# need it are left out.
set -euo pipefail
cd "$(dirname "$0")/../.."
venv=var/llm-venv wheels=var/llm/wheels requirements=tests/requirements-llm.txt
mark="$venv/.$(sha256sum <"$requirements" | cut -c1-16)"
[ -e "$mark" ] && exit
pip() { nice -n 10 "$venv/bin/python" -m pip "$@" --quiet --disable-pip-version-check; }
say() { printf 'test-llm: %s\n' "$*" >&2; }

mkdir -p "$wheels"
[ -x "$venv/bin/python" ] || .venv/bin/python -m venv "$venv"
grep -v '^llama_cpp_python' "$requirements" >var/llm/requirements.txt
pip install --no-deps -r var/llm/requirements.txt

wanted="$(grep '^llama_cpp_python' "$requirements")"
rm -f var/llm/no-chat
if ! ls "$wheels/${wanted/==/-}"-*.whl >/dev/null 2>&1; then
    if command -v cc >/dev/null && command -v c++ >/dev/null; then
        say "compiling $wanted, a quarter of an hour on two cores; var/llm/compile.log says more"
        CMAKE_ARGS="-DLLAVA_BUILD=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_CURL=OFF" \
            pip wheel --no-deps -w "$wheels" "$wanted" >var/llm/compile.log 2>&1 ||
            echo "$wanted does not compile here: see var/llm/compile.log" >var/llm/no-chat
    else
        echo "there is no C++ compiler to make $wanted with" >var/llm/no-chat
    fi
fi
if [ -e var/llm/no-chat ]; then
    say "$(cat var/llm/no-chat)"
else
    pip install --no-deps --no-index --find-links "$wheels" "$wanted"
    touch "$mark"
fi
