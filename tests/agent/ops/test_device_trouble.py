"""What is wrong with a device that works or not, in the order in which it should be read."""

from __future__ import annotations

import msgspec
import pytest

from agent.ops.device_trouble import PARTS, is_noisy, troubles_of
from agent.ops.status import PartView, SourceView, VideoView

WELL = SourceView(
    kind="sensor", driver="supervised_loop", state="working", since="", last_reading="", readings=100, garbled=0,
    repeats=0,
)  # fmt: skip


def source(**words: object) -> SourceView:
    return msgspec.structs.replace(WELL, **words)


def codes(**words: object) -> list[str]:
    return [one.code for one in troubles_of("loop", source(**words))]


def test_a_device_that_works_has_none() -> None:
    assert codes() == []
    assert codes(parts=[PartView(kind="zone", part="1", place="gym", state="test")]) == []


def test_its_own_code_goes_first_then_its_parts_then_its_line() -> None:
    part = PartView(kind="contact", part="", place="", state="cut")
    assert codes(code="S-213", what="no", do="Check.", parts=[part], garbled=3) == ["S-213", "H-172", "H-171"]


@pytest.mark.parametrize(("encodes", "found"), [(None, []), (True, []), (False, ["V-113"])])
def test_a_camera_whose_pictures_cannot_be_made_anew_wants_a_hand(encodes: bool | None, found: list[str]) -> None:
    assert codes(video=VideoView(width_px=1, height_px=1, rate=1.0, seen="", encodes=encodes)) == found


@pytest.mark.parametrize(("kind", "state"), PARTS)
def test_every_state_of_a_part_that_wants_a_hand_names_the_part(kind: str, state: str) -> None:
    (found,) = troubles_of("panel", source(parts=[PartView(kind=kind, part="2", place="gym", state=state)]))
    assert found.what.startswith("panel 2 gym: ")
    assert found.do


@pytest.mark.parametrize(
    ("garbled", "readings", "noisy"),
    [(0, 0, False), (1, 100, False), (6, 100, True), (1, 0, True), (20, 10_000, True)],
)
def test_one_garbled_frame_now_and_then_is_no_reason_to_go_there(garbled: int, readings: int, noisy: bool) -> None:
    assert is_noisy(source(garbled=garbled, readings=readings)) is noisy
