"""Starts agents by the hundred: python -m bench.city_agents, then a line for each, CONFIG and where its words go.

Prints the number of each process. Each is `mektep run CONFIG` in a process of its own, which goes on from here: what it
imports is loaded once, and a city starts in a minute on two cores instead of in ten. Ends when nobody asks any more;
the agents stay.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
from pathlib import Path

from agent import daemon
from agent.cli import run
from drivers.readers import serial_ascii
from drivers.sensors import modbus_panel
from simulator.processes import give_way

GIVES_WAY = 10  # to the centre: a city's boxes have processors of their own
LOADED = (daemon, serial_ascii, modbus_panel)  # before the first of them


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks for their exit codes
    for line in sys.stdin:
        config, words = line.split()
        pid = os.fork()
        if pid == 0:
            os._exit(_agent(Path(config), words))
        print(pid, flush=True)


def _agent(config: Path, words: str) -> int:
    """In the child: as from the command line."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    give_way(os.getpid(), GIVES_WAY)
    nothing, told = os.open(os.devnull, os.O_RDWR), os.open(words, os.O_WRONLY)
    for number, source in ((0, nothing), (1, nothing), (2, told)):
        os.dup2(source, number)
    random.seed()
    parser = argparse.ArgumentParser()
    run.arguments(parser)
    return run.run(parser.parse_args([str(config)]), sys.stdout)


if __name__ == "__main__":
    main()
