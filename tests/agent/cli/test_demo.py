"""`mektep demo` becomes the simulator, with its options; a school's box has none. Its exit code: tests/school_day."""

from __future__ import annotations

import importlib.util
import io
import sys
from pathlib import Path

import pytest

from agent.cli import demo
from agent.cli.main import main
from tests.agent.cli.command import ROOT


class Became(Exception):
    """Another program runs in our place."""


class Simulator:
    """Notes what the command would become, and where."""

    def __init__(self) -> None:
        self.command: list[str] = []
        self.folder = Path()

    def execv(self, path: str, command: list[str]) -> None:
        assert path == command[0]
        self.command = command
        raise Became

    def chdir(self, folder: Path) -> None:
        self.folder = folder


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch) -> Simulator:
    made = Simulator()
    monkeypatch.setattr(demo.os, "execv", made.execv)
    monkeypatch.setattr(demo.os, "chdir", made.chdir)
    return made


def test_it_becomes_the_simulator_of_the_source_tree(simulator: Simulator) -> None:
    with pytest.raises(Became):
        main(["demo"], io.StringIO())
    assert simulator.command[:3] == [sys.executable, "-m", "simulator"]
    assert simulator.folder == ROOT


@pytest.mark.parametrize(
    ("words", "handed"),
    [
        (["--seconds", "60"], ["--seconds", "60"]),
        (["--faults", "none"], ["--faults", "none"]),
        (["--store", "postgres"], ["--store", "postgres"]),
        (["--compress", "--keep"], ["--compress", "--keep"]),
        (["--clips", "clips"], ["--clips", str(Path("clips").absolute())]),
        (["--json", "out.json"], ["--json", str(Path("out.json").absolute())]),
    ],
)
def test_options_are_handed_on(simulator: Simulator, words: list[str], handed: list[str]) -> None:
    with pytest.raises(Became):
        main(["demo", *words], io.StringIO())
    assert " ".join(handed) in " ".join(simulator.command)


def test_a_box_without_the_simulator_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    assert main(["demo"], io.StringIO()) == 2
    told = capsys.readouterr().err
    assert told.startswith("X-001")
    assert "make demo" in told
