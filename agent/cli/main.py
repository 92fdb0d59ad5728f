"""The table of commands, and what their exit codes mean.

Exit codes  0 all is well · 1 something needs attention · 2 wrong use or wrong configuration · 3 the daemon does not run
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Collection, Sequence
from importlib import import_module
from typing import TextIO

from agent import __version__
from agent.cli.exit_codes import exit_code
from agent.cli.helping import is_asked
from agent.cli.parser import Parser
from agent.errors import AgentError

COMMANDS = {  # name -> module of agent.cli; each has HELP, arguments(parser) and run(args, out) -> int
    "status": "status",
    "doctor": "doctor",
    "why": "why",
    "top": "top",
    "tail": "tail",
    "incident": "incident",
    "reader": "reader",
    "sensor": "sensor",
    "camera": "camera",
    "drill": "drill",
    "outbox": "outbox",
    "reference": "reference",
    "bundle": "bundle",
    "discover": "discover",
    "check": "check",
    "config": "config",
    "update": "update",
    "firmware": "firmware",
    "enrol": "enrol",
    "identity": "identity",
    "secret": "secret",
    "card": "card",
    "ledger": "ledger",
    "audit": "audit",
    "completion": "completion",
    "run": "run",
    "demo": "demo",
}
HELP = {
    "run": "run the agent in the foreground (systemd does this)",
    "check": "check a configuration file and name every mistake",
    "status": "one screen: what works, what is owed to the centre, what to do",
    "top": "a live screen: devices, the last taps, lanes, the line, incidents, a blurred camera",
    "tail": "events as they are accepted, one a line, in words",
    "outbox": "what is owed to the centre: list, one event, export, compare with what the centre says",
    "why": "the life of one device, or of centre, clock, agent: what is wrong, what happened, what to try",
    "doctor": "examine the box: power, card, clock, network, database, devices; each finding with what to do",
    "bundle": "one archive for support: logs, status, checks; no secret, no child; says what is in it",
    "discover": "what is plugged in or answers: ports, readers, panels, cameras; lines for the configuration",
    "enrol": "make this box a school's: keys, certificate, configuration, by the centre's file",
    "identity": "print the public key by which the centre knows this box",
    "audit": "check a ledger: events, statements and checkpoints must be one story",
    "card": "show a card's number in every way a vendor prints it",
    "secret": "store a password or a key of a device under a name",
    "ledger": "the ledger of meals and clubs: how far it is signed, and proofs",
    "reference": "the centre's data on this box: version, age, counts, and what follows where they are old",
    "reader": "try a reader out: its lights in turn, then a card",
    "sensor": "try a sensor out: each zone and contact now, then a change",
    "camera": "the cameras: list them, a picture of now, the zones drawn onto it; blurred unless asked otherwise",
    "incident": "what happens now and who is to answer; acknowledge, confirm, dismiss, close",
    "drill": "the whole chain of an incident, marked as a drill, each step timed",
    "firmware": "what the Pi itself needs: show each line with its reason, apply with a copy, undo",
    "completion": "what a shell needs to complete these commands: bash, zsh",
    "config": "the configuration in force, those before it, and back to the one before",
    "update": "which version of the agent runs, which one is staged, what it waits for",
    "demo": "a simulated school day on the real agent (source tree only)",
}
DEFAULT_CONFIG = "/etc/mektep/agent.toml"


def tree(whole: Collection[str]) -> argparse.ArgumentParser:
    """The commands; of those in `whole` with all that may follow them."""
    parser = Parser(prog="mektep", description="The edge agent of a school.", epilog=__doc__.split("\n\n")[1])
    parser.add_argument("--version", action="version", version=f"mektep-agent {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, module in COMMANDS.items():
        sub = commands.add_parser(name, help=HELP[name], description=HELP[name])
        if name in whole:
            import_module(f"agent.cli.{module}").arguments(sub)
    return parser


def main(argv: Sequence[str] | None = None, out: TextIO | None = None) -> int:
    """Run one command. Returns its exit code."""
    given = sys.argv[1:] if argv is None else list(argv)
    chosen = next((word for word in given if word in COMMANDS), "")
    parser = tree([chosen])  # only this one is imported: `status` must be quick on a Pi
    if is_asked(given):
        _in_words(parser)
    args = parser.parse_args(given)
    to = out or sys.stdout
    try:
        code = int(import_module(f"agent.cli.{COMMANDS[args.command]}").run(args, to))
        to.flush()
        return code
    except AgentError as error:
        report(error, sys.stderr)
        return exit_code(args.command, error.code)
    except BrokenPipeError:  # `mektep status | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody listens: what is left goes nowhere
        return 0


def _in_words(parser: argparse.ArgumentParser) -> None:
    """Its help, in the reader's language."""
    from agent.cli.helping import formatter, translate
    from agent.texts import load_texts

    say = load_texts()
    if say.language != "en":
        translate(parser, say, formatter(say))


def report(error: AgentError, to: TextIO) -> None:
    """Code and fact; beneath them what to do."""
    from agent.cli import screen
    from agent.texts import load_texts  # only now: `status` must be quick

    say = load_texts()
    if problems := getattr(error, "problems", None):  # of agent.config.ConfigError
        from agent.cli.problems import report_first

        report_first(problems, to, say)
        return
    screen.trouble(to, error.code, say.fact(error.code, error.what), say.instruction(error.code, error.do))


if __name__ == "__main__":
    sys.exit(main())
