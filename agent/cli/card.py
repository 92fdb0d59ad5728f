"""mektep card NUMBER: a card's number in every way a vendor prints it. Nothing is stored or sent."""

from __future__ import annotations

import argparse
from typing import TextIO

from agent.errors import AgentError
from agent.texts import load_texts
from drivers import cards
from drivers.readings import CardForm


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("number", help="hex digits as the reader reports them, e.g. 6F007B3972")
    parser.add_argument("--form", choices=[form.value for form in CardForm], default=CardForm.EM4100.value)


def run(args: argparse.Namespace, out: TextIO) -> int:
    form = CardForm(args.form)
    try:
        printed = cards.printed(form, args.number.upper())
    except ValueError as error:
        raise AgentError(
            "C-120", f"{args.number} is no {form.value} number: {error}", do="Give all its hex digits."
        ) from error
    say = load_texts()
    told = {say.word("printed.", name): text for name, text in printed.items()}
    width = max(len(name) for name in told)
    for name, text in told.items():
        print(f"{name:<{width}}  {text}", file=out)
    return 0
