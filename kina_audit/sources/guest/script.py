"""What is run in a guest or on a node, and how its answer is read. POSIX sh and busybox are enough; it only reads."""

import base64
import binascii
import re
from dataclasses import dataclass

from kina_audit.errors import SourceError, SourceNotFoundError
from kina_audit.kernel.provenance import Observed

SCRIPT = r"""
r=$(uname -r)
echo "kina-audit release $r"
echo "kina-audit machine $(uname -m)"
if [ -e /sys/kernel/btf/vmlinux ]; then echo "kina-audit btf yes"
elif [ -d /sys/kernel ]; then echo "kina-audit btf no"; fi
for t in "" /host; do
  for f in /proc/config.gz "/boot/config-$r" "/lib/modules/$r/config" "/usr/lib/modules/$r/config"; do
    if [ -r "$t$f" ]; then
      if command -v base64 >/dev/null 2>&1; then echo "kina-audit base64 $t$f"; base64 <"$t$f"
      else echo "kina-audit hex $t$f"; od -An -v -tx1 <"$t$f"; fi
      echo "kina-audit end"; exit 0
    fi
  done
done
echo "kina-audit none"
"""
"""Read by ``sh`` on its standard input. ``/host`` is where `kubectl debug node/...` mounts the node's root."""

TRIED = "/proc/config.gz, /boot/config-{release}, /lib/modules/{release}/config"

_LINE = re.compile(rb"^kina-audit (release|machine|btf|base64|hex|end|none)(?: ([^\r\n]{1,512}))?\r?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the script brought back.

    Attributes:
        observed: the running kernel's release, machine and BTF.
        path: the file that was read.
        data: its bytes.
    """

    observed: Observed
    path: str
    data: bytes


def read_answer(output: bytes, place: str) -> Answer:
    """Read the script's output; lines around it (a greeting, a tool's own messages) are passed over.

    Raises:
        SourceNotFoundError: the kernel shows no config.
        SourceError: no answer, or only part of it.
    """
    lines = list(_LINE.finditer(output))
    said = {m[1].decode(): (m[2] or b"").decode("utf-8", "replace") for m in lines}
    if "release" not in said:
        raise SourceError(
            f"{place}: its shell gave no answer",
            "Run the command that -v shows by hand; it needs sh, uname and base64 or od.",
        )
    btf = {"yes": True, "no": False}.get(said.get("btf", ""))
    observed = Observed(said["release"], said.get("machine", ""), btf)
    start = next((m for m in lines if m[1] in (b"base64", b"hex")), None)
    if start is None:
        if "none" not in said:
            raise _cut_short(place)
        raise SourceNotFoundError(
            f"{place}: its kernel {observed.release} shows no config; tried {TRIED.format(release=observed.release)}",
            "That kernel has no CONFIG_IKCONFIG_PROC; audit its package, its image, or the record of it (kina-audit kernels).",
        )
    end = next((m for m in lines if m[1] == b"end" and m.start() > start.end()), None)
    if end is None:
        raise _cut_short(place)
    body = b"".join(output[start.end() : end.start()].split())
    try:
        data = base64.b64decode(body, validate=True) if start[1] == b"base64" else bytes.fromhex(body.decode("ascii"))
    except (binascii.Error, ValueError) as error:
        raise SourceError(f"{place}: what came back of {said[start[1].decode()]} is damaged: {error}") from error
    return Answer(observed, said[start[1].decode()], data)


def _cut_short(place: str) -> SourceError:
    return SourceError(f"{place}: its answer ends too early", "The connection broke or the guest stopped; try again.")
