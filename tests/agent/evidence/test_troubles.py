"""Each trouble of evidence is shown while it lasts, with what to do."""

from __future__ import annotations

import errno

from agent.evidence.picture import Form
from agent.evidence.troubles import SHOWN_S, Troubles
from tests.clock import FastClock


def codes(troubles: Troubles) -> list[str]:
    return [one.code for one in troubles.now()]


def test_without_cameras_nobody_must_be_named() -> None:
    assert codes(Troubles(FastClock(), cameras=0)) == []


def test_each_is_shown_as_long_as_it_lasts() -> None:
    clock = FastClock()
    troubles = Troubles(clock, cameras=1)
    assert codes(troubles) == ["E-102"]
    assert "see pictures" in troubles.now()[0].what
    troubles.recipients(Form.SNAPSHOT, given=2, usable=1)
    assert codes(troubles) == ["E-102", "E-105"]
    assert "see blurred pictures" in troubles.now()[0].what
    troubles.recipients(Form.BLURRED, given=3, usable=1)
    assert codes(troubles) == ["E-105"]
    assert "for 3 of 5" in troubles.now()[0].what
    for form in Form:
        troubles.recipients(form, given=1, usable=1)
    assert codes(troubles) == []
    troubles.recipients(Form.SNAPSHOT, given=0, usable=0)
    assert "see plain pictures" in troubles.now()[0].what
    troubles.recipients(Form.SNAPSHOT, given=1, usable=1)
    troubles.unwritable(OSError(errno.EACCES, "Permission denied"))
    assert codes(troubles) == ["E-101"]
    assert "Permission denied" in troubles.now()[0].what
    troubles.written()
    troubles.shed()
    assert codes(troubles) == ["E-103"]
    clock.advance(SHOWN_S)
    assert codes(troubles) == []


def test_since_is_when_it_was_first_seen() -> None:
    clock = FastClock()
    troubles = Troubles(clock, cameras=1)
    first = troubles.now()[0].since_ns
    clock.advance(100)
    assert troubles.now()[0].since_ns == first
