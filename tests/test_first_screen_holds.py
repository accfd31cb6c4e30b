"""The first screen of real kernels, read alone, against what the other commands say at length and what its commands do."""

import gzip
import json
import re
import shlex
from pathlib import Path

import pytest

from kina_audit.cli import main
from tests.conftest import SHARED

FIRECRACKER = "corpus/firecracker/resources__guest_configs__microvm-kernel-ci-{}.config.gz"
KERNELS = {
    "kata-3.17.0": "kernels/kata-3.17.0-arm64.config.gz",
    "kata-3.26.0": "kernels/kata-3.26.0-arm64-on6.12.config.gz",
    "kata-debug": "kernels/kata-3.32.0-debug-arm64-on7.2.config.gz",
    "apple-7.2": "kernels/apple-arm64-resolved-7.2.config.gz",
    "apple-x86": "kernels/apple-x86_64-resolved-6.18.5.config.gz",
    "firecracker-6.1": FIRECRACKER.format("x86_64-6.1"),
    "firecracker-6.18": FIRECRACKER.format("aarch64-6.18"),
    "linuxkit-6.6": "corpus/linuxkit/kernel__6.6.x__config-x86_64.config.gz",
    "debian-6.1": "corpus/debian/debian-6.1-config.arm64_none_cloud-arm64.config.gz",
    "arch-7.2": "corpus/archlinuxarm/core__linux-aarch64__config.config.gz",
    "ignite-5.4": "corpus/ignite/images__kernel__generated__config-amd64-5.4.157.config.gz",
    "uml": "corpus/debian/debian-uml-6.1.config.gz",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", KERNELS)
def test_the_four_answers_are_right(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if not (SHARED / KERNELS[name]).is_file():
        pytest.skip(f"../shared/{KERNELS[name]} is not here")
    monkeypatch.chdir(tmp_path)
    kernel = f"{name}.config"
    (tmp_path / kernel).write_bytes(gzip.decompress((SHARED / KERNELS[name]).read_bytes()))

    def run(*words: str) -> tuple[int, str]:
        status = main(words)
        return status, capsys.readouterr().out

    status, out = run("check", kernel)
    screen = re.split(r"\n\n(?=FAIL|UNKNOWN|WARN|Warning|kina-audit \d)", out, maxsplit=1)[0]
    answer, _, then = screen.partition("\nnext:\n")
    assert len(screen.splitlines()) <= 23
    assert max(map(len, screen.splitlines())) <= 80

    advice = json.loads(run("cilium", kernel, "-f", "json")[1])["advice"]
    assert re.findall(r"^Cilium \S+: ([a-z-]+)", answer, re.MULTILINE) == [advice["mode"]], "which mode"
    assert ("does not start" in answer) == (advice["starts"] is False), "can it run"
    one_by_one = run("check", kernel, "--by", "profile")[1]
    shown = re.findall(r"^(?:FAIL|WARN|UNKNOWN) +([^/\n]+)/\S+ \(required(, not asked for)?", one_by_one, re.MULTILINE)
    broken = {profile for profile, unasked in shown if not unasked}
    chosen = {profile for profile, unasked in shown if unasked}
    assert chosen <= {"geneve", "ipvlan", "tc-qos", "wireguard"}
    assert ("cilium-agent" in broken) == (advice["starts"] is False)
    features = " ".join(answer.partition("\nfeatures: ")[2].split())

    def named(*labels: str) -> set[str]:
        parts = [(part, label) for part in features.split("; ") for label in labels if part.startswith(f"{label} ")]
        return {feature for part, label in parts for feature in part.removeprefix(f"{label} ").split(", ")}

    assert named("fail", "unknown") == broken - {"cilium-agent"}, "what to change"
    assert named("lacks", "may lack") == chosen, "what nobody asked for"
    assert status == (1 if broken or advice["starts"] is not True else 0)

    joined = "\n".join(line.strip() for line in then.splitlines()).replace(" \\\n", " ")
    commands = [
        shlex.split(line.partition(" && ")[0], comments=True)[1:]
        for line in joined.splitlines()
        if line.startswith("kina-audit ")
    ]
    assert commands, "the next command"
    for words in commands:
        if "--kernel-tree" in words:  # nobody has the source of this one here
            continue
        assert run(*words)[0] in (0, 1)
        if words[0] == "fix":
            mode = words[words.index("--mode") + 1]
            built = ("check", kernel, "-F", words[words.index("-o") + 1], "--toolchain", "gcc-12,pahole=1.24")
            report = json.loads(run(*built, "-f", "json")[1])
            assert (report["verdict"], report["advice"]["mode"]) == ("pass", mode)
            assert re.findall(r"^  for ([a-z-]+)", answer, re.MULTILINE)[-1] == mode
