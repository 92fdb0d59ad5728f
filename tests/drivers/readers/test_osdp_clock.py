"""The wall clock is set back by an hour while a reader works: libosdp lives by it, and would not poll for an hour."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

LIMIT_S = 3.0
SCRIPT = """
import asyncio, sys, time
from pathlib import Path
from tests.drivers.readers.osdp_wires import KEY, kept, tapped, taps, wires
from tests.drivers.supervised import until

async def main(folder):
    async with wires(folder, KEY) as bus, kept(bus) as found:
        await until(lambda: found.works() and len(found.readings) == 2)
        await asyncio.sleep(0.2)  # nothing but polls is under way
        before = time.time()
        (folder / "clock").write_text("-3600")
        moved, began_s = time.time() - before, time.monotonic()
        await tapped(bus.readers[1], found, bytes(3))
        print(round(moved), time.monotonic() - began_s, found.states)

asyncio.run(main(Path(sys.argv[1])))
"""


def test_a_clock_that_is_set_back_an_hour_costs_a_second(tmp_path: Path) -> None:
    (tmp_path / "clock").write_text("+0")
    preload = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))  # Debian's package faketime: make setup
    script = f"import os; del os.environ['LD_PRELOAD']\n{SCRIPT}"  # the reader's own process keeps the true time
    environment = os.environ | {
        "LD_PRELOAD": str(preload), "FAKETIME_TIMESTAMP_FILE": str(tmp_path / "clock"), "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }  # fmt: skip
    ended = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True, env=environment,
        cwd=Path(__file__).parents[3], timeout=60,
    )  # fmt: skip
    moved, seconds, states = ended.stdout.split(maxsplit=2)
    assert (moved, states.strip()) == ("-3600", "['working']")
    assert float(seconds) < LIMIT_S
