"""Card readers: no crash, no buffer that grows, and no card that was not in the bytes."""

from __future__ import annotations

from drivers import cards
from drivers.readers import pcsc, serial_ascii
from drivers.readers.serial_ascii import FRAME_MAX, LINE_MAX, Card, decode_em4100, decode_ironlogic
from drivers.readings import CardForm
from tests.fuzz.target import Target, streamed

ETX = 0x03


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
            assert cards.from_wiegand(cards.wiegand_bits(text)) == text
    try:
        facility, number = cards.from_comma(text)
        assert (facility, number) <= (0xFF, 0xFFFF)
    except ValueError:
        pass
    bits = [byte & 1 for byte in data]
    try:
        assert cards.wiegand_bits(cards.from_wiegand(bits)) == bits
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
    "cards": Target(
        card_numbers, [b"6F00010203", b"12345678", b"04112233445566", b"123,14706", b"A1B2C3", bytes(26), b"\1" * 34]
    ),
}
