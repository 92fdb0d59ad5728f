"""The ledger as a reader beside the agent sees it: of one moment, whatever is written meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.errors import AgentError
from agent.outbox.ledger_view import ledger_view
from agent.outbox.outbox import LAST_CHECKPOINT
from tests.agent.outbox.box import opened
from tests.agent.school.decisions import granted


async def test_it_shows_one_moment(tmp_path: Path) -> None:
    async with opened(tmp_path / "outbox.db") as outbox:
        await outbox.accept([granted(1), granted(2)])
        with ledger_view(tmp_path / "outbox.db") as view:
            assert (view.epoch, view.before, view.checkpoint) == (outbox.epoch, frozenset(), "")
            assert view.log.size() == 3  # the first is the epoch's own
            await outbox.accept([granted(3)])
            assert view.log.size() == view.log.check() == 3
        with ledger_view(tmp_path / "outbox.db") as view:
            assert view.log.root(4) == await outbox.transact(lambda transaction: transaction.log().root())


async def test_it_is_of_the_newest_epoch(tmp_path: Path) -> None:
    async with opened(tmp_path / "outbox.db") as outbox:
        await outbox.accept([granted(1)])
        await outbox.remember(LAST_CHECKPOINT, b"a note")
        before = outbox.epoch
        await outbox.open_epoch("rewind")
    with ledger_view(tmp_path / "outbox.db") as view:
        assert (view.epoch, view.before, view.checkpoint) == (outbox.epoch, frozenset({before}), "a note")
        assert view.log.size() == 1


@pytest.mark.parametrize("content", [None, b"", b"rubbish" * 1000])
def test_what_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "outbox.db"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(AgentError, match=r"D-101 .*outbox\.db cannot be read"), ledger_view(path):
        pass
