"""The attack collection, each input in a process of its own: within memory and time, and never a traceback.

    python -m pytest -m slow tests/test_attacks.py

`KINA_AUDIT_ATTACKS=FILE` writes what each took.
"""

import json
import os
import re
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import tests.attacks_again  # noqa: F401  (adds its own)
from tests.attacks import ATTACKS, Attack, tree
from tests.hostile_server import serving

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
MIB = 1024 * 1024
MOST_RESIDENT = 300 * MIB
ADDRESS_SPACE = 900 * MIB
"""What may be mapped; the interpreter and its libraries alone are 100 MiB of it."""
CPU_SECONDS = 20
"""Twice the ten seconds of a quiet machine: other tests share this one's caches and cores."""
WALL_SECONDS = 120
"""Nothing waits for ever."""


def limited() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

MEASURED = """
import os, resource, sys
child = os.fork()
if child == 0:
    os.execv(sys.executable, [sys.executable, "-m", "kina_audit", *sys.argv[2:]])
_, status, used = os.wait4(child, 0)
with open(sys.argv[1], "w") as file:
    print(used.ru_maxrss, used.ru_utime + used.ru_stime, file=file)
sys.exit(os.waitstatus_to_exitcode(status) % 256)
"""


def run(folder: Path, words: tuple[str, ...], environment: dict[str, str]) -> tuple[int, str, int, float]:
    """(status, stderr, bytes resident at most, CPU seconds) of one command in a folder."""
    variables = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    variables |= {"KINA_AUDIT_CACHE": str(folder / "cache"), **environment}
    into = words[-1][1:] if words[-1].startswith(">") else os.devnull
    words = words[:-1] if words[-1].startswith(">") else words
    with open(into, "wb") as out:
        done = subprocess.run(
            [sys.executable, "-c", MEASURED, str(folder / "used"), *words], cwd=folder, stdin=subprocess.DEVNULL, stdout=out,
            stderr=subprocess.PIPE, env=variables, timeout=WALL_SECONDS, check=False, preexec_fn=limited,
        )  # fmt: skip
    resident, seconds = (folder / "used").read_text().split()
    return done.returncode, done.stderr.decode("utf-8", "replace"), int(resident) * 1024, float(seconds)


def held(name: str, folder: Path, words: tuple[str, ...], status: frozenset[int], environment: dict[str, str]) -> str:
    """Run an attack and hold what it did; what it said on stderr."""
    words = tuple(w.replace("\0", "") for w in words)
    ended, said, resident, seconds = run(folder, words, environment)
    if file := os.environ.get("KINA_AUDIT_ATTACKS"):
        with open(file, "a", encoding="utf-8") as log:
            print(json.dumps([name, ended, resident // MIB, round(seconds, 2)]), file=log)
    assert "Traceback" not in said, said[-3_000:]
    assert ended in status, (ended, said[:2_000])
    assert resident <= MOST_RESIDENT, f"{resident // MIB} MiB"
    assert len(said) < 40_000
    assert not CONTROL.search(said), "on a terminal it would act"
    assert not (folder / "RAN").exists(), "a program of the input ran"
    return said


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda a: a.name)
def test_an_attack_ends_in_one_answer(attack: Attack, tmp_path: Path) -> None:
    attack.make(tmp_path)
    before = sum(1 for _ in tmp_path.rglob("*"))
    held(attack.name, tmp_path, attack.words, attack.status, attack.environment)
    assert sum(1 for _ in tmp_path.rglob("*")) < before + 200, "no attack fills the disk with names"


HTTP = {
    "C1 gzip in gzip in gzip": (2, 3),
    "C1 one gzip": (2, 3),
    "B3 a dripping header": (3,),
    "B3 a dripping body": (3,),
    "B3 a dripping chunk": (3,),
    "B3 headers without end": (3,),
    "B5 Retry-After": (3,),
    "a body without end": (3,),
    "D5 a redirect to a long host": (3,),
    "D5 a redirect to no address": (3,),
    "a redirect to a FIFO": (3,),
    "a length that is none": (0, 1, 2, 3),
}


@pytest.mark.parametrize("name", HTTP)
def test_a_server_does_no_harm(name: str, tmp_path: Path) -> None:
    with serving() as address:
        words = ("check", f"{address}/{name.replace(' ', '-')}", "--allow-http", "--timeout", "5", "-p", "vxlan")
        held(name, tmp_path, words, frozenset(HTTP[name]), {})


def test_an_entity_tag_that_cannot_be_sent_back(tmp_path: Path) -> None:
    """D4: the first answer is kept, and every later run would have stumbled over its tag."""
    with serving() as address:
        words = ("check", f"{address}/tag", "--allow-http", "-p", "vxlan", "-q")
        for _ in range(3):
            held("D4 an entity tag", tmp_path, words, frozenset((0, 1)), {})


def test_secrets_of_an_address_stay_in_it(tmp_path: Path) -> None:
    """E3: in every report, on stderr, in the cache."""
    with serving() as plain:
        address = plain.replace("http://", "http://user:geheim@")
        outputs = [
            f"{n}={n}.out"
            for n in ("json", "html", "markdown", "openreports", "sarif", "junit", "github", "tap", "table")
        ]
        words = ("check", f"{address}/tag?token=geheim#geheim", "--allow-http", "-p", "vxlan")
        words += tuple(w for o in outputs for w in ("-o", o))
        said = held("E3 secrets", tmp_path, words, frozenset((0, 1)), {})
        said += held(
            "E3 secrets, nothing there",
            tmp_path,
            ("check", f"{address}/none?token=geheim", "--allow-http"),
            frozenset((3,)),
            {},
        )
        said += held(
            "E3 secrets, matrix",
            tmp_path,
            ("matrix", f"{address}/tag?token=geheim", "--allow-http", ">m.out"),
            frozenset((0, 1, 3)),
            {},
        )
    assert "geheim" not in said, said
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or b"geheim" not in path.read_bytes(), path
    assert (tmp_path / "html.out").is_file()


BAD_CACHE = {
    "C9 endless": lambda path: path.symlink_to("/dev/zero"),
    "B4 a FIFO": os.mkfifo,
    "D11 deep": lambda path: path.write_text("[" * 100_000),
    "D11 deep head": lambda path: path.write_text("[" * 4_000 + "\nx"),
    "text": lambda path: path.write_text('{"format":3,"stamps":[[1]]}\n{}'),
    "nothing": lambda path: path.write_text(""),
    "numbers": lambda path: path.write_text("1" * 5_000),
}


@pytest.mark.parametrize("bad", BAD_CACHE)
def test_a_poisoned_cache_costs_only_the_cache(bad: str, tmp_path: Path) -> None:
    tree(tmp_path / "t", 'config A\n\tbool "x"\n')
    commands = [("explain", "A", "-t", "t", "--arch", "x86_64", "-q")]
    with serving() as address:
        commands.append(("check", f"{address}/tag", "--allow-http", "-p", "vxlan", "-q"))
        for words in commands:
            held("a cache", tmp_path, words, frozenset((0, 1)), {})
        found = [p for p in (tmp_path / "cache").rglob("*") if p.is_file()]
        assert len(found) >= 3
        for path in found:
            path.unlink()
            BAD_CACHE[bad](path)
        for words in commands:
            held(f"{bad} in the cache", tmp_path, words, frozenset((0, 1)), {})
            shutil.rmtree(tmp_path / "cache", ignore_errors=False) if words is commands[-1] else None


SUBJECT = "a\x1eHEAD~1\x1f2031-01-01\x1fforged \x1b[31m\u202e ::error::x"


def test_a_commit_subject_forges_no_row(tmp_path: Path) -> None:
    """D8: separators in a subject."""
    environment = {
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_NOSYSTEM": "1",
        "HOME": str(tmp_path),
        "PATH": os.environ["PATH"],
    }
    environment |= {f"GIT_{w}_{k}": v for w in ("AUTHOR", "COMMITTER") for k, v in (("NAME", "x"), ("EMAIL", "x@y"))}

    def git(*words: str) -> None:
        subprocess.run(["git", "-C", str(tmp_path / "r"), *words], check=True, capture_output=True, env=environment)

    (tmp_path / "r/kernel").mkdir(parents=True)
    git("init", "-q")
    git("config", "i18n.logOutputEncoding", "UTF-16")
    for value in ("y", "m"):
        (tmp_path / "r/kernel/config-arm64").write_text(f"CONFIG_NET=y\nCONFIG_VXLAN={value}\n")
        git("add", "-A")
        git("commit", "-q", "-m", SUBJECT)
    words = ("timeline", "--git", "r", "-p", "vxlan", "-f", "json", f">{tmp_path}/out")
    held("D8 a subject", tmp_path, words, frozenset((0,)), {})
    rows = json.loads((tmp_path / "out").read_text())
    assert "forged" in json.dumps(rows)
    assert "2031" not in {str(v)[:4] for row in rows.get("versions", ()) for v in row.values()}


@pytest.mark.parametrize(
    "limit", [("RLIMIT_NOFILE", 5), ("RLIMIT_NOFILE", 8), ("RLIMIT_NOFILE", 12), ("RLIMIT_AS", 300 * MIB)]
)
def test_a_matrix_on_a_machine_without_means(limit: tuple[str, int], tmp_path: Path) -> None:
    """D12: no row's trouble ends the others without a word."""
    for number in range(4):
        (tmp_path / f"{number}.config").write_text("CONFIG_NET=y\nCONFIG_VXLAN=y\n")
    (tmp_path / "junk.config").write_bytes(b"CONFIG_A=y\n" * 190_000)

    def less() -> None:
        which = getattr(resource, limit[0])
        resource.setrlimit(which, (limit[1], limit[1]))

    words = [sys.executable, "-m", "kina_audit", "matrix", ".", "-p", "vxlan", "-j", "2", "-f", "csv"]
    done = subprocess.run(
        words, cwd=tmp_path, capture_output=True, text=True, timeout=WALL_SECONDS, check=False, preexec_fn=less,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr[-3_000:]
    assert done.returncode in (0, 1, 2, 3)
    assert done.returncode > 1 or done.stdout.count("\n") == 6, done.stdout
