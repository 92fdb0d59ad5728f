"""What is wrong with a command line, and what was probably meant: X-004.

argparse says it in English words of its own (its source, 3.11 to 3.13); FACTS turns them into ours. What it may say
besides them is shown as it came.
"""

from __future__ import annotations

import re

from agent.strict import nearest

CODE = "X-004"
FACTS = tuple(
    (re.compile(said, re.DOTALL), fact)
    for said, fact in (
        (r"the following arguments are required: (?P<names>.+)", "missing: {names}"),
        (r"unrecognized arguments: (?P<text>.+)", "not known here: {text}"),
        (r"one of the arguments (?P<names>.+) is required", "one of these is needed: {names}"),
        (r"ambiguous option: (?P<text>.+) could match (?P<names>.+)", "{text} may be each of these: {names}"),
        (r"argument (?P<name>.+?): expected one argument", "{name}: a value must follow"),
        (r"argument (?P<name>.+?): expected at least one argument", "{name}: at least one value must follow"),
        (r"argument (?P<name>.+?): expected (?P<n>\d+) arguments?", "{name}: so many values must follow: {n}"),
        (r"argument (?P<name>.+?): not allowed with argument (?P<word>.+)", "{name}: not together with {word}"),
        (r"argument (?P<name>.+?): ignored explicit argument (?P<text>.+)", "{name}: takes no value: {text}"),
        (r"argument (?P<name>.+?): invalid (?:int|float) value: (?P<text>.+)", "{name}: {text} is no number"),
        (r"argument (?P<name>.+?): invalid \w+ value: (?P<text>.+)", "{name}: {text} is not what is wanted"),
        (r"argument (?P<name>.+?): invalid choice: (?P<text>.+) \(choose from (?P<names>.+)\)",
         "{name}: {text} is none of {names}"),
        (r"argument (?P<name>.+)", "{name}"),
    )
)  # fmt: skip


def told(message: str, program: str) -> tuple[str, str]:
    """The fact, and what to do."""
    do = f"`{program} --help` shows what may be written."
    found = ((pattern.fullmatch(message), fact) for pattern, fact in FACTS)
    match, fact = next(((match, fact) for match, fact in found if match), (None, message))
    if match is None:
        return message, do
    places = match.groupdict()
    names = [one.strip("'") for one in places.get("names", "").split(", ")]
    near = nearest(places.get("text", "").strip("'"), names)
    meant = f"Did you mean {near}? {do}" if near else do
    return fact.format(**places | {"names": ", ".join(names)}), meant
