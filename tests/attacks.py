"""The attack collection: inputs made to run, hang, eat memory or end in a traceback, each with the command it was made for.

`tests/test_attacks.py` runs every one of them within memory and time. A new attack is one more entry.
"""

import bz2
import gzip
import io
import json
import lzma
import os
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MIB = 1024 * 1024
FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
PROFILE = (
    'schema = 1\nid = "p"\ntitle = "T"\ndescription = "D."\n[[requirement]]\nid = "r"\nexpr = "VXLAN"\nlevel = "required"\n'
    'why = "W."\nfix = "F."\nsource = "S"\n'
)
MAKEFILE = "VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 1\n"


@dataclass(frozen=True)
class Attack:
    """One input.

    Attributes:
        name: of the finding, where there is one.
        words: of the command; it runs in the folder that ``make`` filled.
        make: fills the folder.
        status: what the command may end with: never a traceback, never 0 for what cannot be read.
        environment: what it is run with besides.
    """

    name: str
    words: tuple[str, ...]
    make: Callable[[Path], object] = lambda _: None
    status: frozenset[int] = frozenset((2, 3))
    environment: dict[str, str] = field(default_factory=dict)


ATTACKS: list[Attack] = []


def attack(name: str, *words: str, status: tuple[int, ...] = (2, 3)) -> Any:
    """Add a function that fills a folder as an attack."""

    def add(make: Callable[[Path], object]) -> Callable[[Path], object]:
        ATTACKS.append(Attack(name, words, make, frozenset(status)))
        return make

    return add


def text(
    name: str, content: Callable[[], str | bytes], *words: str, status: tuple[int, ...] = (2, 3), file: str = "x"
) -> None:
    """Add an attack that is one file; large ones are only made when they are used."""

    def make(folder: Path) -> None:
        data = content()
        (folder / file).write_bytes(data.encode() if isinstance(data, str) else data)

    ATTACKS.append(Attack(name, words or ("check", file), make, frozenset(status)))


# Configs
text("B1 carriage returns", lambda: b"CONFIG_A=y\n#" + b"\r" * 500_000 + b"x\n")
text("B1 carriage returns, many runs", lambda: b"CONFIG_A=y\n" + (b"#" + b"\r" * 30_000 + b"x\n") * 30, status=(0, 1))
text("B1 carriage returns alone", lambda: b"\r" * 16 * MIB)
text("C2 one string", lambda: b'CONFIG_A="' + b"a" * (16 * MIB - 20) + b'"\n')
text("C2 one string of escapes", lambda: b'CONFIG_A="' + b"\\a" * (8 * MIB - 20) + b'"\n')
text("C2 many long strings", lambda: (b'CONFIG_A="' + b"a" * 60_000 + b'"\n') * 250, status=(0, 1, 3))
text("C2 a string without an end", lambda: b'CONFIG_A="' + b'\\"' * 30_000 + b"\n")
text("C3 lines of junk", lambda: b"x\n" * 8_000_000)
text("C3 duplicates", lambda: b"CONFIG_A=y\n" * 1_500_000)
text("C3 duplicates within the bound", lambda: b"CONFIG_A=y\n" * 199_999, status=(0, 1))
text("C3 symbols within the bound", lambda: b"".join(b"CONFIG_A%d=y\n" % i for i in range(199_999)), status=(0, 1))
text("C3 junk within the bound", lambda: b"CONFIG_NET=y\n" + b"# x\n" * 190_000 + b" y\n" * 8, status=(0, 1))
text("config of newlines", lambda: b"\n" * 16 * MIB)
text(
    "config of a header",
    lambda: b"# Linux/" + b"a" * 60_000 + b" 6.1 Kernel Configuration\nCONFIG_NET=y\n",
    status=(0, 1, 3),
)
text("config of digits", lambda: b"CONFIG_HZ=" + b"9" * 60_000 + b"\nCONFIG_NET=y\n", status=(0, 1))
text("config, wide characters", lambda: b"CONFIG_A=y\n#" + "\U0001f600".encode() * (4 * MIB - 100))
for _format in ("json", "table", "markdown", "html", "sarif"):
    text(
        f"config with warnings as {_format}",
        lambda: b"CONFIG_NET=y\n" + b"CONFIG_NET=y\n" * 150_000,
        "check",
        "x",
        "-f",
        _format,
        status=(0, 1),
    )
text("claims", lambda: b'VXLAN="' + b'\\"' * 400_000, "claims", "x", "recorded:kata@3.17.0", "-q")
text("claims, one line", lambda: b'"' * MIB, "claims", "x", "recorded:kata@3.17.0", "-q")
text(
    "claims, blanks",
    lambda: b"profile " + b" " * 900_000 + b"x",
    "claims",
    "x",
    "recorded:kata@3.17.0",
    "-q",
)
text("fragment of junk", lambda: b"CONFIG_A=y\n" + b"x\n" * 5_000_000, "resolve", str(FIXTURES / "kconfig/config"), "-t",
     str(FIXTURES / "kconfig/base"), "--arch", "x86_64", "--fragment", "x", "-q")  # fmt: skip

# Helm values
text("B2 merges of nothing", lambda: "e: &e {}\nm: &m {<<: [" + ", ".join(["*e"] * 4000) + "]}\nx: {<<: [" + ", ".join(["*m"] * 2000) + "]}\n",
     "cilium", "review", "x", "recorded:kata@3.17.0")  # fmt: skip
text("C6 a long key over an alias", lambda: "l: &l {" + ", ".join(f"a{i}: 1" for i in range(4000)) + "}\n? " + "k" * 500_000 + "\n: *l\n",
     "cilium", "review", "x", "recorded:kata@3.17.0")  # fmt: skip
text("values that no chart has", lambda: "l7Proxy: true\n" + "".join(f"unknownValue{i}Enabled: '{{{{{i}'\n" for i in range(19_000)),
     "cilium", "review", "x", "recorded:kata@3.17.0", status=(1,))  # fmt: skip
text("YAML of nodes", lambda: "a: [" + "1," * 1_000_000 + "]\n", "cilium", "review", "x", "recorded:kata@3.17.0")
text("YAML of depth", lambda: "a: " + "[" * 500_000, "cilium", "review", "x", "recorded:kata@3.17.0")
text("YAML, a bomb of aliases", lambda: "a: &a {x: 1, y: 2}\n" + "".join(f"{chr(98 + i)}: &{chr(98 + i)} {{x: *{chr(97 + i)}, y: *{chr(97 + i)}}}\n" for i in range(24)),
     "cilium", "review", "x", "recorded:kata@3.17.0")  # fmt: skip
text("YAML, one text many times", lambda: "t: &t " + "v" * 900_000 + "\n" + "".join(f"k{i}: *t\n" for i in range(15_000)),
     "cilium", "review", "x", "recorded:kata@3.17.0")  # fmt: skip

# TOML
for _name, _toml in {
    "C7 a dotted key": lambda: ".".join("a" * 50_000) + "=1\n",
    "C7 a dotted header": lambda: "[" + ".".join("a" * 50_000) + "]\n",
    "C7 a dotted key in a table": lambda: "x = {" + ".".join("a" * 50_000) + "=1}\n",
    "C7 a quoted dotted key": lambda: ".".join(['"a"'] * 50_000) + "=1\n",
    "C7 many keys": lambda: "".join(f"[a{i}.b.c.d.e.f.g.h]\n" for i in range(40_000)),
    "C7 keys behind strings": lambda: 'x = """' + '\\"' * 1000 + '"""\n' + ".".join("a" * 20_000) + "=1\n",
    "D9 a long number": lambda: "a = 1" + "0" * 5_000 + "\n",
    "D9 a key of 2500 parts": lambda: ".".join("a" * 2_500) + "=1\n",
    "TOML of depth": lambda: "a = " + "[" * 50_000,
    "TOML of blanks": lambda: "[" + " " * 900_000 + "\nx",
    "TOML of a blank header": lambda: "schema = 2\n[" + " " * 400_000 + "]\n",
    "TOML of tables": lambda: "a=[" + "{a=1}," * 150_000 + "]",
    "E4 a long value": lambda: PROFILE.replace('"T"', '"' + "t" * 900_000 + '"'),
    "E4 a long array": lambda: PROFILE.replace('"T"', "[" + "1," * 400_000 + "]"),
    "E4 a long key": lambda: PROFILE + "a" * 900_000 + " = 1\n",
}.items():
    text(f"{_name} (profile)", _toml, "check", "recorded:kata@3.17.0", "-q", "-p", "./x.toml", file="x.toml")
    text(f"{_name} (settings)", _toml, "check", "recorded:kata@3.17.0", "-q", file="kina-audit.toml")
    text(f"{_name} (waivers)", _toml, "check", "recorded:kata@3.17.0", "-q", "--waivers", "x.toml", file="x.toml")

# Stored reports and other JSON
JSON = {
    "C5 objects": lambda: '{"a":[' + ",".join(['{"a":0}'] * 3_300_000) + "]}",
    "C5 lists": lambda: "[" + "[]," * 6_000_000 + "[]]",
    "C5 within the bound": lambda: '{"a":[' + ",".join(['{"a":0}'] * 320_000) + "]}",
    "C5 keys": lambda: "{" + ",".join(f'"k{i}":0' for i in range(490_000)) + "}",
    "JSON of depth": lambda: "[" * 500_000,
    "JSON of a wide character": lambda: '{"a":"' + "a" * (16 * MIB - 40) + '\\ud83d\\ude00"}',
    "JSON, a long number": lambda: '{"a":' + "1" * 1_000_000 + "}",
    "JSON, no number": lambda: '{"a":NaN}',
}
for _name, _json in JSON.items():
    text(f"{_name} (render)", _json, "render", "x.json", file="x.json")
    text(f"{_name} (matrix)", _json, "matrix", "x.json", "-q", file="x.json", status=(3,))
    text(f"{_name} (baseline)", _json, "check", "recorded:kata@3.17.0", "-q", "--baseline", "x.json", file="x.json")


def stored(change: Callable[[dict[str, Any]], object]) -> bytes:
    """A golden report with something changed."""
    document = json.loads((Path(__file__).parent / "golden/json/sample.json").read_text(encoding="utf-8"))
    change(document)
    return json.dumps(document).encode()


def outline(document: dict[str, Any]) -> None:
    symbol = document["profiles"][0]["findings"][0]["symbols"][0]
    many = [{**symbol, "line": i, "line_length": 60_000} for i in range(1, 10_001)]
    document["profiles"][0]["findings"][0]["symbols"] = many


text("C4 an outline", lambda: stored(outline), "render", "x.json", "-f", "sarif", file="x.json")
text(
    "C4 symbols",
    lambda: stored(lambda d: d["kernel"].update(symbols=10**9)),
    "render",
    "x.json",
    file="x.json",
    status=(0, 2),
)
text("C4 a line", lambda: stored(lambda d: d["profiles"][0]["findings"][0]["symbols"][0].update(line=10**9, line_length=1)), "render", "x.json",
     file="x.json")  # fmt: skip
text("a report of warnings", lambda: stored(lambda d: d["kernel"].update(warnings=[{"line": 1, "text": "x" * 99}] * 90_000)), "render", "x.json",
     file="x.json", status=(0,))  # fmt: skip


# Files that are none
@attack("B4 a FIFO among profiles", "check", "recorded:kata@3.17.0", "--profile-dir", "d", "-q")
def _(folder: Path) -> None:
    (folder / "d").mkdir()
    os.mkfifo(folder / "d/x.toml")


@attack("B4 a FIFO named", "check", "recorded:kata@3.17.0", "-q", "--waivers", "x")
def _(folder: Path) -> None:
    os.mkfifo(folder / "x")


@attack(
    "B4 a FIFO as settings", "check", "recorded:kata@3.17.0", "-q", "--cilium", "none", "-p", "vxlan", status=(0, 1)
)
def _(folder: Path) -> None:
    os.mkfifo(folder / "kina-audit.toml")


@attack("B4 a FIFO in a folder", "check", "f", status=(2, 3))
def _(folder: Path) -> None:
    (folder / "f/boot").mkdir(parents=True)
    os.mkfifo(folder / "f/.config")
    os.mkfifo(folder / "f/boot/config-6.1")


@attack("B4 a FIFO beside a built config", "check", "f", "-q", "-p", "vxlan", status=(0, 1))
def _(folder: Path) -> None:
    (folder / "f/include/config").mkdir(parents=True)
    (folder / "f/.config").write_text("CONFIG_NET=y\nCONFIG_VXLAN=y\n")
    os.mkfifo(folder / "f/include/config/kernel.release")
    os.mkfifo(folder / "f/Makefile")


@attack("B4 a FIFO in a tree", "explain", "A", "-t", "t", "-q")
def _(folder: Path) -> None:
    tree(folder / "t", 'source "x"\n')
    os.mkfifo(folder / "t/x")


@attack("B4 a device in a profile folder", "check", "recorded:kata@3.17.0", "--profile-dir", "d", "-q")
def _(folder: Path) -> None:
    (folder / "d").mkdir()
    (folder / "d/x.toml").symlink_to("/dev/zero")


@attack("profiles without end", "check", "recorded:kata@3.17.0", "--profile-dir", "d", "-q")
def _(folder: Path) -> None:
    (folder / "d").mkdir()
    for i in range(6_000):
        (folder / f"d/{i}.toml").write_text("x = 1\n")


def tree(folder: Path, kconfig: str) -> None:
    """A kernel tree of one file."""
    (folder / "arch/x86").mkdir(parents=True)
    (folder / "arch/x86/Kconfig").touch()
    (folder / "Makefile").write_text(MAKEFILE)
    (folder / "Kconfig").write_text(kconfig)


def in_tree(name: str, kconfig: Callable[[], str], status: tuple[int, ...] = (3,)) -> None:
    """Add an attack that is one Kconfig file."""
    words = ("explain", "A", "-t", "t", "--arch", "x86_64", "-q")
    ATTACKS.append(Attack(name, words, lambda folder: tree(folder / "t", kconfig()), frozenset(status)))


in_tree("D6 a menu with a type", lambda: 'menu "x"\n\tbool\nendmenu\n')
in_tree("D6 a comment with a type", lambda: 'comment "x"\n\tbool\n')
in_tree("D6 a long name", lambda: 'source "' + "a" * 300 + '"\n')
in_tree("D6 a choice with a range", lambda: "choice\n\trange 1 2\nendchoice\n", (2, 3))
in_tree("a name with NUL", lambda: 'source "a\0b"\n')
in_tree("continued lines", lambda: 'config A\n\tbool "x"\n\tdepends on \\\n' + "a && \\\n" * 200_000 + "b\n")
in_tree("one long line", lambda: 'config A\n\tbool "' + "\\a" * 900_000 + '"\n')
in_tree("one long condition", lambda: "config A\n\tbool\n\tdepends on " + "(" * 30_000 + "A" + ")" * 30_000 + "\n")
in_tree(
    "macros",
    lambda: "".join(f"a{i + 1} = $(a{i})$(a{i})\n" for i in range(40)) + "config A\n\tstring\n\tdefault $(a40)\n",
)
in_tree("symbols", lambda: "".join(f'config A{i}\n\tbool "x"\n' for i in range(50_000)) + "config A\n\tbool\n", (0,))
in_tree(
    "a chain of symbols",
    lambda: "config A\n\tbool\n" + "".join(f"config B{i}\n\tbool\n\tdepends on B{i + 1}\n" for i in range(20_000)),
    (0, 3),
)
in_tree("menus inside each other", lambda: 'menu "x"\n' * 20_000 + "config A\n\tbool\n", (0, 3))


# Archives, images
def tar_of(entries: Iterator[tuple[tarfile.TarInfo, bytes]], pack: Callable[[bytes], bytes] = gzip.compress) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as packed:
        for entry, data in entries:
            packed.addfile(entry, io.BytesIO(data))
    return pack(out.getvalue())


def entry(name: str, data: bytes = b"", **pax: str) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    info.pax_headers = pax
    return info, data


TREE = ("explain", "A", "-t", "x", "-q")
TOP = [entry("l/Kconfig", b"config A\n\tbool\n"), entry("l/Makefile", MAKEFILE.encode()), entry("l/arch/arm64/Kconfig")]
text(
    "D7 a path with NUL",
    lambda: tar_of(iter([*TOP, entry("l/x/Kconfig", path="l/a\0b/Kconfig")])),
    *TREE,
    status=(0, 3),
)
text("D7 a path of 1000 folders", lambda: tar_of(iter([*TOP, entry("l/" + "a/" * 1000 + "Kconfig")])), *TREE)
text("F1 folders", lambda: tar_of(entry("l/" + f"{i}/" * 400 + "Kconfig") for i in range(200)), *TREE)
text("F1 many folders", lambda: tar_of(entry(f"l/{i}/" + "a/" * 20 + "Kconfig") for i in range(1_000)), *TREE)
text("F1 files", lambda: tar_of(entry(f"l/{i}/Kconfig") for i in range(12_000)), *TREE)


def zip_of(members: int, mib: int) -> bytes:
    out = io.BytesIO()
    data = bytes(mib * MIB)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for i in range(members):
            packed.writestr(f"boot/vmlinuz-{i}", data)
    return out.getvalue()


@attack("C8 zip of 8 kernels", "check", "x")
def _(folder: Path) -> None:
    (folder / "x").write_bytes(zip_of(8, 60))


@attack("C8 zip of 20 kernels", "check", "x")
def _(folder: Path) -> None:
    (folder / "x").write_bytes(zip_of(20, 50))


@attack("C8 tar of 12 kernels", "check", "x")
def _(folder: Path) -> None:
    (folder / "x").write_bytes(
        tar_of((entry(f"boot/vmlinuz-{i}", bytes(60 * MIB)) for i in range(12)), lambda d: zlib.compress(d, 1, 31))
    )


@attack("C8 cpio of kernels in gzip", "check", "x")
def _(folder: Path) -> None:
    inner = zlib.compress(bytes(400 * MIB), 9, 31)
    (folder / "x").write_bytes(tar_of(entry(f"boot/vmlinuz-{i}", inner) for i in range(12)))


for _name, _pack in {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda d: lzma.compress(d, lzma.FORMAT_ALONE),
}.items():
    text(f"a bomb of {_name}", lambda pack=_pack: pack(bytes(120 * MIB)))
    text(f"a bomb of {_name} of text", lambda pack=_pack: pack(b"CONFIG_A=y\n" * (10 * MIB)))
    text(f"a bomb of {_name} twice", lambda pack=_pack: pack(pack(bytes(120 * MIB))))
text("gzip members without end", lambda: gzip.compress(b"") * 50_000)
text("xz streams without end", lambda: lzma.compress(b"") * 20_000)
text("bzip2 streams without end", lambda: bz2.compress(b"") * 50_000)

text("D1 an image of LZO", (FIXTURES / "images/Image.lzo").read_bytes, "extract", "x", status=(0, 3))
ELF = (
    b"\x7fELF"
    + bytes([2, 1, 1])
    + bytes(9)
    + struct.pack("<HHIQQQIHHHHHH", 2, 183, 1, 0, 1 << 62, 1 << 62, 0, 64, 56, 65535, 64, 65535, 1)
)
text("an ELF file of nothing", lambda: ELF)
text("an image of markers", lambda: b"\0" * 64 + b"IKCFG_ST\x1f\x8b\x08" * 90_000)
text(
    "an image of magics",
    lambda: b"\0" * 64 + b"\x1f\x8b\x08\xfd7zXZ\x00\x28\xb5\x2f\xfdBZh\x04\x22\x4d\x18\x5d\x00\x00" * 40_000,
)
text("an image of versions", lambda: b"\0" * 64 + b"Linux version 6." * 60_000)


# Outputs
@attack(
    "D10 an output that is a link in a circle", "check", "x", "-q", "-p", "vxlan", "-o", "json=loop", status=(0, 1, 2)
)
def _(folder: Path) -> None:
    (folder / "x").write_text("CONFIG_NET=y\n")
    (folder / "loop").symlink_to("loop")


for _words in (("--version",), ("--help",), ("check", "--help"), ("kernels",)):
    ATTACKS.append(Attack(f"D10 a full disk under {' '.join(_words)}", (*_words, ">/dev/full"), status=frozenset((2,))))

# The environment
for _variable, _value in {
    "HTTPS_PROXY": "socks5://127.0.0.1:1", "https_proxy": "foo://x", "ALL_PROXY": "http://[::1", "NO_PROXY": "[::1",
    "SSL_CERT_FILE": "/nonexistent", "SSL_CERT_DIR": "/dev/null", "SSLKEYLOGFILE": "/nonexistent/x",
    "GITHUB_TOKEN": "t\u00f6k", "GH_TOKEN": "a\nb",
}.items():  # fmt: skip
    more = {"HTTPS_PROXY": "http://127.0.0.1:1"} if _variable in ("GITHUB_TOKEN", "GH_TOKEN", "SSLKEYLOGFILE") else {}
    ATTACKS.append(
        Attack(
            f"D3 {_variable}={_value!r}",
            ("check", "https://127.0.0.1:1/x", "-q"),
            environment={**more, _variable: _value},
        )
    )
    ATTACKS.append(
        Attack(f"D3 {_variable}={_value!r}, apple", ("check", "apple", "-q"), status=frozenset((1,)),
               environment={"HTTPS_PROXY": "http://127.0.0.1:1", **more, _variable: _value})
    )  # fmt: skip
for _address in ("https://[::1", "https://a..b/", f"https://{'a' * 300}.x/", "https://xn--zzzz/", "https://x:99999/", "https://x:y/", "https:///x",
                 "https://\u2100/", "https://a\u0000b/", "https://" + "a." * 5000 + "x/", "https://" + "@" * 9_000):  # fmt: skip
    ATTACKS.append(
        Attack(f"D5 {_address[:40]!r}", ("check", _address, "-q"), environment={"HTTPS_PROXY": "http://127.0.0.1:1"})
    )
