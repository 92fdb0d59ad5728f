"""A reader behind a private pcscd, both on the far side: one socket for all tests of this process.

libpcsclite looks once where pcscd is, so the place is told before its first use.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from simulator.pcsc_reader import PcscReader
from simulator.pcsc_service import PcscService

SOCKET = Path(tempfile.gettempdir()) / f"mektep-test-pcscd-{os.getpid()}"
os.environ["PCSCLITE_CSOCK_NAME"] = str(SOCKET)
NAME = "ACS ACR122U PICC Interface"


@asynccontextmanager
async def far_reader(folder: Path, *, escapes: bool = True) -> AsyncIterator[PcscReader]:
    """One reader, plugged, and its service."""
    reader = PcscReader("reader", folder / "ccid")
    reader.plug()
    reader.service = PcscService(folder, SOCKET, {NAME: reader.line.link}, escapes=escapes)
    await reader.service.start()
    try:
        yield reader
    finally:
        await reader.service.end()
        reader.line.unplug()
