"""One reader of an OSDP bus: which key it knows, whether it works, what it told. No port, no waiting: times come in.

Keys    the one of now; refused: the one of before, and the one of now is written into the reader; with `install`: the
        default key of a new reader, and the one of now is written. A process that is killed in between finds its way
        again: it starts with the one of now. Nothing is ever taken from a reader whose channel is not secured by it.
Back    a reader that fails is tried again soon, then less often; what it kept from before is no tap of now.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from drivers.driver import Counters
from drivers.errors import DeviceError
from drivers.hold import Hold
from drivers.readers import osdp_card, osdp_panel
from drivers.readers.osdp_frame import BUSY, Frame
from drivers.readers.osdp_keys import Keys, Way
from drivers.readers.osdp_panel import Panel, Panels
from drivers.readings import ContactChange, ContactState, Tap
from drivers.serial_port import Bytes

POLL_S = 0.051  # libosdp polls 50 ms after the last answer, and not before
LOOK_AGAIN_S = 0.003
AT_ONCE_S = 0.0  # before all others: a child waits for the light
STUCK_S = 1.0  # online, yet libosdp polls no more: the wall clock was set back
OUTAGE_S = 1.0  # shorter ones heal without a word
SILENT_S = (0.1, 0.2, 0.4, 0.8)  # until a silent reader is asked again
REFUSED_S = (0.0, 0.1, 0.5, 1.0, 2.0)  # until one that refuses is
BUSY_S = 0.05
QUICK_S, PATIENT_S = 0.06, 0.2  # the standard allows 200 ms; readers answer in a few, and others wait meanwhile
PATIENT_EVERY = 8
TRIES = 3
WAITING = 64  # readings that nobody takes: the reader keeps the rest
SHOWN_MAX = 6  # commands in the queue

ASK_CAPABILITIES, POLL, CHALLENGE, CRYPTOGRAM = 0x62, 0x60, 0x76, 0x77
ACK, CAPABILITIES = 0x40, 0x46
CONTACTS = ("tamper", "power")


class Member:
    """One reader. The bus calls next_frame(), then heard() or unanswered(); due_s says when again."""

    def __init__(self, address: int, keys: Keys, panels: Panels, now_s: float, *, misses: int = 0) -> None:
        self.address = address
        self.keys = keys
        self.counters = Counters()
        self.readings: deque[Tap | ContactChange] = deque()
        self.live = False
        self.trouble: DeviceError | None = None
        self.due_s = now_s
        self._panels = panels
        self._ways = keys.ways()
        self._way = Way.NOW
        self._panel = self._lend(Way.NOW)
        self._command = Frame(b"")
        self._reply = 0  # the code of the last answer
        self._sent_s = self._down_s = now_s
        self.misses = misses  # how often it was silent, one time after the other
        self._unanswered = 0  # how often the last frame was sent in vain
        self._sent = b""
        self._refusals = self._tried = 0
        self._keyset_sent = self._repeated = False
        self._stale = True
        self._pending = 0  # commands that were not answered yet
        self._owed: list[osdp_panel.Event] = []
        self._owed_s = now_s
        self._refuses: set[int] = set()  # commands that this reader does not know
        self._contacts: dict[str, ContactState] = {}
        self._hold = Hold()

    @property
    def reads(self) -> bool:
        """Live, and what it had kept from before is out of it."""
        return self.live and not self._stale

    @property
    def patience_s(self) -> float:
        """How long to wait for the beginning of its answer."""
        known_dead = self.misses >= len(SILENT_S) and self.misses % PATIENT_EVERY
        return QUICK_S if known_dead else PATIENT_S

    def leave(self) -> None:
        self._panels.take_back(self._panel)

    def next_frame(self, now_s: float) -> bytes:
        """What to send now; nothing if there is nothing to say."""
        if len(self.readings) >= WAITING:
            self.due_s = now_s + POLL_S
            return b""
        if self._unanswered:
            return self._sent
        data = self._sent = self._panel.next_frame()
        if data:
            self._command = Frame(data.lstrip(b"\xff"))
            self._sent_s = now_s
        elif self._panel.online and now_s - self._sent_s < STUCK_S:
            self.due_s = now_s + LOOK_AGAIN_S
        elif self._reply == BUSY and now_s - self._sent_s < STUCK_S:
            self.due_s = now_s + BUSY_S
        else:
            self._gave_up(now_s)
        return data

    def heard(self, frame: Frame, arrived: Bytes, now_s: float) -> None:
        """The reader's answer to the last frame."""
        self.counters.frames += 1
        self._repeated |= self._unanswered > 0
        self.misses = self._unanswered = 0
        self._reply = frame.code
        self._panel.answer(frame.data)
        self.due_s = now_s
        self._sort_commands(frame)
        if self._panel.online and self._panel.secure:
            self._secured(now_s)
        elif self._panel.online:
            self._refused(now_s)  # it would talk in the clear: nothing of it is believed
        else:
            self._down(now_s)
        self._collect(arrived)

    def unanswered(self, now_s: float) -> None:
        """No answer: the same frame again, then from the beginning."""
        self._unanswered += 1
        if self.live and self._unanswered < TRIES:
            self.due_s = now_s
            return
        self._unanswered = 0
        self._panel.no_answer()
        self._down(now_s)
        self.due_s = now_s + SILENT_S[min(self.misses, len(SILENT_S) - 1)]
        self.misses += 1
        self._restart()
        self._tell_of_outage(now_s)

    def garbled(self, data: bytes) -> None:
        self.counters.skip(data)

    def show(self, commands: list[osdp_panel.Event], now_s: float) -> None:
        """Queue lights and beeps, those that the reader has; they go first. A short outage does not lose them."""
        self._owed, self._owed_s = commands, now_s
        if not self.live:
            return
        if self._pending > SHOWN_MAX:
            self._panel.forget_commands()
            self._pending = 0
        for command in commands:
            kind = command["command"]
            needs = osdp_panel.HAS_LED if kind == osdp_panel.LED else osdp_panel.HAS_BUZZER
            if kind not in self._refuses and self._panel.has(needs):
                self._submit(command)
        if self._pending:
            self.due_s = AT_ONCE_S

    def _secured(self, now_s: float) -> None:
        """The channel is up, with the key of this way."""
        if self._way is Way.INSTALL:
            self._take_way(Way.NOW)
        elif self._way is Way.BEFORE:
            if not self._keyset_sent:
                self._keyset_sent = self._submit(osdp_panel.keyset(self.keys.now))
        elif not self.live:
            self.live, self.trouble, self._tried = True, None, 0
            if osdp_panel.ASK_STATUS not in self._refuses:
                self._submit(osdp_panel.ask_status())
            if self._owed and now_s - self._owed_s < OUTAGE_S:
                self.show(self._owed, self._owed_s)
        elif self._pending:
            self.due_s = AT_ONCE_S
        else:
            self.due_s = now_s + POLL_S
            self._refusals = 0
            self._owed = []

    def _gave_up(self, now_s: float) -> None:
        """libosdp rests: the reader refused something, or has forgotten the channel."""
        self._down(now_s)
        code, reply, self._reply = self._command.code, self._reply, 0
        if code in (CHALLENGE, CRYPTOGRAM) and not self._repeated:  # else the answer may be that to another challenge
            self._refused(now_s)
        elif (code, reply) == (ASK_CAPABILITIES, CAPABILITIES):
            self._later(now_s)
            self._tell(
                "R-203", f"the reader at address {self.address} cannot encrypt",
                do="Replace it by one with secure channel; cards are never read in the clear.",
            )  # fmt: skip
        elif self._way is Way.BEFORE and self._keyset_sent:
            self._later(now_s)
            self._tell(
                "R-205", f"the reader at address {self.address} refuses the new key",
                do="Reset it to the default key, and set install = true once.",
            )  # fmt: skip
        else:
            self._later(now_s)
            self._tell_of_outage(now_s)

    def _refused(self, now_s: float) -> None:
        """Not this key: the next one, and after the last the first again, later."""
        self._down(now_s)
        self._tried += 1
        if self._tried < len(self._ways):
            self.due_s = now_s
        else:
            self._tried = 0
            self._later(now_s)
            self._tell(
                "R-202", f"the reader at address {self.address} has another key",
                do="Store its key: `sudo mektep secret`; or reset it to the default key, and set install = true once.",
            )  # fmt: skip
        self._take_way(self._ways[(self._ways.index(self._way) + 1) % len(self._ways)])

    def _later(self, now_s: float) -> None:
        self.due_s = now_s + REFUSED_S[min(self._refusals, len(REFUSED_S) - 1)]
        self._refusals += 1
        self._restart()

    def _take_way(self, way: Way) -> None:
        if not self._keyset_sent:  # else libosdp has forgotten the key of before
            self._panels.take_back(self._panel)
        self._way, self._keyset_sent, self._pending, self._repeated = way, False, 0, False
        self._panel = self._lend(way)

    def _restart(self) -> None:
        self._pending = 0
        self._repeated = False
        if not self._panel.restart() or self._keyset_sent:
            self._keyset_sent = False
            self._panel = self._lend(self._way)

    def _lend(self, way: Way) -> Panel:
        key = self.keys.before if way is Way.BEFORE else self.keys.now
        return self._panels.lend(self.address, key or self.keys.now, install=way is Way.INSTALL)

    def _down(self, now_s: float) -> None:
        if self.live:
            self.live, self._down_s = False, now_s

    def _tell_of_outage(self, now_s: float) -> None:
        if now_s - self._down_s >= OUTAGE_S:
            noise = f"; {self.counters.garbled} answers were garbled" if self.counters.garbled else ""
            self._tell(
                "R-201", f"the reader at address {self.address} does not answer as it should{noise}",
                do="Check its power, both wires, its address and its baud rate.",
            )  # fmt: skip

    def _tell(self, code: str, what: str, *, do: str) -> None:
        self._stale = True
        self.trouble = DeviceError(code, what, do=do)

    def _submit(self, command: osdp_panel.Event) -> bool:
        taken = self._panel.submit(command)
        self._pending += taken
        return taken

    def _sort_commands(self, frame: Frame) -> None:
        """What became of the commands. A refusal in the clear says only that the reader has forgotten the channel."""
        panel = self._panel
        self._pending = max(0, self._pending - len(panel.done) - len(panel.failed))
        if frame.secured:
            self._refuses.update(kind for kind in panel.failed if kind != osdp_panel.KEYSET)
        obeyed = osdp_panel.KEYSET in panel.done
        panel.done.clear()
        panel.failed.clear()
        if obeyed and self._way is Way.BEFORE:
            self._take_way(Way.NOW)

    def _collect(self, arrived: Bytes) -> None:
        events, taken = self._panel.events, self.live
        for event in events if taken else ():
            if event["event"] == osdp_panel.CARD_READ:
                self.readings.extend(self._tap(event, arrived))
            elif event["event"] == osdp_panel.STATUS and event["type"] == osdp_panel.STATUS_LOCAL:
                self.readings.extend(self._changes(event["report"], arrived))
        if taken and not events and self._command.code == POLL and self._reply == ACK:
            self._stale = False
        events.clear()

    def _tap(self, event: osdp_panel.Event, arrived: Bytes) -> Iterator[Tap]:
        card = osdp_card.read(event.get("length", 0), event["data"])
        if isinstance(card, str):
            self.counters.garbled += 1
            self.counters.last_garbled = card
            return
        if self._stale:
            self.counters.repeats += 1
            return
        if not self._hold.is_new(card.card, arrived.monotonic_ns):
            self.counters.repeats += 1
            return
        yield Tap(card=card.card, form=card.form, at_ns=arrived.at_ns, monotonic_ns=arrived.monotonic_ns)

    def _changes(self, report: bytes, arrived: Bytes) -> Iterator[ContactChange]:
        for contact, value in zip(CONTACTS, report, strict=False):
            state, before = ContactState.ACTIVE if value else ContactState.IDLE, self._contacts.get(contact)
            self._contacts[contact] = state
            if state is not before:
                yield ContactChange(
                    contact=contact, state=state, before=before, at_ns=arrived.at_ns, monotonic_ns=arrived.monotonic_ns
                )
