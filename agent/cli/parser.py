"""The commands' parser: as argparse's, but a line that it cannot understand is told as every other error."""

from __future__ import annotations

import argparse
import sys
from typing import NoReturn

from agent.cli.exit_codes import WRONG_USE


class Parser(argparse.ArgumentParser):
    """As argparse's, but for what it says of a wrong line; what a command does not know, that command says."""

    def parse_known_args(self, args=None, namespace=None):  # type: ignore[no-untyped-def]
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return found, unknown

    def error(self, message: str) -> NoReturn:
        from agent.cli import screen
        from agent.cli.helping import formatter
        from agent.cli.wrong_use import CODE, told
        from agent.texts import load_texts  # only now: `status` must be quick

        say = load_texts()
        self.formatter_class = formatter(say)
        self.print_usage(sys.stderr)
        fact, do = told(message, self.prog)
        screen.trouble(sys.stderr, CODE, say.fact(CODE, fact), say.fact(CODE, do))
        self.exit(WRONG_USE)
