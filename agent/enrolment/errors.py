"""Why a certificate cannot be had, in words a technician can act on. Codes N-1xx."""

from __future__ import annotations

import http.client
import socket
import ssl

from agent.errors import AgentError
from agent.plain import plain


class EnrolmentError(AgentError):
    """No certificate now.

    again   it may come if it is tried again later, and nobody does anything
    """

    def __init__(self, code: str, what: str, *, do: str, again: bool = False) -> None:
        super().__init__(code, what, do=do)
        self.again = again


def no_way(error: Exception, place: str) -> EnrolmentError:
    """A conversation with the EST server that did not come about, or broke."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate(error, place)
    if isinstance(error, socket.gaierror):
        why, do = f"its name cannot be resolved: {place}", "Check the cable and the school's DNS; try `ping`."
    elif isinstance(error, ConnectionRefusedError):
        why, do = f"{place} refuses the connection", "Nothing on site; tell the centre that its EST server is down."
    elif isinstance(error, TimeoutError):
        why, do = f"{place} does not answer", "Check the school's router and firewall: TCP to this port must pass."
    elif isinstance(error, ssl.SSLError):
        why, do = f"TLS with {place} failed: {getattr(error, 'reason', '') or error}", "Tell the centre."
    elif isinstance(error, http.client.HTTPException):
        why = f"{place} breaks off, or answers what is not HTTP ({type(error).__name__})"
        do = "Is est the centre's EST server? If it is, tell the centre."
    else:
        why, do = (
            f"no way to {place}: {plain(str(error), '?')}",
            "Check the network cable, the switch's light and the router.",
        )
    return EnrolmentError("N-102", why, do=do, again=True)


def _certificate(error: ssl.SSLCertVerificationError, place: str) -> EnrolmentError:
    if "expired" in error.verify_message or "not yet valid" in error.verify_message:
        what = f"by this box's clock the certificate of {place} is out of date: {error.verify_message}"
        return EnrolmentError("N-109", what, do="Check the box's date first; if it is right, tell the centre.")
    what = f"{place} is not the centre: {error.verify_message}"
    return EnrolmentError("N-103", what, do="Check est and ca_sha256; if they are right, tell the centre.")
