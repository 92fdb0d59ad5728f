"""A pulse grows old while nobody beats it, and is young again with the next beat."""

from __future__ import annotations

from drivers.pulse import Pulse
from tests.clock import FastClock


def test_a_pulse_stops_when_nobody_beats_it() -> None:
    clock = FastClock()
    pulse = Pulse(clock, 8.0)
    clock.advance(8.0)
    assert (pulse.age_s(), pulse.stopped()) == (8.0, False)
    clock.advance(0.1)
    assert pulse.stopped()
    pulse.beat()
    assert (pulse.age_s(), pulse.stopped()) == (0.0, False)


def test_at_rest_it_does_not_age() -> None:
    clock = FastClock()
    pulse = Pulse(clock, 8.0)
    pulse.rest()
    clock.advance(100.0)
    assert (pulse.age_s(), pulse.stopped()) == (0.0, False)
    pulse.beat()
    clock.advance(8.1)
    assert pulse.stopped()
