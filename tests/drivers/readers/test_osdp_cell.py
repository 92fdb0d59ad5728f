"""The readers of one bus in their cell: one process for both, little memory, and back after it was killed."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from agent.cells.cells import Cells
from agent.clock import SystemClock
from agent.config import SourceConfig
from drivers.catalog import CATALOG
from drivers.readings import Light
from tests.drivers.readers.osdp_wires import KEY, settings, tapped, taps, wires
from tests.drivers.supervised import kept_reading, until
from tests.secrets import these_secrets

BACK_S = 2.0


async def test_two_readers_of_a_bus_live_in_one_process_that_may_be_killed(tmp_path: Path) -> None:
    secrets = these_secrets(key=KEY.hex())
    async with wires(tmp_path, KEY, KEY) as bus:
        configs = [
            SourceConfig(name=f"r{address}", kind="reader", driver="osdp", settings=settings(bus, address), places={})
            for address in bus.readers
        ]
        async with Cells(configs, SystemClock(), {"PATH": os.defpath}) as cells:
            first, second = (cells.driver(config) for config in configs)
            async with (
                kept_reading(first, configs[0].settings, secrets, light=Light.ACCEPTED) as one,
                kept_reading(second, configs[1].settings, secrets, light=Light.REFUSED) as two,
            ):
                await until(lambda: one.works() and two.works())
                await tapped(bus.readers[1], one, bytes([0, 0, 1]))
                await tapped(bus.readers[2], two, bytes([0, 0, 2]))
                assert (taps(one), taps(two)) == (["000001"], ["000002"])
                assert (bus.readers[1].last_light, bus.readers[2].last_light) == ("G", "R")
                cell = cells.cell("r1")
                assert cell is not None
                assert cell is cells.cell("r2")
                assert cell.life is not None
                limits = CATALOG["osdp"].cell
                assert limits is not None
                assert resident_mb(cell.life.pid) < limits.memory_mb / 2
                os.kill(cell.life.pid, signal.SIGKILL)
                bus.line.let_go()
                await until(lambda: not one.works() and not two.works())
                assert await until(lambda: one.works() and two.works()) < BACK_S
                await tapped(bus.readers[1], one, bytes([0, 0, 3]))


def resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)
