"""A panel's profile: from its TOML file, and from registers to states. Pure but for reading the file.

Raises  DeviceError S-110 if the file is missing or wrong.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from drivers.errors import DeviceError
from drivers.readings import ZoneState

Function = Literal[1, 2, 3, 4]  # reading functions only: nothing is ever written to a panel
RANK = [  # worst first; what the panel does not explain stands before what it calls harmless
    ZoneState.FIRE,
    ZoneState.EXTINGUISHING,
    ZoneState.ATTENTION,
    ZoneState.FAULT,
    ZoneState.UNKNOWN,
    ZoneState.DISABLED,
    ZoneState.TEST,
]
EMPTY = 0  # no second code


class Canary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A register whose value is known: it proves that answers belong to questions."""

    function: Function
    address: int
    expect: int


class Zones(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the zones are."""

    function: Function
    address: int
    layout: Literal["two_codes", "bits"]
    most: Annotated[int, Meta(ge=1, le=2000)]


class Bit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One discrete input of a detector; the first that is met decides."""

    offset: Annotated[int, Meta(ge=0, le=15)]
    state: ZoneState
    words: str
    when: bool = True


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A panel or detector."""

    name: str
    zones: Zones
    canary: Canary | None = None
    states: dict[ZoneState, list[int]] = {}
    words: dict[str, str] = {}
    bit: list[Bit] = []

    def state_of(self, code: int) -> ZoneState:
        return next((state for state, codes in self.states.items() if code in codes), ZoneState.UNKNOWN)


class Condition(msgspec.Struct, frozen=True):
    """A zone as it was read."""

    state: ZoneState
    codes: tuple[int, ...]
    words: str


def load_profile(name: str) -> Profile:
    """A shipped profile by its name, or a file by its path. Raises DeviceError S-110."""
    shipped = resources.files("drivers.sensors.profiles")
    try:
        if "/" in name or name.endswith(".toml"):
            text = Path(name).read_text(encoding="utf-8")
        else:
            text = (shipped / f"{name}.toml").read_text(encoding="utf-8")
        return msgspec.convert(tomllib.loads(text), Profile)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        names = sorted(entry.name[:-5] for entry in shipped.iterdir() if entry.name.endswith(".toml"))
        raise DeviceError(
            "S-110", f"profile {name} cannot be used: {error}", do=f"Use one of {', '.join(names)}, or mend the file."
        ) from error


def condition(profile: Profile, values: Sequence[int]) -> Condition:
    """What one zone's values mean: one register of two codes, or the bits of a detector."""
    return _bits(profile, values) if profile.zones.layout == "bits" else _two_codes(profile, values[0])


def _bits(profile: Profile, values: Sequence[int]) -> Condition:
    codes = tuple(int(value) for value in values)
    for bit in profile.bit:
        if bool(values[bit.offset]) == bit.when:
            return Condition(bit.state, codes, bit.words)
    return Condition(ZoneState.NORMAL, codes, "normal")


def _two_codes(profile: Profile, register: int) -> Condition:
    """The top code decides, unless the other one is worse: a fire is never hidden."""
    codes = tuple(code for code in (register >> 8, register & 0xFF) if code != EMPTY)
    if not codes:
        return Condition(ZoneState.UNKNOWN, (EMPTY,), "no code: is the zone configured in the gateway?")
    states = [profile.state_of(code) for code in codes]
    at = min(range(len(codes)), key=lambda index: RANK.index(states[index]) if states[index] in RANK else len(RANK))
    return Condition(states[at], codes, _say(profile.words, codes[at], states[at]))


def _say(words: Mapping[str, str], code: int, state: ZoneState) -> str:
    return words.get(str(code), f"{state.value} (code {code})")
