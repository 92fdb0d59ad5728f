"""`mektep top` as a command: one look as JSON, no terminal is told so, and nobody else pays for its library."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.agent.cli.command import mektep
from tests.agent.cli.looks import box, living
from tests.agent.outbox.box import opened, taps


async def test_one_look_as_json(tmp_path: Path) -> None:
    found = box(tmp_path)
    async with opened(found.state.database) as outbox:
        await outbox.accept(taps(2))
    living(found)
    done = mektep("top", found.file, "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, len(told["taps"]), told["status"]["school"]) == (1, 2, "school-07")
    living(found, pid_start=1)
    assert mektep("top", found.file, "--json").returncode == 3


def test_without_a_terminal_it_says_what_to_do(tmp_path: Path) -> None:
    found = box(tmp_path)
    done = mektep("top", found.file, language="ru_RU.UTF-8")
    assert done.returncode == 2
    assert done.stderr.startswith("X-221")
    assert "ssh -t" in done.stderr


def test_no_other_command_pays_for_textual() -> None:
    told = "import sys, agent.cli.status, agent.cli.status_screen, agent.cli.tail, agent.cli.outbox, agent.cli.top; "
    told += "print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True).stdout.split()
    assert "textual" not in loaded
    assert "cv2" not in loaded
