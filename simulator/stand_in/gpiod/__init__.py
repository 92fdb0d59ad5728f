"""As much of gpiod 2 as the agent uses, on the files of a simulated chip (simulator/gpio_chip.py).

A chip is a folder. Line 17 is the files `17` (its level, "0" or "1"), `17.taken` (locked by whoever has the line, so
that the kernel gives it back when that process ends, as it does with a true line), `17.edges` (a FIFO, a byte an
edge) and, if something else has the line, `17.holder` with its name.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import select
from collections.abc import Iterator, Mapping
from pathlib import Path

from . import line

__all__ = ["Chip", "ChipInfo", "LineInfo", "LineRequest", "LineSettings", "line"]


class LineSettings:
    """What is asked of a line."""

    def __init__(
        self,
        direction: line.Direction = line.Direction.INPUT,
        edge_detection: line.Edge = line.Edge.NONE,
        bias: line.Bias = line.Bias.AS_IS,
        active_low: bool = False,
        output_value: line.Value = line.Value.INACTIVE,
    ) -> None:
        self.direction = direction
        self.edge_detection = edge_detection
        self.bias = bias
        self.active_low = active_low
        self.output_value = output_value


class ChipInfo:
    def __init__(self, label: str) -> None:
        self.label = label


class LineInfo:
    def __init__(self, consumer: str) -> None:
        self.consumer = consumer
        self.used = bool(consumer)


class Chip:
    """A folder that holds lines."""

    def __init__(self, path: str) -> None:
        self._folder = Path(path)
        self._folder.stat()  # FileNotFoundError, as from the kernel
        if not (self._folder / "label").exists():
            raise OSError(errno.ENODEV, "No such device")

    def __enter__(self) -> Chip:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def get_info(self) -> ChipInfo:
        return ChipInfo((self._folder / "label").read_text(encoding="ascii"))

    def get_line_info(self, line: int) -> LineInfo:
        self._known(line)
        holder = self._holder(line)
        if not holder:
            taken = os.open(self._folder / f"{line}.taken", os.O_RDONLY)
            try:
                fcntl.flock(taken, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = "mektep"
            finally:
                os.close(taken)
        return LineInfo(holder)

    def request_lines(
        self, config: Mapping[int, LineSettings], consumer: str = "", event_buffer_size: int = 16
    ) -> LineRequest:
        for number in config:
            self._known(number)
            if self._holder(number):
                raise OSError(errno.EBUSY, "Device or resource busy")
        return LineRequest(self._folder, dict(config))

    def _known(self, line: int) -> None:
        if not (self._folder / f"{line}").exists():
            raise ValueError("line offset of out range")

    def _holder(self, line: int) -> str:
        file = self._folder / f"{line}.holder"
        return file.read_text(encoding="utf-8") if file.exists() else ""


class LineRequest:
    """Lines that are ours until release(), or until this process ends."""

    def __init__(self, folder: Path, settings: dict[int, LineSettings]) -> None:
        self._folder = folder
        self._settings = settings
        self._taken: list[int] = []
        self.fd = -1
        try:
            for number, one in settings.items():
                self._take(number, one)
        except OSError:
            self.release()
            raise

    def _take(self, number: int, settings: LineSettings) -> None:
        taken = os.open(self._folder / f"{number}.taken", os.O_RDONLY)
        self._taken.append(taken)
        try:
            fcntl.flock(taken, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OSError(errno.EBUSY, "Device or resource busy") from error
        if settings.direction is line.Direction.OUTPUT:
            self.set_values({number: settings.output_value})
        else:
            self.fd = os.open(self._folder / f"{number}.edges", os.O_RDONLY | os.O_NONBLOCK)
            self._taken.append(self.fd)
            self._drain(65_536)  # edges of before are none of ours
        pull = self._folder / f"{number}.bias"
        with contextlib.suppress(OSError):  # a cell may not write here: then the simulator does not learn it
            pull.write_text(settings.bias.name, encoding="ascii")

    def get_value(self, number: int) -> line.Value:
        with self._there():
            high = (self._folder / f"{number}").read_text(encoding="ascii").startswith("1")
        return line.Value.ACTIVE if high else line.Value.INACTIVE

    def set_values(self, values: Mapping[int, line.Value]) -> None:
        with self._there():
            for number, value in values.items():
                high = (value is line.Value.ACTIVE) is not self._settings[number].active_low
                file = os.open(self._folder / f"{number}", os.O_WRONLY)
                try:
                    os.pwrite(file, b"1" if high else b"0", 0)
                finally:
                    os.close(file)

    def wait_edge_events(self, timeout: float) -> bool:
        return bool(select.select([self.fd], [], [], timeout)[0])

    def read_edge_events(self, max_events: int) -> list[int]:
        found = self._drain(max_events)
        if not found:
            raise OSError(errno.ENODEV, "No such device")
        return list(found)

    def release(self) -> None:
        while self._taken:
            os.close(self._taken.pop())

    def _drain(self, most: int) -> bytes:
        with contextlib.suppress(BlockingIOError):
            return os.read(self.fd, most)
        return b""

    @contextlib.contextmanager
    def _there(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise OSError(errno.ENODEV, "No such device") from error
