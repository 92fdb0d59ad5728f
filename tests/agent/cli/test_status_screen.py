"""The screen over SSH: trouble first with what to do, devices, lanes, link; 100 columns, colours on terminals."""

from __future__ import annotations

import io
import os
import pty
import time
from collections.abc import Iterator

import msgspec
import pytest

from agent.cli.status_screen import draw
from agent.incident_events import Addressee
from agent.incidents.kinds import Certainty, Kind, Role
from agent.incidents.life import State
from agent.incidents.view import View
from agent.live.session import LiveShown
from agent.ops import status
from agent.ops.status import (
    DatasetView,
    DetectorView,
    EvidenceView,
    EyeView,
    LaneView,
    LinkView,
    PartView,
    SourceView,
    Status,
    TroubleView,
    WeekView,
)
from agent.pipelines.watch import Detects
from agent.school.told import USUAL
from agent.texts import LANGUAGES, load_texts
from agent.texts.measures import number
from drivers.readings import ContactState, ZoneState

AT = "2026-11-23T08:12:39.123456Z"


@pytest.fixture(autouse=True)
def shymkent(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Times are shown as the clock on the wall says them: UTC+5."""
    monkeypatch.setenv("TZ", "<+05>-5")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def source(state: str = "working", **changes: object) -> SourceView:
    view = SourceView(
        kind="reader",
        driver="serial_ascii",
        state=state,
        since=AT,
        last_reading=AT,
        readings=312,
        garbled=4,
        repeats=9,
    )
    return msgspec.structs.replace(view, **changes)


@pytest.mark.parametrize("language", LANGUAGES)
def test_pictures_are_shown_once_there_are_any(language: str) -> None:
    say = load_texts(language)
    assert say("evidence.title") not in screen(picture(), language)
    some = EvidenceView(kept=3, owed_bytes=450_000, sealed=9, delivered=5, lost=1, not_kept=2)
    line = next(one for one in screen(picture(evidence=some), language).splitlines() if say("evidence.title") in one)
    assert f"{say('evidence.kept')} 3 (450 {say('unit.kB')})" in line
    assert f"{say('evidence.delivered')} 5" in line
    assert f"{say('evidence.lost')} 1   {say('evidence.not_kept')} 2" in line


def link(**changes: object) -> LinkView:
    online = {"state": "online", "since": AT, "last_receipt": AT}
    return msgspec.structs.replace(status.blank("s").link, **(online | changes))


def picture(**changes: object) -> Status:
    lanes = {
        "alarm": LaneView(last=12, settled=12, bytes=0),
        "record": LaneView(last=480, settled=450, bytes=1_234_567),
        "telemetry": LaneView(last=90, settled=90, bytes=999),
    }
    whole = msgspec.structs.replace(
        status.blank("school-07"),
        state="running",
        agent="0.1.0",
        clock="synced",
        at=AT,
        lanes=lanes,
        sources={"canteen-1": source()},
        link=link(),
    )
    return msgspec.structs.replace(whole, **changes)


def screen(now: Status, language: str = "en") -> str:
    out = io.StringIO()
    draw(now, out, load_texts(language))
    return out.getvalue()


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")  # a row is a line


def row(text: str, name: str) -> list[str]:
    """The words of the line that begins with a name."""
    (line,) = [line for line in text.splitlines() if line.startswith(name)]
    return line.split()


def test_a_box_without_trouble_shows_no_trouble() -> None:
    text = screen(picture())
    first, *_, last = text.splitlines()
    assert first == "school-07  running   devices 1/1   owed 30   centre online   to do nothing"
    assert last == "version 0.1.0   clock right   seen 2026-11-23 13:12:39"
    assert "What to do" not in text
    assert row(text, "canteen-1") == ["canteen-1", "works", "13:12:39", "312", "13:12:39", "4"]
    assert row(text, "records") == ["records", "480", "450", "30", "1.2", "MB"]
    assert row(text, "alarms") == ["alarms", "12", "12", "0", "0", "B"]
    assert row(text, "centre")[:3] == ["centre", "online", "last"]


def test_every_trouble_is_code_fact_and_instruction_before_all_else() -> None:
    now = picture(
        troubles=[TroubleView(code="D-121", what="the disk is full", do="Make room.")],
        sources={"gate": source("failed", code="P-101", what="/dev/gate is not there", do="Check the plug.")},
        link=link(code="L-103", what="nobody listens", do="Tell the centre."),
    )
    lines = screen(now).splitlines()
    assert [line.strip() for line in lines[1:9]] == [
        "",
        "What to do",
        "D-121  the disk is full",
        "→ Make room.",
        "P-101  gate: /dev/gate is not there",
        "→ Check the plug.",
        "L-103  nobody listens",
        "→ Tell the centre.",
    ]


def test_the_first_line_says_what_works_what_is_owed_and_how_much_is_to_be_done() -> None:
    now = picture(
        troubles=[TroubleView(code="D-121", what="the disk is full", do="Make room.")],
        sources={"gate": source("failed", code="P-101", what="gone", do="Check."), "canteen-1": source()},
        evidence=EvidenceView(kept=2),
    )
    assert screen(now).splitlines()[0] == "school-07  running   devices 1/2   owed 32   centre online   to do 2"


@pytest.mark.parametrize(
    ("since", "shown"),
    [("2026-11-22T19:00:00.000000Z", "00:00:00"), ("2026-11-22T18:59:59.000000Z", "22 Nov 23:59"), ("", "—")],
)
def test_another_day_is_named(since: str, shown: str) -> None:
    text = screen(picture(sources={"gate": source(since=since, last_reading="")}))
    assert text.splitlines()[3].removeprefix("gate").split(maxsplit=1)[1].startswith(shown)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", [state for state in ZoneState if state is not ZoneState.NORMAL])
def test_a_zone_that_is_not_normal_stands_under_its_panel(language: str, state: ZoneState) -> None:
    zones = [PartView(kind="zone", part="3", place="gym", state=state.value)]
    text = screen(picture(sources={"fire-panel": source(parts=zones), "gate": source()}), language)
    panel, zone, gate = text.splitlines()[3:6]
    assert (panel.split()[0], gate.split()[0]) == ("fire-panel", "gate")
    assert "3 gym" in zone
    assert "zone." not in zone


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", [state for state in ContactState if state not in USUAL])
@pytest.mark.parametrize("part", ["", "button", "tamper"])
def test_a_contact_that_is_not_as_it_should_be_stands_under_its_device(
    language: str, state: ContactState, part: str
) -> None:
    contacts = [PartView(kind="contact", part=part, place="", state=state.value)]
    text = screen(picture(sources={"report-hall": source(parts=contacts)}), language)
    device, contact = text.splitlines()[3:5]
    assert device.split()[0] == "report-hall"
    assert part in contact
    assert "contact." not in contact
    assert load_texts(language)(f"contact.{state}") in contact


def test_what_was_refused_is_listed_by_reason() -> None:
    text = screen(picture(link=link(refused={"oversized": 1, "bad_signature": 12})))
    assert "refused messages: bad_signature 12, oversized 1" in text


def test_speed_and_way_are_shown_once_they_are_known() -> None:
    assert "ms" not in row(screen(picture()), "centre")
    assert "120 ms   84 kB/s" in screen(picture(link=link(rtt_ms=120.4, bytes_per_s=84_000.0)))


@pytest.mark.parametrize(
    ("size_bytes", "shown"),
    [(0, "0 B"), (999, "999 B"), (1_000, "1 kB"), (64_000_000, "64 MB"), (2_500_000_000, "2.5 GB")],
)
def test_sizes_are_for_people(size_bytes: int, shown: str) -> None:
    lanes = {"record": LaneView(last=1, settled=1, bytes=size_bytes)}
    assert screen(picture(lanes=lanes)).count(f" {shown}") == 1


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "now",
    [
        picture(),
        status.blank("school-07"),
        picture(state="dead", clock="unsynced", sources={"a-name-as-long-as-a-name-may-be-32": source("quarantined")}),
        picture(troubles=[TroubleView(code="D-121", what="x " * 200, do="y " * 200)]),
    ],
)
def test_no_line_is_wider_than_80_columns_and_no_word_is_missing(
    monkeypatch: pytest.MonkeyPatch, language: str, now: Status
) -> None:
    monkeypatch.delenv("COLUMNS")
    text = screen(now, language)
    assert max(len(line) for line in text.splitlines()) <= 80
    for section in ("state.", "clock.", "source.", "lane.", "link.", "column.", "head.", "trouble."):
        assert section not in text  # a key shows itself where a language lacks it


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", ["offline", "connecting", "greeting", "online", "probing"])
def test_every_state_of_the_link_has_a_word(language: str, state: str) -> None:
    assert f"link.{state}" not in screen(picture(link=link(state=state)), language)


def test_a_pipe_gets_no_colours_and_a_terminal_does(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[" not in screen(picture())
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    master, slave = pty.openpty()
    with os.fdopen(slave, "w") as out:
        draw(picture(), out, load_texts("en"))
    assert b"\x1b[" in os.read(master, 65_536)
    os.close(master)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_centres_data_are_one_line_with_their_age(language: str) -> None:
    say = load_texts(language)
    assert say("reference.title") not in screen(picture(), language)
    cards = DatasetView(version="1795420800", issued="2026-11-23T05:12:39.000000Z")
    (line,) = [one for one in screen(picture(reference={"cards": cards}), language).splitlines() if "cards" in one]
    assert line.rstrip() == f"{say('reference.title')}  cards (3 {say('unit.h')})"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_eyes_tell_what_each_detector_does_and_costs(monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    say = load_texts(language)
    fight = DetectorView(runs_per_s=5.0, ms=12.34, hits=17, votes=3, told=2)
    week = WeekView(hits=123_456, votes=120, told=11, dismissed=9)
    eyes = {"gate": EyeView(pictures_per_s=5.0, skipped=3, late_ms=42.0, detectors={"fight": fight}, week=week)}
    text = screen(picture(eyes=eyes), language)
    starts = ("gate ", f"  {say('detector.fight')}", f"  {say('week.title')}")
    gate, detector, days = (one.split() for one in text.splitlines() if one.startswith(starts))
    five = number(say, 5.0)
    assert gate == ["gate", five, "3", "42", say("unit.ms")]
    assert detector[-6:] == [five, number(say, 12.3), say("unit.ms"), "17", "3", "2"]
    assert days[-4:] == ["123456", "120", "11", "9"]
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "column." not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_detector_that_rests_is_told_as_such(language: str) -> None:
    say = load_texts(language)
    fight = DetectorView(runs_per_s=0.0, ms=0.0, hits=0, told=0, rests=True)
    eyes = {"gate": EyeView(pictures_per_s=5.0, skipped=0, late_ms=42.0, detectors={"fight": fight})}
    text = screen(picture(eyes=eyes), language)
    assert [one.split()[1] for one in text.splitlines() if one.startswith(f"  {say('detector.fight')}")] == [
        say("detector.rests")
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_detector_has_a_word(language: str) -> None:
    words = [f"detector.{one}" for one in [*Detects, "stills", "clock"]]
    assert [one for one in words if load_texts(language)(one) == one] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_happens_now_stands_before_all_else(language: str) -> None:
    say = load_texts(language)
    told = Addressee(role="duty", staff="0f" * 8)
    fire = View(
        incident="1", kind=Kind.FIRE, place="sports hall", certainty=Certainty.CERTAIN, state=State.TOLD, opened=AT,
        answer_by=AT, to=(told, told, Addressee(role="city")),
    )  # fmt: skip
    drill = View(
        incident="2", kind=Kind.OTHER, place="", certainty=Certainty.SUSPECTED, state=State.DISMISSED, drill=True,
        opened=AT,
    )  # fmt: skip
    lines = [line.strip() for line in screen(picture(incidents=[fire, drill]), language).splitlines()]
    assert lines[2:7] == [
        say("incident.title"),
        f"13:12:39  {say('incident.fire')}  sports hall  {say('incident.certain')}",
        f"→ {say('incident.told')}: {say('incident.duty')}, {say('incident.city')}, {say('incident.until')} 13:12:39",
        f"13:12:39  {say('incident.drill')} {say('incident.other')}  {say('incident.suspected')}",
        f"→ {say('incident.dismissed')}",
    ]


@pytest.mark.parametrize("word", [*Kind, *Role, *Certainty, *(one for one in State if one is not State.CLOSED)])
def test_every_word_of_an_incident_is_there(word: str) -> None:
    assert load_texts("en")(f"incident.{word}") != f"incident.{word}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_looks_at_a_camera_is_told(language: str) -> None:
    live = [LiveShown(camera="gate", by="operator olga", since="2026-11-23T07:04:00.000000Z", host="media.example")]
    say = load_texts(language)
    assert f"gate: {say('camera.live')}: operator olga, {say('camera.since')} 12:04" in screen(
        picture(live=live), language
    )
