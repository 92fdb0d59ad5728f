"""A picture in two forms for two circles of people: each opens its own and nothing else, and an empty one is told."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pyrage
import pytest

from agent.age import fingerprint
from agent.datasets import Recipients
from agent.evidence import not_kept
from agent.evidence.picture import Ids
from agent.model import Severity
from tests.agent.evidence.kept import Box
from tests.agent.evidence.pictures import DESK, DESK_IDENTITY, IDENTITY, RECIPIENT, change, evidence_of, jpeg, opened
from tests.agent.outbox.box import opened as outbox_opened
from tests.agent.outbox.box import records
from tests.clock import FastClock


def both(box: Box) -> dict[str, tuple[str, bytes]]:
    """What each circle can open of all files, by id."""
    found = {}
    for id_, sealed in box.files().items():
        for key in (IDENTITY, DESK_IDENTITY):
            with contextlib.suppress(pyrage.DecryptError):
                content = opened(sealed, key)
                assert id_ not in found  # one circle alone
                found[id_] = (key, content)
    return found


async def test_the_police_opens_the_plain_form_and_the_desk_the_blurred_one(box: Box) -> None:
    plain, blurred = jpeg(30_000), jpeg(3_000, seed=2)
    ids = await box.evidence.keep(change(plain, blurred=blurred), "gate", Severity.ERROR)
    await box.evidence.drained()
    assert both(box) == {ids.snapshot: (IDENTITY, plain), ids.blurred: (DESK_IDENTITY, blurred)}
    told = {one["evidence"]: (one["kind"], one["recipients"], one["plain_bytes"]) for one in await box.sealed()}
    assert told == {
        ids.snapshot: ("snapshot", [fingerprint(RECIPIENT)], 30_000),
        ids.blurred: ("blurred", [fingerprint(DESK)], 3_000),
    }
    owed = box.evidence.shelf.owed()
    assert owed is not None
    assert (owed.id, owed.kind) == (ids.blurred, "blurred")  # the small one first: everybody sees something soon


CIRCLES = [
    ([], [DESK], "snapshot"),
    ([RECIPIENT], [], "blurred"),
    (["age1" + "q" * 58], [DESK], "snapshot"),
]


@pytest.mark.parametrize(("snapshot", "blurred", "missing"), CIRCLES)
async def test_where_a_circle_is_empty_that_form_is_not_kept_and_told(
    tmp_path: Path, snapshot: list[str], blurred: list[str], missing: str
) -> None:
    async with outbox_opened(tmp_path / "o.db") as outbox:
        named = Recipients(snapshot=snapshot, blurred=blurred)
        evidence = evidence_of(outbox, tmp_path, FastClock(), lambda: named)
        await evidence.begin()
        ids = await evidence.keep(change(jpeg(), blurred=jpeg(2_000)), "gate", Severity.ERROR)
        await evidence.drained()
        await evidence.tell_not_kept()
        assert (ids.snapshot == "", ids.blurred == "") == (missing == "snapshot", missing == "blurred")
        (lost,) = await records(outbox, "evidence.lost")
        assert (lost["evidence"], lost["kind"], lost["reason"]) == ("", missing, "no_recipient")
        (sealed,) = await records(outbox, "evidence.sealed")
        assert sealed["kind"] != missing
        assert len(evidence.trouble()) == 1


async def test_a_camera_that_chatters_loses_both_forms(box: Box) -> None:
    picture = change(jpeg(), blurred=jpeg(2_000))
    ids = [await box.evidence.keep(picture, "gate", Severity.ERROR) for _ in range(not_kept.PER_MINUTE + 1)]
    await box.evidence.drained()
    await box.evidence.tell_not_kept()
    assert ids[-1] == Ids()
    assert len(box.files()) == 2 * not_kept.PER_MINUTE
    lost = {(one["kind"], one["reason"], one["count"]) for one in await records(box.outbox, "evidence.lost")}
    assert lost == {("snapshot", "too_many", 1), ("blurred", "too_many", 1)}


async def test_a_form_that_could_not_be_made_is_none(box: Box) -> None:
    ids = await box.evidence.keep(change(b"", blurred=jpeg(2_000)), "gate", Severity.ERROR)
    assert (ids.snapshot, bool(ids.blurred)) == ("", True)
    await box.evidence.drained()
    assert await box.lost() == []
