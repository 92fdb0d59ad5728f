"""The decoders: published frames and captures however they are cut, noise before and after, damage, held cards; and
the reader on a pty: taps with the time of their arrival, lights, and back by itself after it was unplugged.

What is guaranteed after noise: an ASCII frame is heard when its last byte has come, whatever came before it; a
binary frame too, unless the noise has begun a frame that it happens to complete; an IronLogic line is heard if what
came before it ended with LF.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.driver import Driver, Verdict
from drivers.errors import DeviceError
from drivers.readers import serial_ascii
from drivers.readers.serial_ascii import (
    BINARY,
    DECODERS,
    FRAME_MAX,
    LINE_MAX,
    Away,
    Card,
    Format,
    Garbled,
    Heard,
    Settings,
)
from drivers.readings import CardForm, Light, Tap
from drivers.serial_port import open_port
from simulator.card_reader import CardReader
from simulator.serial_line import SerialLine
from tests.clock import START_NS, FastClock
from tests.drivers.supervised import kept_reading, open_files, until
from tests.secrets import no_secrets

_: Driver[Settings, Tap] = serial_ascii

EM, UID4, UID7 = CardForm.EM4100, CardForm.UID4, CardForm.UID7
ID12 = b"\x020C000621A58E\r\n\x03"  # ID-12LA data sheet; its prose says 6E, its own XOR gives 8E
RDM6300 = b"\x026F007B39725F\x03"  # EEVblog, card printed 0008075634
BINARY_FRAME = bytes.fromhex("020A0206008E6D5DB003")  # card printed 0009334109

FRAMES = [
    ("ID-12 data sheet", ID12, "0C000621A5"),
    ("RDM6300, EEVblog", RDM6300, "6F007B3972"),
    ("RDM6300, Arduino forum", b"\x02010063E9AE25\x03", "010063E9AE"),
    ("RDM6300 data sheet", b"\x0262E3086CED08\x03", "62E3086CED"),
    ("RDM6300, Seeed wiki", b"\x0201000734E0D2\x03", "01000734E0"),
    ("an Em-Marine[1700] 009,22847 card", b"\x02170009593F78\x03", "170009593F"),
    ("lower case", RDM6300.lower(), "6F007B3972"),
    ("binary", BINARY_FRAME, "06008E6D5D"),
    ("binary, STX and ETX among the data", bytes.fromhex("020A0202030203020A03"), "0203020302"),
]
BAD_FRAMES = [
    ("the data sheet's misprint", ID12.replace(b"8E\r", b"6E\r")),
    ("digits changed by the author", b"\x02100026F44426\x03"),
    ("a sum in place of the XOR", b"\x022E00AF0EC9B4\x03"),
    ("too short", b"\x026F007B395F\x03"),
    ("too long", b"\x026F007B3972725F00\x03"),
    ("not hex", b"\x026F007B397G5F\x03"),
    ("empty", b"\x02\x03"),
    ("all zeros: a stuck line", b"\x02000000000000\x03"),
    ("all zeros, binary", bytes.fromhex("020A02000000000008" + "03")),
    ("binary, wrong XOR", BINARY_FRAME[:8] + b"\xb1\x03"),
    ("binary, no ETX", BINARY_FRAME[:9] + b"\x04"),
]
LINES = [
    ("Em-Marine[5500] 126,58404", "55007EE424", EM),
    ("Em-Marine[1700] 009,22847", "170009593F", EM),
    ("Em-Marine[5500] 090,48676,", "55005ABE24", EM),
    ("Em-Marine[2C00] 082,12941", "2C0052328D", EM),
    ("00042 Em-Marine[5500] 126,58404", "55007EE424", EM),
    ("Em-Marin[5500] 126,58404", "55007EE424", EM),
    ("Mifare[BCD14264] 1K (0004,08) 066,53692", "BCD14264", UID4),
    ("Mifare[24548AAC] 1K (0004,08) 138,21540", "24548AAC", UID4),
    ("Mifare[77242CF0]  (0004,88) 044,09335", "77242CF0", UID4),
    ("Mifare[3AAC2280045646]  (0142,20) 004,22086", "0456463AAC2280", UID7),
    ("Mifare[FA592F830412E6] UL (0144,00) 004,04838", "0412E6FA592F83", UID7),
    ("19997 Mifare[62D22F80041B4B]  (0144,08) 004,06987", "041B4B62D22F80", UID7),
]
BAD_LINES = [
    ("garbage", "garbage"),
    ("a digit of the number lost", "Em-Marine[5500] 126,5840"),
    ("a digit of the facility lost", "Em-Marine[5500] 12,58404"),
    ("a digit of the bracket lost", "Em-Marine[550] 126,58404"),
    ("facility over a byte", "Em-Marine[5500] 256,58404"),
    ("number over two bytes", "Em-Marine[5500] 126,65536"),
    ("two lines in one", "Em-Marine[5500] 126,58404Em-Marine[5500] 126,58404"),
    ("its begin lost", "e[5500] 126,58404"),
    ("a UID that its print contradicts", "Mifare[24548AAC] 1K (0004,08) 138,21541"),
    ("a long UID that its print contradicts", "Mifare[3AAC2280045646]  (0142,20) 004,22087"),
    ("a UID of ten digits", "Mifare[24548AAC00] 1K (0004,08) 138,21540"),
    ("a random UID of a telephone", "Mifare[08548AAC] 1K (0004,08) 138,21512"),
    ("another kind of card", "Temic[5500] 126,58404"),
]

frames = pytest.mark.parametrize(("frame", "card"), [case[1:] for case in FRAMES], ids=[case[0] for case in FRAMES])
lines = pytest.mark.parametrize(("line", "card", "form"), LINES, ids=[case[0] for case in LINES])
bytes_of_data = st.binary(min_size=5, max_size=5).filter(any)


def hear(format_: Format, *chunks: bytes) -> list[Heard]:
    """What a decoder says to bytes that come in these chunks; what it keeps must stay small."""
    buffer, heard = bytearray(), []
    for chunk in chunks:
        buffer += chunk
        heard += DECODERS[format_](buffer)
        assert len(buffer) <= (FRAME_MAX if format_ is Format.EM4100 else LINE_MAX)
    return heard


def cards(heard: list[Heard]) -> list[str]:
    return [one.card for one in heard if isinstance(one, Card)]


def one_by_one(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


def xor(data: bytes) -> int:
    check = 0
    for byte in data:
        check ^= byte
    return check


def ascii_frame(data: bytes, tail: bytes = b"") -> bytes:
    return b"\x02" + (data + bytes([xor(data)])).hex().upper().encode() + tail + b"\x03"


def binary_frame(data: bytes) -> bytes:
    return BINARY + data + bytes([xor(b"\x0a\x02" + data), 0x03])


# --- em4100 ----------------------------------------------------------------------------------------------------------


@frames
def test_a_frame_is_heard_however_it_is_cut(frame: bytes, card: str) -> None:
    expected: list[Heard] = [Card(card, EM)]
    assert hear(Format.EM4100, frame) == expected
    assert hear(Format.EM4100, *one_by_one(frame)) == expected
    for cut in range(1, len(frame)):
        assert hear(Format.EM4100, frame[:cut], frame[cut:]) == expected


@frames
@pytest.mark.parametrize(
    "noise", [b"\x00", b"\xff\xfe", b"\x02", b"\x03", b"\x02\x0a", RDM6300[:7], ID12[:-1], b"\r\n"]
)
def test_a_frame_is_heard_among_noise(frame: bytes, card: str, noise: bytes) -> None:
    whole = noise + frame + noise + frame
    assert cards(hear(Format.EM4100, whole)) == [card] * 2
    assert cards(hear(Format.EM4100, *one_by_one(whole))) == [card] * 2


@pytest.mark.parametrize("frame", [case[1] for case in BAD_FRAMES], ids=[case[0] for case in BAD_FRAMES])
def test_a_bad_frame_is_garbled_and_the_next_one_heard(frame: bytes) -> None:
    for chunks in ([frame + RDM6300], one_by_one(frame + RDM6300)):
        heard = hear(Format.EM4100, *chunks)
        assert cards(heard) == ["6F007B3972"]
        assert any(isinstance(one, Garbled) for one in heard)


def test_a_good_stream_has_nothing_garbled() -> None:
    assert (
        hear(Format.EM4100, *[ID12, BINARY_FRAME, RDM6300] * 3)
        == [
            Card("0C000621A5", EM),
            Card("06008E6D5D", EM),
            Card("6F007B3972", EM),
        ]
        * 3
    )


@given(noise=st.binary(max_size=200), data=bytes_of_data, tail=st.sampled_from([b"", b"\r\n"]), cuts=st.data())
def test_noise_never_loses_the_ascii_frame_after_it(
    noise: bytes, data: bytes, tail: bytes, cuts: st.DataObject
) -> None:
    whole = noise + ascii_frame(data, tail)
    at = sorted(cuts.draw(st.sets(st.integers(0, len(whole)), max_size=8)) | {0, len(whole)})
    assert hear(Format.EM4100, *[whole[a:b] for a, b in pairwise(at)])[-1] == Card(data.hex().upper(), EM)


@given(noise=st.lists(st.sampled_from([b"\x02", b"\x03", b"\x0a", b"F", b"\r"]), max_size=30), data=bytes_of_data)
def test_noise_of_the_frame_s_own_bytes_loses_no_ascii_frame(noise: list[bytes], data: bytes) -> None:
    whole = b"".join(noise) + ascii_frame(data)
    assert hear(Format.EM4100, whole)[-1] == Card(data.hex().upper(), EM)
    assert hear(Format.EM4100, *one_by_one(whole))[-1] == Card(data.hex().upper(), EM)


@given(noise=st.binary(max_size=200).filter(lambda noise: BINARY not in noise[-9:] + BINARY[:2]), data=bytes_of_data)
def test_noise_that_begins_no_binary_frame_loses_none(noise: bytes, data: bytes) -> None:
    assert hear(Format.EM4100, noise + binary_frame(data))[-1] == Card(data.hex().upper(), EM)


@given(chunks=st.lists(st.binary(max_size=300), max_size=20), format_=st.sampled_from(Format))
def test_noise_never_raises_and_little_is_kept(chunks: list[bytes], format_: Format) -> None:
    hear(format_, *chunks)


@given(
    frame=st.builds(ascii_frame, bytes_of_data, st.sampled_from([b"", b"\r\n"]))
    | st.builds(binary_frame, bytes_of_data)
)
def test_a_flipped_bit_never_gives_another_card(frame: bytes) -> None:
    """It may give the same one: one bit is the difference between A and a."""
    true = cards(hear(Format.EM4100, frame))
    for at in range(len(frame)):
        for bit in range(8):
            flipped = frame[:at] + bytes([frame[at] ^ 1 << bit]) + frame[at + 1 :]
            same = flipped.upper() == frame and frame[1:2] != BINARY[1:2]
            assert cards(hear(Format.EM4100, flipped)) == (true if same else [])
            assert cards(hear(Format.EM4100, flipped + RDM6300))[-1] == "6F007B3972"


# --- ironlogic -------------------------------------------------------------------------------------------------------


@lines
def test_a_line_is_heard_however_it_is_cut(line: str, card: str, form: CardForm) -> None:
    sent = line.encode() + b"\r\n"
    assert hear(Format.IRONLOGIC, sent) == [Card(card, form)]
    assert hear(Format.IRONLOGIC, *one_by_one(sent)) == [Card(card, form)]
    for cut in range(1, len(sent)):
        assert hear(Format.IRONLOGIC, sent[:cut], sent[cut:]) == [Card(card, form)]


@pytest.mark.parametrize("line", [case[1] for case in BAD_LINES], ids=[case[0] for case in BAD_LINES])
def test_a_bad_line_is_garbled_and_the_next_one_heard(line: str) -> None:
    sent = line.encode() + b"\r\n" + b"Em-Marine[5500] 126,58404\r\n"
    expected = [Garbled(line.encode()), Card("55007EE424", EM)]
    assert hear(Format.IRONLOGIC, sent) == expected
    assert hear(Format.IRONLOGIC, *one_by_one(sent)) == expected


@pytest.mark.parametrize("line", ["No card", "No Card", "00042 No Card"])
def test_the_reader_says_that_no_card_is_there(line: str) -> None:
    assert hear(Format.IRONLOGIC, line.encode() + b"\r\n") == [Away()]


def test_empty_lines_are_nothing() -> None:
    assert hear(Format.IRONLOGIC, b"\r\n\n\0\r\n  \r\n") == []


@given(noise=st.binary(max_size=300), case=st.sampled_from(LINES), cuts=st.data())
def test_noise_that_ended_with_a_line_feed_loses_no_line(
    noise: bytes, case: tuple[str, str, CardForm], cuts: st.DataObject
) -> None:
    whole = noise + b"\n" + case[0].encode() + b"\r\n"
    at = sorted(cuts.draw(st.sets(st.integers(0, len(whole)), max_size=8)) | {0, len(whole)})
    assert hear(Format.IRONLOGIC, *[whole[a:b] for a, b in pairwise(at)])[-1] == Card(case[1], case[2])


@lines
def test_a_line_that_lost_a_byte_is_never_another_card(line: str, card: str, form: CardForm) -> None:
    """Except the digits of the reader's own number and of the type, which say nothing about the card."""
    for at in range(len(line)):
        short = line[:at] + line[at + 1 :]
        assert set(cards(hear(Format.IRONLOGIC, short.encode() + b"\r\n"))) <= {card}


# --- on a pty --------------------------------------------------------------------------------------------------------

LIGHTS = {Light.ACCEPTED: "G\n", Light.REFUSED: "R\n"}


def settings(line: SerialLine, format_: Format = Format.EM4100) -> Settings:
    return Settings(port=str(line.link), format=format_, lights=LIGHTS)


async def test_a_tap_has_the_time_of_its_arrival(line: SerialLine) -> None:
    """The queue moves on while somebody decides about the first card: the second tap came when it came."""
    clock = FastClock()
    async with serial_ascii.connect(settings(line), clock, no_secrets) as reader:
        taps = aiter(reader)
        line.send(ID12)
        assert await anext(taps) == Tap(card="0C000621A5", form=EM, at_ns=START_NS, monotonic_ns=1_000_000_000)
        clock.advance(5)
        line.send(RDM6300)
        await until(lambda: reader._port._waiting_bytes == len(RDM6300))
        clock.advance(60)
        second = await anext(taps)
    assert (second.card, second.at_ns) == ("6F007B3972", START_NS + 5_000_000_000)


@pytest.mark.parametrize(("format_", "frames"), [(Format.EM4100, 4), (Format.IRONLOGIC, 1)])
async def test_a_held_card_is_one_tap(tmp_path: Path, format_: Format, frames: int) -> None:
    reader = CardReader("r", tmp_path / "device", format_.value)
    reader.line.plug()
    async with kept_reading(serial_ascii, settings(reader.line, format_)) as kept:
        await until(kept.works)
        for turn, card in enumerate(["6F00000001", "6F00000002"], 1):
            reader._read_aloud(bytes.fromhex(card))
            await until(lambda turn=turn: kept.station.counters.frames == frames * turn)
        assert [tap.card for tap in kept.readings] == ["6F00000001", "6F00000002"]
        assert kept.station.counters.repeats == (frames - 1) * 2
    reader.line.unplug()


async def test_what_is_heard_is_counted(line: SerialLine) -> None:
    async with kept_reading(serial_ascii, settings(line)) as kept:
        await until(kept.works)
        line.send(RDM6300 * 3 + BAD_FRAMES[0][1] + ID12)
        await until(lambda: len(kept.readings) == 2)
        totals = kept.station.totals()
    assert (totals.frames, totals.repeats, totals.garbled) == (4, 2, 1)
    assert bytes.fromhex(totals.last_garbled) == BAD_FRAMES[0][1]


async def test_lights_are_written_and_one_that_is_not_configured_is_nothing(line: SerialLine) -> None:
    heard = bytearray()
    line.on_data = heard.extend
    async with serial_ascii.connect(settings(line), FastClock(), no_secrets) as reader:
        for light in (Light.ACCEPTED, Light.WAIT, Light.READY, Light.REFUSED):
            await reader.show(light)
        await until(lambda: len(heard) == 4)
    assert heard == b"G\nR\n"


@pytest.mark.parametrize(("more", "written"), [({}, b"R\n"), ({Light.UNKNOWN: "U\n", Light.READY: "A\n"}, b"U\nA\n")])
async def test_an_unknown_card_is_refused_where_the_board_knows_no_better(
    line: SerialLine, more: dict[Light, str], written: bytes
) -> None:
    heard = bytearray()
    line.on_data = heard.extend
    wanted = Settings(port=str(line.link), lights=LIGHTS | more)
    async with serial_ascii.connect(wanted, FastClock(), no_secrets) as reader:
        await reader.show(Light.UNKNOWN)
        await reader.show(Light.READY)
        await until(lambda: len(heard) == len(written))
    assert heard == written


async def test_back_within_two_seconds_after_the_plug_is(line: SerialLine) -> None:
    async with kept_reading(serial_ascii, settings(line)) as kept:
        await until(kept.works)
        for turn in range(2):
            line.send(RDM6300[:7])  # pulled in the middle of a card
            line.unplug()
            await until(lambda: not kept.works())
            await until(lambda: kept.states[-1] == "P-101")
            line.plug()
            assert await until(kept.works) < 2
            line.send(ID12)
            await until(lambda turn=turn: len(kept.readings) == turn + 1)
    assert kept.states == ["working", *["P-104", "P-101", "working"] * 2]
    assert {tap.card for tap in kept.readings} == {"0C000621A5"}


async def test_200_unpluggings_leak_nothing(line: SerialLine) -> None:
    line.unplug()
    before = open_files()
    for _ in range(200):
        line.plug()
        async with serial_ascii.connect(settings(line), FastClock(), no_secrets) as reader:
            line.send(RDM6300)
            taps = aiter(reader)
            assert (await anext(taps)).card == "6F007B3972"
            line.unplug()
            with pytest.raises(DeviceError):
                await anext(taps)
    assert open_files() == before


async def test_probe_says_whether_the_port_opens(line: SerialLine) -> None:
    async with open_port(str(line.link), FastClock(), baud=9600):
        held = serial_ascii.probe(settings(line))
    free = serial_ascii.probe(settings(line))
    line.unplug()
    absent = serial_ascii.probe(settings(line))
    assert [(found.verdict, found.code) for found in (held, free, absent)] == [
        (Verdict.OK, ""),
        (Verdict.OK, ""),
        (Verdict.FAILED, "P-101"),
    ]
    assert "in use" in held.what
