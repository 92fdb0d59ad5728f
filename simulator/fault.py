"""One fault that can be ordered: what breaks, how it is mended, what a watcher should see."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from simulator.school import School

Act = Callable[[School], Awaitable[None] | None]


def nothing_needed(_school: School) -> str:
    return ""


class Fault:
    """begin() and end(), one after the other, as often as one likes.

    seconds  how long it lasts in an unhurried demonstration
    needs    why it cannot be ordered in a school; empty if it can
    """

    def __init__(
        self,
        name: str,
        seen: str,
        begin: Act,
        end: Act,
        *,
        seconds: float = 2.0,
        needs: Callable[[School], str] = nothing_needed,
    ) -> None:
        self.name = name
        self.seen = seen
        self._begin = begin
        self._end = end
        self.seconds = seconds
        self.needs = needs

    async def begin(self, school: School) -> None:
        await _done(self._begin, school)

    async def end(self, school: School) -> None:
        await _done(self._end, school)


async def _done(act: Act, school: School) -> None:
    doing = act(school)
    if doing is not None:
        await doing
