"""One reader's life by hand-made times: how soon it is asked again, how long waited for, what is believed."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.readers.osdp_frame import Frame, crc16, next_frame
from drivers.readers.osdp_keys import Keys
from drivers.readers.osdp_member import OUTAGE_S, PATIENT_S, POLL_S, QUICK_S, STUCK_S, WAITING, Member
from drivers.readers.osdp_panel import Panels
from drivers.readings import Tap
from drivers.serial_port import Bytes
from tests.drivers.readers.osdp_peer import Peer

KEY, FOREIGN = bytes(range(16)), bytes(16)
NOW = Bytes(b"", 5, 7)


def member(**keys: object) -> Member:
    return Member(1, Keys(**({"now": KEY} | keys)), Panels(), 0.0)  # type: ignore[arg-type]


def turn(one: Member, peer: Peer | None, now_s: float) -> bool:
    """One exchange; whether there was one."""
    data = one.next_frame(now_s)
    if not data:
        return False
    said = peer.answer(data) if peer else b""
    frame = next_frame(bytearray(said))
    if frame is None:
        one.unanswered(now_s)
    else:
        one.heard(frame, NOW, now_s)
    return True


def until_reads(one: Member, peer: Peer, now_s: float = 0.0) -> None:
    while not one.reads:
        time.sleep(0.001)  # libosdp polls by the clock of the system
        turn(one, peer, now_s)


def next_tap(one: Member, peer: Peer) -> Tap:
    while True:
        time.sleep(0.001)
        turn(one, peer, 0.0)
        for reading in one.readings:
            if isinstance(reading, Tap):
                return reading


def test_it_works_and_is_polled_again_after_the_pause() -> None:
    one, peer = member(), Peer(KEY)
    until_reads(one, peer)
    assert (one.live, one.trouble, one.due_s) == (True, None, POLL_S)
    peer.tell(bits=26, card="3d9cb940")
    assert next_tap(one, peer).card == "7B3972"


def test_a_tap_has_the_time_of_its_bytes() -> None:
    one, peer = member(), Peer(KEY)
    until_reads(one, peer)
    peer.tell(bits=26, card="3d9cb940")
    tap = next_tap(one, peer)
    assert (tap.at_ns, tap.monotonic_ns) == (5, 7)


def test_a_silent_one_is_asked_again_soon_then_seldom_and_told_after_a_second() -> None:
    one, now_s, pauses = member(), 0.0, []
    while now_s < 3.0:
        assert turn(one, None, now_s)
        assert (one.trouble is not None) == (now_s >= OUTAGE_S)
        pauses.append(round(one.due_s - now_s, 3))
        now_s = one.due_s
    assert pauses[:5] == [0.1, 0.2, 0.4, 0.8, 0.8]
    assert one.trouble is not None
    assert one.trouble.code == "R-201"


def test_a_dead_one_is_waited_for_less_but_now_and_then_long() -> None:
    one, waits = member(), []
    for number in range(20):
        waits.append(one.patience_s)
        turn(one, None, float(number))
    assert [waits[number] for number in (0, 3, 4, 5, 8, 9, 16)] == [
        PATIENT_S, PATIENT_S, QUICK_S, QUICK_S, PATIENT_S, QUICK_S, PATIENT_S
    ]  # fmt: skip
    again = Member(1, Keys(KEY), Panels(), 0.0, misses=one.misses)  # its connection ended, and is made again
    assert again.patience_s == QUICK_S


def test_a_working_one_is_sent_the_same_frame_again_before_it_counts_as_silent() -> None:
    one, peer = member(), Peer(KEY)
    until_reads(one, peer)
    peer.tell(bits=26, card="3d9cb940")
    time.sleep(0.051)
    first = one.next_frame(1.0)
    one.unanswered(1.0)
    assert (one.live, one.due_s, one.next_frame(1.2)) == (True, 1.0, first)
    one.unanswered(1.2)
    assert one.next_frame(1.4) == first
    one.unanswered(1.4)
    assert not one.live


def test_a_clock_that_is_set_back_does_not_stop_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """libosdp then polls no more; it is as if it had nothing to say."""
    one, peer = member(), Peer(KEY)
    until_reads(one, peer)
    monkeypatch.setattr(one._panel, "next_frame", lambda: b"")
    assert not turn(one, peer, STUCK_S / 2)
    assert one.live
    assert not turn(one, peer, STUCK_S * 2)
    assert not one.live
    monkeypatch.undo()
    until_reads(one, peer, STUCK_S * 2)


def test_readings_that_nobody_takes_stop_the_polls_not_the_memory() -> None:
    one, peer = member(), Peer(KEY)
    until_reads(one, peer)
    one.readings.extend([next(iter(one.readings))] * WAITING)
    assert not turn(one, peer, 1.0)
    assert one.due_s > 1.0


@pytest.mark.parametrize(
    ("known", "keys", "asked"),
    [
        (FOREIGN, {}, [0x61, 0x62, 0x76]),
        (FOREIGN, {"before": bytes([1]) * 16}, [0x61, 0x62, 0x76] * 2),
        (FOREIGN, {"install": True}, [0x61, 0x62, 0x76, 0x61, 0x62, 0x76, 0x76]),
    ],
)
def test_every_way_is_tried_once_then_it_is_told(known: bytes, keys: dict[str, object], asked: list[int]) -> None:
    one, peer = member(**keys), Peer(known)
    while one.trouble is None:
        turn(one, peer, 0.0)
    assert one.trouble.code == "R-202"
    assert peer.asked == asked


def test_a_reader_that_cannot_encrypt_is_told() -> None:
    one = member()
    data = one.next_frame(0.0)
    one.heard(reply(data, bytes([0x45]) + bytes(12)), NOW, 0.0)
    data = one.next_frame(0.0)
    one.heard(reply(data, bytes([0x46, 4, 1, 1])), NOW, 0.0)  # capabilities: a light, no security
    while one.trouble is None:
        one.next_frame(0.0)
    assert one.trouble.code == "R-203"


def reply(command: bytes, body: bytes, block: bytes = b"") -> Frame:
    """A reader's reply; with a security block if there is one."""
    asked = Frame(command.lstrip(b"\xff"))
    block = bytes([len(block) + 1]) + block if block else b""
    control = 0x04 | asked.sequence | (0x08 if block else 0)
    head = bytes([0x53, 0x81]) + (7 + len(block) + len(body)).to_bytes(2, "little") + bytes([control]) + block + body
    return Frame(head + crc16(head).to_bytes(2, "little"))


def test_noise_is_counted_and_shown_in_part() -> None:
    one = member()
    one.garbled(b"\xaa" * 100)
    assert (one.counters.garbled, one.counters.last_garbled) == (1, "aa" * 32)


@pytest.mark.parametrize(("garbled", "said"), [(0, "as it should"), (3, "3 answers were garbled")])
def test_noise_that_keeps_a_reader_from_working_is_named(garbled: int, said: str) -> None:
    one, now_s = member(), 0.0
    for _ in range(garbled):
        one.garbled(b"\xaa")
    while one.trouble is None:
        turn(one, None, now_s)
        now_s = max(now_s, one.due_s) + 0.001
    assert one.trouble.code == "R-201"
    assert one.trouble.what.endswith(said)


CODES = [0x40, 0x41, 0x45, 0x46, 0x48, 0x49, 0x4A, 0x4B, 0x50, 0x51, 0x53, 0x54, 0x76, 0x78, 0x79, 0x7A, 0x90]
BODIES = st.builds(
    lambda code, body: bytes([code]) + body, st.sampled_from(CODES) | st.integers(0, 255), st.binary(max_size=200)
)


@settings(max_examples=200, deadline=None)
@given(bodies=st.lists(BODIES, min_size=1, max_size=12), blocks=st.binary(max_size=3))
def test_a_hostile_reader_makes_no_tap_and_no_crash(bodies: list[bytes], blocks: bytes) -> None:
    """Whatever it answers, in the clear or as if through a channel: without the key nothing of it is believed."""
    one, now_s = member(install=True), 0.0
    for body in bodies:
        data = one.next_frame(now_s)
        if data:
            one.heard(reply(data, body, blocks), NOW, now_s)
        now_s = max(now_s, one.due_s) + 0.001
    assert not one.readings
    assert not one.live
