"""The audit as a whole: a sound ledger passes; whatever is changed in it, anywhere, is found and named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from agent.audit.audit import Report
from agent.audit.sums import Month
from agent.ledger.lines import sums
from agent.ledger.note import parse_checkpoint, unverified_text
from bench.ledger_year import year
from tests.agent.audit.kept import LEAVES, about, audited, changed, codes, data_of, erased, hashes_of, ledger

Change = Callable[[dict[str, Any]], None]
SOUND = ledger()
STATEMENTS = [index for index, event in enumerate(SOUND.events) if b"ledger.statement" in event]
MEALS = [index for index, event in enumerate(SOUND.events) if b"meal.granted" in event]
SIZES = [parse_checkpoint(unverified_text(note)).size for note, _ in SOUND.notes]
INDEX = st.integers(min_value=0, max_value=LEAVES - 1)


def window(index: int) -> tuple[int, int]:
    """The leaves between the checkpoints around a leaf."""
    return max(size for size in [0, *SIZES] if size <= index), min(size for size in SIZES if size > index)


def named(report: Report, index: int) -> None:
    """Something is said of this leaf, and of no more leaves than those between two checkpoints."""
    first, end = window(index)
    exact = [one for one in about(report, index) if one.last - one.first < max(1, end - first)]
    assert exact, (index, report.findings)


def test_a_sound_ledger_is_in_order() -> None:
    report = audited(ledger())
    assert (report.findings, report.notes, report.untold) == ([], [], {})
    (log,) = report.logs
    assert (log.leaves, log.vouched, log.statements) == (LEAVES, LEAVES, len(STATEMENTS))
    assert (log.checkpoints, log.unchecked, log.unsummed, log.erased, log.hash_only) == (len(SIZES), 0, 0, 0, 0)


def test_the_months_are_the_statements() -> None:
    said = [data_of(SOUND.events[index]) for index in STATEMENTS]
    months: list[Month] = audited(ledger()).months
    for name in ("meals", "meals_tenge", "visits", "visits_tenge"):
        assert sum(getattr(month, name) for month in months) == sum(one[name] for one in said)


@given(INDEX, st.sampled_from(["time", "type", "data"]), st.data())
@settings(max_examples=12, deadline=None)
def test_an_altered_leaf_is_found_and_named(index: int, where: str, data: st.DataObject) -> None:
    made = ledger()
    name = data.draw(st.sampled_from(sorted(data_of(made.events[index]))))

    def change(event: dict[str, Any]) -> None:
        if where == "data":
            event["data"][name] = other(event["data"][name])
        else:
            event[where] = event[where][:-1] + ("8" if event[where][-1] != "8" else "9")

    made.events[index] = changed(made.events[index], change)
    report = audited(made)
    named(report, index)
    assert "A-115" in codes(with_hashes := audited(made, kept=hashes_of(SOUND))) or "A-113" in codes(with_hashes)
    assert [one.first for one in with_hashes.findings if one.code in ("A-113", "A-115")] == [index] * len(
        [one for one in with_hashes.findings if one.code in ("A-113", "A-115")]
    )
    assert with_hashes.logs[0].vouched == LEAVES


def other(value: Any) -> Any:
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case str() if value:
            return value[:-1] + ("0" if value[-1] != "0" else "1")
        case str():
            return "x"
        case list():
            return [*value, "stale"]
        case _:
            return {}


@given(st.sampled_from(MEALS), st.integers(min_value=-700, max_value=9_000).filter(bool))
@settings(max_examples=12, deadline=None)
def test_another_tariff_is_found_with_the_line_that_it_falsifies(index: int, more: int) -> None:
    made = ledger()
    made.events[index] = changed(
        made.events[index], lambda event: event["data"].update(tenge=event["data"]["tenge"] + more)
    )
    report = audited(made)
    named(report, index)
    (statement,) = {one.first for one in report.findings if one.code == "A-143"}
    assert statement == min(place for place in STATEMENTS if place > index)


@given(INDEX)
@settings(max_examples=12, deadline=None)
def test_a_removed_leaf_is_found_and_named(index: int) -> None:
    made = ledger()
    del made.events[index]
    report = audited(made)
    named(report, index)
    assert codes(report)[0] == ("A-111" if index < LEAVES - 1 else "A-133")
    with_hashes = audited(made, kept=hashes_of(SOUND))
    named(with_hashes, index)
    if index < LEAVES - 1:
        assert with_hashes.logs[0].vouched == LEAVES


@given(INDEX)
@example(1943)  # after it no checkpoint is left that the log reaches
@settings(max_examples=12, deadline=None)
def test_a_leaf_removed_with_all_later_ones_renumbered_is_found(index: int) -> None:
    made = ledger()
    del made.events[index]
    for place in range(index, LEAVES - 1):
        made.events[place] = made.events[place].replace(b'"leaf":"%d"' % (place + 1), b'"leaf":"%d"' % place)
    named(audited(made), index)


@given(INDEX, INDEX)
@settings(max_examples=12, deadline=None)
def test_a_leaf_put_in_is_found_and_named(index: int, of: int) -> None:
    made = ledger()
    made.events.insert(index, made.events[of])
    report = audited(made)
    assert about(report, of), report.findings
    assume(of != index)
    made = ledger()
    made.events.insert(index, changed(SOUND.events[of], lambda event: event.update(leaf=str(index))))
    for place in range(index, LEAVES):
        old, new = b'"leaf":"%d"' % place, b'"leaf":"%d"' % (place + 1)
        made.events[place + 1] = made.events[place + 1].replace(old, new)
    named(audited(made), index)


@given(INDEX, INDEX)
@settings(max_examples=12, deadline=None)
def test_swapped_leaves_are_found_and_named(one: int, two: int) -> None:
    first, last = sorted((one, two if two != one else (one + 1) % LEAVES))
    made = ledger()
    made.events[first], made.events[last] = made.events[last], made.events[first]
    assert about(audited(made), first)
    a, b = SOUND.events[first], SOUND.events[last]
    made.events[first] = changed(b, lambda event: event.update(leaf=str(first)))
    made.events[last] = changed(a, lambda event: event.update(leaf=str(last)))
    report = audited(made)
    named(report, first)
    with_hashes = audited(made, kept=hashes_of(SOUND))
    assert {one.first for one in with_hashes.findings if one.code == "A-115"} == {first, last}


@given(st.sampled_from(STATEMENTS), st.data())
@settings(max_examples=12, deadline=None)
def test_another_line_of_a_statement_is_found_with_its_day(index: int, data: st.DataObject) -> None:
    made = ledger()
    place = data.draw(st.integers(min_value=0, max_value=len(data_of(made.events[index])["lines"]) - 1))
    what = data.draw(st.sampled_from(["count", "tenge", "day", "what", "kind", "removed", "added"]))

    def change(event: dict[str, Any]) -> None:
        lines = event["data"]["lines"]
        if what == "removed":
            del lines[place]
        elif what == "added":
            lines.append(lines[place] | {"day": "2020-01-01"})
        elif what == "kind":
            lines[place]["kind"] = "reversed" if lines[place]["kind"] != "reversed" else "visit"
        else:
            lines[place][what] = other(lines[place][what])
        event["data"] |= sums((one["kind"], one["tenge"], one["count"]) for one in lines)  # it adds up

    made.events[index] = changed(made.events[index], change)
    report = audited(made)
    named(report, index)
    assert {one.day for one in report.findings if one.code in ("A-143", "A-113")} == {
        data_of(SOUND.events[index])["day"]
    }


@given(st.integers(min_value=0, max_value=len(SIZES) - 1), st.data())
@settings(max_examples=12, deadline=None)
def test_another_checkpoint_or_signature_is_found_and_named(number: int, data: st.DataObject) -> None:
    made = ledger()
    note, sequence = made.notes[number]
    at = data.draw(st.integers(min_value=0, max_value=len(note) - 1))
    made.notes[number] = (note[:at] + ("A" if note[at] != "A" else "B") + note[at + 1 :], sequence)
    report = audited(made)
    assert {one.facts["number"] for one in report.findings if one.code == "A-131"} == {number + 1}


def test_a_checkpoint_that_stands_twice_or_elsewhere_is_found() -> None:
    made = ledger()
    made.notes.insert(9, made.notes[4])
    assert [(one.code, one.case, one.facts["number"]) for one in audited(made).findings] == [("A-134", "shrunk", 10)]
    made = ledger()
    made.notes[4], made.notes[5] = made.notes[5], made.notes[4]
    assert [(one.code, one.case, one.facts["number"]) for one in audited(made).findings] == [("A-134", "shrunk", 6)]
    made = ledger()
    made.notes.insert(5, made.notes[4])
    assert [(one.code, one.case, one.facts["number"]) for one in audited(made).findings] == [("A-134", "order", 6)]


def test_without_the_last_checkpoints_it_is_told_what_nobody_vouches_for() -> None:
    made = ledger()
    del made.notes[-1]
    report = audited(made)
    assert report.findings == []
    (note,) = report.notes
    assert (note.code, note.first, note.last) == ("A-161", SIZES[-2], LEAVES - 1)
    made.notes = made.notes[:-12]  # more than a day
    (finding,) = audited(made).findings
    assert (finding.code, finding.last) == ("A-137", LEAVES - 1)
    made.notes = []
    (finding,) = audited(made).findings
    assert (finding.code, finding.first, finding.last) == ("A-137", 0, LEAVES - 1)


def test_a_checkpoint_may_be_missing_between_others() -> None:
    made = ledger()
    del made.notes[7]
    assert audited(made).findings == []


@given(st.sets(st.sampled_from(MEALS), min_size=1, max_size=50))
@settings(max_examples=10, deadline=None)
def test_erasure_changes_neither_roots_nor_sums(indices: set[int]) -> None:
    made = ledger()
    for index in indices:
        made.events[index] = erased(made.events[index])
    report, sound = audited(made), audited(ledger())
    assert (report.findings, report.months, report.logs[0].erased) == ([], sound.months, len(indices))
    assert report.logs[0].root == sound.logs[0].root


def test_two_changes_are_both_named_where_hashes_are_kept() -> None:
    made = ledger()
    for index in (100, 101, 1_500):
        made.events[index] = changed(made.events[index], lambda event: event["data"].update(reader="elsewhere"))
    report = audited(made, kept=hashes_of(SOUND))
    assert [one.first for one in report.findings if one.code == "A-115"] == [100, 101, 1_500]


def test_a_changed_hash_is_told_from_a_changed_event() -> None:
    kept = bytearray(hashes_of(SOUND))
    kept[77 * 32] ^= 1
    (finding,) = audited(ledger(), kept=bytes(kept)).findings
    assert (finding.code, finding.first) == ("A-116", 77)


def test_rubbish_among_the_lines_is_named_and_nothing_else() -> None:
    made = ledger()
    made.events.insert(700, b"rubbish \xff")
    (finding,) = audited(made).findings
    assert (finding.code, finding.first) == ("A-113", 700)


def test_what_is_too_much_is_counted_and_not_told() -> None:
    made = ledger()
    made.events = [b"{}"] * 1_000
    report = audited(made)
    assert report.untold["A-113"] == 900
    assert len(report.findings) < 300


def test_meals_among_twenty_thousand() -> None:
    made = year(20_000, 10)
    kept, indices = hashes_of(made), [1, 4_095, 4_096, 17_171, 19_998]
    assert audited(made).findings == []
    for index in indices:
        made.events[index] = changed(made.events[index], lambda event: event.update(time="2026-09-01T00:00:00.000000Z"))
    assert [one.first for one in audited(made, kept=kept).findings if one.code == "A-115"] == indices
    first = next(one for one in audited(made).findings if one.code == "A-132")
    assert first.first <= indices[0] <= first.last < 2_000
