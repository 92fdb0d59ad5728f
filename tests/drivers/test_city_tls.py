"""A context of the city: verified by name and authority in any case; dates only where the clock is trusted.

Over real connections: tests/agent/enrolment (a box in 1970 and in 2040) and tests/agent/sync/test_mqtt*.py.
"""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from centre import pki
from drivers.city_tls import NO_CHECK_TIME, city_context, no_password


@pytest.mark.parametrize("check_dates", [True, False])
def test_only_dates_are_ever_ignored(check_dates: bool) -> None:
    context = city_context(check_dates=check_dates)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert bool(context.verify_flags & NO_CHECK_TIME) != check_dates
    assert context.get_ca_certs() == []


def test_a_locked_key_is_told_and_nobody_is_asked(tmp_path: Path) -> None:
    pki.make_authority(tmp_path)
    locked = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    (tmp_path / "locked.key").write_text(locked)
    with pytest.raises(ssl.SSLError):
        city_context(check_dates=True).load_cert_chain(tmp_path / "ca.crt", tmp_path / "locked.key", no_password)
