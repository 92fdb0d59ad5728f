"""docs/ledger.md is run: its commands, by tools nobody here wrote, print what the page prints."""

from __future__ import annotations

import filecmp
import os
import re
import subprocess
import sys
from pathlib import Path

from scripts import ledger_example
from tests.source_tree import ROOT

PAGE = ROOT / "docs/ledger.md"
BLOCK = re.compile(r"^```console\n(.*?)^```", re.DOTALL | re.MULTILINE)
END = "--- end of what this command prints"
LINES_MAX = 160  # an auditor reads it in one sitting


def commands() -> list[tuple[str, str]]:
    """Each command of the page, and what stands below it."""
    found: list[tuple[str, str]] = []
    for line in "".join(BLOCK.findall(PAGE.read_text(encoding="utf-8"))).splitlines():
        if line.startswith("$ "):
            found.append((line[2:], ""))
        else:
            found[-1] = (found[-1][0], f"{found[-1][1]}{line}\n")
    return found


def printed(words: list[str]) -> list[str]:
    """What the commands print, one after the other in one shell."""
    script = [f'mektep() {{ "{sys.executable}" -m agent "$@"; }}']
    script += [f"{command}\necho; echo '{END}'" for command in words]
    environment = os.environ | {"LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    done = subprocess.run(
        ["bash", "-uc", "\n".join(script)], cwd=ROOT, env=environment, capture_output=True, text=True, check=True,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.stderr == ""
    parts = done.stdout.split(f"{END}\n")[:-1]
    return [f"{part.strip()}\n" if part.strip() else "" for part in (re.sub(r" +\n", "\n", part) for part in parts)]


def test_the_page_prints_what_its_commands_print() -> None:
    told = commands()
    assert len(told) > 15
    for (command, expected), found in zip(told, printed([command for command, _ in told]), strict=True):
        assert found == expected, command


def test_the_page_is_one_page() -> None:
    assert len(PAGE.read_text(encoding="utf-8").splitlines()) <= LINES_MAX


def test_the_example_is_as_it_is_made(tmp_path: Path) -> None:
    ledger_example.write(tmp_path)
    names = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    there = sorted(str(path.relative_to(ROOT / "examples/ledger")) for path in (ROOT / "examples/ledger").rglob("*.*"))
    assert {name for name in there if "." in name} <= set(names)
    assert filecmp.cmpfiles(tmp_path, ROOT / "examples/ledger", names, shallow=False)[0] == names
