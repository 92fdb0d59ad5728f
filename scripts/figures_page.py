"""Writes measured figures into docs/benchmarks.md, with where and on what: python scripts/figures_page.py FILE [peers]

FILE is what `python -m bench --out FILE` wrote; with `peers`, what `python -m bench.peers --out FILE` wrote, for the
table of peers. Run it on the machine that measured.
"""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[1] / "docs/benchmarks.md"
BEGIN, END = "<!-- {}: written by scripts/figures_page.py -->", "<!-- end of {} -->"
HEAD = "| figure | value | range | limit or peer | ratio | target | met |\n|---|---|---|---|---|---|---|\n"


def main() -> int:
    figures = [json.loads(line) for line in Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()]
    which = sys.argv[2] if len(sys.argv) > 2 else "figures"
    page = replaced(PAGE.read_text(encoding="utf-8"), which, f"{machine()}\n\n{table(figures)}")
    PAGE.write_text(page, encoding="utf-8")
    return 0


def replaced(page: str, which: str, written: str) -> str:
    """The page with another text between its marks. Raises ValueError if it has no such marks."""
    begin, end = BEGIN.format(which), END.format(which)
    before, rest = page.split(begin)
    _, after = rest.split(end)
    return f"{before}{begin}\n\n{written}\n{end}{after}"


def table(figures: Iterable[dict[str, Any]]) -> str:
    """One row a figure."""
    return HEAD + "".join(f"| {' | '.join(_cells(figure))} |\n" for figure in figures)


def _cells(figure: dict[str, Any]) -> list[str]:
    low, high = figure.get("range", ("", ""))
    met = {True: "yes", False: "**no**", None: ""}[figure["met"]]
    ratio = "" if figure["ratio"] is None else f"{figure['ratio']:.3g}"
    spread = f"{_number(low)} to {_number(high)} ({figure['runs']})" if "range" in figure else f"({figure['runs']})"
    value = f"{_number(figure['value'])} {figure['unit']}"
    return [figure["figure"], value, spread, figure["limit_or_peer"], ratio, figure["target"], met]


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def machine() -> str:
    """Where it was measured, in one sentence."""
    cpu = next((line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "?")
    memory_kb = next(int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal"))
    disk = _said("df", "--output=fstype", tempfile.gettempdir()).split()[-1]
    commit = _said("git", "-C", str(PAGE.parent), "rev-parse", "--short", "HEAD")
    return (
        f"{time.strftime('%Y-%m-%d')}, commit {commit}: a virtual machine, {platform.machine()}, {cpu}, "
        f"{os.cpu_count()} cores, {memory_kb / 1e6:.0f} GB, Linux {platform.release()}, {disk}; Python "
        f"{platform.python_version()}, SQLite {sqlite3.sqlite_version}, {ssl.OPENSSL_VERSION.rsplit(' ', 3)[0]}. "
        "Not a Raspberry Pi. In brackets: runs, or samples."
    )


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _lines(path: str) -> list[str]:
    return Path(path).read_text(encoding="utf-8").splitlines()


if __name__ == "__main__":
    sys.exit(main())
