"""What would change on this board, and why: every file as it is and as it should be, every line with its state.

Nothing is written here. Raises AgentError F-1xx where something stands in the way.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import msgspec

from agent.errors import AgentError
from agent.firmware import cmdline, config_txt, eeprom, settings_file
from agent.firmware.board import Board
from agent.firmware.marked import with_block, without
from agent.firmware.places import BUSYBOX, DATA_LABEL, OVERLAYROOT, Places
from agent.firmware.program import Run
from agent.firmware.wanted import Wanted, folder, read

READ_ONLY_ROOT = "read-only-root"
MASK = "/dev/null"
EEPROM = Path("EEPROM")  # stands for it where a file is named
WHOLE = {  # file of firmware_cfg -> its place under /etc
    "watchdog.conf": "systemd/system.conf.d/50-mektep.conf",
    "timesyncd.conf": "systemd/timesyncd.conf.d/50-mektep.conf",
}


class State(StrEnum):
    THERE = "there"
    MISSING = "missing"
    CONTRADICTED = "contradicted"  # something beside it says otherwise


class Line(msgspec.Struct, frozen=True):
    """One line that is wanted on this board."""

    file: Path
    text: str
    why: str
    state: State
    against: str = ""


class Change(msgspec.Struct, frozen=True):
    """One file; None: it is not there, or is to go."""

    path: Path
    before: str | None
    after: str | None
    link: bool = False  # the texts are targets of symbolic links
    stays: bool = False  # no undo takes it away


class Plan(msgspec.Struct, frozen=True):
    """All of it; `changes` are in the order in which they are made, the command line that boots last."""

    board: Board
    lines: list[Line]
    changes: list[Change]


def plan_of(places: Places, board: Board, options: frozenset[str], run: Run | None) -> Plan:
    """`run` reads the EEPROM; None leaves it as it is."""
    if READ_ONLY_ROOT in options:
        _can_be_read_only(places)
    lines: list[Line] = []
    changes: list[Change] = []
    for found, change in (
        *_whole_files(places),
        *_masks(places, board, options),
        _fstab(places, options),
        _eeprom(board, run),
        _config_txt(places, board, options),
        _cmdline(places, board, options),
    ):
        lines += found
        changes += [change] if change and change.before != change.after else []
    return Plan(board, lines, changes)


def options_now(places: Places, board: Board) -> frozenset[str]:
    """What was asked for before: options of which every line is there."""
    there = {*config_txt.active(_text(places.config_txt) or "", board.family), *(_text(places.cmdline) or "").split()}
    missing: set[str] = set()
    found: set[str] = set()
    for one in (*read("config.txt"), *read("cmdline.txt")):
        if one.option and one.holds(board.family, [one.option]):
            (found if one.text.removeprefix(cmdline.ADD) in there else missing).add(one.option)
    return frozenset(found - missing)


Part = tuple[list[Line], Change | None]


def _config_txt(places: Places, board: Board, options: frozenset[str]) -> Part:
    path, wanted = places.config_txt, read("config.txt")
    text = _text(path) or ""
    there = set(config_txt.active(text, board.family))
    lines = []
    for one in (line for line in wanted if line.holds(board.family, options)):
        against = config_txt.contradicts(text, one, board.family)
        state = State.CONTRADICTED if against else State.THERE if one.text in there else State.MISSING
        lines.append(Line(path, one.text, one.why, state, against))
    return lines, Change(path, text, config_txt.merged(text, wanted, options))


def _cmdline(places: Places, board: Board, options: frozenset[str]) -> Part:
    path, wanted = places.cmdline, read("cmdline.txt")
    text = _text(path) or ""
    lines = [_line(path, one, cmdline.is_met(text, one)) for one in wanted if one.holds(board.family, options)]
    after = cmdline.merged(text, wanted, board.family, options)
    return lines, Change(path, text, text if text.split() == after.split() else after)


def _eeprom(board: Board, run: Run | None) -> Part:
    wanted = [one for one in read("eeprom.txt") if one.holds(board.family, ())]
    if run is None or not wanted:
        return [], None
    text = eeprom.read(run)
    there = {line.strip() for line in text.splitlines()}
    lines = [_line(EEPROM, one, one.text in there) for one in wanted]
    return lines, Change(EEPROM, text, settings_file.merged(text, wanted, board.family))


def _fstab(places: Places, options: frozenset[str]) -> Part:
    """Once it is there, it stays, whatever becomes of the option: the data live on the partition from then on."""
    path = places.etc("fstab")
    text = _text(path) or ""
    wanted = read("fstab") if READ_ONLY_ROOT in options or without(text) != text else []
    there = text.splitlines()
    lines = [_line(path, one, one.text in there) for one in wanted]
    after = with_block(text, [row for one in wanted for row in (f"# {one.why}", one.text)])
    return lines, Change(path, text, text if _rows(after) == _rows(text) else after, stays=True)


def _rows(text: str) -> list[list[str]]:
    """What holds of fstab. overlayroot writes it anew at each start, with other blanks in its comments."""
    return [line.split() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _whole_files(places: Places) -> Iterator[Part]:
    for name, place in WHOLE.items():
        path, ours = places.etc(place), (folder() / name).read_text(encoding="utf-8")
        before = _text(path)
        lines = [_line(path, one, before == ours) for one in read(name) if one.text[0] != "["]
        yield lines, Change(path, before, ours)


def _masks(places: Places, board: Board, options: frozenset[str]) -> Iterator[Part]:
    for one in read("units-off.txt"):
        if not one.holds(board.family, options):
            continue
        path = places.etc(f"systemd/system/{one.text}")
        if path.exists() and not path.is_symlink():  # somebody's own unit: theirs to take away
            yield [Line(path, one.text, one.why, State.CONTRADICTED, str(path))], None
            continue
        before = str(path.readlink()) if path.is_symlink() else None
        yield [_line(path, one, before == MASK)], Change(path, before, MASK, link=True)


def _line(file: Path, one: Wanted, is_there: bool) -> Line:
    return Line(file, one.text, one.why, State.THERE if is_there else State.MISSING)


def _text(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return None
    except OSError as error:
        do = "Run it with sudo. If that is no help, the file's folder is none: mend it."
        raise AgentError("F-108", f"{path} cannot be read: {error.strerror}", do=do) from error


def _can_be_read_only(places: Places) -> None:
    if not (places.root / OVERLAYROOT).exists() or not (places.root / BUSYBOX).exists():
        do = "sudo apt install overlayroot busybox; then again."
        raise AgentError("F-106", "overlayroot or busybox is not installed: the root would stay writable", do=do)
    if not (places.root / DATA_LABEL).exists():
        do = "Make one beside the root, then: sudo mkfs.ext4 -L mektep-data PARTITION (it deletes what is on it)."
        raise AgentError("F-107", "no partition has the label mektep-data: what is kept has no place", do=do)
