"""TLS to the city and to its media servers: one authority alone is believed, also while nobody knows what day it is.

Dates   of certificates alone are ignored where the clock is not trusted; who made them never is
"""

from __future__ import annotations

import ssl
import warnings

NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME of OpenSSL: dates alone are ignored


def city_context(*, check_dates: bool) -> ssl.SSLContext:
    """A client's, that trusts nobody yet: load the authority into it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not check_dates:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            context.verify_flags |= NO_CHECK_TIME
    return context


def no_password() -> str:
    """Nobody is there to be asked for one. Raises ssl.SSLError through the TLS library."""
    raise ssl.SSLError(0, "the certificate's key is locked with a password")
