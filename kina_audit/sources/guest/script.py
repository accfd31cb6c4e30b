"""What is run in a guest or on a node, and how its answer is read. POSIX sh and busybox are enough; it only reads."""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence

from kina_audit.base.datatype import datatype
from kina_audit.errors import SourceError, SourceNotFoundError
from kina_audit.kernel.live import EVERYWHERE, MACHINE_NETWORK, OF_THE_NETWORK, Live
from kina_audit.kernel.modules import COMMAND_LINE, Modules, command_line_settings, lines_against, listed, needed

SCRIPT = r"""
x=
echo
r=$(uname -r)
echo "kina-audit release $r"
echo "kina-audit machine $(uname -m)"
h=; if [ -d $x/host/etc ] && [ -d $x/host/sys ]; then h=/host; fi
b=$x/sys/kernel/btf/vmlinux
if [ -r $b ]; then echo "kina-audit btf readable"
elif [ -e $b ]; then echo "kina-audit btf unreadable"
elif [ -d $x/sys/kernel ]; then echo "kina-audit btf absent"; fi
for k in @SYSCTLS@; do
  if [ -r "$x/proc/sys/$k" ]; then echo "kina-audit sysctl $k $(cat "$x/proc/sys/$k")"; fi
done 2>/dev/null
while read -r d p f o; do
  case $p in $h/sys/fs/cgroup|$h/sys/fs/cgroup/*|$h/sys/fs/bpf) echo "kina-audit mount ${p#"$h"} $f" ;; esac
done 2>/dev/null <$x/proc/mounts
echo "kina-audit processes $(readlink $x/proc/self/ns/pid 2>/dev/null)"
for k in lockdown lsm; do
  if [ -r "$x$h/sys/kernel/security/$k" ]; then echo "kina-audit $k $(cat "$x$h/sys/kernel/security/$k")"; fi
done 2>/dev/null
if [ -r $x/proc/swaps ]; then
  n=0; while read -r v; do n=$((n+1)); done <$x/proc/swaps; echo "kina-audit swaps $n"
fi
while read -r i d g f c u m k t v; do
  if [ "$d" = 00000000 ] && [ "$k" = 00000000 ]; then echo "kina-audit route $m $t $(cat "$x/sys/class/net/$i/mtu")"; fi
done 2>/dev/null <$x/proc/net/route
if [ -r $x/proc/modules ]; then
  echo "kina-audit modules"; while read -r m v; do echo "kina-audit loaded $m"; done <$x/proc/modules
fi
set -f
for w in $(cat $x/proc/cmdline 2>/dev/null); do
  case $w in modprobe.blacklist=*|module_blacklist=*) echo "kina-audit cmdline $w" ;; esac
done
set +f
for d in "/lib/modules/$r" "/usr/lib/modules/$r"; do
  [ -d "$x$h$d" ] || continue
  echo "kina-audit folder $d"
  if [ -r "$x$h$d/modules.dep" ]; then
    echo "kina-audit indexed"; while IFS=: read -r m v; do echo "kina-audit file ${m##*/}:$v"; done <"$x$h$d/modules.dep"
  fi
  if [ -r "$x$h$d/modules.builtin" ]; then
    while read -r m; do echo "kina-audit builtin ${m##*/}"; done <"$x$h$d/modules.builtin"
  fi
  s=" "
  for c in /etc /run /usr/local/lib /usr/lib /lib; do
    for f in "$x$h$c/modprobe.d"/*.conf; do
      n=${f##*/}
      case $s in *" $n "*) continue ;; esac
      [ -e "$f" ] || continue
      s="$s$n "
      while read k m v || [ -n "$k" ]; do
        case $k in install|blacklist) echo "kina-audit modprobe $c/modprobe.d/$n $k $m $v" ;; esac
      done <"$f"
    done
  done 2>/dev/null
  break
done
for t in "" /host; do
  for f in /proc/config.gz "/boot/config-$r" "/lib/modules/$r/config" "/usr/lib/modules/$r/config"; do
    [ -r "$x$t$f" ] || continue
    if command -v base64 >/dev/null 2>&1; then echo "kina-audit base64 $t$f"; base64 <"$x$t$f"
    else echo "kina-audit hex $t$f"; od -An -v -tx1 <"$x$t$f"; fi && echo "kina-audit end" && exit 0
    echo "kina-audit failed $t$f"
  done
done
echo "kina-audit none"
""".replace("@SYSCTLS@", " ".join(n.replace(".", "/") for n in (*EVERYWHERE, MACHINE_NETWORK, *OF_THE_NETWORK)))
"""Read by ``sh`` on its standard input. ``/host`` is where `kubectl debug node/...` mounts the node's root. ``x`` stands
before every path that is read, for tests that read elsewhere.

``cat`` and not ``read`` for sysctls: the kernel gives their text to one ``read(2)`` only, and dash and busybox ask for a byte at a
time (``fs/proc/proc_sysctl.c``).
"""

TRIED = "/proc/config.gz, /boot/config-{release}, /lib/modules/{release}/config"

_LINE = re.compile(rb"^kina-audit ([a-z0-9]{2,12})(?: ([^\r\n]{0,512}))?\r?$", re.MULTILINE)
_FACTS = frozenset({"release", "machine", "btf", "processes", "lockdown", "lsm", "swaps", "folder"})


@datatype
class Answer:
    """What the script brought back.

    Attributes:
        release: ``uname -r``.
        machine: ``uname -m``, or an empty string.
        live: what the machine shows beside its config.
        modules: its module files; None: they cannot be seen from there.
        path: the file that was read.
        data: its bytes.
    """

    release: str
    machine: str
    live: Live
    modules: Modules | None
    path: str
    data: bytes


def read_answer(output: bytes, place: str) -> Answer:
    """Read the script's output; lines around it (a greeting, a tool's own messages) are passed over.

    Raises:
        SourceNotFoundError: the kernel shows no config.
        SourceError: no answer, or only part of it.
    """
    lines = list(_LINE.finditer(output))
    said: dict[str, list[str]] = {}
    for line in lines:
        said.setdefault(line[1].decode(), []).append((line[2] or b"").decode("utf-8", "replace").strip())
    if "release" not in said:
        raise SourceError(
            f"{place}: its shell gave no answer",
            "Run the command that -v shows by hand; it needs sh, uname and base64 or od.",
        )
    once = {name: said[name][0] for name in _FACTS & said.keys()}
    release = once["release"]
    ends = [m for m in lines if m[1] in (b"base64", b"hex", b"end", b"failed", b"none")]
    whole = next(
        (i for i in range(len(ends) - 1) if ends[i][1] in (b"base64", b"hex") and ends[i + 1][1] == b"end"), None
    )
    if whole is None:
        if "none" not in said:
            raise _cut_short(place)
        failed = "".join(f"; {path} cannot be read" for path in said.get("failed", ()))
        raise SourceNotFoundError(
            f"{place}: its kernel {release} shows no config; tried {TRIED.format(release=release)}{failed}",
            "That kernel has no CONFIG_IKCONFIG_PROC; audit its package, its image, or the record of it (kina-audit kernels).",
        )
    start, end = ends[whole], ends[whole + 1]
    path = (start[2] or b"").decode("utf-8", "replace")
    body = b"".join(output[start.end() : end.start()].split())
    try:
        data = base64.b64decode(body, validate=True) if start[1] == b"base64" else bytes.fromhex(body.decode("ascii"))
    except (binascii.Error, ValueError) as error:
        raise SourceError(f"{place}: what came back of {path} is damaged: {error}") from error
    return Answer(release, once.get("machine", ""), _live(said, once), _modules(said, once), path, data)


def _live(said: Mapping[str, list[str]], once: Mapping[str, str]) -> Live:
    sysctls = {k.replace("/", "."): v for k, _, v in (line.partition(" ") for line in said.get("sysctl", ()))}
    swaps = once.get("swaps", "")
    return Live(
        btf=once.get("btf", ""),
        sysctls=sysctls,
        mounts=[(place, kind) for place, _, kind in (line.partition(" ") for line in said.get("mount", ()))],
        processes=once.get("processes", ""),
        network=MACHINE_NETWORK in sysctls,
        lockdown=once.get("lockdown", ""),
        lsm=once.get("lsm", ""),
        swap=int(swaps) > 1 if swaps.isdecimal() else None,
        mtu=_mtu(said.get("route", ())),
        loaded=frozenset(said.get("loaded", ())) if "modules" in said else None,
    )


def _mtu(routes: Sequence[str]) -> str:
    """Of the default route with the lowest metric: its own, else its link's."""
    found = [r for r in (route.split() for route in routes) if len(r) >= 2 and r[0].isdecimal()]
    if not found:
        return ""
    _, own, *link = min(found, key=lambda r: int(r[0][:18]))
    return own if own != "0" else "".join(link[:1])


def _modules(said: Mapping[str, list[str]], once: Mapping[str, str]) -> Modules | None:
    if not once.get("folder"):
        return None
    settings = [(name, rest) for name, _, rest in (line.partition(" ") for line in said.get("modprobe", ()))]
    settings.append((COMMAND_LINE, command_line_settings(" ".join(said.get("cmdline", ())))))
    sysctls = _live(said, once).sysctls
    return Modules(
        folder=once["folder"],
        files=listed("\n".join(said.get("file", ()))),
        builtin=listed("\n".join(said.get("builtin", ()))),
        indexed="indexed" in said,
        blocked=lines_against(settings),
        loaded=frozenset(said.get("loaded", ())) if "modules" in said else None,
        closed=sysctls.get("kernel.modules_disabled") == "1",
        helper=sysctls.get("kernel.modprobe"),
        needs=needed("\n".join(said.get("file", ()))),
    )


def _cut_short(place: str) -> SourceError:
    return SourceError(f"{place}: its answer ends too early", "The connection broke or the guest stopped; try again.")
