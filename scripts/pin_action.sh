#!/usr/bin/env bash
# Writes action-requirements.txt: everything that action.yml installs, for every Python and platform, by digest.
# Run it when pyproject.toml's dependencies change, and now and then; tests/test_action.py says when they no longer agree.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet uv
"$work/venv/bin/python" - >"$work/in" <<'READ'
import tomllib

with open("pyproject.toml", "rb") as file:
    document = tomllib.load(file)
print(*document["project"]["dependencies"], *document["build-system"]["requires"], sep="\n")
READ
"$work/venv/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
    --no-emit-index-url "$work/in" --output-file "$work/out"
{
    echo "# What action.yml installs, by digest; scripts/pin_action.sh writes it from pyproject.toml."
    cat "$work/out"
} >action-requirements.txt
