"""A change on trial, as it lies on the disk: what was changed, how the box was before, how far it is.

File     config/trial.json in the state directory; there while a change is on trial, or its end is not told yet
Order    the trial is on the disk before the change is made; its outcome before the change is undone; and it is removed
         when its end is told. So whatever the power cuts, the next start knows what is to be done.
Raises   OSError from begin() and note(): then nothing may be changed.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import msgspec

from agent.private_file import write_private
from agent.trials.verdict import Seen

log = logging.getLogger("agent.trials")

FILE = "trial.json"
FILE_BYTES = 65_536
WITHIN_S = 300  # unless the order says otherwise


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """One change. An older version of the agent may read it: no field is ever taken away."""

    id: str
    what: str  # "config", "update": a key of the table of its kinds
    by: str  # "centre", or the account at the box
    began: str  # RFC 3339
    within_s: int
    before: Seen
    change: dict[str, str] = {}  # of its kind: what was, what is
    order: int = 0  # its number; 0: no order
    starts: int = 0  # of the agent, with the change
    unready: int = 0  # of them one after the other that did not come up
    invocation: str = ""  # systemd's, of the last start that was counted
    outcome: str = ""  # "kept" or "undone"; empty: it goes on
    reason: str = ""  # of the end; a word of agent/trial_events.py
    lost: tuple[str, ...] = ()  # things of agent/trials/verdict.py


class Standing(StrEnum):
    """What is in force on the box."""

    CHANGED = "changed"  # what is on trial
    BEFORE = "before"  # what was before
    OTHER = "other"  # neither: somebody on site has changed it meanwhile


class TrialKind(Protocol):
    """What can be on trial. Every call may come again after a power cut, and must then do no harm."""

    def standing(self, trial: Trial) -> Standing:
        """Looks."""
        ...

    def undo(self, trial: Trial) -> None:
        """Puts back what was before, on the disk when it returns. Raises OSError."""
        ...

    def told(self, trial: Trial) -> msgspec.Struct:
        """The event of its end."""
        ...

    def settled(self, trial: Trial) -> None:
        """The event is on the disk; what remains is the kind's own history. Raises OSError."""
        ...


Kinds = Mapping[str, TrialKind]


class TrialFile:
    """The one trial of a box. folder: state/config."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE

    def read(self) -> Trial | None:
        """None if nothing is on trial, or what lies there is none: then nothing can be undone."""
        try:
            if self.path.stat().st_size > FILE_BYTES:
                raise ValueError("it is too large")
            return decoded(self.path.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError, RecursionError) as error:
            log.error("%s is no trial, and is ignored: %s", self.path, error)
            return None

    def begin(
        self, what: str, by: str, began: str, within_s: int, before: Seen, change: dict[str, str], order: int = 0
    ) -> Trial:
        """To be called before the change is made."""
        trial = Trial(
            id=str(uuid4()), what=what, by=by, began=began, within_s=within_s, before=before, change=change, order=order
        )
        self.note(trial)
        return trial

    def note(self, trial: Trial) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(self.path, msgspec.json.encode(trial))

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)


def decoded(text: bytes) -> Trial:
    """Raises ValueError."""
    return msgspec.json.decode(text, type=Trial)


def ended(trial: Trial, outcome: str, reason: str = "", lost: tuple[str, ...] = ()) -> Trial:
    return msgspec.structs.replace(trial, outcome=outcome, reason=reason, lost=lost)
