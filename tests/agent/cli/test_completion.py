"""Completion in a real bash: commands, actions, options, choices, and the devices of a configuration."""

from __future__ import annotations

import io
import shlex
import subprocess
from pathlib import Path

import pytest

from agent.cli.completion import nodes, script
from agent.cli.main import COMMANDS, main, tree
from tests.agent.cli.command import READER, write_config

ASK = """
{script}
COMP_WORDS=({words})
COMP_CWORD={at}
_mektep
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def completed(line: str) -> list[str]:
    """What Tab offers at the end of a line."""
    words = [*shlex.split(line), *([""] if line.endswith(" ") else [])]
    quoted = " ".join(shlex.quote(word) for word in words)
    ask = ASK.format(script=script("bash"), words=quoted, at=len(words) - 1)
    done = subprocess.run(["bash", "-c", ask], capture_output=True, text=True, check=True, cwd="/")
    assert done.stderr == ""
    return done.stdout.split()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    camera = '\n[[camera]]\nname = "hall"\ndriver = "file"\nfile = "x"\n'
    more = READER.format(name="canteen-1", port="/dev/a") + READER.format(name="gate", port="/dev/b") + camera
    return write_config(tmp_path, more=more)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("mektep sta", ["status"]),
        ("mektep camera sn", ["snapshot"]),
        ("mektep tail --la", ["--lane"]),
        ("mektep tail --lane ", ["alarm", "record", "telemetry"]),
        ("mektep completion ", ["-h", "--help", "bash", "zsh"]),
        ("mektep outbox export re", ["record"]),
    ],
)
def test_words(line: str, expected: list[str]) -> None:
    assert completed(line) == expected


def test_devices_of_the_configuration(file: Path) -> None:
    assert completed(f"mektep tail {file} --device ") == ["canteen-1", "gate", "hall"]
    assert completed(f"mektep reader test {file} ga") == ["gate"]
    assert completed(f"mektep camera snapshot {file} ha") == ["hall"]
    assert "gate" not in completed(f"mektep camera snapshot {file} ")


def test_files_where_nothing_else_fits() -> None:
    assert "/etc" in completed("mektep check /et")


def test_every_command_is_a_node_and_the_command_prints_it() -> None:
    paths = [node.path for node in nodes(tree(COMMANDS), "mektep")]
    assert len(paths) == len(set(paths))
    assert {f"mektep {name}" for name in COMMANDS} <= set(paths)
    assert {"mektep camera shot", "mektep outbox reconcile"} <= set(paths)
    out = io.StringIO()
    assert main(["completion", "bash"], out) == 0
    assert out.getvalue() == script("bash")


def test_zsh_takes_it() -> None:
    ask = f"{script('zsh')}\nprint ready"
    done = subprocess.run(["zsh", "-f", "-c", ask], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("ready\n", "")
