#!/usr/bin/env bash
# Build the Containerfile for real and run what it makes, without a registry: Debian's buildah, and a debootstrapped Debian in
# place of the base image. Needs root, buildah, debootstrap and crun. `BASE_ROOT=FOLDER` reuses a base.
set -euo pipefail
cd "$(dirname "$0")/.."
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
base=${BASE_ROOT:-$work/base}
[ -d "$base/usr" ] || debootstrap --variant=minbase --include=python3,python3-venv,python3-pip,ca-certificates stable "$base" >"$work/base.log"
rm -rf dist && python3 -m build --quiet --wheel .
from=$(buildah from scratch)
buildah add --quiet "$from" "$base" / >/dev/null
buildah commit --quiet "$from" localhost/kina-audit-base >/dev/null
buildah rm "$from" >/dev/null
# What this machine's pip needs to reach its index, if it is set up so.
mounts=(--volume /etc/ssl/certs:/etc/ssl/certs:ro)
for path in /etc/pip.conf /etc/xdg/pip; do [ ! -e "$path" ] || mounts+=(--volume "$path:$path:ro"); done
buildah bud --quiet --network host --build-arg BASE=localhost/kina-audit-base "${mounts[@]}" -t localhost/kina-audit . >/dev/null
made=$(buildah from localhost/kina-audit)
inside() { buildah run --volume "$PWD/fixtures:/fixtures:ro" "$made" -- "$@"; }
inside kina-audit check recorded:kata -p vxlan --cilium none -q
inside kina-audit extract /fixtures/images.config | cmp - fixtures/images.config
[ "$(inside id -u)" = 65534 ] || { echo "it does not run as nobody" >&2; exit 1; }
# Debian's documentation of pip installs nothing.
if inside python3 -m pip --version 2>/dev/null || inside find / -xdev -path /usr/share/doc -prune -o -name 'pip*' -print 2>/dev/null | grep -E '/pip(-[0-9.]+.*)?$'; then
    echo "pip is in the image" >&2
    exit 1
fi
buildah rm "$made" >/dev/null
echo "the image runs, as nobody, without pip"
