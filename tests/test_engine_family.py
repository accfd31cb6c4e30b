"""The odd one out of symbols that usually come together."""

from pathlib import Path

from kina_audit.base.packaged import data_file, toml_document
from kina_audit.engine.evaluate import Evaluator
from kina_audit.engine.finding import Status
from kina_audit.kernel.config import Completeness
from kina_audit.kernel.parse import parse_config
from kina_audit.profiles.load import ProfileLibrary
from tests.conftest import config_text

LIBRARY = ProfileLibrary()
FAMILIES = toml_document(data_file("families.toml"))


def reason(profile: str, row: str, text: str) -> str:
    [requirement] = [r for r in LIBRARY.get(profile).requirements if r.id == row]
    found = Evaluator(parse_config(text, completeness=Completeness.COMPLETE)).requirement(requirement)
    assert found.status in (Status.FAIL, Status.WARN)
    return found.reason


def family(name: str) -> list[str]:
    [members] = [f["members"] for f in FAMILIES["family"] if f["name"] == name]
    return members


def test_the_only_one_that_is_off_is_named_as_such() -> None:
    members = family("expressions of nftables")
    text = "".join(f"CONFIG_{m}=m\n" for m in [*members, "MODULES"] if m != "NFT_SOCKET").replace(
        "MODULES=m", "MODULES=y"
    )
    said = reason("nftables", "socket", text + "# CONFIG_NFT_SOCKET is not set\n")
    assert said == f"of {len(members)} expressions of nftables only CONFIG_NFT_SOCKET is off"
    two = text.replace("CONFIG_NFT_CT=m\n", "")
    assert "only" not in reason("nftables", "socket", two + "# CONFIG_NFT_SOCKET is not set\n")


def test_one_half_without_the_other() -> None:
    said = reason("calico-iptables", "rpfilter6", "CONFIG_IP_NF_MATCH_RPFILTER=y\n")
    assert said == "CONFIG_IP6_NF_MATCH_RPFILTER is off, its other half CONFIG_IP_NF_MATCH_RPFILTER is on"
    assert reason("calico-iptables", "rpfilter6", "CONFIG_NET=y\n") == ""


def test_the_kernel_of_a_public_report(shared: Path) -> None:
    text = config_text(shared / "cases/pkgs-1624-nft-socket.config.gz").decode()
    assert "only CONFIG_NFT_SOCKET is off" in reason("ovn-kubernetes", "socket", text)


def test_every_member_is_one_that_a_profile_asks_for() -> None:
    named = {s for p in LIBRARY for r in p.requirements for s in r.symbols}
    members = {m for f in FAMILIES["family"] for m in f["members"]} | {m for pair in FAMILIES["halves"] for m in pair}
    assert members - named == set()
    assert all(len(f["members"]) == len(set(f["members"])) > 4 for f in FAMILIES["family"])
