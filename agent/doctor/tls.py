"""TLS with the broker, and the dates of certificates. A connection is opened, greeted, closed: no MQTT is spoken.

Dates  by the box's own clock; while nobody vouches for it the agent itself does not look at them, and here it is said.
"""

from __future__ import annotations

import socket
import ssl
import time
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from agent.doctor.finding import Finding, fault, refused, warn, well
from agent.doctor.network import CONNECT_S, of_link, slow
from agent.doctor.site import Site
from agent.sync.linkerror import from_exception
from agent.sync.settings import LinkSettings

SOON_DAYS = 30
GREETING_SLOW_S = 0.3  # two round trips and a few kilobytes
TELL = "Tell the centre: the box should have renewed it by itself."
AGAIN = "Check the box's date first; if it is right, tell the centre: the box must be enrolled again."


def tls(site: Site) -> list[Finding]:
    """Who is there, and in which time."""
    settings = site.config.centre if site.config else None
    if settings is None:
        return []
    if not settings.tls:
        return [well("none: the broker is on this machine")]
    try:
        context, complete = _context(settings)
        began_s = time.monotonic()
        line = socket.create_connection((settings.host, settings.port), timeout=CONNECT_S)
        with line, context.wrap_socket(line, server_hostname=settings.host) as talk:
            took_s = time.monotonic() - began_s
            peer, version = talk.getpeercert() or {}, talk.version()
    except OSError as error:
        return [of_link(from_exception(error, settings))]
    found = [] if complete else [refused(settings.key)]
    if late := slow(settings, took_s, GREETING_SLOW_S):
        found.append(late)
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(peer["notAfter"])), UTC)
    told = f"{version} with {settings.host}, known by the city's ca, in {took_s * 1e3:.0f} ms"
    found += _dates(site, "the broker's certificate", None, ends)
    return found or [well(told)]


def _context(settings: LinkSettings) -> tuple[ssl.SSLContext, bool]:
    """As the agent's; False if this user may not read the box's own key, and goes without. Raises OSError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(settings.ca)
    try:
        context.load_cert_chain(settings.certificate, settings.key, password="")
    except PermissionError:
        return context, False
    return context, True


def certificates(site: Site) -> list[Finding]:
    """The box's own, and the city's."""
    settings = site.config.centre if site.config else None
    if settings is None or not settings.tls:
        return [] if settings is None else [well("none is needed")]
    found, facts = [], []
    for what, file in (("the box's certificate", settings.certificate), ("the city's certificate (ca)", settings.ca)):
        try:
            one = x509.load_pem_x509_certificate(Path(file).read_bytes())
        except PermissionError:
            found.append(refused(file))
            continue
        except (OSError, ValueError) as error:
            do = "Enrol the box, or correct [centre]."
            found.append(fault("L-105", f"{what}, {file}, cannot be used: {error}", do))
            continue
        facts.append(f"{what} until {one.not_valid_after_utc:%Y-%m-%d}")
        found += _dates(site, what, one.not_valid_before_utc, one.not_valid_after_utc)
    return found or [well(fact) for fact in facts]


def _dates(site: Site, what: str, begins: datetime | None, ends: datetime) -> list[Finding]:
    now = datetime.fromtimestamp(site.now_ns // 1_000_000_000, UTC)
    if begins is not None and now < begins:
        return [fault("H-146", f"{what} is not valid before {begins:%Y-%m-%d}, by the box's clock", AGAIN)]
    if now > ends:
        return [fault("H-146", f"{what} ended on {ends:%Y-%m-%d}, by the box's clock", AGAIN)]
    days = (ends - now).days
    return [warn("H-145", f"{what} ends in {days} days, on {ends:%Y-%m-%d}", TELL)] if days < SOON_DAYS else []
