"""A dataset on the disk: replaced whole, never by an older one, kept over restarts, distrusted when it changed."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from agent import private_file, reference
from agent.datasets import Recipients
from agent.reference import BEHIND_S, Reference, Unusable
from agent.wall_time import utc_ns_of
from tests.agent.evidence.pictures import RECIPIENT
from tests.agent.sealed import CALENDAR, CARD, CARD_KEY, CARDS, PUPIL, sealed, stranger
from tests.clock import FastClock

ONE = json.dumps({"snapshot": [RECIPIENT]}).encode()
NONE = b'{"snapshot":[]}'
NOBODY, POLICE = Recipients(snapshot=[]), Recipients(snapshot=[RECIPIENT])


async def test_the_newest_is_kept_also_after_a_restart(tmp_path: Path) -> None:
    held = Reference(tmp_path, FastClock())
    assert (held.recipients(), held.versions(), held.version("recipients")) == (NOBODY, {}, 0)
    assert await held.put("recipients", 5, ONE)
    assert not await held.put("recipients", 5, NONE)
    assert not await held.put("recipients", 4, NONE)
    again = Reference(tmp_path, FastClock())
    assert (again.recipients(), again.versions()) == (POLICE, {"recipients": "5"})
    assert not await again.put("recipients", 4, NONE)
    assert await again.put("recipients", 6, NONE)
    assert Reference(tmp_path, FastClock()).recipients() == NOBODY
    assert stat.S_IMODE((tmp_path / "recipients.json").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "spoil", [lambda text: text[:-5], lambda text: text.replace('"sha256":"', '"sha256":"0', 1), lambda _: "{}"]
)
async def test_a_file_that_changed_is_not_believed(tmp_path: Path, spoil: object) -> None:
    await Reference(tmp_path, FastClock()).put("recipients", 5, ONE)
    path = tmp_path / "recipients.json"
    path.write_text(spoil(path.read_text()))  # type: ignore[operator]
    held = Reference(tmp_path, FastClock())
    assert (held.recipients(), held.version("recipients")) == (NOBODY, 0)
    assert await held.put("recipients", 5, ONE)  # the broker keeps it for us


async def test_on_a_full_disk_the_former_one_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = Reference(tmp_path, FastClock())
    await held.put("recipients", 5, ONE)

    def full(_path: Path, _content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(reference, "write_private", full)
    with pytest.raises(OSError, match="No space"):
        await held.put("recipients", 6, NONE)
    assert (held.recipients(), held.version("recipients")) == (POLICE, 5)
    monkeypatch.setattr(reference, "write_private", private_file.write_private)
    assert await held.put("recipients", 6, NONE)


async def test_what_the_centre_has_and_does_not_come_is_a_trouble(tmp_path: Path) -> None:
    clock = FastClock()
    held = Reference(tmp_path, clock)
    held.said({"recipients": "9" * 5_000})  # no number that anybody has
    assert held.trouble() == []
    held.said({"recipients": "5", "menu": "9", "meals": "x"})  # others are not for this version
    assert held.trouble() == []
    clock.advance(BEHIND_S)
    (trouble,) = held.trouble()
    assert (trouble.code, "recipients" in trouble.what, "menu" in trouble.what) == ("E-104", True, False)
    await held.put("recipients", 5, ONE)
    assert held.trouble() == []
    held.said({"recipients": "6"})
    assert held.trouble() == []  # its minute begins now


# --- sealed for this box --------------------------------------------------------------------------------------------


async def test_what_is_sealed_stays_so_on_the_disk_and_is_read_after_a_restart(tmp_path: Path) -> None:
    held = Reference(tmp_path / "reference", FastClock())
    assert await held.put("cards", 5, sealed(CARDS, held.recipient))
    for one in (held, Reference(tmp_path / "reference", FastClock())):
        assert (one.recipient, one.versions(), one.book.card_key) == (held.recipient, {"cards": "5"}, CARD_KEY)
        found = one.book.who(CARD)
        assert found is not None
        assert (found.key, found.class_) == (PUPIL, "5А")
    on_disk = (tmp_path / "reference/cards.json").read_bytes()
    assert PUPIL.encode() not in on_disk
    assert CARD.encode() not in on_disk
    assert stat.S_IMODE((tmp_path / "reference.agekey").stat().st_mode) == 0o600


UNUSABLE: list[tuple[str, str, Callable[[str], bytes], str]] = [
    ("not sealed", "cards", lambda _: json.dumps(CARDS).encode(), "not sealed"),
    ("sealed for another box", "cards", lambda _: sealed(CARDS, stranger()), "another box"),
    ("half a file", "cards", lambda mine: sealed(CARDS, mine)[:-20], "damaged"),
    ("a byte that changed", "cards", lambda mine: sealed(CARDS, mine)[:-1] + b"x", "damaged"),
    ("the header alone", "cards", lambda _: b"age-encryption.org/v1\n", "damaged"),
    ("nothing", "cards", lambda _: b"", "not sealed"),
    ("no JSON inside", "cards", lambda mine: sealed(b"{", mine), "schema"),
    ("not by the schema", "cards", lambda mine: sealed(CARDS | {"pupils": [{"pupil": "P-1"}]}, mine), "schema"),
    ("another dataset inside", "cards", lambda mine: sealed(CALENDAR, mine), "schema"),
    ("meals not sealed", "meals", lambda _: b'{"meals":[],"programmes":[],"entitlements":[]}', "not sealed"),
    ("clubs not sealed", "clubs", lambda _: b'{"clubs":[],"vouchers":[]}', "not sealed"),
    ("sealed that is not to be", "calendar", lambda mine: sealed(CALENDAR, mine), "schema"),
]


@pytest.mark.parametrize(("dataset", "make", "why"), [pytest.param(*row[1:], id=row[0]) for row in UNUSABLE])
async def test_what_cannot_be_used_is_told_and_the_former_one_stays(
    tmp_path: Path, dataset: str, make: Callable[[str], bytes], why: str
) -> None:
    held = Reference(tmp_path, FastClock())
    await held.put("cards", 4, sealed(CARDS, held.recipient))
    with pytest.raises(Unusable):
        await held.put(dataset, 5, make(held.recipient))
    (trouble,) = held.trouble()
    assert (trouble.code, dataset in trouble.what, why in trouble.what) == ("M-101", True, True)
    assert held.versions() == {"cards": "4"}
    assert held.book.who(CARD) is not None
    good = {"cards": CARDS, "calendar": CALENDAR}.get(dataset)
    if good is not None:
        await held.put(dataset, 6, sealed(good, held.recipient) if dataset == "cards" else json.dumps(good).encode())
        assert held.trouble() == []


async def test_since_when_it_cannot_be_used(tmp_path: Path) -> None:
    clock = FastClock()
    held, began_ns = Reference(tmp_path, clock), clock.utc_ns()
    for version in (1, 2):
        with pytest.raises(Unusable):
            await held.put("cards", version, b"{}")
        clock.advance(3_600)
    assert [trouble.since_ns for trouble in held.trouble()] == [began_ns]


async def test_a_moment_of_issue_that_is_none_does_not_stop_the_box(tmp_path: Path) -> None:
    held = Reference(tmp_path / "reference", FastClock())
    await held.put("calendar", 5, json.dumps(CALENDAR).encode(), "2026-11-20T00:00:00.000000Z")
    path = tmp_path / "reference/calendar.json"
    path.write_bytes(path.read_bytes().replace(b"2026-11-20T", b"2026-31-20T"))
    assert Reference(tmp_path / "reference", FastClock()).versions() == {}


async def test_with_a_new_key_what_lies_sealed_is_asked_for_again(tmp_path: Path) -> None:
    held = Reference(tmp_path / "reference", FastClock())
    await held.put("cards", 5, sealed(CARDS, held.recipient))
    (tmp_path / "reference.agekey").unlink()
    again = Reference(tmp_path / "reference", FastClock())
    assert again.recipient != held.recipient
    assert (again.versions(), again.book.who(CARD)) == ({}, None)
    assert await again.put("cards", 5, sealed(CARDS, again.recipient))


async def test_data_that_grow_old_are_a_trouble_until_they_are_issued_again(tmp_path: Path) -> None:
    clock = FastClock(utc_ns_of("2026-11-23T08:00:00Z"))
    held = Reference(tmp_path, clock)
    content = json.dumps(CALENDAR).encode()
    await held.put("calendar", 5, content, "2026-11-23T08:00:00.000000Z")
    clock.advance(14 * 86_400)
    assert held.trouble() == []
    clock.advance(1)
    (trouble,) = held.trouble()
    assert (trouble.code, "calendar" in trouble.what) == ("M-102", True)
    assert held.book.stale("calendar", clock.utc_ns())
    await held.put("calendar", 6, content, "2026-12-07T08:00:00.000000Z")
    assert (held.trouble(), held.issued()) == ([], {"calendar": "2026-12-07T08:00:00.000000Z"})


# --- read again -----------------------------------------------------------------------------------------------


async def test_what_was_put_back_on_the_disk_is_taken_where_it_is_no_older(tmp_path: Path) -> None:
    held, other = Reference(tmp_path / "a", FastClock()), Reference(tmp_path / "b", FastClock())
    await held.put("recipients", 5, ONE)
    await other.put("recipients", 6, NONE)
    (tmp_path / "a" / "recipients.json").write_bytes((tmp_path / "b" / "recipients.json").read_bytes())
    await held.read_again()
    assert (held.recipients(), held.version("recipients")) == (NOBODY, 6)
    await other.put("recipients", 7, ONE)
    (tmp_path / "b" / "recipients.json").write_bytes((tmp_path / "a" / "recipients.json").read_bytes())
    await other.read_again()
    assert (other.recipients(), other.version("recipients")) == (POLICE, 7)


@pytest.mark.parametrize("text", [None, "{}"])
async def test_what_is_missing_or_spoilt_on_the_disk_is_written_anew(tmp_path: Path, text: str | None) -> None:
    held, path = Reference(tmp_path, FastClock()), tmp_path / "recipients.json"
    await held.put("recipients", 5, ONE)
    before = path.read_bytes()
    path.unlink()
    if text is not None:
        path.write_text(text)
    await held.read_again()
    assert path.read_bytes() == before
    assert held.recipients() == POLICE
