#!/usr/bin/env bash
# Write deploy/container/requirements.txt: every package of the image, pinned, with the hashes of its files, for every platform.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet uv
"$work/venv/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
    --extra lzo pyproject.toml -o "$work/requirements.txt"
{
    echo "# What the image installs beside the wheel, every file by its hash; scripts/lock_image.sh writes it from pyproject.toml."
    cat "$work/requirements.txt"
} >deploy/container/requirements.txt
