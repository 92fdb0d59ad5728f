"""A process that looks at the devices of a configuration while the agent does not run, and prints what it finds.

Each driver's own probe() looks without touching; a port that another program holds is named with that program.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from agent import config
from agent.config import SourceConfig
from agent.doctor.finding import Finding, fault, warn, well
from drivers import catalog
from drivers.discovery import holders
from drivers.driver import Verdict
from drivers.errors import DeviceError
from drivers.true_path import true_path


def probed(source: SourceConfig, held: holders.Held) -> Finding:
    """One device."""
    for claim in catalog.claims(source.settings):
        holder = held.by.get(true_path(claim.place))
        if holder is not None and not holder.ours:
            fact = f"{source.name}: {claim.place} is held by {holder.command} (pid {holder.pid})"
            return fault("P-102", fact, "Find it with `fuser -v PORT` and end it.")
    try:
        found = catalog.load(source.driver).probe(source.settings)
    except DeviceError as error:
        return fault(error.code, f"{source.name}: {error.what}", error.do)
    fact = f"{source.name}: {found.what}"
    if found.verdict is Verdict.OK:
        return well(fact)
    return (warn if found.verdict is Verdict.WARNING else fault)(found.code, fact, found.do)


def main(file: Path) -> None:
    found = config.load(file)
    places = [claim.place for source in found.sources for claim in catalog.claims(source.settings)]
    held = holders.look(Path("/proc"), places)
    print(msgspec.json.encode([probed(source, held) for source in found.sources]).decode())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
