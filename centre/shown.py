"""Which certificate a server shows to who comes to its door now, whatever its date."""

from __future__ import annotations

import contextlib
import socket
import ssl

from cryptography import x509

from centre import broker
from centre.settings import Settings

PATIENCE_S = 3.0


def shown_at(settings: Settings, host: str, port: int) -> x509.Certificate | None:
    """None if nobody is there, or does not speak TLS with us."""
    try:
        with (
            socket.create_connection((host, port), PATIENCE_S) as plain,
            _context(settings).wrap_socket(plain, server_hostname=host) as line,
        ):
            found = line.getpeercert(binary_form=True)
            with contextlib.suppress(OSError):
                line.unwrap()  # a goodbye: else a broker logs an error
    except OSError:  # of which SSLError and TimeoutError are
        return None
    return x509.load_der_x509_certificate(found) if found else None


def _context(settings: Settings) -> ssl.SSLContext:
    """Believes everybody, since nothing is told to them. An old TLS ends the handshake of who shows no certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if (key := settings.file(f"pki/{broker.ADMIN}.key")).exists():
        context.load_cert_chain(settings.file(f"pki/{broker.ADMIN}.crt"), key)
    return context
