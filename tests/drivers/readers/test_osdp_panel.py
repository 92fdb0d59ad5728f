"""libosdp as it is used: what it asks, what it hears, what had to be mended in it."""

from __future__ import annotations

import gc
import subprocess
import sys
import time
from pathlib import Path

import osdp_sys
import pytest

from drivers.readers import osdp_panel
from drivers.readers.osdp_panel import Panel, Panels
from tests.drivers.readers.osdp_peer import Peer

KEY, FOREIGN = bytes(range(16)), bytes(16)
HANDSHAKE = [0x61, 0x62, 0x76, 0x77]  # identity, capabilities, challenge, cryptogram
SHOWN = {"bits": 26, "card": "3d9cb940"}


def talk(panel: Panel, peer: Peer) -> None:
    """Until the panel has nothing to say."""
    while data := panel.next_frame():
        panel.answer(peer.answer(data))


@pytest.fixture
def panel() -> Panel:
    return Panel(1, KEY, install=False)


@pytest.fixture
def peer() -> Peer:
    return Peer(KEY)


def test_it_comes_online_through_the_secure_channel_and_polls(panel: Panel, peer: Peer) -> None:
    talk(panel, peer)
    assert (peer.asked, panel.online, panel.secure) == (HANDSHAKE, True, True)
    peer.tell(**SHOWN)
    time.sleep(0.051)  # libosdp's own pause between polls, by the clock of the system
    talk(panel, peer)
    assert [event["data"].hex() for event in panel.events] == [SHOWN["card"]]


def test_commands_end_in_done(panel: Panel, peer: Peer) -> None:
    talk(panel, peer)
    panel.submit(osdp_panel.led("green", tenths=20, blink=False))
    panel.submit(osdp_panel.ask_status())
    talk(panel, peer)
    assert panel.done == [osdp_panel.LED, osdp_panel.ASK_STATUS]
    assert panel.has(osdp_panel.HAS_LED)


def test_it_gives_up_and_can_be_restarted_at_once(panel: Panel, peer: Peer) -> None:
    talk(panel, peer)
    panel.submit(osdp_panel.ask_status())
    assert panel.next_frame()
    panel.no_answer()
    assert not panel.online
    assert panel.next_frame() == b""  # for 300 seconds
    assert panel.restart()
    talk(panel, peer)
    assert panel.secure


@pytest.mark.parametrize("steps", range(5))
def test_it_can_be_restarted_in_every_state(panel: Panel, peer: Peer, steps: int) -> None:
    for _ in range(steps):
        if data := panel.next_frame():
            panel.answer(peer.answer(data))
    assert panel.restart()
    talk(panel, peer)
    assert (panel.online, panel.secure) == (True, True)


def test_a_foreign_key_is_no_channel(panel: Panel) -> None:
    talk(panel, Peer(FOREIGN))
    assert (panel.online, panel.secure) == (False, False)


@pytest.mark.parametrize("answer", [b"", b"\x53", b"\x53\x81\x08\x00\x04\x40\x00\x00", bytes(64), b"\x53" * 300])
def test_no_answer_makes_it_fail(panel: Panel, peer: Peer, answer: bytes) -> None:
    talk(panel, peer)
    panel.submit(osdp_panel.ask_status())
    assert panel.next_frame()
    panel.answer(answer)
    panel.restart()
    talk(panel, peer)
    assert panel.secure


def test_what_is_lent_is_used_again() -> None:
    panels = Panels()
    first = panels.lend(1, KEY)
    talk(first, Peer(KEY))
    panels.take_back(first)
    assert panels.lend(1, FOREIGN) is not first
    again = panels.lend(1, KEY)
    assert (again is first, again.online) == (True, False)
    assert panels.lend(1, KEY) is not first


CHALLENGE = """
from drivers.readers.osdp_panel import Panel
from simulator.osdp_device import Device
from tests.drivers.readers.osdp_peer import Peer
panel, peer = Panel(1, bytes(16), install=False), Peer(bytes(16))
for _ in range(2):
    panel.answer(peer.answer(panel.next_frame()))
print(panel.next_frame().hex())
"""


def test_no_two_processes_draw_the_same_challenge() -> None:
    """libosdp alone draws the same after each start: a recorded evening would open the next morning."""
    root = Path(__file__).parents[3]
    drawn = {
        subprocess.run([sys.executable, "-c", CHALLENGE], capture_output=True, check=True, cwd=root).stdout
        for _ in range(3)
    }
    assert len(drawn) == 3


def test_events_leave_nothing_behind(panel: Panel, peer: Peer) -> None:
    """The dict of an event is never freed by libosdp: it must at least be empty."""
    talk(panel, peer)
    for _ in range(20):
        panel.submit(osdp_panel.ask_status())
        talk(panel, peer)
    assert len(panel.events) == 20
    panel.events.clear()
    gc.collect()
    left = [one for one in gc.get_objects() if isinstance(one, dict) and one.get("event") == osdp_sys.EVENT_STATUS]
    assert left == []
