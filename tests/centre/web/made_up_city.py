"""A made-up city for the desk: three schools, incidents in every state, a report, cameras, pictures, a drill.

Everything goes in as a box says it. Accounts: olga (operator), bolat (police), anna and dana (of a school).
Nothing in it is anybody's: a drawn corridor, invented names.
"""

from __future__ import annotations

import hashlib
import io
import json
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pyrage
from numpy.typing import NDArray

from centre.accounts import Account, Accounts
from centre.database import open_database
from centre.evidence import EvidenceStore
from centre.parts import Part
from centre.reports import Report, Reports, Typed
from centre.school.persons import Person, note_persons
from centre.settings import DeskSettings, LiveSettings, MediaSettings, Settings
from centre.store import Store
from centre.wire import Birth
from tests.centre.batches import batch
from tests.centre.far_box import EPOCH, FarBox, event, public

PASSWORD = "made-up words"
SCHOOLS = ("school-07", "school-12", "school-31")
ANNA, BORIS, HEAD = "0123456789abcdef", "fedcba9876543210", "00000000000000aa"
STAFF = {ANNA: "Анна Сергеевна Ким", BORIS: "Болат Ахметов", HEAD: "Гүлнар Есенова"}
ACCOUNTS = (
    Account(name="olga", role="operator", language="ru"),
    Account(name="bolat", role="police", language="ru"),
    Account(name="anna", role="responsible", school="school-07", person=ANNA, language="ru"),
    Account(name="dana", role="responsible", school="school-12", language="kk"),
)


@dataclass
class Box:
    """One school's far side: numbers its events, and stores them as a receiver would."""

    store: Store
    school: str
    box: FarBox = field(init=False)
    next: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.box = FarBox(self.school)
        self.store.add_school(self.school, public(self.box.key))

    def says(self, type_: str, data: dict[str, Any], *, ago_s: float = 0, lane: str = "alarm") -> None:
        number = self.next[lane] = self.next.get(lane, 0) + 1
        body = event(
            self.school, lane, number, type=f"kz.mektep.{type_}.v1", time=at(-ago_s), clock="synced", data=data
        )
        self.store.store([batch(lane, number, [body], box=self.box)])

    def opens(self, kind: str, place: str, what: str, source: str, *, ago_s: float, **more: Any) -> str:
        """An incident's first sign, and its id."""
        name = str(uuid.uuid4())
        sign = {"source": source, "what": what, "certain": more.get("certainty") == "certain", "at": at(-ago_s)}
        data = {"incident": name, "kind": kind, "place": place, "certainty": "suspected", "sign": sign} | more
        self.says("incident.opened", data, ago_s=ago_s)
        return name

    def tells(
        self, name: str, kind: str, place: str, to: list[tuple[str, str]], *, ago_s: float, left_s: float, **more: Any
    ) -> None:
        data = {
            "incident": name,
            "kind": kind,
            "place": place,
            "certainty": "suspected",
            "step": 0,
            "why": "first",
            "to": [{"role": role, "staff": staff} for role, staff in to],
            "locally": ["hall-lamp"],
            "answer_by": at(left_s),
        } | more
        self.says("incident.told", data, ago_s=ago_s)

    def answers(
        self, name: str, answer: str, by: str, *, ago_s: float, channel: str = "card", reason: str = ""
    ) -> None:
        data = {"incident": name, "answer": answer, "by": by, "role": "duty", "channel": channel, "account": ""}
        self.says("incident.answered", data | {"reason": reason, "after_s": 21.5}, ago_s=ago_s)

    def closes(self, name: str, outcome: str, by: str, *, ago_s: float) -> None:
        data = {
            "incident": name,
            "outcome": outcome,
            "by": by,
            "channel": "centre",
            "account": "",
            "signs": 1,
            "told": 1,
        }
        self.says("incident.closed", data, ago_s=ago_s)

    def shows(self, name: str, camera: str, files: dict[str, tuple[bytes, str]], *, ago_s: float) -> dict[str, str]:
        """Sealed files, each for its recipient, whole; their ids by form."""
        ids = {form: str(uuid.uuid4()) for form in files}
        for form, (content, recipient) in files.items():
            sealed = pyrage.encrypt(content, [pyrage.x25519.Recipient.from_str(recipient)])
            told = hashlib.sha256(sealed).hexdigest()
            part = Part(school=self.school, name=ids[form], sha256=told, size=len(sealed), first=0, body=sealed)
            EvidenceStore(self.store.database).store([part])
        self.says("incident.evidence", {"incident": name, "camera": camera} | ids, ago_s=ago_s)
        return ids

    def lists(self, *cameras: dict[str, Any]) -> None:
        self.says("camera.list", {"cameras": list(cameras)}, lane="telemetry")

    def goes_online(self, *, online: bool = True) -> None:
        birth = Birth(state="online" if online else "offline", school=self.school, session="0" * 32, epoch=EPOCH)
        self.store.note_births([(self.school, birth, json.dumps({"state": birth.state}))])


@dataclass
class City:
    """What the tests look for."""

    settings: Settings
    store: Store
    boxes: dict[str, Box]
    incidents: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    report: Report | None = None


def made(folder: Path, url: str = "", *, accounts: bool = True) -> City:
    """A centre in this folder with its keys, its schools and nothing else; accounts take a second."""
    keys = {name: pyrage.x25519.Identity.generate() for name in ("blurred", "plain")}
    for name, key in keys.items():
        (folder / f"{name}.age").write_text(f"{key}\n")
    settings = Settings(
        database=url or f"sqlite:///{folder}/centre.db",
        live=LiveSettings(servers=[MediaSettings(host="media.shymkent.example")]),
        desk=DeskSettings(blurred_identity="blurred.age", plain_identity="plain.age"),
        folder=str(folder),
    )
    store = Store(open_database(settings.database))
    city = City(settings, store, {name: Box(store, name) for name in SCHOOLS})
    city.files = {name: str(key.to_public()) for name, key in keys.items()}
    with store.database.transaction():
        staff = [Person(key=key, kind="staff", external=key[:4], name=name) for key, name in STAFF.items()]
        note_persons(store.database, "school-07", staff)
    if accounts:
        for one in ACCOUNTS:
            Accounts(store.database).add(one, PASSWORD)
    return city


def fill(city: City) -> None:
    """Incidents in every state, as a morning might bring them."""
    seven, twelve, far = (city.boxes[name] for name in SCHOOLS)
    ids = city.incidents
    ids["fight"] = seven.opens("fight", "спортзал", "fight", "gym-camera", ago_s=95)
    seven.tells(ids["fight"], "fight", "спортзал", [("duty", ANNA)], ago_s=94, left_s=26)
    plain, blurred = city.files["plain"], city.files["blurred"]
    picture = corridor()
    files = {"snapshot": (jpeg(picture), plain), "blurred": (jpeg(blur(picture)), blurred), "clip": (film(), plain)}
    shown = seven.shows(ids["fight"], "gym-camera", files, ago_s=92)
    city.files |= {f"fight-{form}": name for form, name in shown.items()}
    ids["fire"] = twelve.opens("fire", "кабинет химии", "fire", "fire-panel", ago_s=40, certainty="certain")
    told = [("duty", ""), ("city", ""), ("police", "")]
    twelve.tells(ids["fire"], "fire", "кабинет химии", told, ago_s=40, left_s=20, certainty="certain")
    ids["intrusion"] = far.opens("intrusion", "задний вход", "presence", "yard-camera", ago_s=400)
    far.tells(ids["intrusion"], "intrusion", "задний вход", [("duty", "")], ago_s=399, left_s=-279)
    more: dict[str, Any] = {"step": 1, "why": "unanswered"}
    to = [("deputy", ""), ("city", "")]
    far.tells(ids["intrusion"], "intrusion", "задний вход", to, ago_s=279, left_s=-9, **more)
    ids["medical"] = seven.opens("medical", "лестница 2", "pressed", "stairs-button", ago_s=600, certainty="certain")
    seven.tells(ids["medical"], "medical", "лестница 2", [("duty", BORIS)], ago_s=599, left_s=-480, certainty="certain")
    seven.answers(ids["medical"], "acknowledged", BORIS, ago_s=570)
    ids["tamper"] = far.opens("tamper", "двор", "covered", "yard-camera", ago_s=5_000)
    far.tells(ids["tamper"], "tamper", "двор", [("duty", "")], ago_s=4_990, left_s=-4_000)
    far.answers(ids["tamper"], "confirmed", "", ago_s=4_900, channel="centre")
    ids["drill"] = twelve.opens("fire", "холл", "drill", "desk", ago_s=70, certainty="certain", drill=True)
    twelve.tells(ids["drill"], "fire", "холл", [("duty", "")], ago_s=69, left_s=51, certainty="certain", drill=True)
    ids["closed"] = seven.opens("fire", "столовая", "smoke", "canteen-camera", ago_s=90_000)
    seven.tells(ids["closed"], "fire", "столовая", [("duty", ANNA)], ago_s=89_999, left_s=-89_000)
    seven.answers(ids["closed"], "dismissed", ANNA, ago_s=89_900, reason="false_alarm")
    seven.closes(ids["closed"], "dismissed", ANNA, ago_s=89_800)
    typed = Typed(
        school="school-07", kind="bullying", words="Старшие отбирают у сына деньги\nза спортзалом, уже третий раз.",
        place="за спортзалом", contact="+7 700 000 00 00", reporter="parent",
    )  # fmt: skip
    city.report = Reports(city.store.database).add(typed)
    _cameras(city)


def _cameras(city: City) -> None:
    seven, twelve, far = (city.boxes[name] for name in SCHOOLS)
    sound = {"state": "clear", "picture_age_s": 1, "clock_off_s": 0.2, "live": True}
    seven.lists(
        sound | {"camera": "gym-camera", "place": "спортзал"},
        sound | {"camera": "canteen-camera", "place": "столовая"},
        sound | {"camera": "hall-camera", "place": "холл", "clock_off_s": 41.0},
    )
    twelve.lists(sound | {"camera": "hall-camera", "place": "холл"}, sound | {"camera": "gate", "place": "ворота"})
    far.lists(
        sound | {"camera": "yard-camera", "place": "двор", "state": "covered", "picture_age_s": 3},
        {"camera": "door", "place": "вход", "state": "lost", "picture_age_s": 610, "clock_off_s": None, "live": False},
    )
    seven.goes_online()
    twelve.goes_online()
    far.goes_online(online=False)


# --- drawn, nobody's ----------------------------------------------------------------------------------------------


def corridor(step: int = 0) -> NDArray[np.uint8]:
    """A corridor and two figures of lines and circles, BGR."""
    picture = np.full((360, 640, 3), (150, 160, 165), np.uint8)
    floor = np.array([[0, 360], [230, 200], [410, 200], [640, 360]])
    cv2.fillPoly(picture, [floor], (105, 120, 130))
    cv2.rectangle(picture, (230, 90), (410, 200), (190, 200, 205), -1)
    for left, right in ((40, 130), (510, 600)):
        cv2.rectangle(picture, (left, 90), (right, 290), (90, 110, 140), -1)
    for x, colour in ((270 + step, (60, 60, 160)), (350 - step, (140, 90, 40))):
        cv2.line(picture, (x, 190), (x, 260), colour, 26)
        cv2.line(picture, (x, 255), (x - 18, 320), (50, 50, 60), 14)
        cv2.line(picture, (x, 255), (x + 18, 320), (50, 50, 60), 14)
        cv2.line(picture, (x, 205), (310, 215), colour, 12)
        cv2.circle(picture, (x, 165), 19, (130, 170, 215), -1)
    return picture


def blur(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    small = cv2.resize(picture[130:330, 230:400], (10, 12), interpolation=cv2.INTER_AREA)
    found = picture.copy()
    found[130:330, 230:400] = cv2.resize(small, (170, 200), interpolation=cv2.INTER_NEAREST)
    return found


def jpeg(picture: NDArray[np.uint8]) -> bytes:
    return bytes(cv2.imencode(".jpg", picture)[1])


def film(seconds: int = 1) -> bytes:
    """MP4, H.264."""
    out = io.BytesIO()
    with av.open(out, "w", format="mp4", options={"movflags": "frag_keyframe+empty_moov"}) as file:
        stream = file.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        for number in range(10 * seconds):
            frame = av.VideoFrame.from_ndarray(corridor(number % 8), format="bgr24")
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    return out.getvalue()


def at(seconds: float) -> str:
    """So many seconds from now, RFC 3339."""
    return datetime.fromtimestamp(time.time() + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
