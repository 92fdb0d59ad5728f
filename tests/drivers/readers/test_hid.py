"""Readers that type: made captures of four kinds, whole and cut; slow typists, other keys, lost keys, formats and their
forms; and the reader on a named pipe in the place of a device: taps, floods, and back after it was unplugged.
"""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import cards
from drivers.driver import Driver, Verdict
from drivers.key_device import EVENT, LOST, KeyEvent, decode
from drivers.readers import hid
from drivers.readers.hid import (
    TEXT_MAX,
    Format,
    Garbled,
    Layout,
    Line,
    Settings,
    Typed,
    masked,
    number,
)
from drivers.readings import CardForm, Tap
from simulator.typing_reader import ENTER, KEY_NS, USAGES, TypingReader, moved, strokes, typed
from tests.clock import START_NS, FastClock
from tests.drivers.supervised import kept_reading, open_files, until
from tests.secrets import no_secrets

_: Driver[Settings, Tap] = hid

CAPTURES = Path(__file__).parents[2] / "captures"
KEY_NAMES = Path("/usr/include/linux/input-event-codes.h")
GAP_NS = 50_000_000
MS = 1_000_000


def settings(format_: str = "10d", form: str = "wiegand34", device: str = "/dev/input/x", **more: object) -> Settings:
    words = {"device": device, "format": format_, "form": form, **more}
    return msgspec.convert(words, Settings)


def hear(events: bytes, layout: Layout = Layout.US, *cuts: int) -> list[Typed | Garbled]:
    line, buffer, heard = Line(layout, GAP_NS), bytearray(), []
    ends = sorted({0, len(events), *cuts})
    for begin, end in pairwise(ends):
        buffer += events[begin:end]
        heard += [one for event in decode(buffer) if (one := line.feed(event)) is not None]
        assert len(line._text) <= TEXT_MAX
    return heard


def line_of(text: str, key_ns: int = KEY_NS, at_ns: int = 10**12) -> bytes:
    return b"".join(typed([*strokes(text), (ENTER, False)], at_ns, key_ns))


def capture(name: str) -> bytes:
    rows = re.findall(r"^(\d+)\.(\d{6}) (\d+) (\d+) (\d+)$", (CAPTURES / name).read_text(), re.MULTILINE)
    return b"".join(EVENT.pack(*map(int, row)) for row in rows)


# --- keys ------------------------------------------------------------------------------------------------------------

MADE = [
    ("keyboard-us-8h10d.events", Layout.US, "0008075634"),
    ("keyboard-us-keypad-3d5d.events", Layout.US, "123,14706"),
    ("keyboard-us-hex.events", Layout.US, "6F007B3972"),
    ("keyboard-azerty-hex.events", Layout.AZERTY, "24548AAC"),
]


@pytest.mark.parametrize(("name", "layout", "text"), MADE)
def test_a_capture_is_read_however_it_is_cut(name: str, layout: Layout, text: str) -> None:
    events = capture(name)
    assert len(events) > 20 * EVENT.size
    assert hear(events, layout) == [Typed(text)]
    assert hear(events, layout, *range(len(events))) == [Typed(text)]


def test_the_keys_are_those_of_the_kernels_header() -> None:
    named = dict(re.findall(r"#define KEY_(\w+)\s+(\d+)\b", KEY_NAMES.read_text()))
    keys = {name: int(value) for name, value in named.items()}
    for digit in "0123456789":
        assert hid.ROW[keys[digit]] == hid.KEYPAD[keys[f"KP{digit}"]] == digit
    for letter in "BCDEF":
        assert hid.BCDEF[keys[letter]] == letter
    assert hid.PLAIN[Layout.US][keys["A"]] == hid.PLAIN[Layout.AZERTY][keys["Q"]] == "A"
    assert hid.PLAIN[Layout.US][keys["COMMA"]] == hid.PLAIN[Layout.AZERTY][keys["M"]] == ","
    assert hid.KEYPAD[keys["KPCOMMA"]] == ","
    assert {keys["LEFTSHIFT"], keys["RIGHTSHIFT"]} == hid.SHIFTS
    assert {keys["ENTER"], keys["KPENTER"]} == hid.ENTERS
    assert {keys["CAPSLOCK"], keys["NUMLOCK"], keys["SCROLLLOCK"]} == hid.IGNORED


def test_numbers_follow_one_another_and_a_second_enter_is_nothing() -> None:
    events = line_of("0008075634") + line_of("", at_ns=10**12 + 200 * MS) + line_of("0008075635", at_ns=2 * 10**12)
    assert hear(events) == [Typed("0008075634"), Typed("0008075635")]


def test_what_a_person_types_is_no_number() -> None:
    heard = hear(line_of("0008075634", key_ns=80 * MS))
    assert len(heard) == 10
    assert all(isinstance(one, Garbled) for one in heard)


def test_a_card_after_a_persons_key_is_whole() -> None:
    events = line_of("5")[: 6 * EVENT.size] + line_of("0008075634", at_ns=10**12 + 100 * MS)
    assert hear(events) == [Garbled("5"), Typed("0008075634")]


def test_one_pause_in_a_number_is_enough() -> None:
    first = b"".join(typed(strokes("00080"), 10**12))
    assert hear(first + line_of("75634", at_ns=10**12 + 5 * KEY_NS + GAP_NS)) == [Garbled("00080"), Typed("75634")]


def test_a_clock_that_goes_back_ends_what_was_begun() -> None:
    first = b"".join(typed(strokes("00080"), 10**12))
    assert hear(first + line_of("75634", at_ns=10**11)) == [Garbled("00080"), Typed("75634")]


OTHER = [("a letter", (0x0A, 34)), ("Escape", (0x29, 1)), ("Ctrl", (0xE0, 29)), ("F4", (0x3D, 62)), ("Tab", (0x2B, 15))]


@pytest.mark.parametrize("stroke", [case[1] for case in OTHER], ids=[case[0] for case in OTHER])
@pytest.mark.parametrize("at", [0, 5, 10])
def test_another_key_spoils_a_number_and_only_that(stroke: tuple[int, int], at: int) -> None:
    keys = strokes("0008075634")
    keys.insert(at, (stroke, False))
    events = b"".join(typed([*keys, (ENTER, False)], 10**12)) + line_of("0008075635", at_ns=2 * 10**12)
    assert hear(events) == [Garbled("0008075634"), Typed("0008075635")]


def test_a_key_that_is_held_spoils_a_number() -> None:
    begun = b"".join(typed(strokes("000807563"), 10**12))
    held = moved(USAGES["4"], 2, 10**12 + 10 * KEY_NS)
    assert hear(begun + held + line_of("", at_ns=10**12 + 11 * KEY_NS)) == [Garbled("000807563")]


def test_keys_that_the_kernel_lost_spoil_a_number() -> None:
    line = Line(Layout.US, GAP_NS)
    events = list(decode(bytearray(line_of("0008075634"))))
    heard = [line.feed(event) for event in [*events[:8], KeyEvent(LOST, 0, events[8].event_ns), *events[8:]]]
    assert [one for one in heard if one] == [Garbled("0008075634")]


def test_a_number_without_end_is_bounded() -> None:
    keys = strokes("0123456789" * 50)
    assert hear(b"".join(typed([*keys, (ENTER, False)], 10**12))) == [Garbled(("0123456789" * 50)[:TEXT_MAX])]


@given(
    events=st.lists(
        st.builds(
            KeyEvent,
            st.sampled_from([*range(2, 12), 28, 30, 42, 48, 71, 96, 1, 29, 58, LOST]) | st.integers(-1, 70_000),
            st.sampled_from([0, 1, 2]) | st.integers(-(2**31), 2**31 - 1),
            st.integers(0, 10**9) | st.integers(-(2**63), 2**63),
        ),
        max_size=100,
    ),
    layout=st.sampled_from(list(Layout)),
)
def test_any_keys_are_a_bounded_text_or_nothing(events: list[KeyEvent], layout: Layout) -> None:
    line = Line(layout, GAP_NS)
    for event in events:
        heard = line.feed(event)
        assert heard is None or re.fullmatch(f"[0-9A-F,]{{0,{TEXT_MAX}}}", heard.text)
        assert not isinstance(heard, Typed) or heard.text


# --- numbers ---------------------------------------------------------------------------------------------------------

NUMBERS = [  # one EM4100 card, 6F007B3972, and one UID, 24548AAC, in every print
    ("10d", "wiegand34", {}, "0008075634", "007B3972"),
    ("8d", "wiegand26", {}, "08075634", "7B3972"),
    ("3d5d", "wiegand26", {}, "123,14706", "7B3972"),
    ("3d5d", "wiegand26", {}, "12314706", "7B3972"),
    ("13d", "em4100", {}, "0476749445490", "6F007B3972"),
    ("hex", "em4100", {}, "6F007B3972", "6F007B3972"),
    ("hex", "wiegand34", {}, "007B3972", "007B3972"),
    ("hex", "wiegand26", {}, "7B3972", "7B3972"),
    ("10d", "uid4", {}, "0609520300", "24548AAC"),
    ("10d", "uid4", {"reversed": True}, "2894746660", "24548AAC"),
    ("hex", "uid4", {}, "24548AAC", "24548AAC"),
    ("hex", "uid4", {"reversed": True}, "AC8A5424", "24548AAC"),
    ("hex", "uid7", {}, "0456463AAC2280", "0456463AAC2280"),
    ("hex", "uid7", {"reversed": True}, "8022AC3A465604", "0456463AAC2280"),
]


@pytest.mark.parametrize(("format_", "form", "more", "text", "card"), NUMBERS)
def test_a_number_is_read(format_: str, form: str, more: dict[str, object], text: str, card: str) -> None:
    assert number(text, settings(format_, form, **more)) == card


@pytest.mark.parametrize(("format_", "form", "more", "text", "card"), NUMBERS)
def test_a_number_that_lost_or_won_a_key_is_no_card(
    format_: str, form: str, more: dict[str, object], text: str, card: str
) -> None:
    spoken = settings(format_, form, **more)
    for at in range(len(text)):
        if text[at] != ",":
            assert number(text[:at] + text[at + 1 :], spoken) is None
        assert number(text[:at] + "0" + text[at:], spoken) is None


NO_NUMBERS = [
    ("10d", "wiegand34", "0000000000"),
    ("10d", "wiegand34", "4294967296"),
    ("10d", "wiegand34", "9999999999"),
    ("10d", "wiegand34", "000807563A"),
    ("10d", "wiegand34", "123,147060"),
    ("8d", "wiegand26", "16777216"),
    ("3d5d", "wiegand26", "256,14706"),
    ("3d5d", "wiegand26", "123,65536"),
    ("3d5d", "wiegand26", "12,314706"),
    ("3d5d", "wiegand26", "000,00000"),
    ("13d", "em4100", "1099511627776"),
    ("hex", "uid4", "00000000"),
    ("hex", "uid4", "08A1B2C3"),
    ("hex", "uid4", "88A1B2C3"),
    ("10d", "uid4", "0144814787"),
]


@pytest.mark.parametrize(("format_", "form", "text"), NO_NUMBERS)
def test_what_cannot_be_a_number_is_none(format_: str, form: str, text: str) -> None:
    assert number(text, settings(format_, form)) is None


FITTING = [(one, form) for one in Format for form in CardForm if hid.fits(one, form)]


@given(case=st.sampled_from(FITTING), text=st.text("0123456789ABCDEF,", max_size=40))
def test_any_text_is_a_number_of_its_form_or_none(case: tuple[Format, CardForm], text: str) -> None:
    card = number(text, settings(case[0].value, case[1].value))
    assert card is None or cards.checked(case[1], card)


@given(case=st.sampled_from(FITTING), value=st.integers(0, 2**56 - 1), backwards=st.booleans())
def test_every_number_is_its_own(case: tuple[Format, CardForm], value: int, backwards: bool) -> None:
    format_, form = case
    spoken = settings(format_.value, form.value, reversed=backwards and form in hid.REVERSIBLE)
    digits = {"10d": 10, "8d": 8, "13d": 13}.get(format_.value)
    width = cards.HEX_DIGITS[form]
    value %= 16**width
    if format_ is Format.COMMA:
        text = f"{value >> 16:03d},{value & 0xFFFF:05d}"
    else:
        text = f"{value:0{digits}d}" if digits else f"{value:0{width}X}"
    card = number(text, spoken)
    raw = f"{value:0{width}X}"
    expected = bytes.fromhex(raw)[::-1].hex().upper() if spoken.reversed else raw
    refused = not value or (form is CardForm.UID4 and expected[:2] in ("08", "88"))
    assert card == (None if refused else expected)


MISTAKES = [
    ("8d", "em4100", {}),
    ("10d", "em4100", {}),
    ("10d", "wiegand26", {}),
    ("3d5d", "wiegand34", {}),
    ("13d", "uid4", {}),
    ("hex", "em4100", {"reversed": True}),
    ("hex", "uid4", {"gap_ms": 2000}),
]


@pytest.mark.parametrize(("format_", "form", "more"), MISTAKES)
def test_a_format_that_cannot_give_the_form_is_a_mistake(format_: str, form: str, more: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        settings(format_, form, **more)


def test_what_was_typed_is_not_shown() -> None:
    assert masked("123,A4") == b"000,A0"


# --- on a named pipe -------------------------------------------------------------------------------------------------


@pytest.fixture
def reader(tmp_path: Path) -> TypingReader:
    reader = TypingReader("reader", tmp_path / "reader")
    reader.plug()
    return reader


async def test_a_tap_has_the_time_of_its_arrival(reader: TypingReader) -> None:
    clock = FastClock()
    async with hid.connect(settings(device=str(reader.link)), clock, no_secrets) as opened:
        begun_ns = clock.now_ns
        reader.type("0008075634")
        tap = await anext(aiter(opened))
    assert tap.card == "007B3972"
    assert tap.form is CardForm.WIEGAND34
    assert (tap.at_ns, begun_ns >= START_NS) == (begun_ns, True)


async def test_what_is_typed_is_counted(reader: TypingReader) -> None:
    async with kept_reading(hid, settings(device=str(reader.link))) as kept:
        await until(kept.works)
        reader.type("0008075634", keypad=True)
        reader.type("0008075634")
        reader.type("000807563")
        reader.type("0000472288")
        await until(lambda: len(kept.readings) == 2)
        totals = kept.station.totals()
    assert [tap.card for tap in kept.readings if isinstance(tap, Tap)] == ["007B3972", "000734E0"]
    assert (totals.frames, totals.repeats, totals.garbled) == (3, 1, 1)
    assert bytes.fromhex(totals.last_garbled) == b"000000000"


async def test_back_within_two_seconds_after_the_plug_is(reader: TypingReader) -> None:
    before = open_files()
    async with kept_reading(hid, settings(device=str(reader.link))) as kept:
        await until(kept.works)
        for turn in range(2):
            reader.write(line_of("0008075634")[: 30 * EVENT.size])  # pulled in the middle of a card
            reader.unplug()
            await until(lambda: kept.states[-1] == "R-401")
            reader.plug()
            took_s = await until(kept.works)
            reader.type(f"000004728{turn}")
            took_s += await until(lambda turn=turn: len(kept.readings) == turn + 1)
            assert took_s < 2
    assert kept.states == ["working", *["R-404", "R-401", "working"] * 2]
    assert {tap.card for tap in kept.readings if isinstance(tap, Tap)} == {"0000B8B0", "0000B8B1"}
    reader.unplug()
    assert open_files() <= before


async def test_a_reader_that_floods_is_a_trouble_and_no_tap(reader: TypingReader) -> None:
    async with kept_reading(hid, settings(device=str(reader.link))) as kept:
        await until(kept.works)
        flood = moved((0x0A, 34), 1, 0) * 20

        def told() -> bool:
            reader.write(flood * 8)
            return kept.states[-1] == "R-405"

        await until(told)
        assert kept.readings == []
        await until(kept.works)  # it has stopped
        reader.type("0008075634")
        await until(lambda: kept.readings)
    reader.unplug()


async def test_probe_says_whether_the_device_opens(reader: TypingReader) -> None:
    spoken = settings(device=str(reader.link))
    there = hid.probe(spoken)
    reader.unplug()
    absent = hid.probe(spoken)
    assert [(one.verdict, one.code) for one in (there, absent)] == [(Verdict.OK, ""), (Verdict.FAILED, "R-401")]
