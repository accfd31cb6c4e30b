"""What somebody most likely meant is in the message, and is right to paste."""

from pathlib import Path

import pytest

from kina_audit.cli import main

KATA = "recorded:kata@3.17.0"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["check", "runing"], "did you mean running?"),
        (["check", "aple"], "did you mean apple?"),
        (["check", "recorded:kata@3.17.1"], "did you mean kata@3.17.0"),
        (["check", "recorded:*"], "`kina-audit matrix 'recorded:*'`"),
        (["check", "recordet:kata@3.17.0"], "did you mean recorded:kata@3.17.0?"),
        (["check", "dcoker:web"], "did you mean docker:web?"),
        (["check", "configs/*.config"], "`kina-audit matrix 'configs/*.config'` takes patterns"),
        (["check", KATA, "-p", "vxlna"], "did you mean vxlan"),
        (["check", KATA, "-p", "my-tunels"], "did you mean ./my-tunnels.toml?"),
        (["check", KATA, "-p", "my-tunnels"], "did you mean ./my-tunnels.toml?"),
        (["check", KATA, "-p", "./page.html"], "--profile ./page.html: a profile is a TOML file"),
        (["check", KATA, "-p", "page.html"], "-o html=PATH"),
        (["check", KATA, "-f", "tabel"], "did you mean table?"),
        (["matrix", KATA, "-f", "htlm"], "did you mean html?"),
        (["chek"], "Did you mean 'check', 'schema'?"),
        (["check", "--offlin"], "--offline"),
    ],
)
def test_the_message_names_it_once(
    arguments: list[str],
    words: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "page.html").write_text("<html>")
    (tmp_path / "my-tunnels.toml").write_text("schema = 1\n")
    assert main(arguments) in (2, 3)
    err = capsys.readouterr().err
    assert words in err
    assert err.lower().count("did you mean") <= 1
