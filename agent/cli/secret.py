"""mektep secret NAME: store a password or a key under the name that the configuration gives; never shown again.

It is asked for at the terminal, or read from standard input; `--new` makes a random key of 16 bytes, as OSDP wants.
The secret that it replaces is kept beside it until the next change: a device may still know only that one.
"""

from __future__ import annotations

import argparse
import contextlib
import getpass
import secrets
import sys
from pathlib import Path
from typing import TextIO

from agent import config
from agent.cli.main import DEFAULT_CONFIG
from agent.cli.owner import become_owner
from agent.secrets import SecretStore

KEY_BYTES = 16


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="as in the configuration, e.g. gate-password")
    parser.add_argument("file", type=Path, nargs="?", default=Path(DEFAULT_CONFIG), help="the box's configuration")
    parser.add_argument("--new", action="store_true", help="make a random key; nobody sees it")


def run(args: argparse.Namespace, out: TextIO) -> int:
    state = config.load(args.file).state
    become_owner(Path(state.directory), args.file)
    store = SecretStore(state.secrets)
    store.put(args.name, secrets.token_hex(KEY_BYTES) if args.new else _asked(args.name))
    print(f"{args.name} is stored; the agent takes it when it connects the device again.", file=out)
    return 0


def _asked(name: str) -> str:
    if sys.stdin.isatty():
        with contextlib.suppress(EOFError):  # Ctrl-D: nothing was typed
            return getpass.getpass(f"{name}: ")
        return ""
    return sys.stdin.readline().rstrip("\r\n")
