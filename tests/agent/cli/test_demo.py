"""`mektep demo` hands its options to the simulator and its exit code back; a school's box has none."""

from __future__ import annotations

import importlib.util
import io
import subprocess
import sys
from pathlib import Path

import pytest

from agent.cli import demo
from agent.cli.main import main
from tests.agent.cli.command import ROOT


class Simulator:
    """Notes how it is called."""

    def __init__(self, code: int = 0) -> None:
        self.code = code
        self.command: list[str] = []
        self.folder = Path()

    def run(self, command: list[str], *, cwd: Path, check: bool) -> subprocess.CompletedProcess[bytes]:
        self.command, self.folder = command, cwd
        return subprocess.CompletedProcess(command, self.code)


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch) -> Simulator:
    made = Simulator()
    monkeypatch.setattr(demo.subprocess, "run", made.run)
    return made


def test_it_runs_the_simulator_of_the_source_tree(simulator: Simulator) -> None:
    assert main(["demo"], io.StringIO()) == 0
    assert simulator.command[:3] == [sys.executable, "-m", "simulator"]
    assert simulator.folder == ROOT


@pytest.mark.parametrize(
    ("words", "handed"),
    [
        (["--seconds", "60"], ["--seconds", "60"]),
        (["--faults", "none"], ["--faults", "none"]),
        (["--store", "postgres"], ["--store", "postgres"]),
        (["--compress", "--keep"], ["--compress", "--keep"]),
        (["--json", "out.json"], ["--json", str(Path("out.json").absolute())]),
    ],
)
def test_options_are_handed_on(simulator: Simulator, words: list[str], handed: list[str]) -> None:
    assert main(["demo", *words], io.StringIO()) == 0
    text = " ".join(simulator.command)
    assert " ".join(handed) in text


def test_the_simulators_exit_code_is_the_commands(simulator: Simulator) -> None:
    simulator.code = 1
    assert main(["demo"], io.StringIO()) == 1


def test_a_box_without_the_simulator_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    assert main(["demo"], io.StringIO()) == 2
    told = capsys.readouterr().err
    assert told.startswith("X-001")
    assert "make demo" in told
