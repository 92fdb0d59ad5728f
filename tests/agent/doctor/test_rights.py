"""Keys and folders that others may read or that are others'; USB devices that are not let in."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent.doctor.rights import files, usb
from tests.agent.doctor.boxes import box, configured, told


def test_a_closed_state_directory_is_well(tmp_path: Path) -> None:
    site = configured(tmp_path)
    (tmp_path / "state/identity.pem").write_text("key")
    (tmp_path / "state/secrets").mkdir()
    assert told(files(site)) == ["ok"]


def test_what_others_can_read_is_named(tmp_path: Path) -> None:
    site = configured(tmp_path)
    key = tmp_path / "state/card.key"
    key.write_text("key")
    key.chmod(0o644)
    assert told(files(site)) == ["ok"], "a closed folder stands before it"
    (tmp_path / "state").chmod(0o755)
    found = files(site)
    assert told(found) == ["fault H-161", "fault H-161"]
    assert "card.key can be read by others (mode 0644)" in found[1].fact


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_what_belongs_to_somebody_else_is_named(tmp_path: Path) -> None:
    site = configured(tmp_path)
    (tmp_path / "state/secrets").mkdir(mode=0o700)
    secret = tmp_path / "state/secrets/gate-password"
    secret.write_text("x")
    secret.chmod(0o600)
    os.chown(secret, 65_534, 65_534)
    assert told(files(site)) == ["fault H-162"]


def test_none_yet_is_no_fault(tmp_path: Path) -> None:
    assert told(files(box(tmp_path))) in (["ok"], ["note H-192"])


def test_a_device_that_is_not_let_in(tmp_path: Path) -> None:
    device = "sys/bus/usb/devices/1-1.2"
    files = {f"{device}/authorized": "0\n", f"{device}/idVendor": "0951\n", f"{device}/idProduct": "1666\n",
             f"{device}/product": "DataTraveler 3.0\n", "sys/bus/usb/devices/1-1:1.0/authorized": "0\n"}  # fmt: skip
    (found,) = usb(box(tmp_path, files))
    assert told([found]) == ["warn H-163"]
    assert "DataTraveler 3.0 (0951:1666) at USB 1-1.2" in found.fact
    assert told(usb(box(tmp_path / "other"))) == ["ok"]
