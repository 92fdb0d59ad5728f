"""What becomes of a reading: a tap is recorded and lit, a zone's change is an alarm, a trouble is told once."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping, Sequence

import msgspec
import pytest

from agent.book import EMPTY, Book
from agent.datasets import Cards, Pupil
from agent.events import (
    CameraCounts,
    CameraNoticed,
    CameraPicture,
    CardSeen,
    ContactChanged,
    ReportPressed,
    SourceState,
    ZoneChanged,
)
from agent.incidents.kinds import Means
from agent.model import Lane
from agent.school.cards import card_hash
from agent.school.purpose import Purpose
from agent.sources import Trouble
from drivers.readings import (
    CardForm,
    ContactChange,
    ContactState,
    EyeTrouble,
    Light,
    Looked,
    Noticed,
    PictureChange,
    PictureState,
    Pressed,
    Tap,
    Watched,
    ZoneChange,
    ZoneState,
)
from tests.agent.paths.device import Device
from tests.agent.paths.house import CALENDAR, KEY, House
from tests.clock import START_NS

TAP = Tap(card="6F007B3972", form=CardForm.EM4100, at_ns=START_NS, monotonic_ns=7)
GONE = Trouble("P-102", "the port went away", "Check the plug.")


def zone(state: ZoneState, number: int = 3) -> ZoneChange:
    return ZoneChange(zone=number, state=state, before=None, codes=(37,), words="w", at_ns=START_NS, monotonic_ns=7)


# --- taps ---------------------------------------------------------------------------------------------------


async def test_a_tap_is_recorded_without_its_number_and_lit() -> None:
    house = House()
    (event,) = await house.reads(house.station(), TAP)
    assert event.lane is Lane.RECORD
    assert event.data == CardSeen(reader="canteen-1", form="em4100", card=card_hash(KEY, CardForm.EM4100, "6F007B3972"))
    assert (event.at.utc_ns, event.at.monotonic_ns, event.at.synced) == (START_NS, 7, True)
    assert house.device.lights == [Light.ACCEPTED]


async def test_a_tap_is_hashed_and_decided_by_one_book_also_while_another_comes() -> None:
    card = card_hash(KEY[::-1], CardForm.EM4100, TAP.card)
    pupil = Pupil(pupil="0a" * 8, class_="5А", cards=[card])
    cards = Cards(card_key=base64.b64encode(KEY[::-1]).decode(), classes=[], pupils=[pupil])
    house = House(books=iter([Book({"cards": cards}), EMPTY]).__next__)
    station = house.station()
    station.config = msgspec.structs.replace(station.config, purpose=Purpose.CLUB)
    (event,) = await house.reads(station, TAP)
    assert event.data.pupil == pupil.pupil  # type: ignore[attr-defined]


async def test_a_tap_while_the_clock_cannot_be_believed_says_so() -> None:
    house = House()
    house.clock.is_synced = False
    (event,) = await house.reads(house.station(), TAP)
    assert not event.at.synced


async def test_what_cannot_be_recorded_is_never_green() -> None:
    house = House(broken=True)
    with pytest.raises(OSError, match="no disk"):
        await house.rules.on_reading(house.station(), house.device, TAP)
    assert house.device.lights == []


@pytest.mark.parametrize("kind", ["signal", "sensor"])
async def test_a_lamp_lights_for_its_reader_while_it_is_open_and_nothing_else_does(kind: str) -> None:
    house = House()
    canteen = house.station()
    canteen.config = msgspec.structs.replace(canteen.config, signal="lamp-1")
    lamp = Device()
    with house.rules.while_open(house.station(kind, "lamp-1"), lamp):
        await house.reads(canteen, TAP)
        await asyncio.sleep(0)
    await house.reads(canteen, TAP)
    await asyncio.sleep(0)
    assert lamp.lights == ([Light.ACCEPTED] if kind == "signal" else [])
    assert house.device.lights == [Light.ACCEPTED] * 2


# --- zones --------------------------------------------------------------------------------------------------


async def test_a_zone_in_fire_is_an_alarm_with_its_place() -> None:
    house = House()
    (event,) = await house.reads(house.station("sensor", "panel", {3: "gym"}), zone(ZoneState.FIRE))
    assert event.lane is Lane.ALARM
    assert isinstance(event.data, ZoneChanged)
    assert (event.data.sensor, event.data.zone, event.data.place, event.data.state) == ("panel", 3, "gym", "fire")
    assert event.source == "panel/3"
    assert event.ahead_id.startswith("ahead-")
    assert house.device.lights == []


async def test_after_a_reconnection_only_what_differs_is_told() -> None:
    house = House()
    station = house.station("sensor", "panel")
    assert len(await house.reads(station, zone(ZoneState.FIRE))) == 1
    assert await house.reads(station, zone(ZoneState.FIRE)) == []
    (event,) = await house.reads(station, zone(ZoneState.RESTORED))
    assert isinstance(event.data, ZoneChanged)
    assert event.data.before == "fire"


async def test_zones_of_two_panels_are_two() -> None:
    house = House()
    assert len(await house.reads(house.station("sensor", "east"), zone(ZoneState.FIRE))) == 1
    assert len(await house.reads(house.station("sensor", "west"), zone(ZoneState.FIRE))) == 1


# --- contacts, buttons, cameras -------------------------------------------------------------------------------


async def test_a_contact_tells_what_differs() -> None:
    house = House()
    station = house.station("sensor", "door")
    at = {"at_ns": START_NS, "monotonic_ns": 7}
    active = ContactChange(contact="", state=ContactState.ACTIVE, before=None, **at)
    (event,) = await house.reads(station, active)
    assert event.data == ContactChanged(source="door", contact="", state="active", before="")
    assert await house.reads(station, active) == []
    (event,) = await house.reads(station, msgspec.structs.replace(active, state=ContactState.CUT))
    assert event.data == ContactChanged(source="door", contact="", state="cut", before="active")


async def test_an_alarm_of_a_contact_or_a_button_tells_what_it_means_and_where() -> None:
    house = House()
    closed = ContactChange(contact="", state=ContactState.ACTIVE, before=None, at_ns=START_NS, monotonic_ns=7)
    (event,) = await house.reads(house.station("sensor", "relay", means=Means.FIRE, place="gym"), closed)
    assert event.data == ContactChanged(
        source="relay", contact="", state="active", before="", means="fire", place="gym"
    )
    press = Pressed(at_ns=START_NS, monotonic_ns=7)
    (event,) = await house.reads(house.station("sensor", "help", means=Means.MEDICAL, place="gym"), press)
    assert event.data == ReportPressed(source="help", means="medical", place="gym")


async def test_each_press_of_a_button_is_a_report() -> None:
    house = House()
    press = Pressed(at_ns=START_NS, monotonic_ns=7)
    events = [*await house.reads(house.station("sensor", "button"), press)]
    events += await house.reads(house.station("sensor", "button"), press)
    assert [event.data for event in events] == [ReportPressed(source="button")] * 2


async def test_a_covered_camera_is_an_alarm_with_its_picture_kept() -> None:
    house = House()
    change = PictureChange(state=PictureState.COVERED, before=None, jpeg=b"jpeg", at_ns=START_NS, monotonic_ns=7)
    (event,) = await house.reads(house.station("camera", "gate"), change)
    assert event.data == CameraPicture(
        camera="gate", state="covered", before="", evidence="evidence-1", blurred="blurred-1"
    )
    assert [(picture.jpeg, camera) for picture, camera in house.kept] == [(b"jpeg", "gate")]
    assert await house.reads(house.station("camera", "gate"), change) == []
    assert len(house.kept) == 1


async def test_a_camera_that_is_clear_from_the_start_is_told_without_a_picture() -> None:
    """With each start of the agent somebody who walks by would be kept."""
    house = House()
    clear = PictureChange(state=PictureState.CLEAR, before=None, jpeg=b"jpeg", at_ns=START_NS, monotonic_ns=7)
    (event,) = await house.reads(house.station("camera", "gate"), clear)
    assert event.data == CameraPicture(camera="gate", state="clear", before="", evidence="")
    assert house.kept == []
    covered = msgspec.structs.replace(clear, state=PictureState.COVERED)
    for change in (covered, clear):
        (event,) = await house.reads(house.station("camera", "gate"), change)
    assert event.data == CameraPicture(
        camera="gate", state="clear", before="covered", evidence="evidence-2", blurred="blurred-2"
    )


# --- devices ------------------------------------------------------------------------------------------------


async def test_a_device_that_works_from_the_start_is_no_news() -> None:
    house = House()
    assert await house.changes(house.station(), None) == []


async def test_a_device_that_fails_and_heals_is_two_alarms() -> None:
    house = House()
    station = house.station()
    (failed,) = await house.changes(station, GONE)
    assert (failed.type, failed.lane) == ("kz.mektep.source.failed.v1", Lane.ALARM)
    assert failed.data == SourceState(source="canteen-1", code="P-102", what="the port went away", do="Check the plug.")
    (healed,) = await house.changes(station, None)
    assert healed.type == "kz.mektep.source.restored.v1"
    assert healed.data == SourceState(source="canteen-1", code="", what="works again", do="")
    assert await house.changes(station, None) == []


async def test_another_trouble_of_a_failed_device_is_told() -> None:
    house = House()
    station = house.station()
    await house.changes(station, GONE)
    (event,) = await house.changes(station, Trouble("R-190", "a defect", "Send the log."))
    assert isinstance(event.data, SourceState)
    assert event.data.code == "R-190"


async def test_trouble_of_a_device_and_alarms_of_its_zones_do_not_hide_each_other() -> None:
    house = House()
    station = house.station("sensor", "panel")
    (failed,) = await house.changes(station, GONE)
    (fire,) = await house.reads(station, zone(ZoneState.FIRE))
    assert failed.source != fire.source  # what chatters is gathered by its source


# --- the eyes -------------------------------------------------------------------------------------------------------

NOTICE = Noticed(
    camera="gate", detector="fight", kind="fight", zone="", score=0.9, lasted_s=2.0, box=None, detail="",
    jpeg=b"\xff\xd8 a fight", blurred=b"", at_ns=START_NS, monotonic_ns=7,
)  # fmt: skip


async def test_what_the_eyes_suspect_is_an_alarm_with_its_still_kept() -> None:
    house = House()
    (event,) = await house.reads(house.station("eyes", "eyes"), NOTICE)
    assert event.lane is Lane.ALARM
    assert isinstance(event.data, CameraNoticed)
    assert (event.data.camera, event.data.suspected) == ("gate", "fight")
    assert (event.data.evidence, event.data.blurred) == ("evidence-1", "blurred-1")
    assert house.kept == [(NOTICE, "gate")]


@pytest.mark.parametrize(("hours", "told"), [(0, False), (1, True)])
async def test_outside_its_schedule_nothing_is_told_and_no_still_is_kept(hours: int, told: bool) -> None:
    house = House()
    house.book = Book({"calendar": CALENDAR})
    at_ns = START_NS + hours * 3_600_000_000_000  # 08:00 is the first lesson, 09:00 none
    events = await house.reads(house.station("eyes", "eyes"), msgspec.structs.replace(NOTICE, at_ns=at_ns))
    assert (bool(events), bool(house.kept)) == (told, told)


class RestingEyes(Device):
    rested: list[Mapping[str, Sequence[str]]]

    def rest(self, resting: Mapping[str, Sequence[str]]) -> None:
        self.rested.append(resting)


async def test_the_eyes_learn_whose_time_it_is_when_they_open_and_with_each_report() -> None:
    house = House()
    house.book = Book({"calendar": CALENDAR})
    house.device = eyes = RestingEyes()
    eyes.rested = []
    station = house.station("eyes", "eyes")
    with house.rules.while_open(station, eyes):  # type: ignore[arg-type]
        assert eyes.rested == [{"gate": ["fight"]}]  # 08:00: a lesson
    house.clock.advance(3600)
    await house.reads(station, Watched(seconds=30, cameras={}, troubles=(), at_ns=START_NS, monotonic_ns=7))
    assert eyes.rested[1:] == [{"gate": []}]


async def test_another_detector_is_not_bound_by_that_schedule() -> None:
    house = House()
    house.book = Book({"calendar": CALENDAR})
    other = msgspec.structs.replace(NOTICE, detector="tamper", kind="covered")
    assert len(await house.reads(house.station("eyes", "eyes"), other)) == 1


async def test_reports_of_the_eyes_become_alarms_and_counts() -> None:
    house = House()
    trouble = EyeTrouble(camera="gate", detector="fight", code="V-301", what="failed", do="Send the log.")
    report = Watched(
        seconds=300, cameras={"gate": Looked(pictures=9)}, troubles=(trouble,), at_ns=START_NS, monotonic_ns=7
    )
    counts, failed = sorted(await house.reads(house.station("eyes", "eyes"), report), key=lambda one: one.type)
    assert isinstance(counts.data, CameraCounts)
    assert (counts.lane, counts.data.pictures) == (Lane.TELEMETRY, 9)
    assert failed.type == "kz.mektep.source.failed.v1"


async def test_counts_that_wait_for_the_disk_hold_up_no_suspicion_and_none_are_lost() -> None:
    house = House()
    eyes = house.station("eyes", "eyes")
    report = Watched(seconds=300, cameras={"gate": Looked(pictures=9)}, troubles=(), at_ns=START_NS, monotonic_ns=7)
    house.turns.clear()
    for _ in range(3):
        assert await asyncio.wait_for(house.reads(eyes, report), 5) == []
    (suspicion,) = await asyncio.wait_for(house.reads(eyes, NOTICE), 5)
    assert suspicion.type == "kz.mektep.camera.noticed.v1"
    house.turns.set()
    reports = 3
    async with asyncio.timeout(5):
        while len(told := pictures_counted(house)) < 2:
            await asyncio.sleep(0)
            await house.reads(eyes, report)
            reports += 1
    assert (told[0], sum(told) in (9 * reports, 9 * (reports - 1))) == (9, True)  # the last one may be of the next


def pictures_counted(house: House) -> list[int]:
    return [one.data.pictures for one in house.recorded if isinstance(one.data, CameraCounts)]


async def test_a_detector_that_tells_more_than_its_budget_is_a_trouble() -> None:
    house = House()
    for _ in range(2):
        await house.reads(house.station("eyes", "eyes"), NOTICE)
    (trouble,) = house.board.trouble()
    assert (trouble.code, "fight at gate told 2 times" in trouble.what) == ("V-305", True)
