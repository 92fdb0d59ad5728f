"""The certificates by which the centre itself is known: until when they are good, and new ones in time.

Whose     broker, EST server, receivers, administrator. The authority's own is shown, and renewed by nobody.
Key       it stays (centre/pki.py: renew). One that has leaked is another matter: docs/enrolment.md.
Taken up  by the broker when it is called (centre/revocation.py), by the EST server at the next line, by a receiver at
          its next connection, by the administrator at the next command. What the two servers show is looked at.
Raises    CentreError K-182 if the broker cannot be called. What cannot be read or renewed (K-101, K-186) is listed.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

import msgspec
from cryptography import x509

from centre import broker, pki, revocation
from centre.errors import CentreError
from centre.settings import EST_PORT, Settings
from centre.shown import shown_at

log = logging.getLogger("centre")

RENEW_DAYS = 60  # before its end, by `deliver`
WARN_DAYS = 30  # then somebody is to look: `deliver` has had a month
AUTHORITY_WARN_DAYS = 365  # every box must learn of the next one
AUTHORITY = "ca"
CLIENTS = (*broker.RECEIVERS, *(f"{name}-alarm" for name in broker.RECEIVERS), broker.ADMIN)
NAMES = ("broker", "est", *CLIENTS)
SERVERS = {"broker": "the broker", "est": "the EST server"}
DAY_S = 86_400.0
TAKEN_UP_S, LOOK_S = 10.0, 0.2
AUTHORITY_DO = "The city needs a new authority, and every box is enrolled again: docs/enrolment.md."


class Own(msgspec.Struct, frozen=True, kw_only=True):
    """One of them, as it lies in the folder."""

    name: str  # of the file: pki/NAME.crt
    serial: int
    begin: dt.datetime
    end: dt.datetime

    @property
    def file(self) -> str:
        return f"pki/{self.name}.crt"

    def ends_within(self, days: int) -> bool:
        return self.end <= dt.datetime.now(dt.UTC) + dt.timedelta(days=days)

    @property
    def state(self) -> str:
        """good, ends, expired."""
        if self.ends_within(0):
            return "expired"
        return "ends" if self.ends_within(AUTHORITY_WARN_DAYS if self.name == AUTHORITY else WARN_DAYS) else "good"


class Looked(msgspec.Struct, frozen=True):
    """What is in order, and what is not; neither keeps the other waiting."""

    found: list[Own]
    troubles: list[CentreError]


def own_certificates(settings: Settings) -> Looked:
    """Those that lie in this folder: a receiver's machine may hold its own alone. The authority's comes last."""
    names = [name for name in (*NAMES, AUTHORITY) if settings.tls and settings.file(f"pki/{name}.crt").exists()]
    return _each(names, lambda name: pki.certificate(settings.file(f"pki/{name}.crt")))


def renew(settings: Settings, within_days: int | None) -> Looked:
    """What ends within so many days, None: everything; and the broker is told. Returns the new ones."""
    looked = own_certificates(settings)
    due = [one.name for one in looked.found if within_days is None or one.ends_within(within_days)]
    names = [name for name in due if name != AUTHORITY]
    renewed = _each(names, lambda name: pki.renew(settings.file("pki"), settings.file(f"pki/{name}.crt")))
    if any(one.name == "broker" for one in renewed.found):
        revocation.call_broker(settings)
    return Looked(renewed.found, looked.troubles + renewed.troubles)


def behind(settings: Settings, patience_s: float = 0.0) -> list[Own]:
    """What servers show that ends before the one in the folder; they take a moment to read what they were told to."""
    deadline = time.monotonic() + patience_s
    while True:
        servers = [one for one in own_certificates(settings).found if one.name in SERVERS]
        old = [found for one in servers if (found := _shown(settings, one.name)) is not None and found.end < one.end]
        if not old or time.monotonic() >= deadline:
            return old
        time.sleep(LOOK_S)


def attention(settings: Settings) -> list[CentreError]:
    """What a person is to look at: files that end or cannot be read, servers that show one that ends."""
    looked = own_certificates(settings)
    ending = [_ends(one) for one in looked.found if one.state != "good"]
    return looked.troubles + ending + [shows_old(one) for one in behind(settings) if one.state != "good"]


def first_to_end(settings: Settings) -> str:
    """In one line; empty without TLS."""
    found = own_certificates(settings).found
    ours = sorted((one for one in found if one.name != AUTHORITY), key=lambda one: one.end)
    told = [f"{one.file} {one.end:%Y-%m-%d}" for one in [*ours[:1], *(one for one in found if one.name == AUTHORITY)]]
    return f"The centre's certificates end: {', '.join(told)}" if told else ""


def shows_old(one: Own) -> CentreError:
    what = f"{SERVERS[one.name]} still shows the certificate that ends {one.end:%Y-%m-%d}, not {one.file}"
    do = f"Restart {SERVERS[one.name]}; if it is given a copy of that file, copy it first."
    return CentreError("K-188", what, do=do)


class Upkeep:
    """What `deliver` does for the certificates: once a day, whatever fails."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._next_s = 0.0

    def look(self) -> None:
        """What fails is logged, and tried again tomorrow: there are two months."""
        if time.monotonic() < self._next_s or not self._settings.file("pki/ca.key").exists():
            return
        self._next_s = time.monotonic() + DAY_S
        try:
            done = renew(self._settings, RENEW_DAYS)
            for one in done.found:
                log.info("%s is renewed: good until %s", one.file, f"{one.end:%Y-%m-%d}")
            for error in done.troubles:
                log.warning("%s", error)
            if any(one.name == "broker" for one in behind(self._settings)):
                revocation.call_broker(self._settings)
            for one in behind(self._settings, TAKEN_UP_S):
                if one.ends_within(RENEW_DAYS):
                    log.warning("%s", shows_old(one))
        except (CentreError, OSError) as error:
            log.warning("the centre's certificates are not all renewed: %s", error)


def _each(names: Iterable[str], certificate: Callable[[str], x509.Certificate]) -> Looked:
    looked = Looked([], [])
    for name in names:
        try:
            looked.found.append(_own(name, certificate(name)))
        except CentreError as error:
            looked.troubles.append(error)
    return looked


def _own(name: str, found: x509.Certificate) -> Own:
    return Own(name=name, serial=found.serial_number, begin=found.not_valid_before_utc, end=found.not_valid_after_utc)


def _ends(one: Own) -> CentreError:
    what = f"{one.file} {'ended' if one.state == 'expired' else 'ends'} {one.end:%Y-%m-%d}"
    do = "Run `mektep-centre certificate renew`. Where `deliver` runs with pki/ca.key it does that itself: see its log."
    return CentreError("K-187", what, do=AUTHORITY_DO if one.name == AUTHORITY else do)


def _shown(settings: Settings, name: str) -> Own | None:
    url = urlsplit(settings.est)
    est = url.hostname or settings.broker_host, url.port or EST_PORT
    found = shown_at(settings, *((settings.broker_host, settings.broker_port) if name == "broker" else est))
    return _own(name, found) if found else None
