"""The boot EEPROM's settings, by rpi-eeprom-config of Raspberry Pi OS; what is applied holds from the next start on.

Raises  AgentError F-105 where the program is missing or fails
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from agent.errors import AgentError
from agent.firmware.program import ProgramFailed, Run

PROGRAM = "rpi-eeprom-config"


def read(run: Run) -> str:
    with _told():
        return run([PROGRAM])


def write(text: str, run: Run) -> None:
    with TemporaryDirectory() as folder, _told():
        path = Path(folder) / "boot.conf"
        path.write_text(text, encoding="utf-8")
        run([PROGRAM, "--apply", str(path)])


@contextlib.contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except ProgramFailed as error:
        do = "sudo apt install rpi-eeprom; then again. `--skip-eeprom` leaves the EEPROM as it is."
        raise AgentError("F-105", str(error), do=do) from error
