"""The reconciliation: a day on which all is well, and each way in which something can be missing, doubled, foreign or
altered, with the words that it gets. Nothing missing may pass.
"""

from __future__ import annotations

import copy
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest

from simulator.truth import Fire, Shown, Truth, reconcile

KEY = b"k" * 32
EPOCH, OLD = "11111111-1111-1111-1111-111111111111", "00000000-0000-0000-0000-000000000000"
CARDS = [bytes([0x6F, 0, 0, 0, number]) for number in range(1, 5)]
Stored = dict[str, Any]


def number(card: bytes) -> str:
    return f"em4100:{card.hex().upper()}"


def hashed(card: bytes) -> str:
    return hmac.new(KEY, f"em4100:{card.hex().upper()}".encode(), hashlib.sha256).digest()[:16].hex()


def event(lane: str, sequence: int, type_: str, data: Stored, epoch: str = EPOCH) -> Stored:
    source = f"/schools/school-07/{epoch}/{lane}"
    return {"source": source, "sequence": f"{sequence:019d}", "type": f"kz.mektep.{type_}.v1", "data": data}


def seen(sequence: int, card: bytes) -> Stored:
    return event("record", sequence, "card.seen", {"card": hashed(card)})


def zone(sequence: int, sensor: str, number: int, state: str) -> Stored:
    return event("alarm", sequence, "fire.zone", {"sensor": sensor, "zone": number, "state": state})


class Day:
    """What is compared; a test spoils one thing."""

    def __init__(self) -> None:
        self.truth = Truth()
        self.truth.shown = [Shown("canteen-1", number(card), light) for card, light in zip(CARDS, "GG", strict=False)]
        self.truth.shown += [Shown("canteen-2", number(CARDS[2]), ""), Shown("canteen-2", number(CARDS[3]), "W")]
        self.truth.fires = [Fire(3, 1.0), Fire(1, 2.0, "duct"), Fire(3, 5.0)]
        for fire in self.truth.fires:
            fire.to_s = fire.from_s + 1
        self.pictures: dict[str, str] = {}
        self.events = [
            zone(1, "fire-panel", 3, "normal"),
            zone(2, "fire-panel", 3, "fire"),
            zone(3, "duct", 1, "fire"),
            zone(4, "fire-panel", 3, "normal"),
            zone(5, "duct", 1, "normal"),
            zone(6, "fire-panel", 3, "fire"),
            zone(7, "fire-panel", 3, "normal"),
            seen(1, CARDS[0]),
            seen(2, CARDS[1]),
            seen(3, CARDS[3]),  # it was refused at the door, or its light came too late to be seen
            event("telemetry", 1, "health", {}),
        ]
        lane = {"gaps": [], "losses": [], "quarantined": 0, "conflicts": 0}
        lengths = {"alarm": 7, "record": 3, "telemetry": 1}
        self.centre: Stored = {
            "epochs": {
                EPOCH: {
                    name: {"through": length, "highest": length, "events": length} | copy.deepcopy(lane)
                    for name, length in lengths.items()
                }
            }
        }
        self.status: Stored = {
            "epoch": EPOCH,
            "lanes": {name: {"last": length, "settled": length} for name, length in lengths.items()},
        }
        self.kept = {(EPOCH, "record", 2): json.dumps(self.events[8])}

    def lane(self, name: str) -> Stored:
        found: Stored = self.centre["epochs"][EPOCH][name]
        return found

    def reconcile(self) -> Stored:
        events = [json.dumps(one) for one in self.events]
        return reconcile(self.truth, events, self.centre, self.status, self.kept, KEY, self.pictures, {"P1": "key-1"})


def test_what_was_numbered_while_the_box_was_stopped_may_be_stored() -> None:
    day = Day()
    day.status["lanes"]["alarm"] |= {"last": 6, "at_stop": 7}
    assert day.reconcile()["wrong"] == []
    day.status["lanes"]["alarm"] |= {"last": 5, "at_stop": 6}
    assert day.reconcile()["wrong"] == ["lane alarm: the box numbered to 5, the centre stored through 7"]


def test_a_day_on_which_all_is_well() -> None:
    result = Day().reconcile()
    assert result.pop("wrong") == []
    assert result == {
        "taps": 4,
        "green": 2,
        "refused": 0,
        "not_known": 0,
        "cards_stored": 3,
        "fires": 3,
        "smokes": 1,
        "oddities": 0,
        "reports": 0,
        "pictures": 0,
        "fires_told": 3,
        "events_stored": 11,
        "epochs": 1,
        "compared_bytes_of_events": 1,
    }


def test_an_agent_that_started_again_may_tell_a_fire_twice() -> None:
    day = Day()
    day.events.insert(2, zone(8, "fire-panel", 3, "fire"))
    day.lane("alarm").update(through=8, highest=8, events=8)
    day.status["lanes"]["alarm"]["last"] = 8
    assert day.reconcile()["wrong"] == []


def test_a_zone_that_chattered_is_told_by_its_gathered_state() -> None:
    day = Day()
    latest = {"sensor": "fire-panel", "zone": 3, "state": "normal"}
    data = {"source": "fire-panel/3", "type": "kz.mektep.fire.zone.v1", "latest": latest}
    day.events[5:7] = [event("alarm", 6, "source.flapping", data), event("alarm", 7, "source.failed", {})]
    assert day.reconcile()["wrong"] == []
    latest["state"] = "fire"
    assert day.reconcile()["wrong"] == ["zone 3 of fire-panel ends as fire"]


def test_what_telemetry_dropped_is_explained_by_its_loss() -> None:
    day = Day()
    loss = {"epoch": EPOCH, "lane": "telemetry", "first": 2, "last": 4, "count": 3, "reason": "quota"}
    day.events += [event("telemetry", 5, "health", {}), event("record", 4, "loss", loss)]
    day.lane("telemetry").update(through=5, highest=5, events=2, losses=[[2, 4]])
    day.lane("record").update(through=4, highest=4, events=4)
    day.status["lanes"]["telemetry"]["last"], day.status["lanes"]["record"]["last"] = 5, 4
    assert day.reconcile()["wrong"] == []


def test_a_decision_is_found_under_the_pupils_key_or_the_cards_hash() -> None:
    day = Day()
    day.truth.shown[0] = Shown("canteen-1", number(CARDS[0]), "R", pupil="P1", expected="R")
    day.truth.shown[1] = Shown("canteen-1", number(CARDS[1]), "U", expected="U")
    day.events[7]["type"], day.events[7]["data"] = "kz.mektep.meal.refused.v1", {"pupil": "key-1", "card": ""}
    day.events[8]["type"] = "kz.mektep.attendance.passed.v1"
    day.kept.clear()
    result = day.reconcile()
    assert (result["wrong"], result["refused"], result["not_known"]) == ([], 1, 1)
    day.truth.shown[0].expected = "G"
    assert day.reconcile()["wrong"] == [f"card {number(CARDS[0])} at canteen-1 got R in place of G"]


# --- what is wrong ---------------------------------------------------------------------------------------------------


def card_lost(day: Day) -> None:
    """And nobody noticed: the centre's own numbers agree."""
    del day.events[9], day.events[8]
    day.lane("record").update(through=1, highest=1, events=1)
    day.status["lanes"]["record"]["last"] = 1
    day.kept.clear()


def card_twice(day: Day) -> None:
    day.events.append(seen(4, CARDS[0]))
    day.lane("record").update(through=4, highest=4, events=4)
    day.status["lanes"]["record"]["last"] = 4


def refused_card_twice(day: Day) -> None:
    day.events.append(seen(4, CARDS[3]))
    day.lane("record").update(through=4, highest=4, events=4)
    day.status["lanes"]["record"]["last"] = 4


def foreign_card(day: Day) -> None:
    day.events[9] = seen(3, b"\x6f\0\0\0\x63")


def fire_not_told(day: Day) -> None:
    day.events[5] = zone(6, "fire-panel", 3, "attention")


def smoke_not_told(day: Day) -> None:
    """A fire in zone 1 of the panel is not the smoke in zone 1 of the duct."""
    day.events[2] = zone(3, "fire-panel", 1, "fire")


def ends_burning(day: Day) -> None:
    day.events[6] = zone(7, "fire-panel", 3, "fire")


def ends_calm(day: Day) -> None:
    day.truth.fires[-1].to_s = float("inf")


def sequence_missing(day: Day) -> None:
    """The centre says that all is whole, but what it shows is not."""
    day.events[8] = seen(9, CARDS[1])
    day.kept.clear()
    day.lane("record").update(through=9, highest=9)
    day.status["lanes"]["record"]["last"] = 9


def sequence_twice(day: Day) -> None:
    day.events.append(copy.deepcopy(day.events[10]))
    day.lane("telemetry")["events"] = 2


def event_hidden(day: Day) -> None:
    del day.events[10]


def gap(day: Day) -> None:
    day.lane("record").update(through=1, gaps=[[2, 2]])


def old_epoch_not_whole(day: Day) -> None:
    lane = {"through": 4, "highest": 4, "events": 4, "gaps": [[5, 5]], "losses": [], "quarantined": 0, "conflicts": 0}
    day.centre["epochs"][OLD] = {"telemetry": lane}
    day.events += [event("telemetry", sequence, "health", {}, OLD) for sequence in range(1, 5)]


def owed(day: Day) -> None:
    day.status["lanes"]["record"]["last"] = 5


def lane_unknown_to_the_centre(day: Day) -> None:
    day.status["lanes"]["evidence"] = {"last": 1, "settled": 0}


def other_epoch(day: Day) -> None:
    day.status["epoch"] = OLD


def quarantined(day: Day) -> None:
    day.lane("record")["quarantined"] = 1


def conflict(day: Day) -> None:
    day.lane("record")["conflicts"] = 1


def record_dropped(day: Day) -> None:
    loss = {"epoch": EPOCH, "lane": "alarm", "first": 8, "last": 9, "count": 2, "reason": "disk_full"}
    day.events[9] = event("record", 3, "loss", loss)


def altered(day: Day) -> None:
    day.kept[EPOCH, "record", 2] += " "


def centre_silent(day: Day) -> None:
    day.centre = {}


def box_silent(day: Day) -> None:
    day.status = {}


def defect(day: Day) -> None:
    day.truth.defects.append("the agent ended by itself")


def nothing_stored(day: Day) -> None:
    day.events, day.centre, day.status, day.kept = [], {"epochs": {}}, {"epoch": EPOCH, "lanes": {}}, {}


WRONG: list[tuple[Callable[[Day], None], list[str]]] = [
    (card_lost, ["card em4100:6F00000002 at canteen-1 was green and is stored 0 times"]),
    (card_twice, ["card em4100:6F00000001 at canteen-1 was green and is stored 2 times"]),
    (refused_card_twice, ["card em4100:6F00000004 at canteen-2 is stored 2 times"]),
    (foreign_card, ["a card that nobody showed is stored 1 times"]),
    (fire_not_told, ["zone 3 of fire-panel burned 2 times and was told 1 times"]),
    (
        smoke_not_told,
        [
            "a fire was told in zone 1 of fire-panel, which never burned",
            "zone 1 of duct burned 1 times and was told 0 times",
        ],
    ),
    (ends_burning, ["zone 3 of fire-panel ends as fire"]),
    (ends_calm, ["zone 3 of fire-panel ends as normal"]),
    (sequence_missing, [f"/schools/school-07/{EPOCH}/record lacks {one}" for one in (2, 4, 5, 6, 7)]),
    (sequence_twice, [f"/schools/school-07/{EPOCH}/telemetry holds 1 more than once"]),
    (
        event_hidden,
        [
            "lane telemetry: the centre counts 1 events and shows 0",
            "lane telemetry: the centre says 1 and shows 0 as the last",
        ],
    ),
    (
        gap,
        [
            "lane record of 11111111 is stored through 1 of 3",
            "lane record: the box numbered to 3, the centre stored through 1",
        ],
    ),
    (old_epoch_not_whole, ["lane telemetry of 00000000 is stored through 4 of 4"]),
    (owed, ["lane record: the box numbered to 5, the centre stored through 3"]),
    (lane_unknown_to_the_centre, ["lane evidence: the box numbered to 1, the centre stored through 0"]),
    (other_epoch, [f"lane {lane}: the box numbered to {n}, the centre stored through 0" for lane, n in
                   (("alarm", 7), ("record", 3), ("telemetry", 1))]),
    (quarantined, ["lane record of 11111111: 0 conflicts, 1 quarantined"]),
    (conflict, ["lane record of 11111111: 1 conflicts, 0 quarantined"]),
    (record_dropped, ["lane alarm dropped 8 to 9"]),
    (altered, ["11111111/record/2 is not stored with the same bytes"]),
    (centre_silent, ["the centre does not answer"]),
    (box_silent, ["the box shows no lanes"]),
    (defect, ["the agent ended by itself"]),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "words"), WRONG, ids=[spoil.__name__ for spoil, _ in WRONG])
def test_what_is_wrong_is_said(spoil: Callable[[Day], None], words: list[str]) -> None:
    day = Day()
    spoil(day)
    assert day.reconcile()["wrong"] == words


def test_each_kind_of_trouble_has_its_own_words() -> None:
    assert len({tuple(words) for _, words in WRONG}) == len(WRONG)


def test_a_centre_that_holds_nothing_cannot_pass() -> None:
    day = Day()
    nothing_stored(day)
    wrong = day.reconcile()["wrong"]
    assert sum("was green and is stored 0 times" in one for one in wrong) == day.truth.green()
    assert sum("was told 0 times" in one for one in wrong) == 2


@pytest.mark.parametrize("at", range(11))
def test_no_single_event_can_be_missing(at: int) -> None:
    """Whichever it is, and although the centre's and the box's counts agree with what is there."""
    day = Day()
    gone = day.events.pop(at)
    lane = gone["source"].rpartition("/")[2]
    day.lane(lane)["events"] -= 1
    assert day.reconcile()["wrong"]


@pytest.mark.parametrize("at", range(11))
def test_no_single_event_can_be_there_twice(at: int) -> None:
    day = Day()
    again = copy.deepcopy(day.events[at])
    day.events.append(again)
    day.lane(again["source"].rpartition("/")[2])["events"] += 1
    assert day.reconcile()["wrong"]
