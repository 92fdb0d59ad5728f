"""What was last told of each part of each device: only what differs is news. At the daemon's start everything is."""

from __future__ import annotations

from typing import Protocol, TypeVar

import msgspec

from drivers.readings import ContactState, PictureState, ZoneState

State = ZoneState | ContactState | PictureState
USUAL: frozenset[State] = frozenset({ZoneState.NORMAL, ContactState.IDLE, PictureState.CLEAR})
Part = int | str  # the number of a zone, the name of a contact; "" for a device that is one part


class Change(Protocol):
    """A zone's, a contact's or a picture's change."""

    @property
    def state(self) -> State: ...


C = TypeVar("C", bound=Change)


class Told:
    """Lives as long as the daemon: a device that was away and comes back the same is no news."""

    def __init__(self) -> None:
        self._states: dict[tuple[str, Part], State] = {}
        self._latest: dict[tuple[str, Part], Change] = {}

    def news(self, change: C, source: str, part: Part = "") -> C | None:
        """The change with the state told before; None if it was told already."""
        before = self._states.get((source, part))
        self._latest[source, part] = change
        if before is change.state:
            return None
        self._states[source, part] = change.state
        return msgspec.structs.replace(change, before=before)  # type: ignore[type-var]

    def latest(self, source: str) -> list[Change]:
        """What each part of a device reported last, in order, also where it was no news."""
        found = {part: change for (name, part), change in self._latest.items() if name == source}
        return [found[part] for part in sorted(found, key=lambda part: str(part).zfill(4))]

    def unusual(self, source: str) -> dict[Part, State]:
        """The parts of a device that are not as they should be, as last told, in order."""
        found = {part: state for (name, part), state in self._states.items() if name == source and state not in USUAL}
        return dict(sorted(found.items(), key=lambda one: str(one[0]).zfill(4)))
