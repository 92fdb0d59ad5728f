"""`mektep identity`: prints the public key, makes the pair once, never shows the private half."""

from __future__ import annotations

import base64
import stat
from pathlib import Path

from agent.sync.identity import FILE, load_identity
from tests.agent.cli.command import mektep, write_config


def test_it_prints_the_public_key_and_makes_it_once(tmp_path: Path) -> None:
    path = write_config(tmp_path)
    first, second = mektep("identity", path), mektep("identity", path)
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout == second.stdout == load_identity(tmp_path / "state").public_base64 + "\n"
    assert len(base64.b64decode(first.stdout, validate=False)) == 32


def test_the_private_half_stays_in_a_file_of_its_owner(tmp_path: Path) -> None:
    mektep("identity", write_config(tmp_path))
    assert stat.S_IMODE((tmp_path / "state" / FILE).stat().st_mode) == 0o600


def test_a_spoilt_key_is_named_and_kept(tmp_path: Path) -> None:
    path = write_config(tmp_path)
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / FILE).write_text("rubbish")
    done = mektep("identity", path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("T-111")
    assert (tmp_path / "state" / FILE).read_text() == "rubbish"


def test_a_place_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    path = write_config(tmp_path)
    (tmp_path / "state").write_text("a file in the folder's place")
    done = mektep("identity", path)
    assert done.returncode == 2
    assert done.stderr.startswith("T-111")
    assert "Traceback" not in done.stderr


def test_a_bad_configuration_is_named(tmp_path: Path) -> None:
    done = mektep("identity", write_config(tmp_path, more="zzz = 1"))
    assert done.returncode == 2
    assert "C-101" in done.stderr
    assert not (tmp_path / "state").exists()
