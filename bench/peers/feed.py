"""Orders to a process that is fed: one JSON line each on a Unix socket, one line back when it is carried out.

{"first": 1, "count": 500}                                     take 500 taps as fast as it goes, numbered from 1
{"first": 1, "count": 500, "gap_s": 0.01, "log": "/tmp/log"}   one each 10 ms; "number monotonic_ns" is written to the
                                                               log the moment the process has said that it accepts it
Answer: {"began_s": monotonic, "refused": 0}.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path

import msgspec

PATIENCE_S = 120.0
LOOK_S = 0.02


class Answer(msgspec.Struct, frozen=True):
    began_s: float
    refused: int


class Feed:
    """One socket; the process behind it may be killed and started again."""

    def __init__(self, path: Path) -> None:
        self.path = path

    async def accept(self, first: int, count: int) -> Answer:
        """As fast as it goes. Raises RuntimeError if something is refused, ConnectionError if the process died."""
        answer = await self._order({"first": first, "count": count})
        if answer.refused:
            raise RuntimeError(f"{answer.refused} of {count} taps were refused")
        return answer

    async def pace(self, first: int, count: int, gap_s: float, log: Path) -> None:
        """One by one, until the process dies or all are taken."""
        with contextlib.suppress(ConnectionError):
            await self._order({"first": first, "count": count, "gap_s": gap_s, "log": str(log)})

    async def _order(self, order: dict[str, int | float | str]) -> Answer:
        reader, writer = await self._connect()
        try:
            writer.write(json.dumps(order).encode() + b"\n")
            line = await reader.readline()
        finally:
            writer.close()
        if not line:
            raise ConnectionResetError(f"{self.path.name}: the process ended")
        return msgspec.json.decode(line, type=Answer)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Until it listens. Raises TimeoutError."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    return await asyncio.open_unix_connection(self.path)
                except OSError:
                    await asyncio.sleep(LOOK_S)


def logged(log: Path) -> dict[int, int]:
    """Number -> monotonic nanoseconds of what was accepted; a line that the kill cut short does not count."""
    whole = log.read_text().rpartition("\n")[0].splitlines() if log.exists() else []
    return {int(number): int(at_ns) for number, at_ns in (line.split() for line in whole)}
