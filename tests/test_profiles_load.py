"""Profiles: what ships is well-formed, and what a user writes gets a good error for every rule."""

import json
import tomllib
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest

from kina_audit.base.packaged import compile_documents, data_file, profiles_folder
from kina_audit.engine.evaluate import Evaluator
from kina_audit.engine.finding import Status
from kina_audit.errors import ProfileError
from kina_audit.kernel.parse import parse_config
from kina_audit.profiles.build import build_profile
from kina_audit.profiles.load import ProfileLibrary, read_profile
from kina_audit.profiles.validate import check_document, profile_schema

SHIPPED = sorted(profiles_folder().rglob("*.toml"))
LIBRARY = ProfileLibrary()
GOOD = """
schema = 1
id = "mine"
title = "Mine"
description = "My own."
[[requirement]]
id = "vxlan"
expr = "VXLAN"
level = "required"
why = "It matters."
fix = "Set it."
source = "drivers/net/Kconfig"
"""


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_shipped_profiles_are_well_formed(path: Path) -> None:
    profile = read_profile(path)
    assert path.read_text(encoding="utf-8").startswith("#:schema " + profile_schema()["$id"])
    assert profile.references
    for row in profile.requirements:
        for text in (row.why, row.fix):
            assert text.endswith("."), (row.id, text)
        assert row.source
        assert row.symbols or row.kernel is not None or row.live is not None, row.id
        for variant in row.variants:
            assert variant.kernel is not None or variant.arch


def test_no_requirement_is_there_twice_in_what_a_profile_shows() -> None:
    for name in LIBRARY.ids():
        rows = [r.id for r in LIBRARY.get(name).requirements]
        assert len(rows) == len(set(rows)), name


def test_promptless_symbols_are_never_something_to_set() -> None:
    promptless = [
        "BPF_EVENTS",
        "NET_XGRESS",
        "FIB_RULES",
        "HAVE_EBPF_JIT",
        "XFRM_ALGO",
        "XFRM",
        "BPF",
        "NET_UDP_TUNNEL",
    ]
    for name in LIBRARY.ids():
        for row in LIBRARY.get(name).requirements:
            for fix in (row.fix, *(v.fix for v in row.variants)):
                for symbol in promptless:
                    assert f"CONFIG_{symbol}=y" not in fix, (name, row.id)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("schema = 1", "schema = 2", ["schema", "1"]),
        ('id = "mine"', 'id = "My Own"', ["id"]),
        ('title = "Mine"', "", ["title"]),
        ('level = "required"', 'level = "must"', ["level", "required, recommended, optional"]),
        ('expr = "VXLAN"', 'expr = "VXLAN &&"', ["vxlan", "column"]),
        ('expr = "VXLAN"', 'exp = "VXLAN"', ["vxlan", "exp"]),
        ('why = "It matters."', "", ["vxlan", "why"]),
        ('fix = "Set it."', 'fix = "Set it."\nkernel = "5.6"', ["kernel"]),
        ('fix = "Set it."', 'fix = "Set it."\nkernel = 6.10', ["kernel"]),
        ('fix = "Set it."', 'fix = "Set it."\narch = ["vax"]', ["arch", "arm64"]),
        ('fix = "Set it."', 'fix = "Set it."\nmodule = "no"', ["module"]),
        ("[[requirement]]", "[requirement]", ["requirement"]),
        ("[[requirement]]", "[[requirment]]", ["requirment"]),
        ('source = "drivers/net/Kconfig"', 'source = "x"\n[[requirement.variant]]\nexpr = "GENEVE"', ["variant"]),
        ("schema = 1", "schema = ", ["TOML"]),
    ],
)
def test_every_rule_has_an_error_that_says_where_and_what(tmp_path: Path, old: str, new: str, words: list[str]) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD.replace(old, new), encoding="utf-8")
    with pytest.raises(ProfileError) as caught:
        read_profile(path)
    text = caught.value.message + " " + caught.value.hint
    assert "mine.toml" in caught.value.message
    for word in words:
        assert word in text
    assert caught.value.exit_code == 2


def test_what_cannot_be_read_as_a_profile(tmp_path: Path) -> None:
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    (tmp_path / "large.toml").write_text("#" * 2_000_000)
    for name in ("bytes.toml", "large.toml", "missing.toml"):
        with pytest.raises(ProfileError, match=name):
            read_profile(tmp_path / name)


def test_a_duplicate_requirement_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD + GOOD[GOOD.index("[[requirement]]") :], encoding="utf-8")
    with pytest.raises(ProfileError, match="twice"):
        read_profile(path)


def test_users_profiles_sit_beside_the_built_in_ones(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(GOOD.replace("title", 'includes = ["wireguard"]\ntitle'), encoding="utf-8")
    library = ProfileLibrary([tmp_path])
    assert [r.id for r in library.get("mine").requirements] == ["vxlan", "wireguard-device", "policy-routing"]
    with pytest.raises(ProfileError, match="no profile"):
        ProfileLibrary([tmp_path / "nothing"])


def test_includes_in_a_circle_are_named(tmp_path: Path) -> None:
    for name, other in (("one", "two"), ("two", "one")):
        text = GOOD.replace('id = "mine"', f'id = "{name}"\nincludes = ["{other}"]')
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ProfileError, match="circle"):
        ProfileLibrary([tmp_path]).get("one")


def test_an_unknown_name_suggests_near_ones() -> None:
    with pytest.raises(ProfileError, match="wireguard"):
        LIBRARY.get("wiregard")


def test_the_schema_is_a_schema_and_describes_every_key() -> None:
    from jsonschema import Draft202012Validator

    schema = profile_schema()
    Draft202012Validator.check_schema(schema)
    for table in (schema, schema["$defs"]["requirement"], schema["$defs"]["variant"]):
        for key, node in table["properties"].items():
            assert "description" in node or "$ref" in node or "const" in node, key
    check_document({"schema": 1, "id": "x", "title": "t", "description": "d", "includes": ["vxlan"]}, "x")


def row(**fields: Any) -> Any:
    table = {"id": "r", "expr": "X", "level": "required", "why": "w", "fix": "f", "source": "s", **fields}
    return build_profile({"id": "p", "title": "t", "description": "d", "requirement": [table]}, "p").requirements[0]


COMPLETE = "".join(f"CONFIG_HAVE_THING_{i}=y\n" for i in range(40))


@pytest.mark.parametrize(
    ("config", "fields", "status"),
    [
        ("CONFIG_X=y", {}, Status.PASS),
        ("CONFIG_X=m\nCONFIG_MODULES=y", {}, Status.PASS),
        ("CONFIG_X=m\nCONFIG_MODULES=y", {"module": False}, Status.FAIL),
        ("# CONFIG_X is not set", {}, Status.FAIL),
        ("# CONFIG_X is not set", {"level": "recommended"}, Status.WARN),
        ("# CONFIG_X is not set", {"level": "optional"}, Status.WARN),
        ("", {}, Status.FAIL),
        ("CONFIG_X=y", {"kernel": ">=6.13"}, Status.SKIP),
        ("CONFIG_X=y", {"kernel": ">=6.12"}, Status.PASS),
        ("CONFIG_X=y", {"arch": ["x86_64"]}, Status.SKIP),
        ("CONFIG_X=y", {"arch": ["arm64"]}, Status.PASS),
        ("CONFIG_X=y", {"variant": [{"kernel": ">=6.9", "expr": "Z"}]}, Status.FAIL),
        ("CONFIG_Z=y", {"variant": [{"kernel": ">=6.9", "expr": "Z"}]}, Status.PASS),
        ("CONFIG_Z=y", {"kernel": "<6.0", "variant": [{"kernel": ">=6.9", "expr": "Z"}]}, Status.PASS),
    ],
)
def test_statuses(config: str, fields: dict[str, Any], status: Status) -> None:
    text = f"# Linux/arm64 6.12.3 Kernel Configuration\n{COMPLETE}CONFIG_ARM64=y\n{config}\n"
    assert Evaluator(parse_config(text)).requirement(row(**fields)).status is status


def test_a_gate_without_a_version_is_unknown_and_says_what_to_do() -> None:
    finding = Evaluator(parse_config(COMPLETE + "# CONFIG_X is not set\n")).requirement(row(kernel=">=6.9"))
    assert finding.status is Status.UNKNOWN
    assert "--target-kernel" in finding.reason


@pytest.mark.slow
def test_compiled_data_is_what_the_files_say_in_their_order(tmp_path: Path) -> None:
    _, head, *lines = compile_documents(tmp_path / "compiled.jsonl").read_bytes().splitlines()
    index, documents = json.loads(head), b"\n".join(lines)
    found = {}
    for path in [*SHIPPED, *sorted(data_file("").rglob("*.toml"))]:
        text = path.read_bytes()
        entry = next(e for e in index.values() if e["digest"] == blake2b(text, digest_size=16).hexdigest())
        start, end = entry["place"]
        found[path] = (
            json.dumps(json.loads(documents[start:end])),
            json.dumps(tomllib.loads(text.decode()), default=str),
        )
    assert len(found) > len(SHIPPED) + 10
    assert [path for path, (compiled, written) in found.items() if compiled != written] == []


def test_names_with_commas_are_told_how_to_give_several() -> None:
    with pytest.raises(ProfileError, match=r"no profile 'vxlan,wireguard'$") as caught:
        ProfileLibrary().select(["vxlan,wireguard"])
    assert caught.value.hint == "One each: -p vxlan -p wireguard"
