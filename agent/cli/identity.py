"""mektep identity FILE: print the box's public key, making the pair first if there is none; the private half stays."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TextIO

from agent import config
from agent.cli.main import DEFAULT_CONFIG
from agent.cli.owner import become_owner
from agent.sync.identity import load_identity


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, nargs="?", default=Path(DEFAULT_CONFIG), help="the box's configuration")


def run(args: argparse.Namespace, out: TextIO) -> int:
    state = config.load(args.file).state
    become_owner(Path(state.directory))
    print(load_identity(Path(state.directory)).public_base64, file=out)
    return 0
