"""Root's copy of the orders key: whole, for everybody to read, and only where root installs updates."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from agent.enrolment.errors import EnrolmentError
from agent.enrolment.roots_key import keep_orders_key

KEY = "A" * 43 + "="
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="root keeps it, nobody else does")


def test_it_is_kept_and_a_new_centre_takes_its_place(tmp_path: Path) -> None:
    program, own = tmp_path / "program", tmp_path / "own"
    program.touch()
    umask = os.umask(0o077)
    try:
        keep_orders_key("B" + KEY[1:], own, program)
        keep_orders_key(KEY, own, program)
        keep_orders_key("C" + KEY[1:], own, program, anew=False)
    finally:
        os.umask(umask)
    assert (own / "orders.pub").read_text() == KEY
    assert stat.S_IMODE(own.stat().st_mode) == 0o755
    assert stat.S_IMODE((own / "orders.pub").stat().st_mode) == 0o644


def test_without_roots_program_nothing_is_written(tmp_path: Path) -> None:
    keep_orders_key(KEY, tmp_path / "own", tmp_path / "program")
    assert not (tmp_path / "own").exists()


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "own").touch()
    with pytest.raises(EnrolmentError, match="N-108"):
        keep_orders_key(KEY, tmp_path / "own", tmp_path / "own")
