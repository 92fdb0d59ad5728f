"""Card readers: no crash, no buffer that grows, and no card that was not in the bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from drivers import cards, key_device
from drivers.readers import hid, osdp_card, osdp_frame, pcsc, serial_ascii
from drivers.readers.serial_ascii import FRAME_MAX, LINE_MAX, Card, decode_em4100, decode_ironlogic
from drivers.readings import CardForm
from tests.drivers.wiegand_frame import wiegand_bits
from tests.fuzz.target import Target, streamed

ETX = 0x03
KEYBOARDS = [
    hid.Settings(device="x", format=hid.Format(format_), form=CardForm(form), layout=layout)
    for format_, form in (
        ("10d", "uid4"),
        ("8d", "wiegand26"),
        ("3d5d", "wiegand26"),
        ("13d", "em4100"),
        ("hex", "uid7"),
    )
    for layout in hid.Layout
]


def em4100(data: bytes) -> None:
    """Each card stands in the bytes, in digits or in binary, with its checksum."""
    whole, cut = streamed(decode_em4100, data, rest_most=FRAME_MAX)
    found = [heard for heard in whole if isinstance(heard, Card)]
    assert found == [heard for heard in cut if isinstance(heard, Card)], "it depends on how the line is cut"
    for card in found:
        raw = bytes.fromhex(cards.checked(CardForm.EM4100, card.card))
        check = 0
        for byte in raw:
            check ^= byte
        assert f"{card.card}{check:02X}".encode() in data.upper() or _binary(raw) in data, card


def _binary(raw: bytes) -> bytes:
    """The frame of a reader that sends bytes: header, number, their exclusive or, end."""
    frame = serial_ascii.BINARY + raw
    check = 0
    for byte in frame[1:]:
        check ^= byte
    return frame + bytes([check, ETX])


def _checked(body: bytes) -> bytes:
    """An OSDP frame with its CRC."""
    return body + osdp_frame.crc16(body).to_bytes(2, "little")


def ironlogic(data: bytes) -> None:
    """Each card's print stands in the bytes."""
    whole, cut = streamed(decode_ironlogic, data, rest_most=LINE_MAX)
    found = [heard for heard in whole if isinstance(heard, Card)]
    assert found == [heard for heard in cut if isinstance(heard, Card)], "it depends on how the line is cut"
    for card in found:
        prints = cards.printed(card.form, card.card)
        number = prints.get("facility,number", "")
        assert card.card[:4].encode() in data.upper() or number.encode() in data, card


def pcsc_answer(data: bytes) -> None:
    """A card is the whole answer before a good status, and of a length that cards have."""
    heard = pcsc.decode(data)
    if isinstance(heard, pcsc.Card):
        assert data == bytes.fromhex(cards.checked(heard.form, heard.card)) + b"\x90\x00"
        cards.printed(heard.form, heard.card)


def osdp_frames(data: bytes) -> None:
    """Each frame stands in the bytes with a right check."""
    whole, cut = streamed(_frames, data, rest_most=osdp_frame.BUFFER_MAX)
    for frame in [*whole, *cut]:
        assert frame.data in data
        assert osdp_frame.FRAME_MIN <= len(frame.data) <= osdp_frame.FRAME_MAX
        if frame.data[4] & osdp_frame.WITH_CRC:
            assert osdp_frame.crc16(frame.data[:-2]) == int.from_bytes(frame.data[-2:], "little")
        else:
            assert sum(frame.data) % 256 == 0
        assert frame.answers(frame) == frame.from_reader
        assert 0 <= frame.code <= 255


def _frames(buffer: bytearray) -> Iterator[osdp_frame.Frame]:
    while frame := osdp_frame.next_frame(buffer):
        yield frame


def osdp_bits(data: bytes) -> None:
    """A card is the bits that came; what is wrong is told without them."""
    bits, bytes_ = data[0] if data else 0, data[1:]
    found = osdp_card.read(bits, bytes_)
    if isinstance(found, osdp_card.Card):
        number = cards.checked(found.form, found.card)
        if found.form in (CardForm.UID4, CardForm.UID7):
            assert bytes.fromhex(number) == bytes_[: bits // 8]
        else:
            assert wiegand_bits(number) == osdp_card.unpacked(bits, bytes_)
    else:
        assert bytes_.hex().upper() not in found or len(bytes_) < 2


def typed(data: bytes) -> None:
    """A card is what was typed up to Enter, in one go; the text is bounded, and what is no card keeps its digits."""
    settings = KEYBOARDS[data[0] % len(KEYBOARDS)] if data else KEYBOARDS[0]
    whole, cut = streamed(key_device.decode, data[1:], rest_most=key_device.EVENT.size - 1)
    assert whole == cut
    line = hid.Line(settings.layout, settings.gap_ms * 1_000_000)
    for event in whole:
        heard = line.feed(event)
        if heard is None:
            continue
        assert len(heard.text) <= hid.TEXT_MAX
        assert not any(char in hid.masked(heard.text).decode() for char in "123456789BCDEF")
        card = hid.number(heard.text, settings)
        if isinstance(heard, hid.Typed) and card is not None:
            cards.printed(settings.form, card)


def _keys(codes: Iterable[int], gap_us: int = 5_000) -> bytes:
    """Each key down and up, the last one Enter."""
    moves = [(code, value) for code in [*codes, 28] for value in (1, 0)]
    return b"".join(
        key_device.EVENT.pack(1, number * gap_us, key_device.EV_KEY, code, value)
        for number, (code, value) in enumerate(moves)
    )


def card_numbers(data: bytes) -> None:
    """Every print of a number can be made, and a Wiegand frame gives back what it carries."""
    text = data.decode("utf-8", errors="replace")
    for form in CardForm:
        try:
            prints = cards.printed(form, text)
        except ValueError:
            continue
        assert text.isascii()
        assert prints["hex"] == text
        if comma := prints.get("facility,number"):
            cards.from_comma(comma)
        if form in (CardForm.WIEGAND26, CardForm.WIEGAND34):
            assert cards.from_wiegand(wiegand_bits(text)) == text
    try:
        facility, number = cards.from_comma(text)
        assert (facility, number) <= (0xFF, 0xFFFF)
    except ValueError:
        pass
    bits = [byte & 1 for byte in data]
    try:
        assert wiegand_bits(cards.from_wiegand(bits)) == bits
    except ValueError:
        assert len(bits) not in (26, 34) or not _parity(bits)


def _parity(bits: list[int]) -> bool:
    half = len(bits) // 2
    return sum(bits[:half]) % 2 == 0 and sum(bits[half:]) % 2 == 1


TARGETS = {
    "serial_ascii, em4100": Target(
        em4100,
        [
            b"\x020C000621A58E\r\n\x03",
            b"\x02\x0a\x02" + bytes(7),
            _binary(bytes.fromhex("6F00010203")),
            b"\x02" + b"\n" * 22 + b"0C000621A58E\x03",
            b"\x020C000621\x020C000621A58E\x03" + b"\x02" + bytes(60),
        ],
    ),
    "serial_ascii, ironlogic": Target(
        ironlogic,
        [
            b"Em-Marine[6F00] 123,14706\r\n",
            b"Mifare[12345678] 120,22068\r\nNo card\r\n",
            b"Mifare[01020304050607] 5,1543\n",
            b"\0" * 40 + b"Em-Marine[FFFF] 300,99999\n",
            b"x" * LINE_MAX + b"xEm-Marine[6F00] 123,14706\n" + b"x" * 3 * LINE_MAX + b"\nNo card\n",
        ],
    ),
    "pcsc, answer to the card's number": Target(
        pcsc_answer,
        [bytes.fromhex(one) for one in ("0412345690 00", "11223344 9000", "04112233445566 9000", "6300", "")],
    ),
    "osdp, frames": Target(
        osdp_frames,
        [
            _checked(bytes([0x53, 0x80, 8, 0, 4, 0x40])),
            b"\xff"
            + _checked(bytes([0x53, 0x00, 8, 0, 5, 0x60]))
            + _checked(bytes([0x53, 0x80, 14, 0, 13, 2, 0x15, 1, 2, 3, 4, 5])),
            bytes([0x53, 0x80, 7, 0, 0, 0x40, 0xE6]),
            b"\x53\x53\x80\x00\x01" + bytes(600),
        ],
    ),
    "osdp, a card's bits": Target(
        osdp_bits,
        [b"\x1a\xb0\x10\x20\x40", b"\x20\x11\x22\x33\x44", b"\x22" + bytes(5), b"\x38\x04" + b"\x11" * 6, b"\xff\x01"],
    ),
    "hid, keys": Target(
        typed,
        [
            b"\0" + _keys([11, 11, 11, 9, 11, 8, 6, 7, 4, 5]),
            b"\1" + _keys([2] * 8) + _keys([3] * 8),
            b"\4" + _keys([42, 2, 3, 4, 51, 2, 5, 8, 11, 7]),
            b"\x08" + _keys([30, 48, 46, 32, 18, 33] * 8),
            b"\0" + _keys([2] * 10, gap_us=900_000),
            b"\0" + key_device.EVENT.pack(1, 1, key_device.EV_SYN, key_device.SYN_DROPPED, 0),
        ],
    ),
    "cards": Target(
        card_numbers, [b"6F00010203", b"12345678", b"04112233445566", b"123,14706", b"A1B2C3", bytes(26), b"\1" * 34]
    ),
}
