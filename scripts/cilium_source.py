"""Hold the facts about Cilium against its source, a clone of which is given; a bare one does.

    python scripts/cilium_source.py calls REPOSITORY RELEASE=COMMIT ... > tests/data/cilium-calls.toml
    python scripts/cilium_source.py check REPOSITORY

`calls` lists what the agent of each release probes, opens and reads at start; tests/test_cilium_evidence.py holds that
data/cilium-agent.toml has a row for each. `check` looks every place up that a fact names (repository@commit:file:line), and
what the agent is said to log in the files that the fact names. Exit status 1 with one line for each that is not there.
"""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PLACE = re.compile(r"cilium/cilium@([0-9a-f]{12}):([\w./*-]+):(\d+)")
PROBES = "pkg/datapath/linux/probes/probes.go"
HELPER = re.compile(r"(?:ebpf\.)(\w+), asm\.(\w+)")
VERB = re.compile(r"%[-+#]?\w|\"\s*\+[^\"]*\"")


def show(repository: str, commit: str, path: str) -> str:
    """A file's text at a commit; empty when it is not there."""
    command = ["git", "-C", repository, "show", f"{commit}:{path}"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def grep(repository: str, commit: str, pattern: str) -> list[str]:
    """The lines of the agent's own code that match."""
    where = ["--", "pkg/datapath", "daemon/cmd", ":!*_test.go"]
    command = ["git", "-C", repository, "grep", "-h", "-E", pattern, commit, *where]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()


def calls(repository: str, commit: str) -> list[str]:
    """What the agent asks of the kernel at start, whatever is switched on."""
    text = show(repository, commit, "pkg/datapath/linux/requirements.go")
    found = [f"{kind} {helper}" for kind, helper in HELPER.findall(text)]
    found += [name for name in re.findall(r"probes\.(Have\w+)\(", text) if name != "HaveProgramHelper"]
    found += ["SystemConfigProbes"] if "SystemConfigProbes" in text else []
    header = show(repository, commit, PROBES).partition("func ExecuteHeaderProbes")[2].partition("\n}")[0]
    found += [f"{kind} {helper}" for kind, helper in HELPER.findall(header)]
    for line in grep(repository, commit, r"(netlink|safenetlink)\.NewHandle\("):
        families = re.findall(r"unix\.NETLINK_(\w+)", line) or ["ROUTE", "XFRM", "NETFILTER"]
        found += [f"netlink {family}" for family in families if "cfg.NLFamilies" not in line]
    return sorted(set(found))


def facts() -> Iterator[tuple[str, dict[str, Any]]]:
    """(where it stands, the row) of every fact of the data files."""
    data = ROOT / "kina_audit/data"
    for path in sorted(data.glob("cilium-*.toml")):
        for table, rows in tomllib.loads(path.read_text(encoding="utf-8")).items():
            for row in rows if isinstance(rows, list) else []:
                yield f"{path.name} {table} {row.get('id', row.get('why', ''))[:40]}", row
                for inner in ("need", "conflict", "caution"):
                    for fact in row.get(inner, ()) if isinstance(row.get(inner), list) else ():
                        yield f"{path.name} {row['id']} {inner}", fact


def check(repository: str) -> list[str]:
    """What the source does not bear out."""
    wrong = []
    files: dict[tuple[str, str], str] = {}
    for name, row in facts():
        at = row.get("at", ())
        texts, foreign = [], False  # words of the kernel's are not looked up here
        for place in (at,) if isinstance(at, str) else at:
            match = PLACE.fullmatch(place)
            if match is None:
                foreign = True
                continue
            key = (match[1], match[2])
            if key not in files:
                files[key] = show(repository, *key)
            if int(match[3]) > files[key].count("\n"):
                wrong.append(f"{name}: {place} is not there")
            texts.append(files[key])
        says = row.get("says", "")
        told = foreign or row.get("observed") or row.get("evidence") == "report" or not texts
        quoted = says.values() if isinstance(says, dict) else [says]
        wrong += [
            f"{name}: {words!r} is in none of the files it names"
            for words in quoted
            if words and not told and not any(logged(words, t) for t in texts)
        ]
    for path in sorted((ROOT / "profiles/cilium").glob("*.toml")):
        wrong += [
            f"{path.name}: {match[0]} is not there"
            for match in PLACE.finditer(path.read_text(encoding="utf-8"))
            if int(match[3]) > show(repository, match[1], match[2]).count("\n")
        ]
    return wrong


def logged(says: str, text: str) -> bool:
    """Whether a file holds a string that prints ``says``: verbs and joined strings may stand for any word of it."""
    plain = text.replace('\\"', '"').replace('" +\n', "").replace("\n", " ")
    if says in re.sub(r'\s*"\s*\+?\s*\t*"', "", plain) or says in plain:
        return True
    literals = re.findall(r'"([^"\n]{8,})"', plain) + re.findall(r'"([^"\n]{8,})"', text)
    pieces = [p.strip() for literal in literals for p in VERB.split(literal)]
    return any(len(p) >= 12 and (p in says or says in p) for p in pieces)


def main(arguments: list[str]) -> int:
    """Run one of the two."""
    if arguments[:1] == ["calls"] and len(arguments) > 2:
        print("# Written by scripts/cilium_source.py: what the agent of each release probes, opens and reads at start.")
        for pair in arguments[2:]:
            release, _, commit = pair.partition("=")
            print(f'\n[["release"]]\nrelease = "{release}"\ncommit = "{commit}"\ncalls = [')
            print("".join(f'    "{c}",\n' for c in calls(arguments[1], commit)) + "]")
        return 0
    if arguments[:1] == ["check"] and len(arguments) == 2:
        wrong = check(arguments[1])
        print("\n".join(wrong) or "every fact's place is there")
        return 1 if wrong else 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
