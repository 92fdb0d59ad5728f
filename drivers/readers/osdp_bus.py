"""One port with the OSDP readers on it: whose turn it is, one frame out, one frame back.

Turns   the reader that has waited longest; one that answers goes before one that does not, unless it has waited long:
        a dead reader costs the others 60 ms now and then.
Repeat  a frame without an answer is sent again as it is, after the others had their turns: the standard lets the
        reader repeat its answer, too.
Shared  all connections on one port in one process have one bus; the last to leave closes it. One that fails or comes
        again disturbs nobody.
Raises  DeviceError P-1xx of the port; R-206 where two connections want different things of one bus.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from weakref import WeakKeyDictionary

from drivers.driver import Clock
from drivers.errors import DeviceError
from drivers.readers.osdp_frame import Frame, is_noise, next_frame
from drivers.readers.osdp_keys import Keys
from drivers.readers.osdp_member import Member
from drivers.readers.osdp_panel import Event, Panels
from drivers.readings import ContactChange, Tap
from drivers.serial_port import Bytes, SerialPort, open_port
from drivers.true_path import true_path

BITS_A_BYTE = 10
GAP_S = 0.002  # of silence between two frames: the line turns around
GOES_ON_S = 0.06  # an answer that has begun may pause so long: USB adapters hand over in lumps
ANSWER_MAX_S = 1.0  # noise never ends an exchange by itself
READS_S = 25.0  # before a cell is ended for it, with all readers of the bus: agent/cells allows half a minute
LATER_S = 0.25  # so much longer than others a reader that does not answer waits for its turn


class Bus:
    """Use join()."""

    def __init__(self, path: str, clock: Clock, baud: int) -> None:
        self.baud = baud
        self.members: dict[int, Member] = {}
        self.misses: dict[int, int] = {}  # of readers that were dead when their connection ended, by address
        self.error: BaseException | None = None
        self._path = path
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._open = AsyncExitStack()
        self._buffer = bytearray()
        self._quiet_s = 0.0  # until then the line is left alone
        self._changed = asyncio.Event()  # somebody has something to say
        self._waiters: set[asyncio.Event] = set()
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Raises DeviceError."""
        port = await self._open.enter_async_context(open_port(self._path, self._clock, baud=self.baud))
        self._task = asyncio.create_task(self._keep_turning(port), name=f"osdp {self._path}")

    async def close(self) -> None:
        await self._open.aclose()  # at once, so that the port is free for who comes next
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    def wake(self) -> None:
        """Somebody's turn may have come earlier."""
        self._changed.set()

    def show(self, member: Member, commands: list[Event]) -> None:
        """Lights and beeps. Raises DeviceError."""
        self._raise(member)
        member.show(commands, self._loop.time())
        self.wake()

    async def until_reads(self, member: Member) -> None:
        """Until a card that is shown to it is a tap. Raises DeviceError; R-201 too if it never comes to rest."""
        with self._told() as news:
            try:
                async with asyncio.timeout(READS_S):
                    while not member.reads:
                        self._raise(member)
                        await news.wait()
                        news.clear()
            except TimeoutError:
                raise DeviceError(
                    "R-201", f"the reader at address {member.address} answers, and always has something to tell",
                    do="Take away the card that lies on it; if it stays so, replace the reader.",
                ) from None  # fmt: skip

    async def next_reading(self, member: Member) -> Tap | ContactChange:
        """Raises DeviceError."""
        with self._told() as news:
            while not member.readings:
                self._raise(member)
                await news.wait()
                news.clear()
            return member.readings.popleft()

    @contextlib.contextmanager
    def _told(self) -> Iterator[asyncio.Event]:
        news = asyncio.Event()
        self._waiters.add(news)
        try:
            yield news
        finally:
            self._waiters.discard(news)

    def _raise(self, member: Member) -> None:
        if self.error is not None:
            raise self.error
        if member.trouble is not None:
            raise member.trouble

    async def _keep_turning(self, port: SerialPort) -> None:
        try:
            while True:
                now_s = self._loop.time()
                member = self._whose_turn(now_s)
                if member is None:
                    await self._until_due(now_s)
                else:
                    await self._turn(port, member)
        except Exception as error:  # noqa: BLE001  every connection raises it
            self.error = error
            await self._open.aclose()
        finally:
            self._tell()

    def _tell(self) -> None:
        for news in self._waiters:
            news.set()

    def _whose_turn(self, now_s: float) -> Member | None:
        due = [member for member in self.members.values() if member.due_s <= now_s]
        return min(due, key=lambda one: one.due_s + (0.0 if one.live else LATER_S), default=None)

    async def _until_due(self, now_s: float) -> None:
        next_s = min((member.due_s for member in self.members.values()), default=now_s + 1.0)
        self._changed.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(next_s):
                await self._changed.wait()

    async def _turn(self, port: SerialPort, member: Member) -> None:
        was = (member.reads, member.trouble)
        data = member.next_frame(self._loop.time())
        if data:
            await self._exchange(port, member, data)
        if member.readings or was != (member.reads, member.trouble):
            self._tell()

    async def _exchange(self, port: SerialPort, member: Member, data: bytes) -> None:
        """Send it, and hear the answer, or that there is none."""
        await asyncio.sleep(self._quiet_s - self._loop.time())
        port.write(data)
        found = await self._answer(port, member, Frame(data.lstrip(b"\xff")), len(data) * BITS_A_BYTE / self.baud)
        if found is not None:
            member.heard(*found, self._loop.time())
            return
        if is_noise(self._buffer):
            member.garbled(bytes(self._buffer))
        self._buffer.clear()
        member.unanswered(self._loop.time())

    async def _answer(
        self, port: SerialPort, member: Member, command: Frame, sending_s: float
    ) -> tuple[Frame, Bytes] | None:
        began_s = self._loop.time() + sending_s
        until_s = began_s + member.patience_s
        while True:
            try:
                async with asyncio.timeout_at(until_s):
                    arrived = await port.read()
            except TimeoutError:
                return None
            self._buffer += arrived.data
            while (frame := next_frame(self._buffer)) is not None:
                if frame.answers(command):
                    self._quiet_s = self._loop.time() + GAP_S
                    return frame, arrived
            if is_noise(self._buffer):
                until_s = min(self._loop.time() + GOES_ON_S, began_s + ANSWER_MAX_S)


_buses: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, Bus]] = WeakKeyDictionary()
_panels = Panels()


@asynccontextmanager
async def join(path: str, clock: Clock, *, baud: int, address: int, keys: Keys) -> AsyncIterator[tuple[Bus, Member]]:
    """A reader on the port's bus, which is opened if nobody has it yet. Raises DeviceError."""
    path = true_path(path)
    buses = _buses.setdefault(asyncio.get_running_loop(), {})
    bus = buses.get(path)
    if bus is not None and bus.error is not None:
        bus = None  # its members are leaving it
    if bus is None:
        bus = Bus(path, clock, baud)
        await bus.open()
        buses[path] = bus
    try:
        if bus.baud != baud or address in bus.members:
            raise DeviceError(
                "R-206", f"{path} has {bus.baud} baud and a reader at each of {sorted(bus.members)}",
                do="Give all readers of one port one baud rate, and each its own address.",
            )  # fmt: skip
        member = Member(address, keys, _panels, asyncio.get_running_loop().time(), misses=bus.misses.get(address, 0))
        bus.members[address] = member
        bus.wake()
        try:
            yield bus, member
        finally:
            del bus.members[address]
            bus.misses[address] = member.misses
            member.leave()
    finally:
        if not bus.members:
            if buses.get(path) is bus:
                del buses[path]
            await bus.close()
