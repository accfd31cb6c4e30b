"""Coverage-guided fuzzing of every surface that reads untrusted bytes, one target each.

    python tests/fuzz_targets.py TARGET -max_total_time=1800 -max_len=16384 -rss_limit_mb=300 -timeout=300 CORPUS SEEDS

`tests/test_fuzz.py` runs all of them, for twenty seconds or for as long as it is told. Anything but one of our own errors, more
memory than the limit or longer than the timeout for one input ends a run with the input that did it. What was found goes to
`tests/fuzz_seeds/TARGET`.
"""

import io
import json
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import atheris

ROOT = Path(__file__).resolve().parents[1]
SEEDS = Path(__file__).parent / "fuzz_seeds"
CPU_SECONDS = 20
"""For one input; coverage makes everything five times as slow."""

Target = Callable[[bytes], object]


def archive() -> Target:
    """Archives and packages of any kind, as a stream and as a file."""
    from kina_audit.kernel.compression.reader import CallReader
    from kina_audit.sources.archive.read import read_archive

    limits = small()

    def one(data: bytes) -> None:
        way, data = (data[0] if data else 0), data[1:] if len(data) % 3 == 0 else data

        @contextmanager
        def opened():
            yield CallReader(io.BytesIO(data).read), None if way % 2 else io.BytesIO(data)

        read_archive(opened, "fuzz", "boot/config-1" if way % 8 == 5 else "", limits)

    return one


def small() -> object:
    from kina_audit.base.bounds import MIB
    from kina_audit.kernel.compression.limits import Limits

    return Limits(layer=48 * MIB, total=64 * MIB, window=32 * MIB)


def image() -> Target:
    """Kernel images and compressed text, in memory and as a stream."""
    from kina_audit.kernel.compression.limits import Budget
    from kina_audit.kernel.compression.reader import CallReader, ViewReader
    from kina_audit.sources.local.content import read_config

    limits = small()

    def one(data: bytes) -> None:
        reader = CallReader(io.BytesIO(data).read) if len(data) % 2 else ViewReader(memoryview(data))
        read_config(reader, "fuzz", Budget(limits, "fuzz"))

    return one


def config() -> Target:
    """Config text, and every symbol asked for."""
    from kina_audit.kernel.parse import parse_config

    def one(data: bytes) -> None:
        found = parse_config(data)
        for symbol in (*list(found.raw)[:50], "NET"):
            assert found.fact(symbol).bounds

    return one


def expr() -> Target:
    """Kconfig expressions, parsed and evaluated."""
    from kina_audit.kernel.expression import Expression, ExpressionError
    from kina_audit.kernel.parse import parse_config

    kernel = parse_config("CONFIG_A=y\nCONFIG_B=m\nCONFIG_C=12\nCONFIG_MODULES=y\n")

    def one(data: bytes) -> None:
        try:
            parsed = Expression.parse(data.decode("utf-8", "replace"))
        except ExpressionError:
            return
        low, high = parsed.bounds(kernel.fact)
        assert 0 <= low <= high <= 2

    return one


def version() -> Target:
    """Kernel versions and ranges."""
    from kina_audit.kernel.version import KernelVersion, VersionRange

    def one(data: bytes) -> None:
        first, _, second = data.decode("utf-8", "replace").partition("\n")
        try:
            found = KernelVersion.parse(first)
            assert (found in VersionRange.parse(second or f"=={found}")) in (True, False)
        except ValueError:
            return

    return one


def guest() -> Target:
    """What a guest or node answers."""
    from kina_audit.sources.guest.script import read_answer

    return lambda data: read_answer(data, "fuzz")


def kconfig() -> Target:
    """A kernel tree's Kconfig file: parsed, flattened, resolved."""
    from kina_audit.kconfig.loaded import read_tree
    from kina_audit.kconfig.resolve import resolve
    from kina_audit.kconfig.toolchain import DEFAULT_TOOLCHAIN, Toolchain

    folder = Path(tempfile.mkdtemp(prefix="kina-audit-fuzz-"))
    (folder / "arch/x86").mkdir(parents=True)
    (folder / "arch/x86/Kconfig").write_text("config X86\n\tdef_bool y\n")
    (folder / "Makefile").write_text("VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 1\n")
    toolchain = Toolchain.parse(DEFAULT_TOOLCHAIN)

    def one(data: bytes) -> None:
        (folder / "Kconfig").write_bytes(data)
        tree, _ = read_tree(folder, "fuzz", "x86_64", toolchain)
        resolve(tree, "CONFIG_A=y\nCONFIG_B=m\n")

    return one


def profile() -> Target:
    """A profile: TOML, schema, expressions."""
    from kina_audit.base.toml_text import read_toml
    from kina_audit.errors import ProfileError
    from kina_audit.profiles.load import build_profile
    from kina_audit.profiles.validate import check_document

    def borrow(reference: str) -> dict[str, object]:
        raise ValueError(f"no requirement {reference}")

    def one(data: bytes) -> None:
        text = data.decode("utf-8", "replace")
        try:
            document = read_toml(text)
        except ValueError:
            return
        check_document(document, "fuzz", text)
        try:
            build_profile(document, "fuzz", borrow)
        except ValueError as error:
            raise ProfileError(str(error)) from error

    return one


def stored() -> Target:
    """A stored report, rendered; a baseline."""
    from kina_audit.base.json_text import read_json
    from kina_audit.render import render
    from kina_audit.report.baseline import read_baseline
    from kina_audit.report.stored import read_report

    def one(data: bytes) -> None:
        text = data.decode("utf-8", "replace")
        if len(data) % 4 == 0:
            read_baseline(text, "fuzz")
        try:
            document = read_json(text)
        except ValueError:
            return
        report = read_report(document, "fuzz")
        render("sarif", report)
        render("table", report)

    return one


def yaml() -> Target:
    """Helm values or a ConfigMap, flattened."""
    from kina_audit.sources.cilium_values import read_values

    file = Path(tempfile.mkdtemp(prefix="kina-audit-fuzz-")) / "values.yaml"

    def one(data: bytes) -> None:
        file.write_bytes(data)
        read_values(str(file))

    return one


def helm() -> Target:
    """The review of such values on a kernel."""
    from kina_audit.api import load_kernel, review_cilium
    from kina_audit.profiles.load import ProfileLibrary
    from kina_audit.sources.cilium_values import read_values

    kernel, library = load_kernel("recorded:kata@3.17.0"), ProfileLibrary()
    file = Path(tempfile.mkdtemp(prefix="kina-audit-fuzz-")) / "values.yaml"

    def one(data: bytes) -> None:
        file.write_bytes(data)
        kind, rows, *_ = read_values(str(file))
        review_cilium(kernel, rows, kind, library=library)

    return one


def files() -> Target:
    """Waivers and claims."""
    from kina_audit.base.toml_text import read_toml
    from kina_audit.engine.waiver import read_waivers
    from kina_audit.report.claims import read_claims

    def one(data: bytes) -> None:
        text = data.decode("utf-8", "replace")
        if len(data) % 2:
            read_claims(text, "fuzz")
            return
        try:
            document = read_toml(text)
        except ValueError:
            return
        read_waivers(document.get("waiver", []), "fuzz")

    return one


def cluster() -> Target:
    """What kubectl prints: pods, cilium-config, an agent's status, its programs; held against each other."""
    from kina_audit.clusters import verify_saved
    from kina_audit.sources.guest.cluster import Cluster, read_status
    from kina_audit.sources.options import SourceOptions

    reached = Cluster("", "kube-system", SourceOptions())

    def one(data: bytes) -> None:
        first, _, second = data.partition(b"\n")
        reached._run = lambda *_: first  # type: ignore[method-assign]
        for agent in reached.agents() if len(data) % 3 == 0 else ():
            reached.programs(agent)
            assert isinstance(agent.release, str)
        config, _changed = reached.config() if len(data) % 3 == 1 else ({"kube-proxy-replacement": "true"}, "")
        verify_saved(config, read_status(second or first, "fuzz"), None)

    return one


def beside() -> Target:
    """What stands beside a config or is said of it: module files, modprobe's settings, a Makefile, a log."""
    from kina_audit.api import why_message
    from kina_audit.kernel.modules import Modules, command_line_settings, lines_against, listed
    from kina_audit.profiles.load import ProfileLibrary
    from kina_audit.sources.git.checkout import built_version

    library = ProfileLibrary()

    def one(data: bytes) -> None:
        text = data.decode("utf-8", "replace")
        if len(data) % 8 == 0:
            why_message(text, None, library=library)
        built_version(data)
        found = Modules(
            "/x", listed(text), listed(text), True, lines_against([("x", text), ("y", command_line_settings(text))])
        )
        for name in ("vxlan", *list(found.files)[:5]):
            assert isinstance(found.line_against(name), str)

    return one


TARGETS = (archive, config, expr, guest, helm, yaml, image, kconfig, profile, stored, version, files, cluster, beside)


def seeds(target: str) -> dict[str, bytes]:
    """What fuzzing starts from: fixtures, what was found before, and a valid input of each kind."""
    found = {p.name: p.read_bytes() for p in sorted((SEEDS / target).glob("*"))}
    folders = {"archive": "archives", "image": "images"}
    if target in folders:
        found |= {
            p.name: p.read_bytes() for p in sorted((ROOT / "fixtures" / folders[target]).iterdir()) if p.is_file()
        }
    if target == "kconfig":
        found |= {p.name: p.read_bytes() for p in (ROOT / "fixtures/kconfig").rglob("Kconfig*") if p.is_file()}
    if target == "profile":
        found |= {p.name: p.read_bytes() for p in sorted((ROOT / "profiles").rglob("*.toml"))[::6]}
    if target == "stored":
        report = json.loads((ROOT / "tests/golden/json/sample.json").read_text(encoding="utf-8"))
        report["profiles"] = report["profiles"][:1]
        found["report.json"] = json.dumps(report).encode()
    return found


def main() -> None:
    name = sys.argv.pop(1)
    make = next(t for t in TARGETS if t.__name__ == name)
    with atheris.instrument_imports(include=["kina_audit", "kconfiglib"]):
        target = make()
        from kina_audit.errors import KinaAuditError

    def one_input(data: bytes) -> None:
        started = time.process_time()
        try:
            target(data)
        except KinaAuditError as error:
            assert error.message  # noqa: PT017 - no test function: libFuzzer calls this
        # Of this process: what libFuzzer's own timeout measures is the machine's load, too.
        assert time.process_time() - started < CPU_SECONDS, f"{len(data)} bytes took too long"

    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
