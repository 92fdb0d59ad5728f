"""docs/config.md is what the code says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_page_is_current() -> None:
    made = subprocess.run([sys.executable, ROOT / "scripts/config_page.py"], capture_output=True, text=True, check=True)
    assert made.stdout == (ROOT / "docs/config.md").read_text(encoding="utf-8"), "run: make docs"
