"""Attacks of the same classes in other forms: what the collection of `tests/attacks.py` was mended against, tried by a stranger."""

import gzip
import os
import socket
import struct
import subprocess
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from tests.attacks import ATTACKS, MIB, PROFILE, Attack, attack, in_tree, text

CONFIG = "#\n# Linux/arm64 6.12.1 Kernel Configuration\n#\nCONFIG_NET=y\nCONFIG_MODULES=y\nCONFIG_VXLAN=m\n"
OK = (0, 1)


# Hangs
def asking(blanks: int) -> str:
    """A test, as the kernel's own macro ``success`` writes it."""
    return "a := $(shell,{ test z" + " " * blanks + 'z; } >/dev/null 2>&1 && echo "y" || echo "n")\n'


in_tree("blanks in a test of a macro", lambda: asking(60_000) + "config A\n\tbool\n", (0, 3))
in_tree("many tests of macros", lambda: asking(9_000) * 100 + "config A\n\tbool\n", (0, 3))
in_tree("tabs before a word", lambda: "config A\n\tbool\n" + ("\t" * 60_000 + "modules x\n") * 15, (0, 3))
in_tree(
    "parentheses behind an if",
    lambda: "config A\n\tbool\n\tdepends on A if " + "(" * 30_000 + "A" + ")" * 30_000 + "\n",
    (0, 3),
)
in_tree("negations behind an if", lambda: "config A\n\tbool\n\tdepends on A if " + "!" * 60_000 + "A\n", (0, 3))
in_tree("a nest of macros", lambda: "config A\n\tbool\n\tdefault " + "$(a" * 15_000 + ")" * 15_000 + "\n", (0, 3))
in_tree("choices", lambda: "choice\n" * 5_000 + "config A\n\tbool\n", (0, 3))
in_tree("ifs", lambda: "if A\n" * 50_000 + "config A\n\tbool\n", (0, 3))
in_tree(
    "selects",
    lambda: (
        "config A\n\tbool\n"
        + "".join(f"config B{i}\n\tbool\n\tselect B{i + 1} if B{i + 2}\n\tselect A\n" for i in range(15_000))
    ),
    (0, 3),
)
in_tree("one symbol many times", lambda: 'config A\n\tbool "x"\n\tdepends on B\n' * 20_000, (0, 3))
in_tree(
    "one symbol with many defaults",
    lambda: "config A\n\tint\n" + "".join(f"\tdefault {i} if B{i}\n" for i in range(20_000)),
    (0, 3),
)
in_tree(
    "a long condition",
    lambda: (
        "config A\n\tbool\n"
        + "".join("\tdepends on " + " && ".join(f"B{i}_{j}" for j in range(2_000)) + "\n" for i in range(40))
    ),
    (0, 3),
)
in_tree("a source in a circle", lambda: 'source "Kconfig"\n')
in_tree("a source with a pattern", lambda: 'source "*/../*/../*/../*/../*/../*/../*/../Kconfig.x"\n', (0, 3))
in_tree("numbers", lambda: "config A\n\tint\n\tdefault " + "9" * 60_000 + "\n\trange 0 " + "9" * 60_000 + "\n", (0, 3))
in_tree("hexadecimal numbers", lambda: "config A\n\thex\n\tdefault 0x" + "f" * 60_000 + "\n", (0, 3))
in_tree("control characters", lambda: 'config A\n\tbool "\x1b[31m\u202e\x07"\n\tdefault y if "\x9b"\n', (0, 3))
in_tree(
    "lone bytes",
    lambda: 'config A\n\tbool "x"\n\thelp\n\t  \udcff\n'.encode("utf-8", "surrogateescape").decode("latin-1"),
    (0, 3),
)

log = ("why", "--log", "x")
text("a log of one line", lambda: b"a" * (63 * MIB), *log, status=(1, 2))
text("a log of lines", lambda: b"\n" * (63 * MIB), *log, status=(1, 2))
text("a log of wide characters", lambda: "\U0001f600".encode() + b"a" * (63 * MIB), *log, status=(1, 2))
text("a log of escapes", lambda: b"\x1b[" * (MIB // 2), *log, status=(1, 2))
text("a log of escapes with digits", lambda: b"\x1b[" + b"1;" * (MIB // 2), *log, status=(1, 2))
text("a log of beginnings", lambda: b"iptables: can't initialize table " * (MIB // 30), *log, status=(0, 1, 2))
text("a log of table", lambda: b"table " * (MIB // 6), *log, status=(0, 1, 2))
text("a log of error", lambda: b"error: failed to " * (MIB // 17), *log, status=(0, 1, 2))
text("a log of dots", lambda: b"..." * (MIB // 3), *log, status=(0, 1, 2))
text("a log of one word a line", lambda: b"a\n" * (MIB // 2), *log, status=(0, 1, 2))

# cilium verify
CM = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cilium-config}\ndata: {a: b}\n"


def status(name: str, content: Callable[[], str | bytes], ends: tuple[int, ...] = (2, 3)) -> None:
    def make(folder: Path) -> None:
        data = content()
        (folder / "s").write_bytes(data.encode() if isinstance(data, str) else data)
        (folder / "c").write_text(CM)

    words = ("cilium", "verify", "--status", "s", "--config", "c")
    ATTACKS.append(Attack(f"an agent's status: {name}", words, make, frozenset(ends)))


status("lists", lambda: '{"cilium":[' + "[]," * 5_000_000 + "[]]}")
status("objects", lambda: '{"cilium":[' + ",".join(['{"a":0}'] * 300_000) + "]}", (1, 2, 3))
status("depth", lambda: '{"cilium":' + "[" * 500_000)
status("a number", lambda: '{"cilium":' + "1" * 1_000_000 + "}")
for _value in ("1", "[[1]]", '{"a":[1]}'):
    for _key in ("cilium", "kube-proxy-replacement", "masquerading", "encryption", "bandwidth-manager"):
        status(f"{_key} is {_value}", lambda k=_key, v=_value: '{"cilium":{},"' + k + '":' + v + "}", (0, 1, 2, 3))


# Folders
@attack("deep folders (matrix)", "matrix", "d", "-q", status=(1, 3))
def _(folder: Path) -> None:
    deep(folder, 300)


@attack("deep folders (check)", "check", "d", "-q", status=(1, 3))
def _(folder: Path) -> None:
    deep(folder, 300)


@attack("deep folders (profiles)", "check", "recorded:kata@3.17.0", "--profile-dir", "d", "-q", status=(0, 1, 2))
def _(folder: Path) -> None:
    deep(folder, 300)


@attack("deep folders (tree)", "explain", "A", "-t", "d", "-q", status=(3,))
def _(folder: Path) -> None:
    deep(folder, 300)


def deep(folder: Path, count: int) -> None:
    """``d/d/d...`` with a config at its end."""
    here = os.open(folder, os.O_RDONLY)
    try:
        for _ in range(count):
            os.mkdir("d", dir_fd=here)
            below = os.open("d", os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = below
        file = os.open("x.config", os.O_WRONLY | os.O_CREAT, dir_fd=here)
        os.write(file, CONFIG.encode())
        os.close(file)
    finally:
        os.close(here)


@attack("a hundred thousand files (matrix)", "matrix", "d", "-q", "-p", "vxlan", status=(1, 2, 3))
def _(folder: Path) -> None:
    (folder / "d").mkdir()
    for number in range(100_000):
        os.close(os.open(folder / f"d/{number}.txt", os.O_WRONLY | os.O_CREAT))


@attack("a hundred thousand files (check)", "check", "d", "-q", "-p", "vxlan", status=(1, 2, 3))
def _(folder: Path) -> None:
    (folder / "d/boot").mkdir(parents=True)
    for number in range(100_000):
        os.close(os.open(folder / f"d/boot/config-{number}", os.O_WRONLY | os.O_CREAT))


def root(folder: Path) -> Path:
    """A file system with a config."""
    (folder / "d/boot").mkdir(parents=True)
    (folder / "d/boot/config-6.12.1").write_text(CONFIG)
    modules = folder / "d/lib/modules/6.12.1"
    modules.mkdir(parents=True)
    (folder / "d/etc/modprobe.d").mkdir(parents=True)
    (modules / "modules.dep").write_text("kernel/vxlan.ko:\n")
    return modules


@attack("modules.dep of names", "check", "d", "-q", "-p", "vxlan", status=(3,))
def _(folder: Path) -> None:
    (root(folder) / "modules.dep").write_text("".join(f"{i:x}.ko:\n" for i in range(1_500_000)))


@attack("modules.builtin of names", "check", "d", "-q", "-p", "vxlan", status=(3,))
def _(folder: Path) -> None:
    (root(folder) / "modules.builtin").write_text("".join(f"{i:x}.ko\n" for i in range(1_500_000)))


@attack("modprobe.d, many large files", "check", "d", "-q", "-p", "vxlan", status=(3,))
def _(folder: Path) -> None:
    root(folder)
    for number in range(1_000):
        os.truncate(os.open(folder / f"d/etc/modprobe.d/{number}.conf", os.O_WRONLY | os.O_CREAT), MIB)


@attack("modprobe.d of lines", "check", "d", "-q", "-p", "vxlan", status=(3,))
def _(folder: Path) -> None:
    root(folder)
    for number in range(30):
        (folder / f"d/etc/modprobe.d/{number}.conf").write_text(
            "".join(f"blacklist m{number}_{i}\n" for i in range(50_000))
        )


@attack("modprobe.d of patterns", "check", "d", "-q", "-p", "vxlan", status=(3,))
def _(folder: Path) -> None:
    root(folder)
    (folder / "d/etc/modprobe.d/x.conf").write_text("".join(f"blacklist {'*a' * 20}{i}\n" for i in range(15_000)))


@attack("modprobe.d of one pattern", "check", "d", "-q", "-p", "vxlan", status=(3,))
def _(folder: Path) -> None:
    root(folder)
    (folder / "d/etc/modprobe.d/x.conf").write_text(
        "blacklist " + "*a" * 400_000 + "\n" + "blacklist " + "*[" * 100_000 + "\n"
    )


@attack("modprobe.d of FIFOs and links out", "check", "d", "-q", "-p", "vxlan", status=OK)
def _(folder: Path) -> None:
    root(folder)
    os.mkfifo(folder / "d/etc/modprobe.d/x.conf")
    (folder / "d/etc/modprobe.d/y.conf").symlink_to("/dev/zero")
    (folder / "d/etc/modprobe.d/z.conf").symlink_to("/proc/kmsg")
    (folder / "d/lib/modules/6.12.1/modules.dep").unlink()
    os.mkfifo(folder / "d/lib/modules/6.12.1/modules.dep")


for _name, _target in {"zero": "/dev/zero", "kmsg": "/proc/kmsg", "itself": "x.config", "mem": "/proc/self/mem", "pagemap": "/proc/self/pagemap",
                       "environ": "/proc/self/environ", "kcore": "/proc/kcore", "tty": "/dev/tty", "random": "/dev/urandom"}.items():  # fmt: skip

    def _make(folder: Path, target: str = _target) -> None:
        (folder / "d").mkdir()
        (folder / "d/x.config").symlink_to(target)

    for _words in (("matrix", "d", "-q"), ("check", "d", "-q"), ("check", "d/x.config", "-q"), ("diff", "d/x.config", "d/x.config"), ("extract", "d/x.config"),
                   ("check", "recorded:kata@3.17.0", "-q", "--waivers", "d/x.config"), ("check", "recorded:kata@3.17.0", "-q", "--baseline", "d/x.config"),
                   ("check", "recorded:kata@3.17.0", "-q", "--claims", "d/x.config"), ("why", "--log", "d/x.config"), ("render", "d/x.config"),
                   ("explain", "A", "-t", "d/x.config"), ("cilium", "review", "d/x.config", "recorded:kata@3.17.0"),
                   ("resolve", "recorded:kata@3.17.0", "--fragment", "d/x.config"), ("check", "@d/x.config", "-q")):  # fmt: skip
        ATTACKS.append(Attack(f"{_name} as {' '.join(_words)}", _words, _make, frozenset((1, 2, 3))))


@attack("a socket", "check", "d", "-q", status=(2, 3))
def _(folder: Path) -> None:
    (folder / "d").mkdir()
    place = folder / "d/.config"
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(place))


# git
def repository(folder: Path) -> Path:
    """A repository with a config, as ``r``."""
    variables = {
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_NOSYSTEM": "1",
        "HOME": str(folder),
        "PATH": os.environ["PATH"],
    }
    variables |= {f"GIT_{w}_{k}": v for w in ("AUTHOR", "COMMITTER") for k, v in (("NAME", "x"), ("EMAIL", "x@y"))}
    (folder / "r").mkdir()

    def git(*words: str) -> None:
        subprocess.run(["git", "-C", str(folder / "r"), *words], check=True, capture_output=True, env=variables)

    git("init", "-q")
    for value in ("y", "m"):
        (folder / "r/config").write_text(CONFIG.replace("VXLAN=m", f"VXLAN={value}"))
        git("add", "-A")
        git("commit", "-q", "-m", value)
    git("mv", "config", "config2")
    git("commit", "-q", "-m", "renamed")
    return folder / "r"


def in_git(name: str, make: Callable[[Path], object], ends: tuple[int, ...] = (0, 1, 3)) -> None:
    def both(folder: Path) -> None:
        make(repository(folder))

    words = ("timeline", "--git", "r", "--path", "config2", "-p", "vxlan", "-q")
    ATTACKS.append(Attack(f"git: {name}", words, both, frozenset(ends)))


def setting(text_: str) -> Callable[[Path], object]:
    def make(place: Path) -> None:
        with (place / ".git/config").open("a") as file:
            file.write(text_)

    return make


def mark(place: Path, name: str = "evil") -> str:
    """A program that leaves a mark."""
    program = place.parent / name
    program.write_text(f"#!/bin/sh\ntouch {place.parent}/RAN\ncat\n")
    program.chmod(0o755)
    return str(program)


def runs(section: str) -> Callable[[Path], object]:
    def make(place: Path) -> None:
        setting(section.replace("EVIL", mark(place)))(place)
        (place / ".gitattributes").write_text("* diff=x filter=x merge=x\n")
        (place / ".git/info").mkdir(exist_ok=True)
        (place / ".git/info/attributes").write_text("* diff=x filter=x merge=x\n")

    return make


in_git("nothing", lambda _: None)
in_git("a mailmap that is a FIFO", lambda p: os.mkfifo(p / ".mailmap"))
in_git("a mailmap without end", setting("[mailmap]\n\tfile = /dev/zero\n"))
in_git("an order without end", setting("[diff]\n\torderFile = /dev/zero\n"))
in_git(
    "an order that is a FIFO", lambda p: (os.mkfifo(p / ".git/f"), setting(f"[diff]\n\torderFile = {p}/.git/f\n")(p))
)
in_git("a blame list without end", setting("[blame]\n\tignoreRevsFile = /dev/zero\n"))
in_git(
    "attributes without end",
    lambda p: (p / ".git/info").mkdir(exist_ok=True) or (p / ".git/info/attributes").symlink_to("/dev/zero"),
)
in_git("attributes that are a FIFO", lambda p: os.mkfifo(p / ".gitattributes"))
in_git("a shallow file that is a FIFO", lambda p: os.mkfifo(p / ".git/shallow"))
in_git("grafts that are a FIFO", lambda p: ((p / ".git/info").mkdir(exist_ok=True), os.mkfifo(p / ".git/info/grafts")))
in_git("alternates that are a FIFO", lambda p: os.mkfifo(p / ".git/objects/info/alternates"))
in_git("settings that include a FIFO", lambda p: (os.mkfifo(p / ".git/f"), setting("[include]\n\tpath = f\n")(p)))
in_git("settings that include what has no end", setting("[include]\n\tpath = /dev/zero\n"))
in_git("a HEAD that is a FIFO", lambda p: ((p / ".git/HEAD").unlink(), os.mkfifo(p / ".git/HEAD")))
in_git(
    "follow",
    setting(
        "[log]\n\tfollow = true\n\tshowRoot = false\n\tdecorate = full\n\tdiffMerges = separate\n\tshowSignature = true\n[color]\n\tui = always\n"
    ),
)
in_git("programs", runs('[core]\n\tfsmonitor = EVIL\n\tsshCommand = EVIL\n\tpager = EVIL\n\teditor = EVIL\n\taskPass = EVIL\n\talternateRefsCommand = EVIL\n\tgitProxy = EVIL\n'
                        '[diff]\n\texternal = EVIL\n[diff "x"]\n\ttextconv = EVIL\n\tcommand = EVIL\n\tcachetextconv = true\n[filter "x"]\n\tclean = EVIL\n\tsmudge = EVIL\n\tprocess = EVIL\n\trequired = true\n'
                        '[merge "x"]\n\tdriver = EVIL %A\n[gpg]\n\tprogram = EVIL\n[gpg "ssh"]\n\tprogram = EVIL\n[log]\n\tshowSignature = true\n[pager]\n\tlog = EVIL\n\tshow = EVIL\n'
                        '[alias]\n\tlog = !EVIL\n\tcat-file = !EVIL\n\trev-parse = !EVIL\n[credential]\n\thelper = EVIL\n[uploadpack]\n\tpackObjectsHook = EVIL\n[trailer "x"]\n\tcommand = EVIL\n'
                        '[remote "origin"]\n\turl = ext::EVIL\n\tpromisor = true\n\tpartialclonefilter = blob:none\n\tuploadpack = EVIL\n[extensions]\n\tpartialClone = origin\n[protocol "ext"]\n\tallow = always\n'))  # fmt: skip


def large_blobs(place: Path) -> None:
    """Two blobs of 500 MiB that are alike, renamed: what git looks into to tell."""
    subprocess.run("head -c 500M /dev/zero >big; git add -A; git commit -qm big; (cat big; echo x) >big2; git rm -qf big; git mv config2 config; git add -A; git commit -qm big2;"
                   "git mv config config2; git commit -qm back", shell=True, check=True, cwd=place, capture_output=True,
                   env={"PATH": os.environ["PATH"], "HOME": "/", "GIT_AUTHOR_NAME": "x", "GIT_AUTHOR_EMAIL": "x", "GIT_COMMITTER_NAME": "x", "GIT_COMMITTER_EMAIL": "x"})  # fmt: skip
    (place / "big2").unlink()


in_git("blobs of half a gigabyte", large_blobs)


# Archives
def overlapping(folder: Path) -> None:
    """A zip file whose members share one deflated run."""
    data = zlib.compress(bytes(60 * MIB), 9, -15)
    crc = zlib.crc32(bytes(60 * MIB))
    local = struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, 8, 0, 0, crc, len(data), 60 * MIB, 12, 0)
    body = local + b"boot/vmlinuz" + data
    central = b""
    for number in range(5_000):
        name = f"boot/vmlinuz-{number}".encode()
        central += (
            struct.pack(
                "<IHHHHHHIIIHHHHHII",
                0x02014B50,
                20,
                20,
                0,
                8,
                0,
                0,
                crc,
                len(data),
                60 * MIB,
                len(name),
                0,
                0,
                0,
                0,
                0,
                0,
            )
            + name
        )
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 5_000, 5_000, len(central), len(body), 0)
    (folder / "x").write_bytes(body + central + end)


ATTACKS.append(Attack("a zip file of overlapping members", ("check", "x"), overlapping, frozenset((3,))))


def zstd_of(data: bytes) -> bytes:
    from backports import zstd

    return zstd.compress(data, 19)


def lz4_of(data: bytes) -> bytes:
    import lz4.frame

    return lz4.frame.compress(data)


for _name, _pack in {"zstd": zstd_of, "lz4": lz4_of}.items():
    text(f"a bomb of {_name}", lambda p=_pack: p(bytes(600 * MIB)), status=(3,))
    text(f"a bomb of {_name} of text", lambda p=_pack: p(b"CONFIG_A=y\n" * (10 * MIB)))
    text(f"a bomb of {_name} twice", lambda p=_pack: p(p(bytes(600 * MIB))))
    text(f"frames of {_name} without end", lambda p=_pack: p(b"") * 60_000)
text("zstd skippable frames", lambda: b"\x50\x2a\x4d\x18\0\0\0\0" * 130_000)
text("lz4 legacy blocks of nothing", lambda: b"\x02\x21\x4c\x18" + b"\0\0\0\0" * 250_000)
text("lz4 legacy heads", lambda: b"\x02\x21\x4c\x18" * 250_000)
text(
    "gzip in gzip in gzip",
    lambda: gzip.compress(gzip.compress(gzip.compress(gzip.compress(gzip.compress(gzip.compress(CONFIG.encode())))))),
)
text("a config in a gzip name", lambda: b"\x1f\x8b\x08\x18" + bytes(6) + b"a" * MIB)


def nested_zip() -> bytes:
    import io

    data = bytes(50 * MIB)
    for _ in range(8):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr("boot/vmlinuz-1", data)
            packed.writestr("boot/config-1", data)
        data = out.getvalue()
    return data


text("zip in zip", nested_zip)

# Arguments
_LONG = "a" * 130_000
for _words in (("explain", _LONG, "-t", "x"), ("check", _LONG), ("check", "recorded:" + _LONG), ("check", "apple@" + _LONG, "--offline"), ("check", "docker:" + _LONG),
               ("check", "HEAD:" + _LONG), ("check", _LONG + ":x"), ("check", "recorded:kata@3.17.0", "-p", _LONG), ("check", "recorded:kata@3.17.0", "-p", "*" * 130_000),
               ("check", "recorded:kata@3.17.0", "-p", "*a" * 60_000), ("check", "recorded:kata@3.17.0", "--cilium", _LONG), ("check", "recorded:kata@3.17.0", "--label", "a=" + _LONG),
               ("check", "recorded:kata@3.17.0", "--target-kernel", "1." * 60_000), ("check", "recorded:kata@3.17.0", "--target-kernel", "9" * 130_000),
               ("check", "recorded:kata@3.17.0", "-f", _LONG), ("check", "recorded:kata@3.17.0", "--locate", _LONG), ("check", "recorded:kata@3.17.0", "-o", "json=" + _LONG),
               ("check", "recorded:kata@3.17.0", "--arch", _LONG), ("check", "recorded:kata@3.17.0", "-t", _LONG), ("check", "*" * 100_000), ("check", "[" * 100_000),
               ("check", "*/" * 60_000), ("check", "**/" * 40_000), ("check", "a!" * 60_000), ("profiles", "show", _LONG), ("profiles", "list", "--tag", _LONG), ("why", _LONG),
               ("fix", _LONG, "recorded:kata@3.17.0"), ("explain", "(" * 100_000, "recorded:kata@3.17.0"), ("check", "--" + _LONG), (_LONG,), ("schema", _LONG),
               ("tree", "remove", _LONG), ("cilium", "advise", _LONG), ("check", "recorded:kata@3.17.0", "--timeout", "9" * 400), ("check", "recorded:kata@3.17.0", "--timeout", "nan"),
               ("check", "recorded:kata@3.17.0", "--timeout", "-1"), ("check", "recorded:kata@3.17.0", "--max-decompressed", "9" * 5_000),
               ("check", "recorded:kata@3.17.0", "--max-decompressed", "-1"), ("diff", _LONG, _LONG), ("matrix", _LONG), ("timeline", "--git", _LONG), ("timeline", "--path", _LONG, "--git", ".")):  # fmt: skip
    _said = " ".join(f"{w[:12]}({len(w)})" if len(w) > 40 else w for w in _words)
    ATTACKS.append(Attack(f"argument: {_said}", _words, status=frozenset((0, 1, 2, 3))))

# The environment
for _variable, _value in {"COLUMNS": "9" * 5000, "LINES": "-1", "TERM": "\x1b", "LANG": "xx_YY.nothing", "LC_ALL": "\udcff", "PYTHONIOENCODING": "ascii", "TZ": "\x00x",
                          "HOME": "", "XDG_CACHE_HOME": "relative", "KINA_AUDIT_CACHE": "/proc/1/x", "KINA_AUDIT_PROFILE_DIR": "/dev/zero", "KINA_AUDIT_OFFLINE": "maybe",
                          "TMPDIR": "/nonexistent", "GITHUB_OUTPUT": "/dev/full", "GITHUB_STEP_SUMMARY": "/nonexistent/x", "GITHUB_WORKSPACE": "\x1b[31m",
                          "_KINA_AUDIT_COMPLETE": "bash_source", "NO_COLOR": "\x1b", "FORCE_COLOR": "1", "PATH": "", "PYTHONHASHSEED": "1"}.items():  # fmt: skip
    for _words in (
        ("check", "recorded:kata@3.17.0", "-q", "-f", "github"),
        ("check", "apple", "--offline", "-q"),
        ("--help",),
        ("profiles", "list"),
    ):
        if "\0" not in _value:
            ATTACKS.append(
                Attack(
                    f"environment {_variable}={_value[:20]!r}: {' '.join(_words)}",
                    _words,
                    status=frozenset((0, 1, 2, 3)),
                    environment={_variable: _value},
                )
            )

for _setting in (
    "profile-dirs = [TEXT]",
    "waivers = [TEXT]",
    "baseline = TEXT",
    "kernel-tree = TEXT",
    "outputs = [TEXT]",
    "profiles = [TEXT]",
):
    for _content in ('"json=a\\u0000b.toml"', '"' + "a" * 5_000 + '.toml"', '"json=\\u202e::error::x"'):
        text(f"settings: {_setting} {_content[:20]}", lambda s=_setting, c=_content: s.replace("TEXT", c), "check", "recorded:kata@3.17.0", "-q", "-p", "vxlan",
             "--trust-settings", file="kina-audit.toml", status=(0, 1, 2, 3))  # fmt: skip

# YAML, TOML and JSON in other forms
_review = ("cilium", "review", "x", "recorded:kata@3.17.0")
text("YAML, a number of base 60", lambda: "a: 1" + ":59" * 600_000 + "\n", *_review, status=(0, 1, 2, 3))
text("YAML, a date that is none", lambda: "a: 2001-99-99\nb: 2001-01-01 99:99:99\n", *_review, status=(0, 1, 2, 3))
text("YAML, tags that run", lambda: "a: !!python/object/apply:os.system ['touch RAN']\n", *_review, status=(0, 1, 2, 3))
text("YAML, an anchor in itself", lambda: "a: &a {b: *a}\n", *_review)
text("YAML, a merge of itself", lambda: "a: &a\n  <<: *a\n  b: 1\n", *_review, status=(0, 1, 2, 3))
text("YAML, keys twice", lambda: "a: 1\n" * 90_000, *_review, status=(0, 1, 2, 3))
text("YAML, documents", lambda: "---\n" * 60_000, *_review)
text("YAML, documents with a value", lambda: "---\na: 1\n" * 30_000, *_review)
text("YAML, blanks", lambda: "a:" + " " * MIB + "b\n", *_review, status=(0, 1, 2, 3))
text("YAML, comments", lambda: "#\n" * MIB, *_review)
text("YAML, a quoted text over lines", lambda: 'a: "' + "x\n\n" * 300_000 + '"\n', *_review, status=(0, 1, 2, 3))
text("YAML, a text without an end", lambda: "a: '" + "''" * 900_000, *_review)
text("YAML, a block", lambda: "a: |\n" + " \n" * 600_000, *_review, status=(0, 1, 2, 3))
text("YAML, lone surrogates", lambda: 'a: "\\ud800\\udfff"\n"\\udc00": 1\n', *_review, status=(0, 1, 2, 3))
text("YAML, UTF-16", lambda: ("a: 1\n" * 100).encode("utf-16"), *_review, status=(0, 1, 2, 3))
text(
    "YAML, a ConfigMap in a list of lists",
    lambda: "apiVersion: v1\nkind: List\nitems:\n- [[a]]\n- 1\n- kind: ConfigMap\n  metadata: [x]\n  data: {a: b}\n",
    *_review,
    status=(0, 1, 2, 3),
)
text("JSON as values, depth", lambda: '{"a":' * 100_000, *_review)
for _name, _more in {
    "an expression of negations": 'expr = "' + "!" * 3_900 + 'A"',
    "an expression of comparisons": 'expr = "' + "A=y&&" * 700 + 'A"',
    "an expression of wide letters": 'expr = "\uff36\uff38\uff2c\uff21\uff2e"',
    "an expression with NUL": 'expr = "A\\u0000B"',
    "a version of digits": 'expr = "A"\nkernel = ">=' + "9" * 4_000 + '"',
    "a version of wide digits": 'expr = "A"\nkernel = ">=\uff16.\uff11\uff12"',
    "many ranges": 'expr = "A"\nkernel = "' + ",".join([">=6.1"] * 5_000) + '"',
}.items():
    text(
        f"profile: {_name}",
        lambda m=_more: PROFILE.replace('expr = "VXLAN"', m),
        "check",
        "recorded:kata@3.17.0",
        "-q",
        "-p",
        "./x.toml",
        file="x.toml",
        status=(0, 1, 2),
    )
