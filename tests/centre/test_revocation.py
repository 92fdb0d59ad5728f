"""Revoked is revoked at a real broker: the line ends, the old certificate does not come back, the list stays fresh."""

from __future__ import annotations

import datetime as dt
import fcntl
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from cryptography import x509

from centre import admin, revocation
from centre.database import open_database
from centre.errors import CentreError
from centre.settings import EnrolmentSettings, Settings
from tests.centre.far_box import until
from tests.centre.visitor import Visitor
from tests.enrolling import Enrolling


@pytest.fixture
def line(enrolling: Enrolling, tmp_path: Path) -> Iterator[Visitor]:
    """A box that is enrolled and connected."""
    school = enrolling.new_school()
    visitor = knock(enrolling, enrolling.enrolled(school, tmp_path), school)
    assert visitor.connected
    yield visitor
    visitor.client.loop_stop()


def knock(enrolling: Enrolling, state: Path, school: str) -> Visitor:
    return Visitor(enrolling.ca, state / "pki/box", school).knock(enrolling.city.port)


def listed(folder: Path) -> x509.CertificateRevocationList:
    return x509.load_pem_x509_crl((folder / "pki/crl.pem").read_bytes())


def test_a_revoked_box_is_put_out_and_stays_out(enrolling: Enrolling, line: Visitor, tmp_path: Path) -> None:
    school = line.client._client_id.decode()
    line.client.reconnect_delay_set(600, 600)
    (one,) = enrolling.enrolments.certificates(school)
    enrolling.city.must("certificate", "revoke", one.serial.upper())
    assert line.gone.wait(20)
    assert not knock(enrolling, tmp_path / "state", school).connected
    found = listed(enrolling.city.folder)
    revoked = found.get_revoked_certificate_by_serial_number(int(one.serial, 16))
    assert revoked is not None
    other = enrolling.new_school()
    assert knock(enrolling, enrolling.enrolled(other, tmp_path / "other"), other).connected


def test_when_a_new_box_enrols_the_old_one_is_out(enrolling: Enrolling, line: Visitor, tmp_path: Path) -> None:
    school = line.client._client_id.decode()
    line.client.reconnect_delay_set(600, 600)
    new = enrolling.enrolled(school, tmp_path / "new")
    assert line.gone.wait(20)  # before the new one had its certificate
    assert not knock(enrolling, tmp_path / "state", school).connected
    assert knock(enrolling, new, school).connected


def test_only_the_line_ends_when_nothing_is_revoked(enrolling: Enrolling, line: Visitor) -> None:
    line.client.reconnect_delay_set(1, 1)
    assert admin.put_out(enrolling.settings, line.client._client_id.decode())
    assert line.gone.wait(20)
    until(line.client.is_connected)


def test_of_two_who_write_the_list_the_later_one_has_read_the_table_later(enrolling: Enrolling, tmp_path: Path) -> None:
    """Else what was revoked between would be good again until tomorrow."""
    folder, school = enrolling.city.folder, enrolling.new_school()
    enrolling.enrolled(school, tmp_path)
    (one,) = enrolling.enrolments.certificates(school)

    def write() -> None:
        database = open_database(enrolling.settings.database)
        revocation.write_list(folder, database)
        database.close()

    with (folder / "pki/.crl.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another process is at it
        slow = threading.Thread(target=write)
        slow.start()
        slow.join(0.5)
        assert slow.is_alive()
        enrolling.enrolments.revoke_one(one.serial, "revoked")
    slow.join()
    assert listed(folder).get_revoked_certificate_by_serial_number(int(one.serial, 16)) is not None


def test_the_list_is_good_for_months_and_made_anew_each_day(
    enrolling: Enrolling, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = enrolling.city.folder
    revocation.write_list(folder, enrolling.database)
    found = listed(folder)
    assert found.next_update_utc is not None
    assert found.next_update_utc - dt.datetime.now(dt.UTC) > dt.timedelta(days=80)
    assert not revocation.is_old(folder)
    before = (folder / "pki/crl.pem").read_bytes()
    revocation.keep_fresh(enrolling.settings)
    assert (folder / "pki/crl.pem").read_bytes() == before
    monkeypatch.setattr(revocation, "MADE_ANEW", dt.timedelta(hours=-3))  # a day has passed
    revocation.keep_fresh(enrolling.settings)
    assert (folder / "pki/crl.pem").read_bytes() != before
    assert (folder / "pki/crl.pem").stat().st_mode & 0o777 == 0o644


def test_a_list_that_cannot_be_renewed_is_logged(
    enrolling: Enrolling, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "centre"
    (folder / "pki").mkdir(parents=True)
    for name in ("ca.crt", "ca.key"):
        (folder / "pki" / name).write_bytes((enrolling.city.folder / "pki" / name).read_bytes())
    (folder / "spoilt.db").write_text("hello " * 1_000)
    settings = msgspec.structs.replace(enrolling.settings, folder=str(folder), database=f"sqlite:///{folder}/spoilt.db")
    revocation.keep_fresh(settings)
    assert "is not renewed" in caplog.text
    revocation.keep_fresh(msgspec.structs.replace(settings, database=f"sqlite:///{folder}/centre.db"))
    assert not revocation.is_old(folder)  # and no broker runs here: it reads the list when it starts


@pytest.mark.parametrize("fails", ["one line", "the list"])
def test_whose_certificate_is_over_is_put_out_whatever_fails_for_others(
    enrolling: Enrolling,
    line: Visitor,
    fails: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    school = line.client._client_id.decode()
    line.client.reconnect_delay_set(600, 600)
    settings = enrolling.settings
    monkeypatch.setattr(revocation, "MADE_ANEW", dt.timedelta(hours=-3))  # a day has passed
    monkeypatch.setattr(revocation.Enrolments, "retire", lambda _self: ["fails", school])
    if fails == "one line":
        put_out = admin.put_out

        def failing(settings: Settings, school: str) -> bool:
            if school == "fails":
                raise CentreError("K-113", "the broker does not change its rules", do="")
            return put_out(settings, school)

        monkeypatch.setattr(admin, "put_out", failing)
    else:
        settings = msgspec.structs.replace(settings, enrolment=EnrolmentSettings(reload=["false"]))
    revocation.keep_fresh(settings)
    assert line.gone.wait(20)
    said = {"one line": "the line of fails,", "the list": "is not renewed: K-182"}[fails]
    assert said in caplog.text


@pytest.mark.parametrize(
    "pid", ["", "no number", "1", str(os.getpid()), "4194305"], ids=["none", "word", "init", "us", "gone"]
)
def test_nobody_but_a_broker_is_signalled(tmp_path: Path, pid: str) -> None:
    (tmp_path / "mosquitto.pid").write_text(pid)
    assert revocation._pid(tmp_path / "mosquitto.pid") == 0


def test_another_way_to_call_the_broker(enrolling: Enrolling, tmp_path: Path) -> None:
    def calling(*words: str) -> Settings:
        return msgspec.structs.replace(enrolling.settings, enrolment=EnrolmentSettings(reload=list(words)))

    revocation.call_broker(calling("touch", str(tmp_path / "called")))
    assert (tmp_path / "called").exists()
    for words in (("false",), ("/no/such",)):
        with pytest.raises(CentreError, match="K-182"):
            revocation.call_broker(calling(*words))


def test_an_empty_list_needs_no_database(enrolling: Enrolling, tmp_path: Path) -> None:
    (tmp_path / "pki").mkdir()
    for name in ("ca.crt", "ca.key"):
        (tmp_path / "pki" / name).write_bytes((enrolling.city.folder / "pki" / name).read_bytes())
    revocation.write_list(tmp_path, None)
    assert len(listed(tmp_path)) == 0
    open_database(f"sqlite:///{tmp_path}/x.db").close()
