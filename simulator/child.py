"""A child before a reader: when it is worth showing a card, and which light is seen, whatever happens to the agent."""

from __future__ import annotations

import asyncio
import os

from simulator.card_reader import CardReader
from simulator.school import School

LAST_WORDS_S = 0.1  # a light that was on the wire when the agent died
LOOK_S = 0.05


def listens(school: School, reader: CardReader) -> bool:
    """The agent has the reader's port open."""
    port = os.path.realpath(reader.line.link)
    try:
        opened = os.listdir(f"/proc/{school.agent.pid}/fd")
        return any(os.path.realpath(f"/proc/{school.agent.pid}/fd/{one}") == port for one in opened)
    except OSError:
        return False  # it has just died


async def light_of(school: School, reader: CardReader, card: bytes, patience_s: float) -> str:
    """What the child sees; of an agent that dies meanwhile nothing more comes."""
    pid = school.agent.pid
    showing = asyncio.ensure_future(reader.show(card, patience_s))
    while not showing.done():
        await asyncio.wait({showing}, timeout=LOOK_S)
        if school.agent.pid != pid or not school.agent.running():
            await asyncio.wait({showing}, timeout=LAST_WORDS_S)
            break
    if not showing.done():
        showing.cancel()
        await asyncio.wait({showing})
        return ""
    return showing.result()
