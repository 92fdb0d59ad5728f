"""The certificate is kept good, against the real EST server: also when it has expired, and when the clock is wrong."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import os
import random
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from agent import config
from agent.enrolment import certificate, est
from agent.enrolment.certificate import Kept
from agent.enrolment.errors import EnrolmentError
from agent.enrolment.papers import Papers
from agent.enrolment.renewal import DAY_NS, LOOK_S, Renewal, due_ns
from agent.sync.identity import load_identity
from centre import pki
from tests.clock import FastClock
from tests.enrolling import Enrolling, command, run

AFTER_DUE_DAYS, EXPIRED_DAYS = 300, 450


class Box:
    """One that is enrolled, and its renewal."""

    def __init__(self, enrolling: Enrolling, folder: Path) -> None:
        self.enrolling, self.folder = enrolling, folder
        self.school = enrolling.new_school()
        state = enrolling.enrolled(self.school, folder)
        self.papers = Papers(state / "pki")
        self.clock = Watched()
        self.refused = ""
        settings = config.load(folder / "agent.toml").centre
        self.renewal = Renewal(
            settings, self.school, load_identity(state), self.papers, self.clock, random.Random(1), lambda: self.refused
        )

    @property
    def serial(self) -> int:
        return x509.load_pem_x509_certificate(self.papers.certificate.read_bytes()).serial_number

    def age(self, days: int) -> None:
        """As if it had been given so long ago: re-signed by the city, and known to the centre."""
        now_ns = self.clock.now_ns
        key = serialization.load_pem_private_key(self.papers.key.read_bytes(), password=None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        then = dt.datetime.fromtimestamp(now_ns // 10**9, dt.UTC) - dt.timedelta(days=days)
        folder = self.enrolling.city.folder
        with pytest.MonkeyPatch.context() as patch:
            clock = SimpleNamespace(now=lambda _zone: then)
            patch.setattr(pki, "dt", SimpleNamespace(datetime=clock, timedelta=dt.timedelta, UTC=dt.UTC))
            old = pki.issue_to_box(folder / "pki", self.school, key.public_key(), "urn:mektep:identity:x")
        identity = load_identity(self.papers.folder.parent).public
        self.enrolling.enrolments.note(self.school, identity, old)
        (self.papers.folder / "current/box.crt").write_bytes(certificate.pem(old))

    async def look(self, times: int = 1) -> None:
        """Until it has slept so often."""
        self.clock.slept = asyncio.Semaphore(0)
        task = asyncio.create_task(self.renewal.run())
        try:
            async with asyncio.timeout(30):
                for _ in range(times):
                    await self.clock.slept.acquire()
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def codes(self) -> list[str]:
        return [one.code for one in self.renewal.trouble()]


class Watched(FastClock):
    """It is now; sleeping is told, and moves nothing."""

    def __init__(self) -> None:
        super().__init__(utc_ns=int(dt.datetime.now(dt.UTC).timestamp()) * 10**9)
        self.slept = asyncio.Semaphore(0)
        self.pauses_s: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.pauses_s.append(seconds)
        self.slept.release()
        await asyncio.sleep(0)
        if self.slept._value > 50:
            await asyncio.Event().wait()


@pytest.fixture
def box(enrolling: Enrolling, tmp_path: Path) -> Box:
    return Box(enrolling, tmp_path)


async def test_a_fresh_certificate_is_left_alone(box: Box) -> None:
    before = box.serial
    await box.look()
    assert (box.serial, box.codes(), box.clock.pauses_s[0]) == (before, [], LOOK_S)


@pytest.mark.parametrize("days", [AFTER_DUE_DAYS, EXPIRED_DAYS], ids=["due", "expired"])
async def test_one_that_is_due_or_expired_is_renewed_with_a_new_key(box: Box, days: int) -> None:
    key, _ = box.papers.key.read_bytes(), box.age(days)
    before = box.serial
    await box.look()
    assert box.serial != before
    assert box.papers.key.read_bytes() != key
    kept = box.papers.kept()
    assert kept is not None
    assert kept.expires_ns > box.clock.now_ns + 390 * DAY_NS
    assert box.codes() == []


def standing(box: Box) -> list[str]:
    """Why each certificate of the box is revoked, oldest first; empty: it is good."""
    return [one.reason for one in box.enrolling.enrolments.certificates(box.school)]


async def test_the_one_before_is_over_when_the_new_one_was_shown_and_not_sooner(box: Box) -> None:
    box.age(AFTER_DUE_DAYS)
    with pytest.MonkeyPatch.context() as power_cut:
        power_cut.setattr(est, "show", refuse)  # right after it is on the disk
        await box.look()
    assert standing(box) == ["renewed", "", ""]  # the first is the one that `age` took the place of
    assert not box.papers.was_shown()
    before = box.serial
    await box.look()
    assert standing(box) == ["renewed", "renewed", ""]
    assert (box.serial, box.papers.was_shown(), box.codes()) == (before, True, [])


async def test_a_box_that_lost_the_answer_gets_the_same_certificate(box: Box) -> None:
    """Cut off between the centre's answer and its own disk."""
    box.age(AFTER_DUE_DAYS)
    with pytest.MonkeyPatch.context() as power_cut:
        power_cut.setattr(Papers, "publish", refuse)
        await box.look()
    given = box.enrolling.enrolments.certificates(box.school)[-1]
    assert f"{box.serial:x}" != given.serial
    await box.look()
    assert f"{box.serial:x}" == given.serial
    assert standing(box) == ["renewed", "renewed", ""]


def refuse(*_: object, **__: object) -> None:
    raise EnrolmentError("N-102", "no way", do="Wait.", again=True)


async def test_a_revoked_one_is_not_and_says_so_at_once(box: Box) -> None:
    box.age(AFTER_DUE_DAYS)
    box.enrolling.enrolments.revoke(box.school, "lost")
    await box.look()
    assert box.codes() == ["N-111"]


@pytest.mark.parametrize(("days", "code"), [(AFTER_DUE_DAYS, []), (420, ["N-120"]), (EXPIRED_DAYS, ["N-121"])])
async def test_a_centre_that_is_away_is_told_when_it_matters(
    enrolling: Enrolling, tmp_path: Path, days: int, code: list[str]
) -> None:
    box = Box(enrolling, tmp_path)
    box.age(days)
    box.renewal._settings = msgspec.structs.replace(box.renewal._settings, est="https://127.0.0.1:1")
    await box.look(4)
    assert box.codes() == code
    if code:
        (told,) = box.renewal.trouble()
        assert "N-102" in told.what
        assert "EST server" in told.do
    first, *_, last = box.clock.pauses_s[:4]
    assert 30 <= first <= 60
    assert first < last <= 480


async def test_nobody_renews_what_is_not_ours_and_that_is_told(box: Box) -> None:
    box.age(420)
    box.renewal._settings = msgspec.structs.replace(box.renewal._settings, est="")
    before = box.serial
    await box.look()
    assert (box.serial, box.codes()) == (before, ["N-122"])


async def test_where_the_clock_is_not_trusted_a_broker_that_hangs_up_is_a_reason(box: Box) -> None:
    """A box without a clock that lay in a cupboard all summer."""
    box.age(EXPIRED_DAYS)
    box.clock.is_synced, box.clock.now_ns = False, 0
    before = box.serial
    await box.look()
    assert box.serial == before
    box.refused = "L-109"
    await box.look()
    assert box.serial != before
    again = box.serial
    await box.look()
    assert box.serial == again, "a certificate that was just given is no reason to ask for another"


async def test_a_spoilt_certificate_is_told_in_the_log_and_tried_again(
    box: Box, caplog: pytest.LogCaptureFixture
) -> None:
    (box.papers.folder / "current/box.crt").write_bytes(b"spoilt")
    await box.look(3)
    assert caplog.text.count("N-106") == 1
    box.papers.certificate.unlink()
    await box.look()
    assert "N-108" in caplog.text


async def test_a_next_key_that_a_power_cut_spoilt_is_made_anew(box: Box) -> None:
    box.age(AFTER_DUE_DAYS)
    before = box.serial
    box.papers.next_key()
    (box.papers.folder / "next/box.key").write_bytes(b"")
    await box.look(2)
    assert box.serial != before


async def test_without_tls_there_is_nothing_to_do(box: Box) -> None:
    box.renewal._settings = msgspec.structs.replace(
        box.renewal._settings, broker="mqtt://127.0.0.1", certificate="/none"
    )
    await box.renewal.run()
    assert box.codes() == []


@given(st.binary(min_size=32, max_size=32), st.integers(1, 800))
def test_due_is_between_two_thirds_and_the_end(public: bytes, days: int) -> None:
    kept = Kept(school="s", authority="", begins_ns=0, expires_ns=days * DAY_NS)
    assert (
        days * DAY_NS * 2 // 3
        <= due_ns(kept, public)
        <= min(days * DAY_NS * 5 // 6 + 1, days * DAY_NS * 2 // 3 + 7 * DAY_NS)
    )


def test_a_city_does_not_ask_at_once() -> None:
    kept = Kept(school="s", authority="", begins_ns=0, expires_ns=427 * DAY_NS)
    days = {due_ns(kept, os.urandom(32)) // DAY_NS for _ in range(500)}
    assert len(days) >= 7


@pytest.mark.parametrize("year", ["1970-01-01 00:10:00", "2040-06-01 12:00:00"])
def test_a_box_with_a_wrong_clock_enrols(enrolling: Enrolling, tmp_path: Path, year: str) -> None:
    """The kernel says that the clock is not synced; OpenSSL sees the wrong year."""
    file = enrolling.invite(enrolling.new_school(), tmp_path)
    done = run(["faketime", "-m", "--exclude-monotonic", "-f", f"@{year}", *command(file)])
    assert done.returncode == 0, done.stderr
