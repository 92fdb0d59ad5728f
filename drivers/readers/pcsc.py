"""Card readers of the PC/SC service, such as the ACR122U: the UID of each card that is held before one.

Wire    FF CA 00 00 00 gives the UID and 9000. ACR122U: FF 00 40 LEDS 04 T1 T2 TIMES BUZZER switches light and buzzer,
        FF 00 52 00 00 stops its own beep at each card.
Source  PC/SC 2.01 part 3, 3.2.2.1.3 (GET DATA); ISO 14443-3, 6.4.4 (a UID that begins with 08 is drawn anew each time;
        88 is no first byte of one); ACS, ACR122U API 2.04, section 6.
Raises  DeviceError R-30x of the service. What is no number of four or seven bytes is counted, never a tap.
Bounded TAPS_WAITING taps that nobody has taken; beyond that the oldest gives way and is counted.
Not     who may eat: agent/school decides that.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta

from drivers import cards
from drivers.driver import Clock, Counters, Finding, Secrets, Verdict
from drivers.errors import DeviceError
from drivers.hold import Hold
from drivers.pulse import Pulse
from drivers.readings import CardForm, Light, Tap

if TYPE_CHECKING:  # its library is loaded where the reader is opened, not where it is configured
    from drivers.pcsc_service import Service

GET_UID = bytes.fromhex("FFCA000000")
OWN_BEEP_OFF = bytes.fromhex("FF00520000")
OK = b"\x90\x00"
FORMS = {4: CardForm.UID4, 7: CardForm.UID7}
LONGEST_UID = 10
TRIES = 3  # a card at the edge of the field may fail once, and the service tells of no second coming
TRY_AGAIN_S = 0.05
UNAWARE, PRESENT = 0, 0x20  # states: nothing is known yet; a card is there
EVENTS_SHIFT = 16  # of a state: above it the service counts cards that came or went
TAPS_WAITING = 64
STUCK_S = 5.0  # one look lasts two seconds at most, one command to a card less
LIGHT_S = 1.5  # the beeps of a light take less than one second; after two the cell itself is asked no longer (U-105)
PROBE_S = 3.0


class Lights(StrEnum):
    NONE = "none"
    ACR122U = "acr122u"


LEDS = {  # bits from the lowest: red on, green on at the end, change red, change green, red first, green first, red
    # blinks, green blinks; then time, time, repetitions, buzzer
    Light.ACCEPTED: bytes.fromhex("FF00400E0401000101"),  # green, one beep
    Light.REFUSED: bytes.fromhex("FF00400D0401010301"),  # red, three beeps
    Light.WAIT: bytes.fromhex("FF00400F0400000000"),  # both: orange, no beep
    Light.READY: bytes.fromhex("FF00400F0401000101"),  # orange, one beep
    Light.UNKNOWN: bytes.fromhex("FF00400D0408000101"),  # red, one beep of 0.8 s
    Light.ALARM: bytes.fromhex("FF00405C0402020301"),  # red blinks three times, three beeps
    Light.ALERT: bytes.fromhex("FF00405C0402020201"),  # red blinks twice, two beeps
    Light.DRILL: bytes.fromhex("FF0040FC0402020200"),  # both blink twice: orange, no beep
}


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the configuration may say about such a reader."""

    reader: Annotated[
        str,
        Meta(
            description="the reader's name as `pcsc_scan -r` prints it; `*` and `?` stand for anything",
            examples=["ACS ACR122U*"],
            min_length=1,
            max_length=128,
        ),
    ]
    lights: Annotated[
        Lights, Meta(description="acr122u: switch LED and buzzer as that reader wants it; none: leave them alone")
    ] = Lights.NONE
    poll_ms: Annotated[
        int,
        Meta(ge=20, le=2000, description="how long one question to the service may wait for news", examples=[200]),
    ] = 200

    @property
    def claims(self) -> tuple[tuple[str, str], ...]:
        """No two devices on one reader."""
        return ((f"pcsc:{self.reader}", ""),)


class Card(msgspec.Struct, frozen=True):
    """A card as its reader tells it."""

    card: str
    form: CardForm


class Garbled(msgspec.Struct, frozen=True):
    """An answer that is no card's number; a real number of a kind that is not taken keeps its first byte only."""

    data: bytes


def decode(answer: bytes) -> Card | Garbled:
    """The answer to GET_UID. Pure."""
    uid, status = answer[:-2], answer[-2:]
    if status != OK or not any(uid):
        return Garbled(answer)
    if len(uid) not in FORMS:
        return Garbled(uid[:1] + bytes(len(uid) - 1) + status if len(uid) <= LONGEST_UID else answer)
    card, form = uid.hex().upper(), FORMS[len(uid)]
    return Card(card, form) if cards.identifies(form, card) else Garbled(answer)


class Presence:
    """When a card is new to the reader, from the states that the service tells. Pure.

    A card that lies there at the first look came before us, nobody knows when: it is no tap.
    """

    def __init__(self) -> None:
        self._before: int | None = None

    def came(self, state: int) -> bool:
        before, self._before = self._before, state
        if before is None or not state & PRESENT:
            return False
        return not before & PRESENT or before >> EVENTS_SHIFT != state >> EVENTS_SHIFT


class PcscReader:
    """An open reader: taps one by one. One thread waits for cards, another switches the light."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.counters = Counters()
        self.pulse = Pulse(clock, STUCK_S)
        self._settings = settings
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._name: asyncio.Future[str] = self._loop.create_future()
        self._news = asyncio.Event()
        self._taps: deque[Tap] = deque()
        self._hold = Hold()  # it may tremble at the edge of the field
        self._is_known = False  # the card that is there could be read
        self._stopping = threading.Event()
        self._quiet = False  # its own beep is off
        self._lamp = ThreadPoolExecutor(1, "pcsc-light")
        self._watcher = ThreadPoolExecutor(1, "pcsc-cards")
        self._watching = self._loop.run_in_executor(self._watcher, self._watch)
        self._watching.add_done_callback(lambda _: self._news.set())

    async def opened(self) -> None:
        """Until the reader is found. Raises DeviceError."""
        either: set[asyncio.Future[Any]] = {self._name, self._watching}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if self._watching.done():
            self._watching.result()

    async def close(self) -> None:
        """Both threads end, at the latest after one poll, and give the service back."""
        self._stopping.set()
        self._name.cancel()
        self._lamp.shutdown(wait=False, cancel_futures=True)
        self._watcher.shutdown(wait=False)
        await asyncio.wait({self._watching})
        if not self._watching.cancelled():
            self._watching.exception()

    async def __aiter__(self) -> AsyncIterator[Tap]:
        while True:
            while not self._taps:
                if self._watching.done():
                    self._watching.result()
                    return
                self._news.clear()
                await self._news.wait()
            yield self._taps.popleft()

    async def show(self, light: Light) -> None:
        """Without a card, only where the driver lets commands pass to the reader itself. Raises DeviceError."""
        if self._settings.lights is Lights.NONE:
            return
        switching = self._loop.run_in_executor(self._lamp, self._switch, self._name.result(), LEDS[light])
        done, _ = await asyncio.wait({switching}, timeout=LIGHT_S)
        if not done:
            do = "Unplug the reader and plug it in again."
            raise DeviceError("R-305", f"{self._name.result()} does not take the light", do=do)
        switching.result()

    # --- on the threads ----------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        from drivers.pcsc_service import open_service

        with open_service() as service:
            name = service.find(self._settings.reader)
            presence, state = Presence(), service.state(name, UNAWARE, self._settings.poll_ms)
            presence.came(state)
            self._tell(self._found, name)  # from now on a card that comes is a tap
            while not self._stopping.is_set():
                self.pulse.beat()
                state = service.state(name, state, self._settings.poll_ms)
                if presence.came(state):
                    at_ns, monotonic_ns = self._clock.utc_ns(), self._clock.monotonic_ns()
                    heard = self._read(service, name)
                    self._tell(self._take, heard, at_ns, monotonic_ns)
                elif state & PRESENT:
                    self._tell(self._still_there, self._clock.monotonic_ns())

    def _read(self, service: Service, name: str) -> Card | Garbled:
        for _ in range(TRIES):
            self.pulse.beat()
            heard = decode(service.transmit(name, GET_UID))
            if isinstance(heard, Card) or self._stopping.wait(TRY_AGAIN_S):
                break
        return heard

    def _switch(self, name: str, command: bytes) -> None:
        from drivers.pcsc_service import open_service

        with open_service() as service:
            commands = [command] if self._quiet else [OWN_BEEP_OFF, command]
            for one in commands:
                self._quiet = bool(service.transmit(name, one) or service.escape(name, one))

    def _tell(self, function: Callable[..., None], *arguments: object) -> None:
        self._loop.call_soon_threadsafe(function, *arguments)

    # --- on the loop -------------------------------------------------------------------------------------------------

    def _found(self, name: str) -> None:
        if not self._name.done():
            self._name.set_result(name)

    def _still_there(self, now_ns: int) -> None:
        if self._is_known:  # else it is perhaps another one
            self._hold.there(now_ns)

    def _take(self, heard: Card | Garbled, at_ns: int, monotonic_ns: int) -> None:
        """Count what was heard; a tap if it is a card that was not there before."""
        self._is_known = isinstance(heard, Card)
        if isinstance(heard, Garbled):
            self.counters.skip(heard.data)
            return
        self.counters.frames += 1
        if not self._hold.is_new(heard, monotonic_ns):
            self.counters.repeats += 1
            return
        if len(self._taps) >= TAPS_WAITING:
            self._taps.popleft()
            self.counters.garbled += 1
        self._taps.append(Tap(card=heard.card, form=heard.form, at_ns=at_ns, monotonic_ns=monotonic_ns))
        self._news.set()


def probe(settings: Settings) -> Finding:
    """Whether the service has the reader; a service that hangs is not waited for."""
    from drivers.pcsc_service import open_service

    found: list[str | DeviceError] = []

    def look() -> None:
        try:
            with open_service() as service:
                found.append(service.find(settings.reader))
        except DeviceError as error:
            found.append(error)

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    looking.join(PROBE_S)
    if not found:
        do = "Run: sudo systemctl restart pcscd"
        return Finding(verdict=Verdict.FAILED, code="R-305", what="the PC/SC service hangs", do=do)
    if isinstance(found[0], DeviceError):
        return Finding.failed(found[0])
    return Finding(verdict=Verdict.OK, code="", what=f"{found[0]} is there; show a card to test it")


@asynccontextmanager
async def connect(settings: Settings, clock: Clock, secrets: Secrets) -> AsyncIterator[PcscReader]:
    """Open the reader. Raises DeviceError R-30x."""
    reader = PcscReader(settings, clock)
    try:
        await reader.opened()
        yield reader
    finally:
        await reader.close()
