"""From what was found to lines for the configuration: TOML that loads, with a remark where a person must complete it.

Whatever a device calls itself stands in quotation marks with every character escaped that is not plain text.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from agent.strict import read_table
from agent.texts import Texts
from drivers import catalog
from drivers.discovery.found import Found, Kind, Proposal, Setting, printable
from drivers.errors import DeviceError

KIND_NAMES = {"reader": "reader", "sensor": "panel", "camera": "camera", "signal": "lamp"}


class Device(msgspec.Struct, frozen=True):
    """One proposed device."""

    name: str
    lines: tuple[str, ...]
    secrets: tuple[str, ...]  # names under which `mektep secret` must store something


def propose(found: Iterable[Found], taken: Iterable[str], say: Texts) -> list[Device]:
    """A device for each proposal whose driver there is; names that nobody has yet."""
    names, devices = set(taken), []
    for one in sorted(found, key=lambda one: list(Kind).index(one.kind)):
        if one.proposal is not None and one.proposal.driver in catalog.CATALOG:
            name = _free_name(KIND_NAMES[one.proposal.kind], names)
            names.add(name)
            devices.append(_device(name, one, one.proposal, say))
    return devices


def _free_name(word: str, names: set[str]) -> str:
    return next(name for number in range(1, len(names) + 2) if (name := f"{word}-{number}") not in names)


def _device(name: str, found: Found, proposal: Proposal, say: Texts) -> Device:
    secrets = tuple(f"{name}-{key}" for key in proposal.secrets)
    own = tuple(_told(one, say) for one in proposal.settings) + tuple(
        Setting(k, n) for k, n in zip(proposal.secrets, secrets, strict=True)
    )
    lines = [f"# {printable(say.found(found.what), 160)}: {say(f'sure.{found.sure}')}, {say(f'why.{found.why}')}"]
    lines += [f"# {say(f'remark.{proposal.remark}')}"] if proposal.remark else []
    lines += [f"# {remark}" for remark in _remarks(proposal, own, say)]
    lines += [f"# {say('discover.store')} sudo mektep secret {secret}" for secret in secrets]
    lines += [f"[[{proposal.kind}]]", f"name = {toml(name)}", f"driver = {toml(proposal.driver)}"]
    return Device(name, tuple(lines + [f"{one.key} = {toml(one.value)}" for one in own]), secrets)


def _told(one: Setting, say: Texts) -> Setting:
    """Zones have names for people; every other setting is the driver's."""
    if one.key != "zones" or not isinstance(one.value, tuple):
        return one
    return Setting(one.key, tuple(Setting(zone.key, say.found(str(zone.value))) for zone in one.value))


def _remarks(proposal: Proposal, own: Sequence[Setting], say: Texts) -> Iterator[str]:
    """What the driver still misses."""
    try:
        type_ = catalog.load(proposal.driver).Settings
    except DeviceError as error:
        yield say.instruction(error.code, error.do)
        return
    written = tomllib.loads("\n".join(f"{one.key} = {toml(one.value)}" for one in own))
    for problem in read_table(written, type_, file="", prefix="")[1]:
        fact, do = say.fact(problem.code, problem.what), say.instruction(problem.code, problem.do)
        yield f"{say('discover.complete')} {problem.key} {fact}. {do}"


def toml(value: str | int | tuple[Setting, ...]) -> str:
    """A value as TOML writes it."""
    if isinstance(value, tuple):
        return "{ " + ", ".join(f"{one.key} = {toml(one.value)}" for one in value) + " }"
    return f'"{"".join(_escaped(char) for char in value)}"' if isinstance(value, str) else str(value)


def _escaped(char: str) -> str:
    if char in ('"', "\\"):
        return f"\\{char}"
    if char.isprintable():
        return char
    if 0xD800 <= ord(char) <= 0xDFFF:  # half a character, as a path may hold it: TOML has no way to write it
        return "\\uFFFD"
    return f"\\U{ord(char):08X}"
