"""A box in a process of its own, whose cameras answer once a file lies in its folder: to be killed in the middle.

python -m tests.agent.sync.slow_box FOLDER PORT SCHOOL ORDERS_KEY
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from agent.sync.orders import Handler
from agent.sync.settings import LinkSettings
from agent.sync.topics import Order
from tests.agent.sync.box import open_box

GO, DEEDS = "go", "deeds"


def slow_orders(folder: Path) -> dict[str, Handler]:
    """A picture is ready when the file `go` is there; each begun one is a line of `deeds`."""

    async def snapshot(order: Order) -> dict[str, object]:
        with (folder / DEEDS).open("a", encoding="utf-8") as deeds:
            deeds.write(f"{order.number}\n")
        while not (folder / GO).exists():
            await asyncio.sleep(0.02)
        return {"evidence": "", "blurred": ""}

    return {"camera.snapshot": snapshot}


async def run(folder: Path, port: int, school: str, key: str) -> None:
    settings = LinkSettings(broker=f"mqtt://127.0.0.1:{port}", orders_key=key)
    async with open_box(folder, settings, school, orders=slow_orders(folder)) as box:
        await box.link.run()


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]))
