"""Every bound of `kina_audit/base/bounds.py`: at the bound input is read, and above it is one error."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kina_audit.base import bounds
from kina_audit.errors import KinaAuditError

ROOT = Path(__file__).resolve().parents[1]
NAMES = {b.name for b in bounds.TABLE}
Try = Callable[[int, Path], object]
"""Does with so many of something what a user would."""


def config_bytes(count: int, _: Path) -> object:
    from kina_audit.kernel.parse import parse_config

    line = b"# " + b"x" * 1020 + b"\n"
    text = b"CONFIG_A=y\n" + line * ((count - 11) // len(line))
    return parse_config(text + b"\n" * (count - len(text)))


def config_lines(count: int, _: Path) -> object:
    from kina_audit.kernel.parse import parse_config

    return parse_config("CONFIG_A=y\n" + "#\n" * (count - 1))


def config_line(count: int, _: Path) -> object:
    from kina_audit.kernel.parse import parse_config

    return parse_config("CONFIG_A=y\n#" + "x" * (count - 1) + "\n")


def toml(text: str) -> object:
    from kina_audit.base.toml_text import read_toml

    try:
        return read_toml(text)
    except ValueError as error:
        raise KinaAuditError(str(error)) from error


def profile(count: int, folder: Path) -> object:
    from kina_audit.profiles.load import read_profile

    text = 'schema = 1\nid = "p"\ntitle = "T"\ndescription = "D."\nincludes = ["vxlan"]\n#'
    (folder / "p.toml").write_text(text + "x" * (count - len(text)))
    return read_profile(folder / "p.toml")


def expression(text: str) -> object:
    from kina_audit.kernel.expression import Expression

    try:
        return Expression.parse(text)
    except ValueError as error:
        raise KinaAuditError(str(error)) from error


def waiver(count: int, length: int) -> object:
    from kina_audit.engine.waiver import read_waivers

    return read_waivers([{"requirement": "p/*", "reason": "r" * length, "expires": "2030-01-01"}] * count, "w")


def claims(text: str) -> object:
    from kina_audit.report.claims import read_claims

    return read_claims(text, "c")


def json_values(count: int, _: Path) -> object:
    from kina_audit.base.json_text import read_json

    try:
        return read_json("[" + "0," * (count - 1) + "0]")
    except ValueError as error:
        raise KinaAuditError(str(error)) from error


def values(text: str, folder: Path) -> object:
    from kina_audit.sources.cilium_values import read_values

    (folder / "v.yaml").write_text(text)
    return read_values(str(folder / "v.yaml"))


def small_file(most: int, count: int, folder: Path) -> object:
    from kina_audit.cli.input_files import read_text

    (folder / "x").write_bytes(b"x" * count)
    return read_text(folder / "x", most, "a file")


def listed(count: int, folder: Path) -> object:
    from kina_audit.sources.expand import expand

    (folder / "l").write_bytes(b"x\n#" + b"x" * (count - 3))
    return list(expand([f"@{folder / 'l'}"]))


def depth(count: int, folder: Path) -> object:
    return values("".join("  " * i + f"k{i}:\n" for i in range(count)) + "  " * count + "x: 1\n", folder)


def body(count: int, _: Path) -> object:
    import httpx

    from kina_audit.sources.network.http import fetch

    return fetch(
        "https://x.example/",
        transport=httpx.MockTransport(lambda _: httpx.Response(200, stream=httpx.ByteStream(b"x" * count))),
    )


def redirects(count: int, _: Path) -> object:
    import httpx

    from kina_audit.sources.network.http import fetch

    left = [count]

    def answer(_: httpx.Request) -> httpx.Response:
        left[0] -= 1
        return (
            httpx.Response(302, headers={"location": "/"})
            if left[0] >= 0
            else httpx.Response(200, stream=httpx.ByteStream(b"x"))
        )

    return fetch("https://x.example/", transport=httpx.MockTransport(answer))


def tries(count: int, _: Path) -> object:
    import httpx

    from kina_audit.sources.network.http import fetch

    answers = iter([503] * (count - 1) + [200])
    return fetch(
        "https://x.example/", sleep=lambda _: None,
        transport=httpx.MockTransport(lambda _: httpx.Response(next(answers), stream=httpx.ByteStream(b"x"))),
    )  # fmt: skip


def layers(count: int, _: Path) -> object:
    import gzip

    from kina_audit.kernel.compression.limits import Budget, Limits
    from kina_audit.kernel.compression.reader import ViewReader
    from kina_audit.sources.local.content import read_config

    data = gzip.decompress((ROOT / "fixtures/images/Image.gz").read_bytes())
    for _ in range(count):
        data = gzip.compress(data)
    return read_config(ViewReader(memoryview(data)), "x", Budget(Limits(), "x"))


def ratio(count: int, _: Path) -> object:
    from kina_audit.kernel.compression.limits import ArchiveBudget, Limits

    budget = ArchiveBudget(Limits(layer=1, total=1), "x", lambda: 1)
    budget.spend(count, count, "x")
    return budget


def member_name(count: int, _: Path) -> object:
    from kina_audit.sources.archive.member import Guard

    guard = Guard("x")
    guard.check("x" * count)
    return guard


def member_header(count: int, _: Path) -> object:
    """A pax header of so many bytes."""
    import io
    import tarfile

    from kina_audit.kernel.compression.reader import CallReader
    from kina_audit.sources.archive.tar import members

    record = f"{count} comment=".encode()
    pax = tarfile.TarInfo("pax")
    pax.type, pax.size = tarfile.XHDTYPE, count
    data = pax.tobuf() + (record + b"x" * (count - len(record) - 1) + b"\n") + bytes(-count % 512)
    data += tarfile.TarInfo("x").tobuf() + bytes(1024)
    return [m.name for m in members(CallReader(io.BytesIO(data).read), "x")]


def tar_zeros(count: int, _: Path) -> object:
    import io
    import tarfile

    from kina_audit.kernel.compression.reader import CallReader
    from kina_audit.sources.archive.tar import members

    block = tarfile.BLOCKSIZE
    data = tarfile.TarInfo("x").tobuf() + bytes(-(-count // block) * block)
    return [m.name for m in members(CallReader(io.BytesIO(data).read), "x")]


def links(count: int, _: Path) -> object:
    from kina_audit.sources.archive.member import follow

    return follow("0", {str(i): str(i + 1) for i in range(count)}, "x")


def in_tree(text: str, folder: Path) -> object:
    from tests.test_bounds_lowered import kconfig

    return kconfig(text, folder)


def includes(count: int, folder: Path) -> object:
    from tests.test_bounds_lowered import REQUIREMENT, library

    chain = {f"i{i}": f'includes = ["i{i + 1}"]' for i in range(count - 1)}
    return library(folder, {**chain, f"i{count - 1}": REQUIREMENT})


def labels(texts: list[str]) -> object:
    from kina_audit.cli.check import _labels

    return _labels(texts)


def log(count: int, folder: Path, piece: bytes) -> object:
    from kina_audit.cli.why import _read

    (folder / "log").write_bytes(piece * count)
    return _read(folder / "log")


def deep(count: int, folder: Path) -> object:
    from kina_audit.profiles.load import profile_files
    from kina_audit.sources.expand import expand

    place = folder.joinpath(str(count), *["d"] * (count - 1))
    place.mkdir(parents=True)
    (place / "x.toml").touch()
    [one] = expand([str(folder / str(count))])
    assert bool(one.error) == (count > bounds.FOLDER_DEPTH)
    return profile_files(folder / str(count))


def modules_dep(count: int, folder: Path) -> object:
    from kina_audit.sources.local.modules import _text

    (folder / "modules.dep").write_bytes(b"x" * count)
    return _text(folder / "modules.dep", folder)


def modprobe(texts: list[str], folder: Path) -> object:
    from kina_audit.kernel.modules import lines_against
    from kina_audit.sources.local.modules import _settings

    place = folder / "etc/modprobe.d"
    place.mkdir(parents=True, exist_ok=True)
    for number, text in enumerate(texts):
        (place / f"{number}.conf").write_text(text)
    return lines_against(_settings(folder, live=False))


def makefile(count: int, folder: Path) -> object:
    from kina_audit.sources.git.checkout import makefile_beside

    (folder / "Makefile").write_bytes(b"x" * count)
    return makefile_beside(folder / "config")


TRIED: dict[str, Try] = {
    "LAYERS": layers,
    "ARCHIVE_RATIO": ratio,
    "MEMBER_NAME": member_name,
    "MEMBER_HEADER": member_header,
    "TAR_ZEROS": tar_zeros,
    "LINKS": links,
    "KCONFIG_LINE": lambda n, f: in_tree("config A\n\tbool\n#" + "x" * (n - 2) + "\n", f),
    "KCONFIG_NESTING": lambda n, f: in_tree(f"config A\n\tbool\n\tdepends on B if {'(' * n}C{')' * n}\n", f),
    "INCLUDES": includes,
    "LABELS": lambda n, _: labels([f"a{i}=x" for i in range(n)]),
    "LABEL": lambda n, _: labels(["a=" + "x" * n]),
    "LOG_BYTES": lambda n, f: log(n, f, b"x"),
    "LOG_LINES": lambda n, f: log(n, f, b"x\n"),
    "FOLDER_DEPTH": deep,
    "MODULES_BYTES": modules_dep,
    "MODPROBE_BYTES": lambda n, f: modprobe(["#" * (n // 2), "#" * (n - n // 2)], f),
    "MODPROBE_PATTERNS": lambda n, f: modprobe(["".join(f"blacklist a{i}*\n" for i in range(n))], f),
    "MODPROBE_PATTERN": lambda n, f: modprobe([f"blacklist {'a' * (n - 1)}*\n"], f),
    "MAKEFILE_BYTES": makefile,
    "STATUS_BYTES": lambda n, f: small_file(bounds.STATUS_BYTES, n, f),
    "CONFIG_BYTES": config_bytes,
    "CONFIG_LINES": config_lines,
    "CONFIG_LINE": config_line,
    "TOML_BYTES": profile,
    "TOML_KEY": lambda n, _: toml(".".join("a" * n) + " = 1"),
    "TOML_PARTS": lambda n, _: toml("x = [" + "0, " * 10 + "]\n" + "# \n" + "".join(f"a{i}=1\n" for i in range(n - 2))),
    "EXPRESSION": lambda n, _: expression("A" * n),
    "EXPRESSION_DEPTH": lambda n, _: expression("(" * n + "A" + ")" * n),
    "WAIVERS": lambda n, _: waiver(n, 1),
    "WAIVER_TEXT": lambda n, _: waiver(1, n),
    "CLAIMS": lambda n, _: claims("CONFIG_A=y\n" * n),
    "CLAIM_LINE": lambda n, _: claims("CONFIG_A=y #" + "x" * (n - 12)),
    "CLAIM_BYTES": lambda n, f: small_file(bounds.CLAIM_BYTES, n, f),
    "BASELINE_BYTES": lambda n, f: small_file(bounds.BASELINE_BYTES, n, f),
    "REPORT_BYTES": lambda n, f: small_file(bounds.REPORT_BYTES, n, f),
    "JSON_VALUES": json_values,
    "SOURCES_BYTES": listed,
    "VALUES_BYTES": lambda n, f: values("a: 1\n#" + "x" * (n - 6), f),
    "VALUES": lambda n, f: values("".join(f"a{i}: 1\n" for i in range(n - 1)), f),
    "VALUES_KEY": lambda n, f: values("a" * n + ": 1\n" if n < 1_000 else "? " + "a" * n + "\n: 1\n", f),
    "VALUES_DEPTH": depth,
    "BODY_BYTES": body,
    "HTTP_REDIRECTS": redirects,
    "HTTP_TRIES": tries,
}


ELSEWHERE = {
    "tests/test_sources_tree.py": (
        "TREE_FILES",
        "TREE_FOLDERS",
        "TREE_DEPTH",
        "KCONFIG_BYTES",
        "KCONFIG_FILE",
        "TREE_UNPACKED",
    ),
    "tests/test_sources_hostile.py": ("MEMBERS", "ZIP_DIRECTORY"),
    "tests/test_timeline.py": ("GIT_BYTES", "GIT_SECONDS", "GIT_REVISIONS"),
}
"""Bounds that other tests lower and go above, since reaching them takes too long."""


@pytest.mark.slow
@pytest.mark.parametrize("name", TRIED)
def test_at_the_bound_and_above(name: str, tmp_path: Path) -> None:
    most: int = getattr(bounds, name)
    assert TRIED[name](most, tmp_path) is not None
    with pytest.raises(KinaAuditError):
        TRIED[name](most + 1, tmp_path)


def test_warnings_are_counted_and_only_some_are_kept() -> None:
    from kina_audit.kernel.parse import parse_config

    found = parse_config("CONFIG_A=y\n" * (bounds.CONFIG_WARNINGS + 3)).warnings
    assert len(found) == bounds.CONFIG_WARNINGS + 1
    assert "2 more" in found[-1].text


def test_the_tests_elsewhere_name_their_bounds() -> None:
    for file, names in ELSEWHERE.items():
        text = (ROOT / file).read_text(encoding="utf-8")
        assert [n for n in names if n not in text or n not in NAMES] == []


def test_the_page_is_the_table() -> None:
    made = subprocess.run(
        [sys.executable, str(ROOT / "scripts/generate_bounds_docs.py")], capture_output=True, text=True, check=True
    ).stdout
    assert made == (ROOT / "docs/bounds.md").read_text(encoding="utf-8")
    assert len(NAMES) == len(bounds.TABLE)
