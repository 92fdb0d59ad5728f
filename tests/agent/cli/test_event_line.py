"""Events in words: every kind has them in every language, and no child is named."""

from __future__ import annotations

import enum
import re
import typing
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.cli.event_line import AS_IT_IS, PERSON, SECTIONS, SHOWN, device_of, told
from agent.events import KINDS
from agent.model import Lane
from agent.outbox.stored import Kept
from agent.texts import LANGUAGES, load_texts

PUPIL = "0a0b0c0d0e0f0a0b"
SHORT = [name.removeprefix("kz.mektep.").removesuffix(".v1") for name in KINDS]


def kept(kind: str, data: dict[str, Any], body: bytes | None = None) -> Kept:
    event = {
        "type": f"kz.mektep.{kind}.v1",
        "time": "2026-11-23T08:00:00.123456Z",
        "severitytext": "INFO",
        "data": data,
    }
    whole = msgspec.json.encode(event) if body is None else body
    return Kept(epoch="e", lane=Lane.RECORD, sequence=7, accepted_ns=1_795_420_800_000_000_000, body=whole)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_of_event_has_words(language: str) -> None:
    say = load_texts(language)
    lacking = [kind for kind in SHORT if say(f"event.{kind.replace('.', '_')}") == f"event.{kind.replace('.', '_')}"]
    assert lacking == []


@pytest.mark.parametrize("kind", [kind for kind in SHOWN if f"kz.mektep.{kind}.v1" in KINDS])
def test_what_is_told_of_a_kind_is_in_its_data(kind: str) -> None:
    fields = {field.encode_name for field in msgspec.structs.fields(KINDS[f"kz.mektep.{kind}.v1"].data)}
    assert set(SHOWN[kind]) <= fields


def test_numbers_and_persons_have_words() -> None:
    say = load_texts("en")
    for kind, fields in SHOWN.items():
        types = {field.encode_name: field.type for field in msgspec.structs.fields(KINDS[f"kz.mektep.{kind}.v1"].data)}
        for field in fields:
            is_number = "int" in str(types[field]) and field not in AS_IT_IS and (kind, field) not in SECTIONS
            if field in PERSON or (is_number and "str" not in str(types[field])):
                assert say(f"event.{field}") != f"event.{field}", (kind, field)


CASES = [
    ("en", "meal.granted", {"reader": "canteen-1", "pupil": PUPIL, "meal": "lunch", "programme": "free", "tenge": 5,
      "marks": []}, "canteen-1", "meal given: lunch, free, pupil 0a0b0c…"),
    ("ru", "meal.refused", {"reader": "canteen-1", "pupil": PUPIL, "reason": "already_eaten", "meal": "lunch"},
     "canteen-1", "ПИТАНИЕ НЕ ВЫДАНО: питание уже получено, lunch, ученик 0a0b0c…"),
    ("kk", "fire.zone", {"sensor": "panel", "zone": 3, "place": "gym", "state": "fire", "words": ""}, "panel",
     "панель аймағы: аймақ 3, gym, ӨРТ"),
    ("en", "incident.opened", {"kind": "fire", "place": "hall", "certainty": "certain",
      "sign": {"source": "panel", "what": "fire"}}, "panel", "INCIDENT: FIRE, hall, certain"),
    ("en", "source.failed", {"source": "gate", "code": "P-101", "what": "gone", "do": "x"}, "gate",
     "DEVICE FAILED: P-101, gone"),
    ("en", "source.failed", {"source": "gate", "code": "P-101"}, "gate", "DEVICE FAILED: P-101"),
    ("ru", "source.failed", {"source": "gate", "code": "P-104", "what": "/dev/a went away: it hung up"}, "gate",
     "УСТРОЙСТВО ОТКАЗАЛО: P-104, /dev/a пропал: оборвал связь"),
    ("en", "no.such.kind", {"reader": "gate", "secret": "x"}, "gate", "no.such.kind"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "kind", "data", "device", "words"), CASES)
def test_a_line(language: str, kind: str, data: dict[str, Any], device: str, words: str) -> None:
    line = told(kept(kind, data), load_texts(language))
    assert (line.device, line.words) == (device, words)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"type":"x","time":"y","data":1}'])
def test_what_the_disk_has_damaged_is_said(body: bytes) -> None:
    assert "DAMAGED" in told(kept("", {}, body), load_texts("en")).words


@given(st.sampled_from(sorted(SHOWN)), st.from_regex("[0-9a-f]{16}", fullmatch=True), st.text(max_size=20))
def test_no_key_is_shown_whole_and_no_line_moves_the_cursor(kind: str, key: str, text: str) -> None:
    data = dict.fromkeys(SHOWN[kind], text) | dict.fromkeys(set(PERSON) & set(SHOWN[kind]), key) | {"reader": text}
    data.pop("answer_by", None)
    line = told(kept(kind, data), load_texts("en"))
    assert key not in line.words
    assert line.words.isprintable()
    assert device_of({"data": data}).isprintable()


def words_of(hint: object) -> Iterator[str]:
    """The words that a field may have: of an enum, a Literal or a pattern of alternatives."""
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        yield from (str(one.value) for one in hint)
    if typing.get_origin(hint) is typing.Literal:
        yield from typing.get_args(hint)
        return
    for meta in getattr(hint, "__metadata__", ()):
        if alternatives := re.fullmatch(r"\^\(([a-z_|]+)\)\??\$", getattr(meta, "pattern", None) or ""):
            yield from alternatives[1].split("|")
    for part in typing.get_args(hint):
        yield from words_of(part)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_that_may_be_told_has_a_text(language: str) -> None:
    say, lacking = load_texts(language), []
    for kind, fields in SHOWN.items():
        data = KINDS[f"kz.mektep.{kind}.v1"].data
        hints = typing.get_type_hints(data, include_extras=True)
        own = {field.encode_name: field.name for field in msgspec.structs.fields(data)}
        for field in set(fields) - set(AS_IT_IS):
            keys = [f"{SECTIONS.get((kind, field), 'reason')}.{word}" for word in words_of(hints[own[field]]) if word]
            lacking += [key for key in keys if not say.knows(key)]
    assert lacking == []
