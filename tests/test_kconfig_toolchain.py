"""The toolchain model: what it answers, computes, and admits to assume."""

import pytest

from kina_audit.errors import UsageError
from kina_audit.kconfig.answers import ModelAnswers
from kina_audit.kconfig.toolchain import Toolchain, measured_toolchain, questions


def answers(name: str = "gcc-12", arch: str = "arm64", release: str = "6.12.0") -> ModelAnswers:
    return ModelAnswers(Toolchain.parse(name), arch, release)


def success(command: str) -> str:
    return f'{{ {command}; }} >/dev/null 2>&1 && echo "y" || echo "n"'


@pytest.mark.parametrize(
    ("name", "flag", "arch", "expected"),
    [
        ("gcc-12", "-fstack-protector", "arm64", "y"),
        ("gcc-11", "-ftrivial-auto-var-init=zero", "arm64", "n"),
        ("gcc-12", "-ftrivial-auto-var-init=zero", "arm64", "y"),
        ("gcc-12", "-fsanitize=kcfi", "arm64", "n"),
        ("clang-16", "-fsanitize=kcfi", "arm64", "y"),
        ("gcc-12", "-mharden-sls=all", "x86_64", "y"),
        ("gcc-12", "-mharden-sls=all", "arm64", "n"),
        ("gcc-13", "-fmin-function-alignment=8", "arm64", "n"),
        ("gcc-14", " -fmin-function-alignment=8", "arm64", "y"),
    ],
)
def test_flags_by_compiler_and_architecture(name: str, flag: str, arch: str, expected: str) -> None:
    model = answers(name, arch)
    assert model.macro("cc-option", [flag]) == expected
    assert model.drain() == []


def test_a_flag_nobody_knows_is_n_and_admitted() -> None:
    model = answers()
    assert model.macro("cc-option", ["-fno-such-flag"]) == "n"
    assert model.drain() == [("$(cc-option,-fno-such-flag)", "n")]
    assert model.drain() == []


def test_a_comma_in_a_flag_survives_macro_arguments() -> None:
    assert answers().macro("cc-option", ["-Wa", "-march=armv8.5-a"]) == "y"


def test_other_macros_are_the_trees_own() -> None:
    assert answers().macro("my-macro", ["x"]) is None


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (success('test "GCC" = GCC'), "y"),
        (success('test "GCC" = Clang'), "n"),
        (success('test -z ""'), "y"),
        (success('test -z "GCC 120200"'), "n"),
        (success("test 120200 -ge 110100"), "y"),
        (success("[ 5 -lt 3 ]"), "n"),
        (success('echo "gcc (Debian) 12" | grep -q gcc'), "y"),
        (success('echo "gcc (Debian) 12" | grep -q clang'), "n"),
        ("set -- GCC 120200 && echo $1", "GCC"),
        ("set -- GCC 120200 && echo $2", "120200"),
        ("set -- GCC && echo $2", ""),
        ("expr 220102 / 10000", "22"),
        ("expr 4 / 0", ""),
        ("./scripts/cc-version.sh cc", "GCC 120200"),
        ("./scripts/gcc-version.sh cc", "120200"),
        ("./scripts/as-version.sh cc ", "GNU 24000"),
        ("./scripts/ld-version.sh ld", "BFD 24000"),
        ("./scripts/lld-version.sh ld", "0"),
        ("ld --version | ./scripts/ld-version.sh", "240000000"),
        ('{ command -v cc; } >/dev/null 2>&1 && echo "n" || echo "y"', "n"),
    ],
)
def test_commands_are_computed_or_looked_up(command: str, expected: str) -> None:
    model = answers()
    assert model.shell(command) == expected
    assert model.drain() == []


def test_an_unknown_command_is_never_run(tmp_path) -> None:  # type: ignore[no-untyped-def]
    marker = tmp_path / "ran"
    model = answers()
    assert model.shell(f"touch {marker}") == "n"
    assert model.shell(success(f"touch {marker}")) == "n"
    assert not marker.exists()
    assert len(model.drain()) == 2


def test_facts_behind_commas() -> None:
    model = answers("gcc-14,pahole=1.27,text=my gcc")
    assert model.shell("./scripts/pahole-version.sh pahole") == "127"
    assert model.variable("CC_VERSION_TEXT") == "my gcc"
    assert model.drain() == []
    assert answers("gcc-12,pahole=0").shell("./scripts/pahole-version.sh pahole") == "0"


def test_an_unsaid_pahole_is_assumed() -> None:
    model = answers("gcc-12")
    assert model.shell("./scripts/pahole-version.sh pahole") == "124"
    assert ("the version of pahole", "124") in model.drain()


def test_rust_of_a_version() -> None:
    assert answers("gcc-12,rustc=1.78.0").shell("./scripts/rustc-version.sh rustc") == "107800"
    unsaid = answers("gcc-12")
    assert unsaid.shell("./scripts/rustc-version.sh rustc") == "0"
    assert unsaid.shell(success("./scripts/rust_is_available.sh rustc")) == "n"
    assert set(unsaid.drain()) == {("the version of rustc", "0")}
    said = answers("gcc-12,rustc=0")
    assert said.shell("./scripts/rustc-version.sh rustc") == "0"
    assert said.macro("rustc-option", ["-Cx"]) == "n"
    assert said.drain() == []


@pytest.mark.parametrize(("facts", "usable", "assumed"), [("n", "n", 0), ("?", "n", 1)])
def test_a_rustc_that_was_found_need_not_be_usable(facts: str, usable: str, assumed: int) -> None:
    found = {"rustc": "1.95.0", "rustc_text": "rustc 1.95.0 (of today)", "rustc_llvm": "22.1.2", "rust": facts}
    tools = measured_toolchain("cc:gcc", "gcc", "12.2.0", "gcc", "2.40", found, {})
    model = ModelAnswers(tools, "arm64", "6.12.0")
    assert model.shell(success("./scripts/rust_is_available.sh rustc")) == usable
    assert len(model.drain()) == assumed
    assert model.variable("RUSTC_VERSION_TEXT") == "rustc 1.95.0 (of today)"
    assert model.shell("./scripts/rustc-llvm-version.sh rustc") == "220102"
    assert model.shell("./scripts/rustc-version.sh rustc") == "109500"
    assert model.drain() == []


@pytest.mark.parametrize("name", ["gcc", "gcc-3", "tcc-1", "gcc-12,colour=red", "gcc-12,pahole", "gcc-12,binutils=x"])
def test_bad_names_are_one_clear_error(name: str) -> None:
    with pytest.raises(UsageError):
        Toolchain.parse(name)


def test_every_question_of_the_data_is_asked_once() -> None:
    flags, linker_flags, lines = questions()
    assert len(flags) == len(set(flags)) > 60
    assert linker_flags
    assert lines
