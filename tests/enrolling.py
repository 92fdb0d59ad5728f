"""A city that enrols boxes: its broker and its EST server run for real; one for all tests of a session.

Not in pytest's folder: the broker drops to its own user, who must reach its part.
"""

from __future__ import annotations

import asyncio
import io
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.cli.main import main
from centre.boot_file import boot_file
from centre.database import Database, open_database
from centre.enrolment import Enrolments
from centre.settings import Settings, load_settings
from simulator.city import City

NUMBERS = itertools.count(1)


class Enrolling:
    """Invites boxes, and is one."""

    def __init__(self, city: City) -> None:
        self.city = city
        self.settings: Settings = load_settings(city.folder / "centre.toml")
        self.database: Database = open_database(self.settings.database)
        self.enrolments = Enrolments(self.database, city.folder)

    @property
    def url(self) -> str:
        return self.settings.est

    @property
    def ca(self) -> Path:
        return self.city.folder / "pki/ca.crt"

    def new_school(self) -> str:
        """That no test had before."""
        return f"enrolled-{next(NUMBERS)}"

    def invite(self, school: str, folder: Path, **changes: str) -> Path:
        """A boot file in the folder, with its state there, too; changes: of its keys."""
        folder.mkdir(parents=True, exist_ok=True)
        rest = f'[state]\ndirectory = "{folder}/state"\nruntime = "{folder}/run"\n'
        text = boot_file(self.settings, school, self.enrolments.invite(school, 1), rest)
        for key, value in changes.items():
            lines = [f"{key} = {value}" if line.startswith(f"{key} =") else line for line in text.splitlines()]
            text = "\n".join(lines) + "\n"
        (folder / "mektep.toml").write_text(text)
        return folder / "mektep.toml"

    def enrol(self, file: Path, *words: str) -> tuple[int, str]:
        """`mektep enrol` in this process: its exit code, what it said to its output."""
        out = io.StringIO()
        code = main(["enrol", str(file), "--config", str(file.parent / "agent.toml"), *words], out)
        return code, out.getvalue()

    def enrolled(self, school: str, folder: Path) -> Path:
        """A box that is; its state directory."""
        code, said = self.enrol(self.invite(school, folder))
        assert code == 0, said
        return folder / "state"


def command(file: Path, *words: str) -> list[str]:
    """The same as a program of its own."""
    return [sys.executable, "-m", "agent", "enrol", str(file), "--config", str(file.parent / "agent.toml"), *words]


def run(command: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    given = os.environ | environment
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=given)


@contextmanager
def enrolling_city() -> Iterator[Enrolling]:
    """Running."""
    folder = Path(tempfile.mkdtemp(prefix="mektep-enrolling-"))
    folder.chmod(0o711)
    city = City(folder, receivers=0)

    async def start() -> None:
        await city.make()
        await city.start_broker()
        await city.start_est()

    try:
        asyncio.run(start())
        yield Enrolling(city)
    finally:
        asyncio.run(city.stop())
        shutil.rmtree(folder)
