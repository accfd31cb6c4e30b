"""What an architecture does not have, no fix tells anybody to set."""

import gzip

import pytest

from kina_audit.base.packaged import data_file, toml_document
from kina_audit.cli import main
from kina_audit.engine.evaluate import Evaluator
from kina_audit.kconfig.lines import lines, shipped_tree
from kina_audit.kconfig.toolchain import Toolchain
from kina_audit.kernel.expression import Expression
from kina_audit.kernel.parse import parse_config
from kina_audit.profiles.load import ProfileLibrary
from tests.conftest import SHARED

LIBRARY = ProfileLibrary()
ROWS = toml_document(data_file("architecture.toml"))["symbol"]
SAID = "Not to be had on this kernel: CONFIG_BPF_JIT depends on HAVE_CBPF_JIT || HAVE_EBPF_JIT"


def fix_of(text: str, profile: str, requirement: str) -> str:
    kernel = parse_config(text.encode(), name="k.config")
    result = Evaluator(kernel).profile(LIBRARY.get(profile))
    return next(f.fix for f in result.findings if f.requirement.id == requirement)


def config(arch: str, version: str, *more: str) -> str:
    have = [f"CONFIG_HAVE_THING_{i}=y" for i in range(60)]
    return (
        "\n".join([f"# Linux/{arch} {version} Kernel Configuration", "CONFIG_NET=y", "CONFIG_INET=y", *have, *more])
        + "\n"
    )


def test_a_jit_that_the_architecture_lacks_is_not_to_be_had() -> None:
    assert fix_of(config("um", "6.1.176"), "cilium-agent", "jit").startswith(SAID)
    assert fix_of(config("um", "6.1.176"), "bpf", "jit").startswith(SAID)


@pytest.mark.parametrize(
    "text",
    [
        config("riscv", "6.12.59", "CONFIG_HAVE_EBPF_JIT=y"),  # it has one, off or on
        config("arm64", "6.12.59"),  # every arm64 has one, so this file lacks lines
        config("um", "4.4.63"),  # older than what is known of the conditions
        "CONFIG_NET=y\nCONFIG_INET=y\n",  # a fragment tells of no architecture
    ],
)
def test_nothing_is_said_where_it_may_be_had_or_is_not_known(text: str) -> None:
    assert "Not to be had" not in fix_of(text, "bpf", "jit")


def test_one_way_that_is_left_is_the_fix() -> None:
    """BPF_EVENTS takes kprobes or uprobes; without the one, the other does."""
    some = ("CONFIG_HAVE_PERF_EVENTS=y", "CONFIG_ARCH_SUPPORTS_UPROBES=y")
    assert "Not to be had" not in fix_of(config("arm", "6.12.59", *some), "bpf", "events")
    assert "Not to be had" in fix_of(config("arm", "6.12.59", some[0]), "bpf", "events")


@pytest.mark.parametrize("line", [lines()[0], (6, 12), lines()[-1]])
def test_what_is_needed_has_no_prompt_and_is_had_by_both_architectures(line: tuple[int, int]) -> None:
    for arch in ("arm64", "x86_64"):
        model = shipped_tree(line, arch, Toolchain.parse("gcc-12")).model
        for row in ROWS:
            assert row["name"] in model.index, row
            for name in Expression.parse(row["needs"]).symbols:
                if name != "HAVE_CBPF_JIT":  # of neither
                    assert model.prompts[model.index[name]] == [], name


def test_uml_is_told_so_and_gets_no_command_that_cannot_work(
    capsys: pytest.CaptureFixture[str], tmp_path: object
) -> None:
    path = SHARED / "corpus/debian/debian-uml-6.1.config.gz"
    if not path.is_file():
        pytest.skip("../shared is not here")
    assert "Kernel Configuration" in gzip.decompress(path.read_bytes()).decode()
    assert main(["check", str(path)]) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert SAID in out.partition("next:")[0]
    assert "Set CONFIG_BPF_JIT" not in out
    assert "--mode" not in out
    assert main(["cilium", str(path)]) == 1
    assert SAID in " ".join(capsys.readouterr().out.split()).partition("next:")[0].partition("instead")[2]
