"""What is revoked reaches the broker: the list pki/crl.pem, the broker's attention to it, the end of a line that is up.

List    of all serials that were revoked; good for CRL_DAYS, made anew each day by `mektep-centre deliver`, which
        revokes then what is over (centre/enrolment.py): past its nextUpdate a broker would refuse every box.
Order   list, then the broker's attention, then the line: who is put out cannot come back by the old certificate.
Raises  CentreError K-101, K-112, K-113; K-182 if the broker cannot be told to read the list; StoreDown.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import logging
import os
import signal
import subprocess
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from centre import admin, pki
from centre.database import Database, open_database
from centre.enrolment import RENEWED, Enrolments
from centre.errors import CentreError, StoreDown
from centre.keys import write_public
from centre.settings import Settings

log = logging.getLogger("centre")

CRL_DAYS = 90
MADE_ANEW = dt.timedelta(days=1)
REASONS = {
    "lost": x509.ReasonFlags.key_compromise,
    "replaced": x509.ReasonFlags.superseded,
    RENEWED: x509.ReasonFlags.superseded,
}
RELOAD_S = 20
DO = "Make it read them yourself, e.g. `systemctl reload mosquitto`; say how under [enrolment] in centre.toml."


def write_list(folder: Path, database: Database | None) -> None:
    """pki/crl.pem as of now; without a database nothing is revoked yet."""
    with (folder / "pki/.crl.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one of several processes must not put an older list over a newer one
        _write_list(folder, database)


def _write_list(folder: Path, database: Database | None) -> None:
    ours, key = pki.authority(folder / "pki")
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(ours.subject)
        .last_update(now - dt.timedelta(hours=1))
        .next_update(now + dt.timedelta(days=CRL_DAYS))
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .add_extension(x509.CRLNumber(int(now.timestamp())), critical=False)
    )
    sql = "select serial, revoked_ns, reason from box_certificate where revoked_ns > 0 order by serial"
    for serial, revoked_ns, reason in database.execute(sql) if database else []:
        at = dt.datetime.fromtimestamp(revoked_ns // 1_000_000_000, dt.UTC)
        one = x509.RevokedCertificateBuilder().serial_number(int(serial, 16)).revocation_date(at)
        if reason in REASONS:
            one = one.add_extension(x509.CRLReason(REASONS[reason]), critical=False)
        builder = builder.add_revoked_certificate(one.build())
    write_public(folder / "pki/crl.pem", builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))


def is_old(folder: Path) -> bool:
    """Whether the list is to be made anew: it is a day old, missing or spoilt."""
    try:
        found = x509.load_pem_x509_crl((folder / "pki/crl.pem").read_bytes())
    except (OSError, ValueError):
        return True
    return dt.datetime.now(dt.UTC) - found.last_update_utc > MADE_ANEW + dt.timedelta(hours=1)


def publish_list(settings: Settings, database: Database) -> None:
    """Write it, and have the broker read it."""
    write_list(settings.file("."), database)
    if settings.tls:
        call_broker(settings)


def keep_fresh(settings: Settings) -> None:
    """Make the list anew if it is a day old, with what is over by then. What fails is logged. The list is made again, a
    day later at the latest, and there are weeks. A line that could not be ended is not tried again: it goes on by what
    is over until it breaks by itself.
    """
    folder = settings.file(".")
    if not settings.tls or not (folder / "pki/ca.key").exists() or not is_old(folder):
        return
    schools: list[str] = []
    try:
        database = open_database(settings.database)
        try:
            schools = Enrolments(database, folder).retire()
            publish_list(settings, database)
        finally:
            database.close()
    except (CentreError, StoreDown, OSError) as error:
        log.warning("the list of revoked certificates is not renewed: %s", error)
    for school in schools:  # also without the list: a box comes back by its newer certificate
        try:
            admin.put_out(settings, school)
        except (CentreError, OSError) as error:
            log.warning("the line of %s, maybe by a certificate that is over, is not ended: %s", school, error)


def call_broker(settings: Settings) -> None:
    """A broker that does not run reads the list when it starts."""
    if settings.enrolment.reload:
        _run(settings.enrolment.reload)
        return
    pid = _pid(settings.file("broker/mosquitto.pid"))
    try:
        if pid:
            os.kill(pid, signal.SIGHUP)
    except PermissionError as error:
        raise CentreError(
            "K-182", f"the broker, process {pid}, may not be told to read crl.pem and its certificate", do=DO
        ) from error


def put_out(settings: Settings, database: Database, school: str) -> None:
    """What was revoked of a school just now is in force when this returns."""
    publish_list(settings, database)
    admin.put_out(settings, school)


def _run(command: list[str]) -> None:
    try:
        subprocess.run(command, check=True, timeout=RELOAD_S, stdin=subprocess.DEVNULL, capture_output=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise CentreError("K-182", f"the broker does not read crl.pem and its certificate: {error}", do=DO) from error


def _pid(path: Path) -> int:
    """Of a mosquitto that runs; 0 if none does."""
    try:
        pid = int(path.read_text())
        name = Path(f"/proc/{pid}/comm").read_text().strip()
    except (OSError, ValueError):
        return 0
    return pid if name == "mosquitto" else 0
