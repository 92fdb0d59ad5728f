"""Why the link is down, in words a technician can act on: one row for each way it fails. Codes L-1xx."""

from __future__ import annotations

import socket
import ssl

from agent.errors import AgentError
from agent.sync.settings import LinkSettings

NOT_AUTHORISED, BANNED, TAKEN_OVER, BAD_USER = 135, 138, 142, 134
PACKET_TOO_LARGE = 149


class LinkError(AgentError):
    """The link cannot be had, or is lost."""


def from_exception(error: Exception, settings: LinkSettings) -> LinkError:
    """A connection that failed before the broker answered."""
    place = f"{settings.host}:{settings.port}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate(error, place)
    if isinstance(error, ssl.SSLError):
        why = getattr(error, "reason", "") or error
        return LinkError(
            "L-106",
            f"TLS with {place} failed: {why}",
            do="Compare ca, certificate and key with the centre's.",
        )
    if isinstance(error, socket.gaierror):
        return LinkError(
            "L-102",
            f"the name {settings.host} cannot be resolved",
            do="Check the cable and the school's DNS; try `ping`.",
        )
    if isinstance(error, ConnectionRefusedError):
        return LinkError(
            "L-103", f"{place} refuses the connection", do="Nothing on site; tell the centre that its broker is down."
        )
    if isinstance(error, (TimeoutError, socket.timeout)):
        return LinkError(
            "L-104",
            f"{place} does not answer",
            do="Check the school's router and firewall: TCP to this port must pass.",
        )
    if isinstance(error, FileNotFoundError):
        return LinkError(
            "L-105",
            f"a certificate file is missing: {error.filename or settings.ca}",
            do="Enrol the box, or correct [centre].",
        )
    if isinstance(error, PermissionError):
        return LinkError("L-105", f"a certificate file cannot be read: {error}", do="Give it to the agent's user.")
    return LinkError(
        "L-101", f"no way to {place}: {error}", do="Check the network cable, the switch's light and the router."
    )


def _certificate(error: ssl.SSLCertVerificationError, place: str) -> LinkError:
    if "expired" in error.verify_message or "not yet valid" in error.verify_message:
        what = f"by this box's clock the certificate of {place} is out of date: {error.verify_message}"
        return LinkError("L-108", what, do="Check the box's date first; if it is right, tell the centre.")
    return LinkError(
        "L-107",
        f"{place} is not the centre: {error.verify_message}",
        do="Check broker and ca in [centre]; if they are right, tell the centre.",
    )


def from_connack(code: int, words: str) -> LinkError:
    """The broker answered, and refused."""
    if code in (NOT_AUTHORISED, BANNED, BAD_USER):
        return LinkError(
            "L-111",
            f"the broker does not admit this box: {words}",
            do="Ask the centre whether the school is registered.",
        )
    return LinkError("L-112", f"the broker refused the connection: {words}", do="Tell the centre.")


def from_loss(code: int, words: str, *, by_server: bool, greeted: bool) -> LinkError:
    """A connection that ended."""
    if by_server and code == TAKEN_OVER:
        return LinkError(
            "L-113",
            "another box has connected with this school's name",
            do="Find it: a school has one box. Tell the centre.",
        )
    if by_server and code == PACKET_TOO_LARGE:
        return LinkError("L-116", "a message was too large for the broker", do="Tell the centre.")
    if not greeted:
        return LinkError(
            "L-109",
            f"the broker hung up before answering: {words}",
            do="Ask the centre whether this box's certificate is still valid.",
        )
    if "Keep alive" in words:
        return LinkError(
            "L-114", "the line went silent", do="Check the school's Internet connection; the agent reconnects."
        )
    return LinkError(
        "L-110",
        f"the connection was lost: {words}",
        do="Nothing; the agent reconnects. If it repeats, check the router.",
    )


def no_receipts(refused: int) -> LinkError:
    """Why nothing is receipted, though the line holds; `refused`: messages of this connection, by the broker."""
    if refused:
        return LinkError(
            "L-118",
            f"the broker refuses what this box sends: {refused} messages of this connection",
            do="Tell the centre: its broker's rules. Everything is kept.",
        )
    return LinkError(
        "L-120", "the centre sends no receipts", do="Nothing on site; tell the centre. Everything is kept."
    )
