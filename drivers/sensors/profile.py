"""A panel's profile: from its TOML file, and from registers to states. Pure but for reading the file.

Shape   drivers/sensors/profiles/*.toml come with the agent; a panel of your own is a file like them, named by its path.
Raises  DeviceError S-110 if the file is missing or wrong: it names file, key and what to write instead.
"""

from __future__ import annotations

import difflib
import re
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


Address = Annotated[int, Meta(ge=0, le=65_535)]
Code = Annotated[int, Meta(ge=1, le=255)]  # 0 is "no code"
Words = Annotated[str, Meta(min_length=1, max_length=120)]
HOW = {  # key of a profile -> what to write there
    "name": 'name = "Bolid S2000-PP": the device as its maker calls it',
    "canary": "[canary], a register whose value is known, or leave it out",
    "canary.function": "function = 3: the reading function, 1 to 4",
    "canary.address": "address = 46152: the address as it is on the wire, 0 to 65535",
    "canary.expect": "expect = 36: what this device always answers there, 0 to 65535",
    "zones": "[zones] with function, address, layout and most",
    "zones.function": "function = 3: the reading function; 3 or 4 for two_codes, 1 or 2 for bits",
    "zones.address": "address = 40000: where zone 1 is on the wire, 0 to 65535",
    "zones.layout": 'layout = "two_codes" (a register a zone) or "bits" (the inputs of one detector)',
    "zones.most": "most = 512: how many zones the device can have, 1 to 2000; of bits, 1",
    "states": f"[states] with lists of codes 1 to 255 under {', '.join(ZoneState)}; each code once",
    "words": '[words] with lines such as 37 = "fire", for codes that are in [states]',
    "bit": "[[bit]] with offset, state and words, for each input that means something",
    "bit.offset": "offset = 2: the input, counted from the address of [zones], 0 to 15",
    "bit.state": f'state = "fire": one of {", ".join(ZoneState)}',
    "bit.words": 'words = "smoke": what people read',
    "bit.when": "when = false if the state is met while the input is off; true otherwise",
}


class Canary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A register whose value is known: it proves that answers belong to questions."""

    function: Function
    address: Address
    expect: Address


class Zones(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the zones are."""

    function: Function
    address: Address
    layout: Literal["two_codes", "bits"]
    most: Annotated[int, Meta(ge=1, le=2000)]

    def __post_init__(self) -> None:
        """Raises ValueError, whose last word is the key."""
        if self.function not in ((1, 2) if self.layout == "bits" else (3, 4)):
            raise ValueError("layout and function do not fit together - at `function`")
        if self.layout == "bits" and self.most != 1:
            raise ValueError("a detector of bits is one zone - at `most`")
        if self.address + self.most > 65_536:
            raise ValueError("the last zone lies beyond address 65535 - at `most`")


class Bit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One discrete input of a detector; the first that is met decides."""

    offset: Annotated[int, Meta(ge=0, le=15)]
    state: ZoneState
    words: Words
    when: bool = True


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A panel or detector."""

    name: Words
    zones: Zones
    canary: Canary | None = None
    states: dict[ZoneState, list[Code]] = {}
    words: dict[str, Words] = {}
    bit: list[Bit] = []

    def __post_init__(self) -> None:
        """What fits together. Raises ValueError, whose last word is the key."""
        known = [code for codes in self.states.values() for code in codes]
        if len(known) != len(set(known)):
            twice = next(code for code in known if known.count(code) > 1)
            raise ValueError(f"code {twice} stands twice - at `states`")
        if self.zones.layout == "bits" and (self.states or not self.bit):
            raise ValueError('layout = "bits" needs [[bit]] and no [states] - at `bit`')
        if self.zones.layout == "two_codes" and (self.bit or not self.states):
            raise ValueError('layout = "two_codes" needs [states] and no [[bit]] - at `states`')
        strays = [word for word in self.words if word not in map(str, known)]
        if strays:
            raise ValueError(f"{strays[0]} is no code of [states] - at `words`")

    def state_of(self, code: int) -> ZoneState:
        return next((state for state, codes in self.states.items() if code in codes), ZoneState.UNKNOWN)


class Condition(msgspec.Struct, frozen=True):
    """A zone as it was read."""

    state: ZoneState
    codes: tuple[int, ...]
    words: str


def shipped() -> list[str]:
    """The names of the profiles that come with the agent."""
    folder = resources.files("drivers.sensors.profiles")
    return sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".toml"))


def is_file(name: str) -> bool:
    """A profile is named by its path, or it is a shipped one."""
    return "/" in name or name.endswith(".toml")


def load_profile(name: str) -> Profile:
    """A shipped profile by its name, or a file by its path. Raises DeviceError S-110."""
    if not is_file(name) and name not in shipped():
        do = f"Use one of {', '.join(shipped())}, or write the path of a file of your own."
        raise DeviceError("S-110", f"profile {name} is not known", do=do)
    try:
        return msgspec.convert(tomllib.loads(_text(name)), Profile)
    except msgspec.ValidationError as error:
        raise _wrong(name, str(error)) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DeviceError("S-110", f"{name} is not TOML: {error}", do="Mend the line named.") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        do = f"Check the path and its mode, or use one of {', '.join(shipped())}."
        raise DeviceError("S-110", f"{name} cannot be read: {error}", do=do) from error


def _text(name: str) -> str:
    if is_file(name):
        return Path(name).read_text(encoding="utf-8")
    return (resources.files("drivers.sensors.profiles") / f"{name}.toml").read_text(encoding="utf-8")


def _wrong(file: str, said: str) -> DeviceError:
    """msgspec's words, and those of __post_init__, as file, key, fact and what to write."""
    fact, *places = re.split(r" - at (?:`key` in )?`\$?\.?", said)
    named = re.search(r"(unknown|required) field `(\w+)`", fact)
    parts = [place.rstrip("`") for place in reversed(places)] + ([named[2]] if named else [])
    key = ".".join(part for part in parts if part).replace("[...]", "")
    if named:
        fact = "is no key of a profile" if named[1] == "unknown" else "is missing"
    return DeviceError("S-110", f"{file}: {key or 'the file'}: {fact.replace('`', '')}", do=_what_to_write(key))


def _what_to_write(key: str) -> str:
    """By the key, the one that was probably meant, or what its section may hold."""
    section, _, name = re.sub(r"\[[\d.]*\]", "", key).rpartition(".")
    here = {known.rpartition(".")[2]: known for known in HOW if known.rpartition(".")[0] == section}
    near = difflib.get_close_matches(name, here, n=1)
    return f"Write {HOW[here[near[0]]]}." if near else f"Write one of {', '.join(here)}."


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
