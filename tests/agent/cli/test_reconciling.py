"""Where box and centre differ: a table of both words, and what is to be asked for."""

from __future__ import annotations

import json
import shlex

import pytest

from agent.cli.reconciling import WORDS, differences, resend
from agent.model import Lane
from agent.ops.centre_word import BothWords, BoxLane
from agent.outbox.stored import LaneRow
from agent.sync.topics import StoredLane
from agent.texts import LANGUAGES, load_texts
from centre.cli import main as centre_main

EPOCH = "0f8fad5b-d9cb-469f-a165-70867728950e"
CASES = [  # the box: last, settled, first on the disk; the centre: through, highest; the differences
    ("of one mind", (10, 10, 1), (10, 10), []),
    ("the rest is on its way", (12, 10, 1), (10, 10), []),
    ("receipts are on their way", (12, 10, 1), (12, 12), [("unheard", 11, 12)]),
    ("a gap below what is sent, nothing settled in it", (12, 4, 1), (4, 9), []),
    ("the centre lacks the end", (12, 12, 1), (7, 7), [("lacks", 8, 12)]),
    ("it lacks what is partly removed", (12, 12, 10), (7, 7), [("gone", 8, 9), ("lacks", 10, 12)]),
    ("it lacks what is removed", (12, 12, 0), (7, 7), [("gone", 8, 12)]),
    ("it lacks all", (3, 3, 1), (0, 0), [("lacks", 1, 3)]),
    ("a gap in what is settled", (12, 12, 1), (7, 12), [("lacks", 8, 12)]),
    ("the box was put back", (5, 5, 1), (5, 9), [("ahead", 6, 9)]),
    ("nothing is said, nothing owed", (5, 5, 1), None, []),
    ("nothing is said of what is owed", (5, 3, 1), None, [("unasked", 4, 5)]),
]


def words(box: tuple[int, int, int], centre: tuple[int, int] | None) -> list:
    last, settled, kept = box
    said = [StoredLane(epoch=EPOCH, lane="record", through=centre[0], highest=centre[1])] if centre else []
    both = BothWords(
        at="2026-11-23T08:00:00.000000Z",
        box=[BoxLane(epoch=EPOCH, lane="record", last=last, settled=settled)],
        centre=said,
    )
    row = LaneRow(epoch=EPOCH, lane=Lane.RECORD, settled=settled, last=last, first_kept=kept, bytes=0, oldest_owed_ns=0)
    return differences(both, [row], "school-07")


@pytest.mark.parametrize(("box", "centre", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_differences(box: tuple[int, int, int], centre: tuple[int, int] | None, expected: list) -> None:
    found = words(box, centre)
    assert [(one.what, one.first, one.last) for one in found] == expected
    assert [bool(one.order) for one in found] == [one.what == "lacks" for one in found]
    assert [one.is_bad for one in found] == [one.what != "unheard" for one in found]


def test_every_difference_occurs_and_has_its_words() -> None:
    assert {one.what for _, box, centre, _ in CASES for one in words(box, centre)} == set(WORDS)
    for language in LANGUAGES:
        say = load_texts(language)
        assert [word for word in WORDS if say(f"reconcile.{word}") == f"reconcile.{word}"] == []


def test_the_centre_can_type_the_order(capsys: pytest.CaptureFixture[str]) -> None:
    program, command, school, name, option, args = shlex.split(resend("school-07", EPOCH, "record", 8, 12))
    assert (program, command, school, name, option) == ("mektep-centre", "order", "school-07", "resend", "--args")
    assert json.loads(args) == {"epoch": EPOCH, "lane": "record", "first": 8, "last": 12}
    with pytest.raises(SystemExit):
        centre_main([command, "--help"])
    assert "--args" in capsys.readouterr().out
