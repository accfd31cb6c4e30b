"""`profiles validate` beyond the schema: each kind of mistake is found, and what ships has none."""

from pathlib import Path

import pytest

from kina_audit.errors import ProfileError
from kina_audit.profiles.load import ProfileLibrary
from kina_audit.profiles.review import known_symbols, problems

HEAD = 'schema = 1\nid = "mine"\ntitle = "Mine"\ndescription = "My own."\nreferences = ["https://x.org/"]\n'
ROW = 'level = "required"\nwhy = "w."\nfix = "f."\nsource = "s"\n'


def found(tmp_path: Path, body: str, **options: bool) -> list[str]:
    path = tmp_path / "mine.toml"
    path.write_text(HEAD + body, encoding="utf-8")
    library = ProfileLibrary(files=[path])
    return [str(p) for p in problems(library.get("mine"), library, **options)]


def row(expr: str, more: str = "", name: str = "r") -> str:
    return f"[[requirement]]\nid = \"{name}\"\nexpr = '{expr}'\n{ROW}{more}"


@pytest.mark.parametrize("name", ProfileLibrary().ids())
def test_what_ships_has_no_problem(name: str) -> None:
    library = ProfileLibrary()
    assert problems(library.get(name), library) == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (row("BRIGDE"), "did you mean BRIDGE"),
        (row("CONFIG_BRIDGE"), "write BRIDGE, without CONFIG_"),
        (row("XQZWV_NOTHING"), "no kernel this tool knows has the symbol XQZWV_NOTHING"),
        (row("NET", 'kernel = ">=6.9,<6.1"\n'), "no version is in kernel = '>=6.9,<6.1'"),
        (row("NET", 'kernel = "==6.9,!=6.9"\n'), "no version is in kernel"),
        (row("NET", 'kernel = "<6.9"\nolder_need_none = true\n'), "its kernel has no lower bound"),
        (row("NET", "older_need_none = true\n"), "its kernel has no lower bound"),
        (
            row("NET", '[[requirement.variant]]\nexpr = "INET"\nkernel = "<4.0,>4.0"\n'),
            "variant 1: no version is in kernel",
        ),
        (
            row(
                "NET",
                '[[requirement.variant]]\nexpr = "INET"\nkernel = ">=6.1"\n'
                '[[requirement.variant]]\nexpr = "IPV6"\nkernel = ">=6.9,<6.12"\n',
            ),
            "variant 2 is never reached: variant 1 matches first",
        ),
        (
            row(
                "NET",
                '[[requirement.variant]]\nexpr = "INET"\nkernel = "<6.9"\n'
                '[[requirement.variant]]\nexpr = "IPV6"\nkernel = ">=6.9"\n',
            ),
            "its own expr is never reached",
        ),
    ],
)
def test_each_mistake_is_found(tmp_path: Path, body: str, words: str) -> None:
    assert any(words in text for text in found(tmp_path, body)), found(tmp_path, body)


@pytest.mark.parametrize(
    "body",
    [
        row("NET", 'kernel = ">=6.9,<6.9.1"\n'),
        row("NET", 'kernel = ">=6.9"\nolder_need_none = true\n'),
        row("NET", '[[requirement.variant]]\nexpr = "INET"\nkernel = ">=6.9"\n'),
        row(
            "NET",
            'kernel = ">=5.0"\n[[requirement.variant]]\nexpr = "INET"\nkernel = ">=6.9"\narch = ["arm64"]\n'
            '[[requirement.variant]]\nexpr = "IPV6"\nkernel = ">=6.9"\n',
        ),
        'includes = ["vxlan"]\n[[requirement]]\nsame_as = "vxlan/vxlan-device"\nlevel = "recommended"\n',
    ],
)
def test_what_is_right_is_left_alone(tmp_path: Path, body: str) -> None:
    assert found(tmp_path, body) == []


def test_a_vendors_symbol_can_be_allowed(tmp_path: Path) -> None:
    assert found(tmp_path, row("XQZWV_NOTHING"), allow_unknown=True) == []


def test_the_list_of_symbols_is_that_of_several_kernels() -> None:
    assert {"NFT_COUNTER", "NETFILTER_XTABLES_LEGACY", "9P_FS", "BPF_JIT"} <= known_symbols()
    assert len(known_symbols()) > 20_000


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('[[requirement]]\nsame_as = "vxlan/nothing"\n', "has no requirement 'nothing'"),
        ('[[requirement]]\nsame_as = "vxlam/vxlan-device"\n', "did you mean vxlan"),
        ('[[requirement]]\nid = "a"\nsame_as = "mine/a"\n', "circle"),
        ('[[requirement]]\nsame_as = "vxlan/vxlan-device"\nexpr = "NET"\n', "expr"),
        ('any_of = ["vxlan"]\n', "any_of"),
        ('any_of = ["vxlan", "nothing"]\n', "no profile 'nothing'"),
        ('any_of = ["vxlan", "cilium-netkit"]\n', "module = false"),
        ('includes = ["mine"]\n', "circle"),
    ],
)
def test_references_that_lead_nowhere_are_errors(tmp_path: Path, body: str, words: str) -> None:
    with pytest.raises(ProfileError) as error:
        found(tmp_path, body)
    assert words in f"{error.value.message} {error.value.hint}"
