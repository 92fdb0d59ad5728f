"""What `mektep outbox reconcile` asks of the running agent: the box's own word and the centre's, of one moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from agent.errors import AgentError
from agent.model import Lane
from agent.ops.control import Handler, args_of
from agent.outbox.outbox import Outbox
from agent.sync.centre_link import CentreLink
from agent.sync.linkerror import LinkError
from agent.sync.topics import StoredLane


class NoArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class BoxLane(msgspec.Struct, frozen=True, kw_only=True):
    """One lane of one epoch, as the box has it."""

    epoch: str
    lane: str
    last: int
    settled: int  # before the centre was asked


class BothWords(msgspec.Struct, frozen=True, kw_only=True):
    """The box's word, then the centre's."""

    at: str
    box: Sequence[BoxLane]
    centre: Sequence[StoredLane]


def word_asks(outbox: Outbox, link: CentreLink) -> dict[str, Handler]:
    """Word to what answers it."""

    async def both(args: dict[str, Any], _account: str) -> object:
        args_of(args, NoArgs)
        epochs = dict.fromkeys([*outbox.owes(), outbox.epoch])
        settled = {(epoch, lane): outbox.settled(epoch, lane) for epoch in epochs for lane in Lane}
        try:
            said = await link.ask_word()
        except LinkError as error:
            raise AgentError("X-211", f"the centre cannot be asked: {error.what}", do=error.do) from error
        except TimeoutError as error:
            do = "Try again; `mektep status` says how the line is. If it stays, tell the centre."
            raise AgentError("X-211", "the centre has not answered", do=do) from error
        box = [
            BoxLane(epoch=epoch, lane=lane.word, last=outbox.last(epoch, lane), settled=done)
            for (epoch, lane), done in settled.items()
        ]
        return BothWords(at=said.at, box=box, centre=said.stored)

    return {"centre-word": both}
