"""Writes docs/config.md from the settings' own types, so that the page cannot lag behind the code.

Run: python scripts/config_page.py > docs/config.md     (tests/test_config_page.py compares)
"""

from __future__ import annotations

import sys
import typing
from collections.abc import Iterator

import msgspec

from agent.config import SchoolName, StatePlaces
from agent.devices import COMMON, SOURCE_KINDS, SourceName
from agent.evidence.settings import EvidenceSettings
from agent.outbox.settings import OutboxSettings
from agent.pipelines.watch import Watch
from agent.strict import show
from agent.sync.settings import LinkSettings
from drivers import catalog

HEAD = """# Configuration

One TOML file, `/etc/mektep/agent.toml` unless a command is given another. `mektep check FILE` names every mistake
with file, key, value and what to write instead; unknown settings are mistakes. Examples stand in
[`examples/`](../examples/). This page is written from the code by `scripts/config_page.py`.

No secret stands in this file: keys are files that the agent alone may read.

## The file's head

| setting | what it is | default |
|---|---|---|
"""
OF_EVERY_CAMERA = "masks"
DEVICES = {name: entry for name, entry in catalog.CATALOG.items() if entry.kind in SOURCE_KINDS}


def page() -> str:
    """The whole page as text."""
    parts = [HEAD + f"| `school` | {_describe(SchoolName)} | must be set |\n"]
    parts += [
        _section("[state]", StatePlaces),
        _section("[centre]", LinkSettings),
        _section("[outbox]", OutboxSettings),
        _section("[evidence]", EvidenceSettings),
    ]
    signal = typing.get_type_hints(COMMON["reader"], include_extras=True)["signal"]
    sensor = typing.get_type_hints(COMMON["sensor"], include_extras=True)
    parts.append(
        f"\n## Devices\n\nEach device is {_kinds()}, with a name of its own and a driver. No two may use one port; on "
        "a bus, a chip or a converter no two may use one address, line or channel.\n\n"
        "| setting | what it is | default |\n|---|---|---|\n"
        f"| `name` | {_describe(SourceName)} | must be set |\n"
        f"| `driver` | one of {', '.join(f'`{name}`' for name in DEVICES)} | must be set |\n"
        f"| `place` | {_describe(sensor['place'])} | none |\n"
        f"| `signal` | of readers: {_describe(signal)} | none |\n"
        f"| `means` | of sensors: {_describe(sensor['means'])} | none |\n"
    )
    parts.append(_section("[[camera]]: what it is watched for", Watch))
    parts += [
        _section(f'[[{entry.kind}]] with driver = "{name}"', catalog.load(name).Settings)
        for name, entry in DEVICES.items()
    ]
    return "".join(parts)


def _kinds() -> str:
    *most, last = (f"a `[[{kind}]]`" for kind in SOURCE_KINDS)
    return f"{', '.join(most)} or {last}"


def _section(title: str, type_: type[msgspec.Struct]) -> str:
    rows = "".join(_rows(type_))
    return f"\n## {title}\n\n| setting | what it is | default |\n|---|---|---|\n{rows}"


def _rows(type_: type[msgspec.Struct]) -> Iterator[str]:
    hints = typing.get_type_hints(type_, include_extras=True)
    for field in msgspec.structs.fields(type_):
        if type_ is not Watch and field.name == OF_EVERY_CAMERA:  # the driver gets what [[camera]] says
            continue
        yield f"| `{field.name}` | {_describe(hints[field.name])} | {_default(field)} |\n"


def _describe(hint: object) -> str:
    """The nearest words: a setting may say more than its type does."""
    metas = [extra for extra in getattr(hint, "__metadata__", ()) if isinstance(extra, msgspec.Meta)]
    words = next((meta.description for meta in reversed(metas) if meta.description), "")
    if not words:
        raise SystemExit(f"a setting without Meta(description=…): {hint}")
    return words.replace("|", "\\|")


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.default is not msgspec.NODEFAULT:
        return f"`{show(field.default)}`" if field.default not in ("", None) else "none"
    if field.default_factory is not msgspec.NODEFAULT:
        return "none"
    return "must be set"


if __name__ == "__main__":
    sys.stdout.write(page())
