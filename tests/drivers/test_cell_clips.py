"""A cell's clips: each is told to its end, whatever becomes of its channel; others are answered."""

from __future__ import annotations

from drivers.cell_clips import CellClips, OnEnd, OnPiece
from drivers.cell_wire import ClipDrop, ClipOver, ClipPiece, ClipStart, ClipTaken, FromCell, frame, from_cell, to_cell
from drivers.clips import ClipMade, ClipOrder

ORDER = ClipOrder(at_ns=1, before_s=2.0, after_s=3.0, most_bytes=4, recipients=("age1",))
MADE = ClipMade(plain_bytes=5, plain_sha256="ab" * 32, before_s=1.0, after_s=2.0)


class Camera:
    """Gives a clip when the test says so; or says why not."""

    def __init__(self, refusal: str = "") -> None:
        self.refusal = refusal
        self.told: list[str] = []

    def film(self, order: ClipOrder, on_piece: OnPiece, on_end: OnEnd) -> Camera | str:
        assert order == ORDER
        self.on_piece, self.on_end = on_piece, on_end
        return self.refusal or self

    def taken(self) -> None:
        self.told.append("taken")

    def stop(self) -> None:
        self.told.append("stop")


def test_pieces_and_the_end_are_told_and_after_it_nothing_is_heard() -> None:
    said: list[FromCell] = []
    clips, camera = CellClips(said.append), Camera()
    clips.start(ClipStart(1, 7, ORDER), camera)
    camera.on_piece(b"x")
    clips.hear(ClipTaken(7))
    clips.hear(ClipDrop(7))
    camera.on_end(MADE, "")
    clips.hear(ClipTaken(7))
    clips.hear(ClipDrop(8))
    assert said == [ClipPiece(7, b"x"), ClipOver(7, MADE)]
    assert camera.told == ["taken", "stop"]


def test_who_gives_none_is_answered_for() -> None:
    said: list[FromCell] = []
    clips = CellClips(said.append)
    for source in (Camera("masked"), object(), None):
        clips.start(ClipStart(1, 7, ORDER), source)
    assert said == [ClipOver(7, None, "masked"), ClipOver(7, None, "no_video"), ClipOver(7, None, "no_video")]


def test_the_words_of_clips_go_over_the_wire() -> None:
    for sent in (ClipStart(1, 7, ORDER), ClipTaken(7), ClipDrop(7)):
        assert to_cell(frame(sent)[4:]) == sent
    for told in (ClipPiece(7, b"x"), ClipOver(7, MADE), ClipOver(7, None, "busy")):
        assert from_cell(frame(told)[4:]) == told
