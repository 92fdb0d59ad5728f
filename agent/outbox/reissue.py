"""New numbers for events whose old ones the centre has given to others: once, whatever is killed meanwhile.

What was reissued is remembered in the transaction that does it. A box that is killed before the old numbers are
settled hears of the same conflict again; it must not issue the same meal twice.
"""

from __future__ import annotations

from functools import partial

import msgspec

from agent.model import Lane, Place
from agent.outbox.envelope import split
from agent.outbox.group import Transaction
from agent.outbox.outbox import Outbox
from agent.outbox.settled import Settled

PIECE_BYTES = 256_000


async def reissue(outbox: Outbox, epoch: str, lane: Lane, first: int, last: int) -> int:
    """Give events of an older epoch new places in the current one, and settle the old. Returns how many it was.

    Raises ValueError for the current epoch: open a new one first.
    """
    if epoch == outbox.epoch:
        raise ValueError("events are reissued from an older epoch only")
    count, after = 0, first - 1
    while after < last:
        batch = await outbox.read(epoch, lane, after, max_bytes=PIECE_BYTES, max_events=last - after)
        if batch is None or batch.first > last:
            break
        piece = [
            (Place(epoch, lane, batch.first + offset), event) for offset, event in enumerate(split(batch.body[1:-1]))
        ]
        count += await outbox.transact(partial(_once, piece=piece), size=len(piece))
        after = batch.last
    outbox.settle(epoch, lane, first, last)
    return count


def _once(transaction: Transaction, piece: list[tuple[Place, bytes]]) -> int:
    """Reissue what was not reissued yet."""
    (first, _), (last, _) = piece[0], piece[-1]
    key = f"reissued/{first.epoch}/{first.lane.word}"
    done = Settled()
    for begin, end in msgspec.json.decode(transaction.recall(key) or b"[]", type=list[tuple[int, int]]):
        done.add(begin, end)
    fresh = [(place, event) for place, event in piece if not done.covers(place.sequence)]
    for place, event in fresh:
        transaction.put_again(event, place)
    done.add(first.sequence, last.sequence)
    ranges = ([(1, done.prefix)] if done.prefix else []) + done.beyond()
    transaction.remember(key, msgspec.json.encode(ranges))
    return len(fresh)
