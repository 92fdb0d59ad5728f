"""Every mistake of a table is named at once, with what to write instead; a password is never repeated."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

import msgspec
import pytest
from msgspec import Meta

from agent.strict import read_table, show


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


class Inner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    depth: int = 1


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    port: Annotated[str, Meta(description="the serial port, by its stable name", examples=["/dev/reader-canteen"])]
    baud: Annotated[int, Meta(ge=300, le=115200, description="line speed in baud", examples=[9600])] = 9600
    format: Literal["em4100", "ironlogic"] = "em4100"
    colour: Colour = Colour.RED
    inner: Inner | None = None
    zones: dict[str, str] = {}

    def __post_init__(self) -> None:
        if self.baud == 300 and self.format == "ironlogic":
            raise ValueError("ironlogic readers do not speak 300 baud")


GOOD = {"port": "/dev/x"}
CASES = [  # table, then the problems as (code, key, value), and words that must be in `what` or `do`
    ({}, [("C-102", "reader[0].port", "")], 'port = "/dev/reader-canteen": the serial port, by its stable name.'),
    (GOOD | {"bawd": 1}, [("C-101", "reader[0].bawd", "1")], 'Did you mean "baud"?'),
    (GOOD | {"zzz": True}, [("C-101", "reader[0].zzz", "true")], "Known here: baud,"),
    (
        GOOD | {"baud": "fast"},
        [("C-103", "reader[0].baud", '"fast"')],
        "number, not text. Write baud = 9600",
    ),
    (GOOD | {"baud": 0}, [("C-103", "reader[0].baud", "0")], "Write baud = 9600: line speed in baud."),
    (GOOD | {"format": "em"}, [("C-103", "reader[0].format", '"em"')], '"em4100" or "ironlogic"'),
    (GOOD | {"colour": "blue"}, [("C-103", "reader[0].colour", '"blue"')], '"red" or "green"'),
    (
        GOOD | {"inner": {"depht": 1}},
        [("C-103", "reader[0].inner", "{ depht = 1 }")],
        'has "depht", which is no',
    ),
    (GOOD | {"zones": {"1": 5}}, [("C-103", "reader[0].zones[...]", "{ 1 = 5 }")], "must be text, not a whole number"),
    (GOOD | {"baud": 300, "format": "ironlogic"}, [("C-104", "reader[0]", "")], "do not speak 300 baud"),
    (
        {"baud": "x", "q": 1},
        [("C-101", "reader[0].q", "1"), ("C-102", "reader[0].port", ""), ("C-103", "reader[0].baud", '"x"')],
        "port",
    ),
]


@pytest.mark.parametrize(("table", "expected", "words"), CASES)
def test_each_mistake_is_named(table: dict[str, object], expected: list[tuple[str, str, str]], words: str) -> None:
    found, problems = read_table(table, Settings, file="box.toml", prefix="reader[0].")
    assert found is None
    assert [(problem.code, problem.key, problem.value) for problem in problems] == expected
    assert words in " ".join(str(problem) for problem in problems)
    assert all(problem.do for problem in problems)


def test_a_right_table_is_taken() -> None:
    found, problems = read_table(GOOD | {"baud": 19200}, Settings, file="box.toml", prefix="")
    assert problems == []
    assert found == Settings(port="/dev/x", baud=19200)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(True, "true"), (3, "3"), ("x", '"x"'), ("mqtts://box:secret@host", '"(URL with a password, not shown)"')],
)
def test_values_are_shown_as_written_but_never_a_password(value: object, shown: str) -> None:
    assert show(value) == shown
    assert "secret" not in show(value)


def test_long_values_are_cut() -> None:
    assert len(show("x" * 500)) == 60


class Pair(msgspec.Struct, frozen=True):
    """Either says why not, or also what to do."""

    says: str

    def __post_init__(self) -> None:
        raise ValueError(self.says)


@pytest.mark.parametrize(
    ("says", "shown"),
    [
        ("give a or b, one of them", "box.toml: pair: give a or b, one of them. Change one of them."),
        ("profile x is not known. Use y.", "box.toml: pair: profile x is not known. Use y."),
    ],
)
def test_fields_that_do_not_fit_together_say_what_to_do_once(says: str, shown: str) -> None:
    _, problems = read_table({"says": says}, Pair, file="box.toml", prefix="pair.")
    assert [str(problem) for problem in problems] == [shown]
    assert problems[0].code == "C-104"
