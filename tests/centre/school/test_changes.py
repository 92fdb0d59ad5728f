"""What changes is counted by kind; what a cut file would take away is alarming."""

from __future__ import annotations

from pathlib import Path

import pytest

from centre.school.changes import KINDS, Change, compare, counts
from centre.school.datasets import MADE_HERE
from tests.centre.school.folders import changed, copied, text
from tests.centre.school.test_building import built


def moved(before: dict[str, bytes], after: dict[str, bytes]) -> dict[str, tuple[int, int, int]]:
    """Added, removed, changed of each kind of which anything is."""
    found = {one.what: (one.added, one.removed, one.changed) for one in compare(before, after)}
    return {what: numbers for what, numbers in found.items() if any(numbers)}


def test_the_first_time_everything_is_added() -> None:
    found = compare({}, built())
    assert [one.what for one in found] == [what for what, dataset, _ in KINDS if dataset != "live"]
    assert all(one.before == one.removed == one.changed == 0 and one.added == one.after > 0 for one in found)
    assert moved(built(), built()) == {}
    assert counts(built())["pupils"] == 8


CASES = [
    ("another class", {"pupils": changed("pupils", "P-1001;1А", "P-1001;5А")}, {"pupils": (0, 0, 1)}),
    ("a card is blocked", {"cards": changed("cards", "6F007B3972;no", "6F007B3972;yes")},
     {"card numbers": (0, 3, 0), "blocked numbers": (3, 0, 0)}),
    ("a card of another", {"cards": changed("cards", "P-1001;;em", "P-1002;;em")}, {"card numbers": (0, 0, 3)}),
    ("a tariff", {"tariffs": changed("tariffs", "600", "650")}, {"tariffs": (0, 0, 1)}),
    ("a holiday", {"holidays": changed("holidays", "2026-11-01", "2026-11-02")}, {"holidays, workdays": (0, 0, 1)}),
    ("a new pupil", {"pupils": text("pupils") + "P-2001;1А;\n"}, {"pupils": (1, 0, 0)}),
]  # fmt: skip


@pytest.mark.parametrize(("files", "want"), [pytest.param(*row[1:], id=row[0]) for row in CASES])
def test_a_change_is_counted_by_its_kind(
    files: dict[str, str], want: dict[str, tuple[int, int, int]], tmp_path: Path
) -> None:
    assert moved(built(), built(copied(tmp_path / "school", **files))) == want


def test_a_dataset_that_is_not_loaded_again_stays() -> None:
    rest = {name: content for name, content in built().items() if name != "clubs"}
    assert moved(built(), rest) == {}
    assert set(MADE_HERE) - {"live"} == set(built())  # that comes from centre.toml


@pytest.mark.parametrize(("before", "removed", "alarming"), [(3_000, 749, False), (3_000, 750, True), (20, 9, False),
                                                              (20, 10, True), (0, 0, False)])  # fmt: skip
def test_a_quarter_less_is_alarming(before: int, removed: int, alarming: bool) -> None:
    one = Change(what="pupils", before=before, after=before - removed, added=0, removed=removed, changed=0)
    assert one.alarming is alarming
