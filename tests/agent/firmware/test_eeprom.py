"""The EEPROM by the real way: a program, here one that keeps its text in a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.errors import AgentError
from agent.firmware import eeprom
from agent.firmware.program import run_program

PROGRAM = """#!/bin/sh
case "$1" in
  --apply) cp "$2" "$(dirname "$0")/kept" ;;
  *) cat "$(dirname "$0")/kept" ;;
esac
"""


def test_what_is_applied_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rpi-eeprom-config").write_text(PROGRAM)
    (tmp_path / "rpi-eeprom-config").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    eeprom.write("[all]\nBOOT_ORDER=0xf41\n", run_program)
    assert eeprom.read(run_program) == "[all]\nBOOT_ORDER=0xf41\n"


def test_without_the_program_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AgentError) as refused:
        eeprom.read(run_program)
    assert refused.value.code == "F-105"
    assert "apt install rpi-eeprom" in refused.value.do
