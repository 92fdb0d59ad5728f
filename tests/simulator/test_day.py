"""The day: its script, the children that a seed gives, which faults are chosen, and how long they last."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import msgspec
import pytest

from simulator.day import SCRIPT, Day, children, chosen, load_script
from simulator.devices import Devices
from simulator.faults import FAULTS

HOURS = [("07:40", "08:00"), ("10:20", "11:00"), ("13:10", "13:40"), ("15:20", "16:00"), ("18:20", "18:40")]
HOURS += [("22:00", "22:20")]


class FakeSchool:
    """As much of a school as a day needs before it begins."""

    devices = Devices(Path("nowhere"), every_kind=True)


def day(seconds: float | None, faults: str = "all") -> Day:
    return Day(FakeSchool(), load_script(), chosen(faults), seconds)  # type: ignore[arg-type]


def test_the_shipped_script_is_a_day_of_two_shifts() -> None:
    script = load_script()
    assert [(phase.begins, phase.ends) for phase in script.phase] == HOURS
    assert script.timetable(None).seconds == pytest.approx(136)
    assert script.timetable(60).seconds == pytest.approx(60)
    rates = [phase.taps_a_minute for phase in script.phase]
    assert len(set(rates)) == len(rates)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("seed = 7", ""),
        ("seed = 7", "sead = 7"),
        ("speed = 75", 'speed = "fast"'),
        ('begins = "07:40"', 'begins = "7"'),
    ],
)
def test_a_wrong_script_is_refused(tmp_path: Path, old: str, new: str) -> None:
    text = SCRIPT.read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "day.toml").write_text(text.replace(old, new, 1))
    with pytest.raises(msgspec.ValidationError):
        load_script(tmp_path / "day.toml")


def test_the_same_seed_gives_the_same_children() -> None:
    assert list(islice(children(7, 1), 500)) == list(islice(children(7, 1), 500))


def test_another_seed_gives_others_in_other_haste() -> None:
    one, other = list(islice(children(7, 1), 100)), list(islice(children(8, 1), 100))
    assert [card for card, _ in one] == [card for card, _ in other]
    assert [haste for _, haste in one] != [haste for _, haste in other]


def test_no_card_is_shown_twice_and_a_child_is_in_haste_one_on_average() -> None:
    """What was stored is counted by card: two children may not share one."""
    met = [child for reader in (1, 2) for child in islice(children(7, reader), 2_000)]
    assert len({card for card, _ in met}) == len(met)
    assert all(len(card) == 5 for card, _ in met)
    assert sum(haste for _, haste in met) / len(met) == pytest.approx(1, abs=0.03)


def test_readers_are_not_in_step() -> None:
    assert [haste for _, haste in islice(children(7, 1), 50)] != [haste for _, haste in islice(children(7, 2), 50)]


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ("all", [fault.name for fault in FAULTS]),
        ("none", []),
        ("line cut", ["line cut"]),
        ("disk full, line cut", ["disk full", "line cut"]),
    ],
)
def test_faults_are_chosen_by_name(names: str, found: list[str]) -> None:
    assert [fault.name for fault in chosen(names)] == found


def test_an_unknown_fault_is_named_with_those_that_exist() -> None:
    with pytest.raises(ValueError, match=r"no fault 'coffee'; known: reader unplugged, .*clock jumps"):
        chosen("line cut,coffee")


@pytest.mark.parametrize("seconds", [30, 60, 120, 600])
def test_all_faults_fit_into_the_day(seconds: float) -> None:
    one = day(seconds)
    scale = one._scale()
    pauses = one._script.between_faults_s * min(1.0, scale)
    lasts = sum(max(0.5, fault.seconds * scale) + pauses for fault in FAULTS)
    assert lasts <= seconds
    assert lasts >= min(seconds * 0.6, 3 * sum(fault.seconds for fault in FAULTS))


def test_a_day_without_faults_needs_no_scale() -> None:
    assert day(60, "none")._scale() == 1.0


def test_what_happens_is_told_with_the_time_on_the_wall() -> None:
    one = day(60)
    for number in range(300):
        one.note(f"happening {number}")
    assert len(one.log) == 200
    assert one.log[-1].split() == ["0.0", "s", "07:40", "happening", "299"]
