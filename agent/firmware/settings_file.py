"""Files of NAME=VALUE lines with our values in them: the boot EEPROM's. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from agent.firmware.wanted import Wanted


def merged(text: str, wanted: Sequence[Wanted], family: str) -> str:
    """Ours replace what has the same name, at its place under [all]; what is not there is added."""
    ours = {line.text.partition("=")[0]: line.text for line in wanted if line.holds(family, ())}
    if not ours:
        return text
    lines = text.rstrip("\n").splitlines() or ["[all]"]
    kept = [ours.pop(name) if (name := line.partition("=")[0].strip()) in ours else line for line in lines]
    rest = list(ours.values())
    if rest and _filter_at_the_end(kept) != "[all]":
        rest.insert(0, "[all]")
    return "\n".join([*kept, *rest]) + "\n"


def _filter_at_the_end(lines: Sequence[str]) -> str:
    return next((line.strip() for line in reversed(lines) if line.startswith("[")), "[all]")
