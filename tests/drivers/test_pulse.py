"""A pulse grows old while nobody beats it, and is young again with the next beat."""

from __future__ import annotations

from drivers.pulse import Pulse, Slowest
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


def test_of_several_threads_one_that_is_stuck_is_enough() -> None:
    clock = FastClock()
    pulses = [Pulse(clock, 8.0), Pulse(clock, 8.0)]
    slowest = Slowest(clock, pulses)
    clock.advance(8.1)
    pulses[0].beat()
    assert slowest.stopped()
    pulses[1].rest()
    assert (slowest.age_s(), slowest.stopped()) == (0.0, False)
