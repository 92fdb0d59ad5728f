"""The lanes and the differences as a person reads them, in each language, at most 100 columns."""

from __future__ import annotations

import io

import pytest

from agent.cli.outbox_screen import draw_differences, draw_lanes
from agent.cli.reconciling import WORDS, Difference
from agent.model import Lane
from agent.ops.centre_word import BothWords, BoxLane
from agent.outbox.stored import LaneRow
from agent.sync.topics import StoredLane
from agent.texts import LANGUAGES, load_texts

OLD, NEW = "aaaaaaaa-0000-4000-8000-000000000000", "bbbbbbbb-0000-4000-8000-000000000000"


def row(epoch: str, settled: int, last: int) -> LaneRow:
    return LaneRow(
        epoch=epoch, lane=Lane.RECORD, settled=settled, last=last, first_kept=1, bytes=9,
        oldest_owed_ns=1_795_420_800_000_000_000 if last > settled else 0,
    )  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_old_epoch_is_shown_while_it_owes(language: str) -> None:
    for old, shown in ((row(OLD, 3, 3), False), (row(OLD, 3, 4), True)):
        out = io.StringIO()
        draw_lanes([old, row(NEW, 5, 5)], out, load_texts(language))
        assert (OLD[:8] in out.getvalue()) is shown
        assert NEW[:8] in out.getvalue()
        assert "column." not in out.getvalue()
        assert max(map(len, out.getvalue().splitlines())) <= 100


@pytest.mark.parametrize("language", LANGUAGES)
def test_differences_in_words(language: str) -> None:
    say, out = load_texts(language), io.StringIO()
    both = BothWords(
        at="",
        box=[BoxLane(epoch=NEW, lane="record", last=5, settled=5), BoxLane(epoch=OLD, lane="alarm", last=1, settled=0)],
        centre=[StoredLane(epoch=NEW, lane="record", through=2, highest=4)],
    )  # fmt: skip
    differ = [Difference(what=word, epoch=NEW, lane="record", first=1, last=2, order="x" * 150) for word in WORDS]
    draw_differences(both, differ, out, say)
    text = " ".join(out.getvalue().split())
    assert [word for word in WORDS if say(f"reconcile.{word}") not in text] == []
    assert "x" * 150 in out.getvalue(), "an order can be copied whole"
    out = io.StringIO()
    draw_differences(both, [], out, say)
    assert say("reconcile.agree") in out.getvalue()
