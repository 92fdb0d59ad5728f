"""The table of commands: each has its help, wrong use is told, errors go to the other stream with what to do."""

from __future__ import annotations

import io
import os
import re
import subprocess
from importlib import import_module
from pathlib import Path

import pytest

from agent import __version__
from agent.cli import main as table
from agent.cli.main import COMMANDS, HELP, main
from agent.errors import AgentError
from tests.agent.cli.command import MEKTEP, ROOT, mektep, write_config


def test_every_command_has_its_help_and_its_file() -> None:
    assert set(COMMANDS) == set(HELP)
    for module in COMMANDS.values():
        found = import_module(f"agent.cli.{module}")
        assert callable(found.run)
        assert callable(found.arguments)


def test_the_help_lists_the_commands_and_the_exit_codes() -> None:
    done = mektep("--help")
    assert done.returncode == 0
    for name, help_ in HELP.items():
        assert re.search(rf"\b{name}\b\s+{re.escape(help_[:30])}", done.stdout)
    for code in ("0 all is well", "1 something needs attention", "2 wrong use", "3 the daemon does not run"):
        assert code in re.sub(r"\s+", " ", done.stdout)


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_explains_itself(name: str) -> None:
    done = mektep(name, "--help")
    assert done.returncode == 0
    assert HELP[name][:40] in re.sub(r"\s+", " ", done.stdout)


def test_the_version_is_told() -> None:
    assert mektep("--version").stdout == f"mektep-agent {__version__}\n"


@pytest.mark.parametrize("words", [[], ["dance"], ["check", "--loud", "x"], ["card"]])
def test_wrong_use_is_told_with_exit_code_2(words: list[str]) -> None:
    done = mektep(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert "usage: mektep" in done.stderr


def test_an_error_is_code_fact_and_instruction_on_the_other_stream(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Command:
        @staticmethod
        def arguments(_parser: object) -> None: ...

        @staticmethod
        def run(_args: object, _out: object) -> int:
            raise AgentError("Z-999", "the drawer is stuck", do="Pull harder.")

    monkeypatch.setattr(table, "import_module", lambda _name: Command)
    out = io.StringIO()
    assert main(["card"], out) == 2
    assert out.getvalue() == ""
    assert capsys.readouterr().err == "Z-999  the drawer is stuck\n       → Pull harder.\n"


def test_only_the_chosen_command_is_imported(tmp_path: Path) -> None:
    """`mektep status` must be quick on a Pi: MQTT, cryptography and drivers cost half a second there."""
    code = """
import sys
from agent.cli.main import main
main(["card", "6F007B3972"])
print([name for name in ("agent.daemon", "agent.sync.mqtt", "paho", "pymodbus") if name in sys.modules])
"""
    done = subprocess.run([MEKTEP[0], "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_goes_away_is_no_error(tmp_path: Path, unbuffered: str) -> None:
    """As `mektep check FILE | head -0`."""
    read, write = os.pipe()
    os.close(read)
    command = [*MEKTEP, "check", str(write_config(tmp_path))]
    environment = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")
