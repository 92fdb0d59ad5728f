"""The agent with one more driver in its catalog: python -m bench.odd_agent … CONFIG; what is between is left out."""

from __future__ import annotations

import sys

from agent.cells import falls
from agent.cli.main import main
from drivers.catalog import CATALOG, Cell, Entry

if __name__ == "__main__":
    falls.QUARANTINE_FROM = 1_000_000  # it goes wrong all the time that is measured
    falls.MAX_PAUSE_S = 0.5
    CATALOG["odd"] = Entry("bench.odd_driver", "sensor", "", cell=Cell(memory_mb=100))
    sys.exit(main(["run", sys.argv[-1]]))
