"""What is due and why; and through a real broker: sealed for the box of the latest birth, in parts, signed."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pyrage
import pytest

from centre.database import open_database
from centre.errors import CentreError
from centre.reference import Published
from centre.school.kept import DAY_NS, RENEWED_DAYS, Kept, kept_of, note_loaded
from centre.school.publishing import Done, due, publish
from centre.settings import load_settings
from centre.store import Store
from centre.wire import Birth
from simulator.city import City
from tests.centre.far_box import EPOCH, SESSION, FarBox, Message, until
from tests.centre.school.test_building import built

NOW_NS = 1_800_000_000 * 1_000_000_000
MINE, OTHER = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()


def kept(**changes: object) -> Kept:
    sound = Kept(loaded=b"{}", loaded_ns=NOW_NS, published=b"{}", published_ns=NOW_NS, recipient="age1x")
    return msgspec.structs.replace(sound, **changes)


DUE = [
    ("nothing", "cards", kept(), "age1x", False, ""),
    ("changed", "cards", kept(loaded=b"[]"), "age1x", False, "changed"),
    ("never published", "cards", kept(published=b"", recipient=""), "age1x", False, "changed"),
    ("again", "cards", kept(), "age1x", True, "again"),
    ("another box", "cards", kept(), "age1y", False, "another box"),
    ("a box that has told nothing", "cards", kept(), "", False, ""),
    ("another box, not sealed", "calendar", kept(recipient=""), "age1y", False, ""),
    ("old", "calendar", kept(published_ns=NOW_NS - RENEWED_DAYS * DAY_NS - 1), "age1x", False, "renewed"),
]


@pytest.mark.parametrize(
    ("dataset", "one", "recipient", "again", "why"), [pytest.param(*row[1:], id=row[0]) for row in DUE]
)
def test_only_what_changed_is_due_unless_there_is_a_reason(
    dataset: str, one: Kept, recipient: str, again: bool, why: str
) -> None:
    found = due({dataset: one}, recipient, NOW_NS, again=again)
    assert [(item.dataset, item.why) for item in found] == ([(dataset, why)] if why else [])


class Desk:
    """A city with one school that was loaded, and what its box would hear."""

    def __init__(self, city: City, box: FarBox, folder: Path) -> None:
        self.settings = load_settings(city.folder / "centre.toml")
        self.store = Store(open_database(self.settings.database))
        self.city, self.box, self.folder = city, box, folder

    def load(self, contents: dict[str, bytes]) -> None:
        with self.store.database.transaction():
            note_loaded(self.store.database, self.box.school, contents)

    def born(self, identity: pyrage.x25519.Identity | None) -> None:
        recipient = str(identity.to_public()) if identity else ""
        birth = Birth(state="online", school=self.box.school, session=SESSION, epoch=EPOCH, recipient=recipient)
        self.store.note_births([(self.box.school, birth, msgspec.json.encode(birth).decode())])

    def publish(self, *, again: bool = False) -> list[Done]:
        return publish(self.settings, self.store, self.box.school, again=again)

    def retained(self, *datasets: str) -> dict[str, Message]:
        """What waits at the broker for a box that was never there."""
        self.box.heard.clear()
        self.box.connect(self.city.port, self.folder)
        assert self.box._client is not None
        self.box._client.subscribe(self.box.topic("reference/+"), 1)
        until(lambda: all(self.box.heard_on(f"reference/{name}") for name in datasets))
        prefix = self.box.topic("reference/")
        found = {one.topic.removeprefix(prefix): one for one in self.box.heard if one.topic.startswith(prefix)}
        self.box.close()
        return found

    def opened(self, dataset: str, identity: pyrage.x25519.Identity) -> bytes:
        heard = self.retained(dataset)
        manifest = heard[dataset].body
        assert "content" not in manifest
        return bytes(pyrage.decrypt(b"".join(heard[one["sha256"]].payload for one in manifest["parts"]), [identity]))


@pytest.fixture
def desk(city: City, tmp_path: Path, request: pytest.FixtureRequest) -> Desk:
    box = FarBox(f"school-{abs(hash(request.node.name)) % 10**6}")
    city.add_school(box.school, box.key_base64, tmp_path / "box")
    return Desk(city, box, tmp_path / "box")


def test_it_waits_sealed_for_the_box_and_only_changes_go_again(desk: Desk) -> None:
    desk.load(built())
    desk.born(MINE)
    done = desk.publish()
    assert [(one.dataset, one.why) for one in done] == [
        (name, "changed") for name in ("cards", "calendar", "meals", "clubs", "duty")
    ]
    assert desk.opened("cards", MINE) == built()["cards"]
    heard = desk.retained("calendar", "duty")
    assert heard["calendar"].body["content"] == json.loads(built()["calendar"])
    assert [one.body["version"] for name, one in heard.items() if name == "calendar"] == [done[1].version]
    assert desk.publish() == []
    desk.load({"duty": b'{"duties":[]}'})
    assert [(one.dataset, one.why) for one in desk.publish()] == [("duty", "changed")]
    assert len(desk.publish(again=True)) == 5


def test_a_box_that_was_replaced_gets_its_own_seal(desk: Desk) -> None:
    desk.load({name: built()[name] for name in ("cards", "calendar")})
    desk.born(MINE)
    desk.publish()
    desk.born(OTHER)
    assert [(one.dataset, one.why) for one in desk.publish()] == [("cards", "another box")]
    assert desk.opened("cards", OTHER) == built()["cards"]
    assert len(desk.retained("cards")) == 2 + 1  # the former part is taken back


def test_before_the_box_was_seen_only_what_needs_no_seal_goes(desk: Desk) -> None:
    desk.load({name: built()[name] for name in ("cards", "calendar", "meals")})
    with pytest.raises(CentreError, match="has never been seen: cards, meals") as error:
        desk.publish()
    assert error.value.code == "K-142"
    assert set(Published(desk.store.database).versions(desk.box.school)) == {"calendar"}
    desk.born(None)
    with pytest.raises(CentreError, match="told no usable recipient"):
        desk.publish()
    desk.born(MINE)
    assert [one.dataset for one in desk.publish()] == ["cards", "meals"]
    assert not any(one.changed for one in kept_of(desk.store.database, desk.box.school).values())


def test_without_a_broker_nothing_counts_as_published(desk: Desk) -> None:
    desk.load(built())
    desk.born(MINE)
    desk.settings = msgspec.structs.replace(desk.settings, broker_port=1)
    with pytest.raises(CentreError, match="K-112"):
        desk.publish()
    assert all(one.changed for one in kept_of(desk.store.database, desk.box.school).values())


def test_nothing_loaded_is_said(desk: Desk) -> None:
    with pytest.raises(CentreError, match="K-143"):
        desk.publish()
