"""The written schemas are those of the code, and what the agent and the centre really say is valid by them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from agent.datasets import Recipients
from agent.events import KINDS, CameraViewed, ClockCorrected, Quarantined, Refused, Salvaged, SourceState, draft
from agent.events import Health as HealthData
from agent.evidence.picture import Ids
from agent.incident_events import (
    Addressee,
    CameraList,
    CameraState,
    IncidentAnswered,
    IncidentClosed,
    IncidentEvidence,
    IncidentJoined,
    IncidentOpened,
    IncidentTold,
    LiveView,
    Sign,
)
from agent.model import Draft, Lane, Place, Severity
from agent.outbox.outbox import Outbox
from agent.outbox.reissue import reissue
from agent.outbox.settings import OutboxSettings
from agent.paths.alarm import AlarmPath
from agent.pipelines.sighting import Kind
from agent.school import contacts, noticed, pictures, zones
from agent.school_events import (
    AttendanceSummary,
    Checkpoint,
    ClubEntered,
    ClubRefused,
    ClubVisit,
    MealDated,
    MealGranted,
    MealRefused,
    MealReversed,
    Passed,
    Statement,
    StatementLine,
    Suspicion,
)
from agent.sync.ahead import ahead_event
from agent.trial_events import ConfigApplied, ConfigUndone
from agent.trials.start import HERE_BEFORE
from agent.update_events import UpdateFailed, UpdateInstalled, UpdateUndone
from agent.watching.eyes import Board
from centre import wire
from drivers.readings import (
    ContactChange,
    ContactState,
    Looked,
    Noticed,
    PictureChange,
    PictureState,
    Pressed,
    Watched,
    Worked,
    ZoneChange,
    ZoneState,
)
from tests.agent.evidence.pictures import RECIPIENT, change, evidence_of, jpeg
from tests.agent.outbox.box import AT, events, fire, opened, tap, taps, until
from tests.clock import FastClock
from tests.contract.documents import DOCS, ROOT, event_faults, faults, schema_names

EPOCH = "0f8fad5b-d9cb-469f-a165-70867728950e"
TIME = "2026-11-23T08:12:39.123456Z"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the script writes today."""
    folder = tmp_path_factory.mktemp("docs")
    shutil.copy(DOCS / "protocol.md", folder)
    subprocess.run([sys.executable, ROOT / "scripts/contract.py", folder], check=True)
    return folder


def test_the_schemas_are_current(made: Path) -> None:
    names = {path.stem for path in (made / "schemas").iterdir()}
    assert names == set(schema_names()), "run: make docs"
    for name in names:
        written = json.loads((DOCS / f"schemas/{name}.json").read_text(encoding="utf-8"))
        assert json.loads((made / f"schemas/{name}.json").read_text(encoding="utf-8")) == written, f"{name}: make docs"


@pytest.mark.parametrize("name", ["vectors.json", "protocol.md"])
def test_the_examples_are_current(made: Path, name: str) -> None:
    assert (made / name).read_text(encoding="utf-8") == (DOCS / name).read_text(encoding="utf-8"), "run: make docs"


def test_the_asyncapi_document_is_current(made: Path) -> None:
    now, written = (yaml.safe_load((folder / "asyncapi.yaml").read_text(encoding="utf-8")) for folder in (made, DOCS))
    assert now == written, "run: make docs"


def test_each_event_type_has_its_schema() -> None:
    assert {name for name in schema_names() if name.startswith("kz.")} == set(KINDS)


# --- what an outbox really holds -----------------------------------------------------------------------------------


async def all_events(outbox: Outbox) -> list[dict[str, Any]]:
    return [event for epoch in [*outbox.owes()] for lane in Lane for event in await events(outbox, lane, epoch)]


def every_zone_state() -> list[Draft]:
    changes = [
        ZoneChange(zone=1, state=state, before=before, codes=(37,), words="w", at_ns=AT.utc_ns, monotonic_ns=5)
        for state in ZoneState
        for before in (None, ZoneState.NORMAL)
    ]
    return [zones.changed(change, "fire-panel", {1: "gym"}, synced=False) for change in changes]


async def by_the_alarm_path(outbox: Outbox, chatter: int) -> None:
    """Alarms as the daemon raises them: with an id for a copy, and gathered where a source chatters."""
    clock = FastClock()

    async def nowhere(_draft: Draft) -> bool:
        return False

    async def accept(drafts: Sequence[Draft]) -> list[Place]:
        return await outbox.accept(drafts)

    path = AlarmPath(accept, nowhere, clock)
    for _ in range(chatter):
        await path.raise_alarm(fire())
    clock.advance(3_600)
    await path.tell_gathered()
    await path.drained()


def others() -> list[Draft]:
    """What only happens in other parts: by hand."""
    trouble = SourceState(source="canteen-1", code="P-104", what="went away", do="Check the plug.")
    at = {"before": None, "at_ns": AT.utc_ns, "monotonic_ns": 5}
    return [
        *(contacts.changed(ContactChange(contact="", state=one, **at), "door", synced=True) for one in ContactState),
        contacts.pressed(Pressed(at_ns=AT.utc_ns, monotonic_ns=5), "button", synced=True),
        *(pictures.changed(PictureChange(state=one, jpeg=b"", **at), "g", Ids(), synced=True) for one in PictureState),
        *of_the_eyes(),
        draft(CameraViewed(camera="gate", viewing=EPOCH, by="olga", what="zones", shown="2026-11-23T08:00:00Z"), AT),
        draft(trouble, AT, type="kz.mektep.source.failed.v1"),
        draft(trouble, AT, type="kz.mektep.source.restored.v1"),
        draft(Salvaged(epoch=EPOCH, kept=3, unreadable="page 3", set_aside="outbox-damaged.db"), AT),
        draft(Quarantined(epoch=EPOCH, lane="record", first=1, last=2), AT),
        draft(Refused(reason="bad_signature", count=3), AT),
        draft(ConfigApplied(sha256="0" * 64, before="", by="technician"), AT),
        *of_trials(), *of_updates(),
        draft(ClockCorrected(off_by_ns=-3_600_000_000_000, by="system"), AT),
        draft(
            HealthData(
                uptime_s=1, lanes={}, disk_free_bytes=1, wal_bytes=1, commit_p99_ms=0.5, sources={"a": "working"},
                temperature_c=48.5,
            ),
            AT,
        ),
    ]  # fmt: skip


def of_trials() -> list[Draft]:
    """Each reason for which a configuration is undone."""
    lost = ["link", "device/canteen-1", "part/bells"]
    reasons = (
        "link_gone",
        "device_lost",
        "part_failed",
        "did_not_start",
        "kept_ending",
        *HERE_BEFORE.values(),
        "by_hand",
    )
    same = {"sha256": "0" * 64, "before": "1" * 64, "by": "centre", "order": 7, "lost": lost}
    return [draft(ConfigUndone(reason=reason, **same), AT) for reason in reasons]


def of_updates() -> list[Draft]:
    """What became of three versions."""
    found: list[msgspec.Struct] = [
        UpdateInstalled(version="0.2.0", before="0.1.0", order=7),
        UpdateUndone(version="0.2.0", before="0.1.0", reason="device_lost", lost=["device/gate"]),
        UpdateFailed(version="0.2.0", step="install", said="no space"),
    ]
    return [draft(one, AT) for one in found]


def of_the_eyes() -> list[Draft]:
    """Each kind of suspicion, with and without a box, and the counts of ten reports."""
    board = Board(FastClock())
    looked = Looked(pictures=5, detectors={"fight": Worked(runs=5, ms=50.0, hits=1, told=1)})
    report = Watched(seconds=30, cameras={"gate": looked}, troubles=(), at_ns=AT.utc_ns, monotonic_ns=5)
    boxes = ((0.1, 0.2, 0.3, 0.4), None)
    suspicions = [
        noticed.suspected(
            Noticed(
                camera="gate", detector="fight", kind=kind.value, zone="", score=0.5, lasted_s=1.0, box=box, detail="",
                jpeg=b"", blurred=b"", at_ns=AT.utc_ns, monotonic_ns=5,
            ),
            Ids(),
            synced=True,
        )
        for kind in Kind
        for box in boxes
    ]  # fmt: skip
    return suspicions + [event for _ in range(10) for event in board.took(report)[1]]


def of_the_school() -> list[Draft]:
    """What the school's rules tell."""
    day, meal = "2026-11-23", {"meal": "lunch-1", "programme": "free-1-4", "tenge": 450}
    pupil, operator, salt, leaf = "0a" * 8, "0b" * 8, "0c" * 16, f"{EPOCH}/17"
    line = StatementLine(kind="granted", day=day, what="free-1-4", tenge=450, count=2)
    root = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    found = [
        MealGranted(reader="canteen-1", pupil=pupil, salt=salt, day=day, **meal),
        MealGranted(reader="canteen-1", pupil="", salt=salt, day="", meal="lunch-1", programme="", tenge=0,
                    operator=operator, marks=["clock", "calendar", "stale"]),
        MealRefused(reader="canteen-1", reason="unknown_card", pupil="", card="0d" * 16),
        MealReversed(reader="canteen-1", pupil=pupil, salt=salt, of=leaf, day=day, operator=operator, **meal),
        MealDated(pupil=pupil, salt=salt, of=leaf, day=day, counted=True, **meal),
        ClubEntered(reader="room-5", pupil=pupil, club="chess", voucher="v-17", day=day),
        ClubRefused(reader="room-5", reason="full", pupil=pupil, club="chess", day=day),
        ClubVisit(reader="room-5", pupil=pupil, salt=salt, club="chess", voucher="v-17", day=day, minutes=45,
                  counted=True, ended="tap", tenge=1_200),
        Passed(reader="gate", pupil=pupil, day=day, way="in", state="late"),
        AttendanceSummary(day=day, class_="5А", shift=1, lesson=1, bell="08:00", enrolled=25, present=20, late=2,
                          left_early=1, absent=4),
        Suspicion(rule="class_ate_more", day=day, class_="5А", count=26, expected=25),
        Checkpoint(size=18, reason="hour", note="mektep.kz/school-07/epoch\n18\nroot\n\n"),
        Statement(day=day, first=1, end=17, root_first=root, root_end=root, lines=[line], meals=2, meals_tenge=900,
                  visits=0, visits_tenge=0, suspicions=1, record_last=40, datasets={"meals": "1795420800"}),
    ]  # fmt: skip
    return [draft(one, AT) for one in found]


def of_incidents() -> list[Draft]:
    """What is told of an incident from its first sign to its end, of a live view, and of all cameras."""
    at = "2026-11-23T08:00:00.000000Z"
    sign = Sign(source="gate-cam", what="fight", certain=False, at=at)
    told = [Addressee(role="duty", staff="0a" * 8), Addressee(role="police")]
    kind = {"incident": EPOCH, "kind": "fight", "place": "yard", "certainty": "suspected"}
    found = [
        IncidentOpened(**kind, sign=sign),
        IncidentJoined(incident=EPOCH, certainty="corroborated", sign=sign, signs=2),
        IncidentTold(**kind, step=0, why="first", to=told, locally=["lamp-1"], answer_by=at),
        IncidentAnswered(
            incident=EPOCH, answer="dismissed", by="0a" * 8, role="duty", channel="card", reason="play", after_s=12.5
        ),
        IncidentClosed(incident=EPOCH, outcome="dismissed", by="", signs=2, told=1),
        IncidentEvidence(incident=EPOCH, camera="gate-cam", snapshot=EPOCH),
        LiveView(session=EPOCH, camera="gate-cam", state="ended", by="olga", host="media.example", reason="lapsed"),
        CameraList(
            cameras=[
                CameraState(camera="gate-cam", place="yard", state="clear", picture_age_s=1, clock_off_s=-0.5),
                CameraState(camera="hall-cam", place="", state="lost", picture_age_s=None, clock_off_s=None),
            ]
        ),
    ]
    return [draft(one, AT) for one in found]


async def of_pictures(outbox: Outbox, folder: Path) -> None:
    """One sealed in both forms, one form lost, one picture not kept."""
    recipients = [RECIPIENT]
    evidence = evidence_of(
        outbox, folder, FastClock(), lambda: Recipients(snapshot=recipients, blurred=recipients)
    )  # fmt: skip
    await evidence.begin()
    assert await evidence.keep(change(jpeg(), blurred=jpeg(900)), "gate", Severity.ERROR) != Ids()
    await evidence.drained()
    owed = evidence.shelf.owed()
    assert owed is not None
    evidence.shelf.lose(owed, "refused")
    recipients.clear()
    assert await evidence.keep(change(jpeg()), "gate", Severity.ERROR) == Ids()
    await evidence.tell_not_kept()
    await evidence.drained()


async def test_every_event_of_a_real_outbox_is_valid(tmp_path: Path) -> None:
    async with opened(tmp_path / "outbox.db") as outbox:
        old = outbox.epoch
        await outbox.accept(
            [*taps(3), *every_zone_state(), *others(), *of_the_school(), *of_incidents(), *of_updates()]
        )
        await by_the_alarm_path(outbox, chatter=60)
        await of_pictures(outbox, tmp_path)
        await outbox.open_epoch("conflict")
        await reissue(outbox, old, Lane.RECORD, 1, 3)
        found = await all_events(outbox) + await events(outbox, Lane.RECORD, old)
    assert [fault for event in found for fault in event_faults(event)] == []
    types = {event["type"] for event in found}
    assert types >= set(KINDS) - {"kz.mektep.loss.v1"}
    assert any("reissueof" in event for event in found)
    assert any("aheadid" in event for event in found)


async def test_a_real_loss_record_is_valid(tmp_path: Path) -> None:
    settings = OutboxSettings(telemetry_mb=1, ballast_mb=0, reserve_mb=1)
    health = HealthData(
        uptime_s=1, lanes={}, disk_free_bytes=1, wal_bytes=1, commit_p99_ms=1.0, sources={"a": "x" * 9_000}
    )

    def lost() -> bool:
        return outbox.settled(outbox.epoch, Lane.TELEMETRY) > 0

    async with opened(tmp_path / "outbox.db", settings) as outbox:
        for _ in range(5):
            await outbox.accept([draft(health, AT)] * 50)
        await outbox.accept([tap()])
        await until(lost)
        found = await events(outbox, Lane.RECORD)
    losses = [event for event in found if event["type"] == "kz.mektep.loss.v1"]
    assert losses
    assert [fault for event in losses for fault in event_faults(event)] == []


def test_an_alarm_sent_ahead_is_valid() -> None:
    alarm = msgspec.structs.replace(fire(), ahead_id=f"ahead-{uuid.UUID(int=1)}")
    event = json.loads(ahead_event(alarm, "school-07", EPOCH, FastClock()))
    assert faults("ahead", event) + faults(event["type"], event["data"]) == []


WRONG = [
    ("specversion", "0.3"),
    ("id", "7"),
    ("source", "/schools/school-07/record"),
    ("time", "2026-11-23 08:00:00"),
    ("severitytext", "BAD"),
    ("monotonic", 5),
    ("aheadid", None),
    ("data", []),
]


@pytest.mark.parametrize(("attribute", "value"), WRONG)
async def test_the_schema_refuses_a_wrong_attribute(tmp_path: Path, attribute: str, value: object) -> None:
    async with opened(tmp_path / "outbox.db") as outbox:
        (event,) = await events(outbox, Lane.RECORD)
    assert faults("event", event) == []
    assert faults("event", event | {attribute: value}) != []
    if attribute in event:
        del event[attribute]
        assert faults("event", event) != []


# --- what the reference centre really says ---------------------------------------------------------------------------


CENTRE_SAYS = [
    ("receipt", wire.Receipt(
        school="school-07", epoch=EPOCH, lane="record", first=1, last=9, sha256="0" * 64, time=TIME,
        verdicts=[wire.RangeVerdict("stored", 1, 8), wire.RangeVerdict("conflict", 9, 9)])),
    ("welcome", wire.Welcome(
        school="school-07", session="0" * 32, time=TIME, stored=[wire.StoredLane(EPOCH, "alarm", 0, 0)])),
    ("order", wire.Order(
        order="pace", school="school-07", epoch=EPOCH, number=1, issued=TIME, expires=TIME,
        args={"bytes_per_s": 1000, "for_s": 60})),
    ("evidence-receipt", wire.EvidenceReceipt(
        school="school-07", evidence=EPOCH, sha256="0" * 64, bytes=9, verdict="partial", have=[wire.ByteRange(0, 3)],
        time=TIME)),
    ("reference", wire.Manifest(
        dataset="recipients", school="school-07", version=1, issued=TIME, content=msgspec.Raw(b'{"snapshot":[]}'))),
    ("reference", wire.Manifest(
        dataset="cards", school="school-07", version=1, issued=TIME, parts=[wire.PartName("0" * 64, 9)])),
]  # fmt: skip


@pytest.mark.parametrize(("name", "said"), CENTRE_SAYS)
def test_what_the_reference_centre_says_is_valid(name: str, said: msgspec.Struct) -> None:
    assert faults(name, json.loads(msgspec.json.encode(said))) == []
