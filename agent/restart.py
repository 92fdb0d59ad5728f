"""The agent ends itself in order and is started again: by systemd (Restart=always), or in place where there is none.

Answered  an order that asks for it is answered first; if no answer can leave, it is done after ANSWER_S all the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging

log = logging.getLogger("agent")

ANSWER_S = 10.0


class RestartWanted(Exception):
    """Ends the daemon's tasks; agent/cli/run.py starts it again."""


class Restart:
    """One per box; a task of the daemon's."""

    def __init__(self) -> None:
        self._wanted, self._answered = asyncio.Event(), asyncio.Event()
        self._why = ""

    def ask(self, why: str) -> None:
        """As soon as the answer that is being made has left: answered()."""
        self._why = self._why or why
        self._wanted.set()

    def now(self, why: str) -> None:
        """Nobody waits for an answer."""
        self.ask(why)
        self._answered.set()

    def answered(self) -> None:
        """An answer has left."""
        if self._wanted.is_set():
            self._answered.set()

    async def run(self) -> None:
        """Raises RestartWanted when it is time."""
        await self._wanted.wait()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_S):
                await self._answered.wait()
        log.info("the agent is started again: %s", self._why)
        raise RestartWanted(self._why)
