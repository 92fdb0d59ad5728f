"""Boxes laid out for the doctor: files of /sys, /proc and /etc in a folder, programs that answer as told."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import msgspec

from agent import config
from agent.doctor.finding import Finding
from agent.doctor.site import Run, Site
from agent.ops import status
from agent.ops.status import Status
from tests.agent.cli.command import write_config

NOW_NS = 1_795_420_800_000_000_000  # 2026-11-23T08:00:00Z
NOTHING: Mapping[str, str] = MappingProxyType({})


def programs(**answers: str) -> Run:
    """By the program's name; those that are not named are not there."""

    def run(words: Sequence[str]) -> str | None:
        return answers.get(words[0])

    return run


def box(folder: Path, files: Mapping[str, str] = NOTHING, **words: object) -> Site:
    """A box with these files, and without a configuration."""
    for name, text in files.items():
        path = folder / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return msgspec.structs.replace(
        Site(root=folder / "root", now_ns=NOW_NS, run=programs(), environment=dict(os.environ)), **words
    )


def configured(folder: Path, files: Mapping[str, str] = NOTHING, *, more: str = "", **words: object) -> Site:
    """The same with a configuration; its state directory is made."""
    (folder / "state").mkdir(mode=0o700, exist_ok=True)
    return box(folder, files, config=config.load(write_config(folder, more=more)), **words)


def picture(**words: object) -> Status:
    """Of an agent that runs."""
    known = {"state": "running", "clock": "synced", "started": "2026-11-23T06:00:00Z", "pid": 7}
    return msgspec.structs.replace(status.blank("school-07"), **known | words)


@contextmanager
def closed(folder: Path) -> Iterator[None]:
    """To whoever looks; root, to whom nothing is closed, looks as somebody else."""
    is_root = os.geteuid() == 0
    folder.chmod(0o700 if is_root else 0)
    if is_root:
        os.seteuid(65_534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        folder.chmod(0o700)


def told(findings: Sequence[Finding]) -> list[str]:
    """Level and code of each."""
    return [f"{one.level.word} {one.code}".strip() for one in findings]
