"""Notes: what others have signed is opened and signed again to the byte; whatever is not written so is refused."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from agent.ledger.merkle import EMPTY_ROOT, leaf_hash
from agent.ledger.note import (
    DASH,
    LINES_MAX,
    NOTE_MAX_CHARS,
    Checkpoint,
    Kind,
    NoteError,
    PrivateKey,
    Signed,
    Verifier,
    base64_bytes,
    number,
    open_checkpoint,
    open_note,
    parse_checkpoint,
    parse_vkey,
    sign_note,
    verify_cosignature,
)
from centre.ledger_note import cosign
from tests.agent.ledger import notes

ZERO_KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
ZERO = PrivateKey(bytes(32))
LOG, WITNESS = parse_vkey(notes.ZERO_LOG), parse_vkey(notes.ZERO_WITNESS)
NOTE = f"{notes.ZERO_TEXT}\n{notes.ZERO_LOG_LINE}"
COSIGNED = NOTE + notes.ZERO_WITNESS_LINE
STRANGER = sign_note(notes.ZERO_TEXT, "example.com/other", PrivateKey(bytes([7]) * 32)).split("\n\n")[1]
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("Z", "C"), exclude_characters="+"), min_size=1)


@pytest.mark.parametrize(
    ("note", "vkey"),
    [
        (f"{notes.NEUMANN_TEXT}\n{notes.NEUMANN_LINE}", notes.NEUMANN),
        (f"{notes.NEUMANN_TEXT}\n{notes.NEUMANN_LINE}{notes.ENOCH_LINE}", notes.ENOCH),
        (notes.EXAMPLE_NOTE, notes.EXAMPLE),
        (notes.GOLANG_NOTE, notes.GOLANG),
        (notes.ARCHE_NOTE, notes.ARCHE),
        (COSIGNED, notes.ZERO_LOG),
    ],
)
def test_a_published_note_is_opened(note: str, vkey: str) -> None:
    by = parse_vkey(vkey)
    opened = open_note(note, [by])
    assert (opened.text, opened.signed) == (note.rpartition("\n\n")[0] + "\n", (Signed(by, None),))
    assert str(by) == vkey


def test_a_published_note_is_signed_to_the_byte() -> None:
    seed = base64.b64decode(notes.NEUMANN_SECRET.split("+", 4)[4])[1:]
    note = f"{notes.NEUMANN_TEXT}\n"
    assert sign_note(notes.NEUMANN_TEXT, "PeterNeumann", PrivateKey(seed)) == note + notes.NEUMANN_LINE
    assert sign_note(notes.NEUMANN_TEXT, "EnochRoot", ZERO) == note + notes.ENOCH_LINE


def test_a_checkpoint_is_signed_to_the_byte_and_its_cosignature_is_read() -> None:
    checkpoint = Checkpoint("example.com/log", 1, leaf_hash(b"x"))
    assert str(checkpoint) == notes.ZERO_TEXT
    assert sign_note(str(checkpoint), "example.com/log", ZERO) == NOTE
    assert open_checkpoint(COSIGNED, "example.com/log", [LOG], [WITNESS]) == checkpoint
    assert verify_cosignature(COSIGNED, WITNESS) == notes.ZERO_TIME_S


def test_a_key_in_memory_is_a_key_in_memory() -> None:
    assert sign_note(notes.ZERO_TEXT, "example.com/log", PrivateKey(ZERO_KEY)) == NOTE


def test_a_real_witness_of_a_real_log() -> None:
    log, witness = parse_vkey(notes.ARCHE), parse_vkey(notes.REMORA)
    assert open_checkpoint(notes.ARCHE_NOTE, notes.ARCHE_ORIGIN, [log], [witness]).size == 1_432_088_532
    assert verify_cosignature(notes.ARCHE_NOTE, witness) == notes.ARCHE_TIME_S


def test_the_name_of_the_key_need_not_be_the_origin() -> None:
    opened = open_checkpoint(notes.GOLANG_NOTE, "go.sum database tree", [parse_vkey(notes.GOLANG)])
    assert opened.size == 6_476_701


def test_lines_of_strangers_are_passed_over() -> None:
    assert open_note(NOTE + STRANGER, [LOG]) == open_note(NOTE, [LOG])
    same_name = Verifier(LOG.name, Kind.LOG, PrivateKey(bytes([7]) * 32).public)
    with pytest.raises(NoteError, match="nobody known"):
        open_note(NOTE, [same_name])


def test_one_bad_line_of_a_known_key_refuses_the_note() -> None:
    bad = notes.ZERO_LOG_LINE.replace("Hd5FMax", "Hd5FMay")
    for note in (NOTE + bad, f"{notes.ZERO_TEXT}\n{bad}{notes.ZERO_LOG_LINE}", COSIGNED.replace("H68dKl", "H68dKm")):
        with pytest.raises(NoteError, match="did not sign it"):
            open_note(note, [LOG, WITNESS])


def test_a_cosigner_alone_does_not_speak_for_the_log() -> None:
    with pytest.raises(NoteError, match="log itself"):
        open_checkpoint(f"{notes.ZERO_TEXT}\n{notes.ZERO_WITNESS_LINE}", "example.com/log", [LOG], [WITNESS])


def test_a_checkpoint_of_another_log_is_refused() -> None:
    with pytest.raises(NoteError, match="another log"):
        open_checkpoint(NOTE, "example.com/log2", [LOG])


def test_a_log_is_no_cosigner() -> None:
    with pytest.raises(NoteError, match="no cosigner"):
        verify_cosignature(NOTE, LOG)


LINE = notes.ZERO_LOG_LINE
PAYLOAD = LINE.split(" ")[2].strip()
BAD_NOTES = [
    ("nothing", ""),
    ("no signature", f"{notes.ZERO_TEXT}\n"),
    ("no empty line", notes.ZERO_TEXT + LINE),
    ("no end", NOTE[:-1]),
    ("an empty line too many at the end", NOTE + "\n"),
    ("CR LF", NOTE.replace("\n", "\r\n")),
    ("a CR", NOTE.replace("log\n1", "log\r\n1")),
    ("a tab", NOTE.replace("log\n1", "log\n1\t")),
    ("a NUL", NOTE.replace("log\n1", "log\n1\0")),
    ("half a pair", NOTE.replace("log\n1", "log\ud800\n1")),
    ("a hyphen for the dash", NOTE.replace("—", "-")),
    ("two spaces", NOTE.replace(f"{DASH}", f"{DASH} ")),
    ("no name", NOTE.replace(f"{DASH}example.com/log", DASH)),
    ("a no-break space in the name", NOTE.replace("log Hd", "log\u00a0x Hd")),
    ("a plus in the name", NOTE.replace("log Hd", "log+x Hd")),
    ("a name too long", NOTE.replace("log Hd", f"{'g' * 256} Hd")),
    ("a word too many", NOTE.replace("Qc=\n", "Qc= x\n")),
    ("no base64", NOTE.replace("Qc=\n", "Q*=\n")),
    ("no padding", NOTE.replace("Qc=\n", "Qc\n")),
    ("too much padding", NOTE.replace("Qc=\n", "Qc==\n")),
    ("bits that mean nothing", NOTE.replace("Qc=\n", "Qd=\n")),
    ("only a key id", NOTE.replace(PAYLOAD, "Hd5FMQ==")),
    ("a stranger's line that is none", NOTE + f"{DASH}example.com/other Qd=\n"),
    ("too many lines", NOTE + STRANGER * LINES_MAX),
    ("too long", "x" * NOTE_MAX_CHARS + f"\n{NOTE}"),
    ("a line that ends elsewhere", NOTE.replace("log Hd", "log\u2028Hd")),
]


@pytest.mark.parametrize(("what", "note"), BAD_NOTES)
def test_what_is_no_note_is_refused(what: str, note: str) -> None:
    with pytest.raises(NoteError):
        open_note(note, [LOG])


@pytest.mark.parametrize("what", ["\n", "\u0085", "\u2028", " "])
def test_the_text_may_have_empty_lines_and_odd_ones(what: str) -> None:
    text = f"one{what}\n\n\ntwo\n\n"
    assert open_note(sign_note(text, LOG.name, ZERO), [LOG]).text == text


@pytest.mark.parametrize("text", ["", "x", "x\r\n", "x\ty\n", "\ud800\n"])
def test_what_is_no_text_is_not_signed(text: str) -> None:
    with pytest.raises(NoteError, match="plain text"):
        sign_note(text, LOG.name, ZERO)


ROOT = "PH6byTDck/AfppmF7yQtn56GHzxTVaokzl70tLinDMs="
BAD_CHECKPOINTS = [
    "",
    "log\n1\n",
    f"log\n1\n{ROOT}",
    f"\n1\n{ROOT}\n",
    f"log\n1\n{ROOT}\n\n",
    f"log\n1\n{ROOT}\n\nmore\n",
    *(f"log\n{size}\n{ROOT}\n" for size in ("01", "+1", "-1", " 1", "1_000", "1.0", "", "١", "0", str(2**63))),
    "log\n1\n" + ROOT.replace("Ms=", "Mt=") + "\n",
    "log\n1\n" + ROOT.replace("=", "") + "\n",
    "log\n1\nPH6byTDck/AfppmF7yQtnw==\n",
    "log\n1\n\n",
]


@pytest.mark.parametrize("text", BAD_CHECKPOINTS)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        parse_checkpoint(text)


@pytest.mark.parametrize("extensions", [(), ("one",), ("one", "two 2")])
def test_a_checkpoint_is_the_same_both_ways(extensions: tuple[str, ...]) -> None:
    checkpoint = Checkpoint("a log\u0085", 2**63 - 1, bytes(range(32)), extensions)
    assert parse_checkpoint(str(checkpoint)) == checkpoint
    assert parse_checkpoint(str(Checkpoint("log", 0, EMPTY_ROOT))).size == 0


def test_an_extension_is_signed_and_cosigned() -> None:
    note = sign_note(str(Checkpoint("log", 1, leaf_hash(b"x"), ("mark",))), LOG.name, ZERO)
    note = cosign(note, WITNESS.name, ZERO_KEY, 1)
    for key in (LOG, WITNESS):
        open_note(note, [key])
        with pytest.raises(NoteError, match="did not sign it"):
            open_note(note.replace("mark\n", ""), [key])


BAD_KEYS = [
    "",
    "name",
    "name+00000000",
    notes.ZERO_LOG.replace("1dde4531", "1dde4532"),
    notes.ZERO_LOG.replace("1dde4531", "1DDE4531"),
    notes.ZERO_LOG.replace("example.com/log", "example.com/lag"),
    notes.ZERO_LOG.replace("+ATt", "+AjT"),  # a kind that is not known here
    notes.ZERO_LOG.replace("op", "oq"),
    notes.ZERO_LOG + "=",
    notes.ZERO_LOG[:-4],
    notes.ZERO_LOG.replace("example.com/log", ""),
    notes.ZERO_LOG.replace("example.com/log", "example com/log"),
    notes.ZERO_LOG + "\n",
]


@pytest.mark.parametrize("text", BAD_KEYS)
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        parse_vkey(text)


@pytest.mark.parametrize(("text", "value"), [("0", 0), ("7", 7), ("9223372036854775807", 2**63 - 1)])
def test_numbers(text: str, value: int) -> None:
    assert number(text) == value


@given(content=st.binary(min_size=1))
def test_base64_has_one_form(content: bytes) -> None:
    text = base64.b64encode(content).decode()
    assert base64_bytes(text) == content
    for other in (f"{text}\n", f" {text}", text.replace("=", ""), f"{text}=") if "=" in text else (f"{text}\n",):
        with pytest.raises(NoteError):
            base64_bytes(other)


@given(name=NAMES.filter(lambda name: len(name.encode()) <= 255), seed=st.binary(min_size=32, max_size=32), kind=...)
def test_a_key_is_the_same_both_ways(name: str, seed: bytes, kind: Kind) -> None:
    verifier = Verifier(name, kind, PrivateKey(seed).public)
    assert parse_vkey(str(verifier)) == verifier


@given(at=st.integers(0, len(COSIGNED) - 1), char=st.characters(codec="utf-8"))
def test_no_other_character_is_taken(at: int, char: str) -> None:
    """Both signatures are required: whichever character is changed, one of them or the note is refused."""
    other = COSIGNED[:at] + char + COSIGNED[at + 1 :]
    try:
        opened = open_note(other, [LOG, WITNESS])
    except NoteError:
        return
    assert other == COSIGNED or {one.by for one in opened.signed} != {LOG, WITNESS}
    assert opened.text == notes.ZERO_TEXT
