"""One reader as libosdp sees it: a machine that says which frame to send next, and is given the answer.

libosdp keeps sequence numbers, key and secure channel. It is never left to wait, and never touches a port: each call
here returns at once, so it needs no thread. One control panel a reader: readers on one bus cannot disturb each other.
What is mended here, all of it in libosdp 3.2.9:
    it forgets a frame that comes in parts: whole frames only (osdp_frame.py)
    after a failure it rests for 300 s: restart() switches it off and on
    its challenges are rand(), never seeded: what was recorded one day could be played back the next. Seeded here
    it lives by the wall clock, and a clock set back stops its polls: osdp_member.py sees that, and restarts it
    each event's dict, and a little of each panel, is never freed: events are emptied, panels are lent and kept
    osdp.ControlPanel keeps every event for ever, and prints: osdp_sys is used, which does neither
Not     when to send, how long to wait: osdp_bus.py.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from typing import Any

import osdp_sys

STEPS = 4  # of libosdp's machine at most: choose a command, send it, look at the answer, change state
NO_FRAME = bytes((0x53, 0x80, 0x08, 0x00, 0x04, 0x40, 0x00, 0x00))  # its check is wrong: an exchange that failed

Event = dict[str, Any]


class Channel:
    """What libosdp reads and writes. It must not raise: an exception in here is lost in C."""

    def __init__(self) -> None:
        self.id = 0
        self.sent = b""
        self.arrived = b""

    def read(self, most: int) -> bytes:
        taken, self.arrived = self.arrived[:most], self.arrived[most:]
        return taken

    def write(self, data: bytes) -> int:
        self.sent += data
        return len(data)

    def flush(self) -> None:
        self.arrived = b""


class Panel:
    """The panel's side of one reader with one key."""

    def __init__(self, address: int, key: bytes, *, install: bool) -> None:
        """install: try the default key where this one is refused, and write this one into the reader."""
        osdp_sys.set_loglevel(osdp_sys.LOG_EMERG)
        seed_random()
        self.address, self.key, self.install = address, key, install
        self.events: list[Event] = []
        self.failed: list[int] = []  # the commands that the reader refused
        self.done: list[int] = []  # the commands that it obeyed
        self._channel = Channel()
        about = {"name": f"reader-{address}", "address": address, "channel": self._channel, "scbk": key}
        about["flags"] = 0 if install else osdp_sys.FLAG_ENFORCE_SECURE
        self._machine = osdp_sys.ControlPanel([about])
        self._machine.set_event_callback(_kept(self.events))
        self._machine.set_command_completion_callback(_sorted(self.done, self.failed))

    @property
    def online(self) -> bool:
        return bool(self._machine.status() & 1)

    @property
    def secure(self) -> bool:
        return bool(self._machine.sc_status() & 1)

    def next_frame(self) -> bytes:
        """What to send now, with its marks; nothing if nothing is due, or if the panel has given up."""
        self._channel.sent = b""
        for _ in range(STEPS):
            self._machine.refresh()
            if self._channel.sent:
                break
        return self._channel.sent

    def answer(self, frame: bytes) -> None:
        """The reader's answer to what was sent last."""
        self._channel.sent = b""
        self._channel.arrived = frame
        self._machine.refresh()

    def no_answer(self) -> None:
        """The exchange failed for good: the panel gives up and must be restarted."""
        self.answer(NO_FRAME)

    def restart(self) -> bool:
        """From the beginning, whatever the state. False if it cannot be: a new panel must be made."""
        seed_random()
        self._machine.flush_commands(0)
        self._machine.disable_pd(0)
        for _ in range(STEPS):
            if not self._machine.is_pd_enabled(0):
                break
            self.no_answer()
        restarted = bool(self._machine.enable_pd(0))
        self._machine.refresh()
        self._channel.sent = b""
        for heard in (self.events, self.done, self.failed):
            heard.clear()
        return restarted

    def submit(self, command: Event) -> bool:
        """Queue a command for the reader. False if it is not online."""
        return bool(self._machine.submit_command(0, command))

    def forget_commands(self) -> None:
        self._machine.flush_commands(0)

    def has(self, capability: int) -> bool:
        """Whether the reader said that it has lights, a buzzer and so on."""
        level, _items = self._machine.check_capability(0, capability)
        return bool(level)


class Panels:
    """Panels that were used before are used again: libosdp never frees all of one."""

    def __init__(self) -> None:
        self._kept: dict[tuple[int, bytes, bool], list[Panel]] = {}

    def lend(self, address: int, key: bytes, *, install: bool = False) -> Panel:
        kept = self._kept.get((address, key, install))
        while kept:
            panel = kept.pop()
            if panel.restart():
                return panel
        return Panel(address, key, install=install)

    def take_back(self, panel: Panel) -> None:
        panel.forget_commands()
        self._kept.setdefault((panel.address, panel.key, panel.install), []).append(panel)


def seed_random() -> None:
    """libosdp draws its challenges from the C library's rand() and never seeds it."""
    ctypes.CDLL(None).srand(int.from_bytes(os.urandom(4), "little"))


def _kept(events: list[Event]) -> Callable[[int, Event], int]:
    """A callback that refers to no panel: libosdp holds it for ever."""

    def on_event(_index: int, event: Event) -> int:
        events.append(dict(event))
        event.clear()
        return 0

    return on_event


def _sorted(done: list[int], failed: list[int]) -> Callable[[int, Event, int], None]:
    ends = {osdp_sys.COMPLETION_OK: done, osdp_sys.COMPLETION_FAILED: failed}  # the others were never sent

    def on_completion(_index: int, command: Event, status: int) -> None:
        if status in ends:
            ends[status].append(command["command"])

    return on_completion


CARD_READ: int = osdp_sys.EVENT_CARDREAD
STATUS: int = osdp_sys.EVENT_STATUS
STATUS_LOCAL: int = osdp_sys.STATUS_REPORT_LOCAL
COLOURS: dict[str, int] = {
    "red": osdp_sys.LED_COLOR_RED,
    "green": osdp_sys.LED_COLOR_GREEN,
    "amber": osdp_sys.LED_COLOR_AMBER,
    "blue": osdp_sys.LED_COLOR_BLUE,
    "magenta": osdp_sys.LED_COLOR_MAGENTA,
    "cyan": osdp_sys.LED_COLOR_CYAN,
    "white": osdp_sys.LED_COLOR_WHITE,
}
KEYSET: int = osdp_sys.CMD_KEYSET
LED: int = osdp_sys.CMD_LED
BUZZER: int = osdp_sys.CMD_BUZZER
ASK_STATUS: int = osdp_sys.CMD_STATUS
HAS_LED: int = osdp_sys.CAP_READER_LED_CONTROL
HAS_BUZZER: int = osdp_sys.CAP_READER_AUDIBLE_OUTPUT


def keyset(key: bytes) -> Event:
    return {"command": KEYSET, "type": 1, "data": key}


def ask_status() -> Event:
    return {"command": ASK_STATUS, "type": STATUS_LOCAL}


def led(colour: str, *, tenths: int, blink: bool) -> Event:
    """Light up for so many tenths of a second, then as before."""
    return {
        "command": LED, "reader": 0, "led_number": 0, "control_code": 2, "temporary": True, "timer_count": tenths,
        "on_color": COLOURS[colour], "off_color": osdp_sys.LED_COLOR_NONE, "on_count": 3,
        "off_count": 3 if blink else 0,
    }  # fmt: skip


def buzzer(beeps: int, *, tenths: int) -> Event:
    """So many beeps, each so many tenths of a second long."""
    return {"command": BUZZER, "reader": 0, "control_code": 2, "on_count": tenths, "off_count": 1, "rep_count": beeps}
