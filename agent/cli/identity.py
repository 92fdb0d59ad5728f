"""mektep identity FILE: print the box's public key, making the pair first if there is none; the private half stays.

Where there is a database, the second line is the same key as the ledger's: by it others verify checkpoints.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TextIO

from agent import config
from agent.cli.main import DEFAULT_CONFIG
from agent.cli.owner import become_owner
from agent.ledger.note import Kind, Verifier
from agent.ledger.origin import origin_of
from agent.outbox.ledger_view import ledger_view
from agent.sync.identity import load_identity


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, nargs="?", default=Path(DEFAULT_CONFIG), help="the box's configuration")


def run(args: argparse.Namespace, out: TextIO) -> int:
    found = config.load(args.file)
    become_owner(Path(found.state.directory), found.file)
    identity = load_identity(Path(found.state.directory))
    print(identity.public_base64, file=out)
    if found.state.database.exists():
        with ledger_view(found.state.database) as view:
            print(Verifier(origin_of(found.school, view.epoch), Kind.LOG, identity.public), file=out)
    return 0
