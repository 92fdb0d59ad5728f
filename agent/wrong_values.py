"""What is wrong with a value of the configuration, in words for a technician: msgspec's are for programmers.

Shape   wrong("Expected `int` >= 1 - at `$.most`") -> ("must be at least 1", ["most"]); what is not known stays as it
        came, without backticks
Source  msgspec 0.19 to 0.21, src/msgspec/_core.c: the messages of ValidationError.
"""

from __future__ import annotations

import re

KINDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
    "date": "a date",
    "datetime": "a date",
    "time": "a time",
}
PLACE = re.compile(r"(?P<fact>.*?)(?: - at `key` in `\$(?P<keys>.*)`| - at `\$(?P<path>.*)`)?", re.DOTALL)
STEP = re.compile(r"\[(\d+|\.\.\.)\]|\.(\w+)")
MANY = " |"  # of "str | null": nothing of a TOML file is null
WORDS = (  # msgspec's message, ours
    (r"Expected `(?P<wanted>[^`]+)`, got `(?P<got>[^`]+)`", "must be {wanted}, not {got}"),
    (r"Expected `array` of length (?P<wanted>\d+), got (?P<got>\d+)", "must have {wanted} entries, not {got}"),
    (r"Expected `\w+` of length >= 1", "is empty"),
    (r"Expected `array` of length >= (?P<least>\d+)", "must have at least {least} entries"),
    (r"Expected `array` of length <= (?P<most>\d+)", "must have at most {most} entries"),
    (r"Expected `\w+` of length >= (?P<least>\d+)", "must have at least {least} characters"),
    (r"Expected `\w+` of length <= (?P<most>\d+)", "must have at most {most} characters"),
    (r"Expected `\w+` matching regex .*", "does not have the form that is wanted"),
    (r"Expected `\w+` >= (?P<least>\S+)", "must be at least {least}"),
    (r"Expected `\w+` <= (?P<most>\S+)", "must be at most {most}"),
    (r"Expected `\w+` > (?P<least>\S+)", "must be more than {least}"),
    (r"Expected `\w+` < (?P<most>\S+)", "must be less than {most}"),
    (r"Invalid enum value '?(?P<value>.*?)'?", "is none of the words known here"),
    (r"Object contains unknown field `(?P<name>.*)`", 'has "{name}", which is no setting'),
    (r"Object missing required field `(?P<name>.*)`", 'lacks "{name}"'),
)
OF_A_KEY = 'has "{value}", which is none of the words known here'


def wrong(message: str) -> tuple[str, list[str]]:
    """The fact, and the steps to what it is about: fields, places in lists as digits, "..." within a table."""
    found = PLACE.fullmatch(message)
    if found is None:  # it matches anything
        return message, []
    steps = [index or field for index, field in STEP.findall(found["keys"] or found["path"] or "")]
    return _fact(found["fact"], of_a_key=found["keys"] is not None), steps


def _fact(said: str, *, of_a_key: bool) -> str:
    for pattern, words in WORDS:
        if match := re.fullmatch(pattern, said, re.DOTALL):
            places = {name: _place(value) for name, value in match.groupdict().items()}
            return (OF_A_KEY if of_a_key and "value" in places else words).format(**places)
    return said.replace("`", "")


def _place(value: str) -> str:
    kind = value.partition(MANY)[0]
    return KINDS.get(kind, kind.removesuffix(".0"))
