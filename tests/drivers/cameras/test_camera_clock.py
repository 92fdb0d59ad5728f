"""What a camera's clock says, by what FFmpeg puts beside a packet: of the last pictures the median, and none from a
camera without a clock."""

from __future__ import annotations

import struct

import pytest

from drivers.cameras.camera_clock import KEPT, CameraClock, told_ns

NOW_US = 1_795_420_800_000_000
NTP_ZERO_US = -2_208_988_800_000_000  # what FFmpeg makes of a report of zero: 1900


@pytest.mark.parametrize(
    ("side_data", "told"),
    [
        (struct.pack("=qi", NOW_US, 24), NOW_US * 1_000),
        (struct.pack("=qi4x", NOW_US, 24), NOW_US * 1_000),  # as the C structure ends
        (struct.pack("=qi", NTP_ZERO_US, 24), None),
        (struct.pack("=qi", NTP_ZERO_US + 3_600_000_000, 24), None),  # an hour since it was switched on
        (struct.pack("=qi", 0, 24), None),
        (struct.pack("=qi", 2**63 - 1, 24), None),
        (struct.pack("=qi", -(2**63), 24), None),
        (b"", None),
        (b"\xff" * 11, None),
    ],
)
def test_only_a_clock_is_told(side_data: bytes, told: int | None) -> None:
    assert told_ns(side_data) == told


def test_one_picture_that_is_late_or_far_off_changes_nothing() -> None:
    clock = CameraClock()
    found = [clock.take(1_000_000 + at + (47_721 * 10**9 if at == 5 else -(at % 2)), at) for at in range(KEPT)]
    assert set(found) <= {999_999, 1_000_000}


def test_a_clock_that_is_set_is_believed_when_most_pictures_say_so() -> None:
    clock = CameraClock()
    for at in range(KEPT):
        clock.take(500 + at, at)
    found = [clock.take(9_000 + at, at) for at in range(KEPT)]
    assert (found[0], found[-1]) == (500, 9_000)
    assert found == sorted(found)
