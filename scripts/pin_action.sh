#!/usr/bin/env bash
# Writes what action.yml and the Containerfile install, for every Python and platform, by digest: action-requirements.txt and
# deploy/container/requirements.txt.
# Run it when pyproject.toml's dependencies change, and now and then; tests/test_action.py says when they no longer agree.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet uv
pin() { # WHAT FILE EXPRESSION
    "$work/venv/bin/python" -c "
import tomllib
with open('pyproject.toml', 'rb') as file:
    document = tomllib.load(file)
project = document['project']
print(*project['dependencies'], *$3, sep='\n')" >"$work/in"
    "$work/venv/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
        --no-emit-index-url "$work/in" --output-file "$work/out"
    {
        echo "# What $1 installs, by digest; scripts/pin_action.sh writes it from pyproject.toml."
        cat "$work/out"
    } >"$2"
}
pin action.yml action-requirements.txt "document['build-system']['requires']"
pin "the Containerfile" deploy/container/requirements.txt "project['optional-dependencies']['lzo']"
