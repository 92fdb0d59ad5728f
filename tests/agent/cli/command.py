"""The command `mektep` as its users run it: a process of its own, with a configuration in a folder of the test's."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from simulator.processes import Process

ROOT = Path(__file__).parents[3]
CONFIG = """
school = "school-07"
[state]
directory = "{folder}/state"
runtime = "{folder}/run"
[centre]
broker = "mqtt://127.0.0.1:{port}"
orders_key = "O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik="
[outbox]
reserve_mb = 1
ballast_mb = 0
{more}
"""
READER = """
[[reader]]
name = "{name}"
driver = "serial_ascii"
port = "{port}"
lights = {{ accepted = "G\\n", refused = "R\\n", wait = "W\\n" }}
"""
NOBODY = 1  # a port of loopback where nobody listens
MEKTEP = [sys.executable, "-m", "agent"]


def write_config(folder: Path, *, port: int = NOBODY, more: str = "") -> Path:
    """A box's configuration; folder/box.toml."""
    path = folder / "box.toml"
    path.write_text(CONFIG.format(folder=folder, port=port, more=more))
    return path


def mektep(*words: object, language: str = "C", **options: object) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    environment = os.environ | {"LC_ALL": language, "PYTHONUTF8": "1"}
    command = [*MEKTEP, *(str(word) for word in words)]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False, **options
    )


def daemon(config: Path) -> Process:
    """`mektep run`, to be started and stopped."""
    return Process("agent", [*MEKTEP, "run", str(config)], config.parent, ready="INFO agent: school")


def log_of(config: Path) -> str:
    return (config.parent / "agent.log").read_text()
