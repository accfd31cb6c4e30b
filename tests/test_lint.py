"""`profiles lint`: what kernel trees say against a profile, and that they say nothing against what ships."""

from pathlib import Path

import pytest

from kina_audit.kconfig.loaded import read_tree
from kina_audit.kconfig.toolchain import Toolchain
from kina_audit.lint import lint_profiles, presence
from kina_audit.profiles.build import build_profile
from kina_audit.profiles.load import ProfileLibrary
from kina_audit.profiles.model import Profile
from tests.kconfig_fixture import fixture_tree
from tests.kernel_sources import kernel_source, no_source


def profile(expr: str, fix: str = "Mend it.", **more: object) -> Profile:
    row = {"id": "r", "expr": expr, "level": "required", "why": "w.", "fix": fix, "source": "s", **more}
    return build_profile({"id": "p", "title": "t", "description": "d", "requirement": [row]}, "p.toml")


def said(expr: str, fix: str = "Mend it.", **more: object) -> list[tuple[bool, str]]:
    return [(r.error, r.text) for r in lint_profiles([profile(expr, fix, **more)], [fixture_tree()])]


def test_a_condition_that_some_config_meets_is_left_alone() -> None:
    assert said("NET", "Set CONFIG_NET=y.") == []


def test_a_symbol_that_no_tree_has_is_an_error() -> None:
    found = said("NET && NO_SUCH_SYMBOL")
    assert (
        True,
        f"NO_SUCH_SYMBOL exists in none of the trees it is asked of: {fixture_tree().model.version} x86",
    ) in found


def test_an_alternative_that_no_tree_has_is_worth_a_note() -> None:
    assert [error for error, _ in said("NET || NO_SUCH_SYMBOL")] == [False]
    assert [error for error, _ in said("NET && !NO_SUCH_SYMBOL")] == [False]


def test_a_condition_that_no_config_meets_is_an_error() -> None:
    assert any(error and "no config can meet it" in text for error, text in said("ARM64_ONLY"))


def test_a_fix_that_cannot_be_set_is_an_error() -> None:
    assert any(error and "has no prompt" in text for error, text in said("ARCH_HAS_JIT", "Set CONFIG_ARCH_HAS_JIT=y."))


@pytest.mark.parametrize(
    ("fix", "words"),
    [
        ("Set CONFIG_ARCH_HAS_JIT=n.", "its fix sets ARCH_HAS_JIT, which has no prompt in"),
        ("Set CONFIG_NO_SUCH_SYMBOL=y.", "its fix sets NO_SUCH_SYMBOL, which exists in none of"),
    ],
)
def test_a_fix_is_held_against_the_trees_it_is_for(fix: str, words: str) -> None:
    assert any(error and words in text for error, text in said("NET", fix))
    elsewhere = {"expr": "NET", "kernel": ">=99.0", "fix": fix}
    assert said("NET", variant=[elsewhere]) == []


def test_a_requirement_of_other_versions_is_not_judged() -> None:
    assert said("NO_SUCH_SYMBOL", kernel=">=99.0") == [
        (False, "applies to none of these trees, so they say nothing about it")
    ]


def test_where_a_symbol_exists() -> None:
    name = f"{fixture_tree().model.version} x86"
    assert presence("NET", [fixture_tree()]).settable == (name,)
    assert presence("ARCH_HAS_JIT", [fixture_tree()]).hidden == (name,)
    assert presence("NO_SUCH_SYMBOL", [fixture_tree()]).missing == (name,)


@pytest.mark.slow
@pytest.mark.parametrize("versions", [["6.1", "6.12"], ["7.2"]])
def test_trees_say_nothing_against_what_ships(versions: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    trees = []
    for version in versions:
        root: Path | None = kernel_source(version, tmp_path_factory.mktemp("source"))
        if root is None:
            pytest.skip(no_source(version))
        for arch in ("arm64", "x86_64"):
            trees.append(read_tree(root, version, arch, Toolchain.parse("gcc-12,pahole=1.25"))[0])
    library = ProfileLibrary()
    remarks = lint_profiles([library.get(n) for n in library.ids()], trees)
    assert [r for r in remarks if r.error and "exists in none" not in r.text] == []
    # A tree older than a symbol has nothing to say about it; the newest one here must know every other.
    if versions[-1] != "6.12":
        return
    assert [r for r in remarks if r.error] == []


def test_an_older_kernel_that_could_meet_it_is_worth_a_note() -> None:
    def notes(**row: object) -> list[str]:
        found = lint_profiles([profile("NET", **row)], [fixture_tree(11), fixture_tree()])
        return [r.text.partition(" could")[0] for r in found if "going back" in r.text]

    assert notes(kernel=">=6.12") == [f"{fixture_tree(11).model.version} x86"]
    assert notes(kernel=">=6.12", older_need_none=True) == notes() == []
