"""An archive over real TLS: whole, cut off, on from there, somebody else's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.updates.fetch import FetchError, fetch
from tests.agent.updates.staging import ARCHIVE, Server, serving, staged


class Pauses:
    def __init__(self) -> None:
        self.seconds = 0.0

    async def __call__(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[type[Server], str, Path]]:
    with serving(tmp_path / "pki") as made:
        yield made


async def test_whole_and_no_faster_than_it_may(server: tuple[type[Server], str, Path], tmp_path: Path) -> None:
    _, url, authority = server
    pauses = Pauses()
    await fetch(staged(url=url, bytes_per_s=10_000), tmp_path / "0.2.0.tar", authority, pauses)
    assert (tmp_path / "0.2.0.tar").read_bytes() == ARCHIVE
    assert pauses.seconds == pytest.approx(len(ARCHIVE) / 10_000)
    assert list(tmp_path.glob("*.part")) == []


async def test_cut_off_it_goes_on_from_there(server: tuple[type[Server], str, Path], tmp_path: Path) -> None:
    mine, url, authority = server
    mine.break_off_at = 30_000
    with pytest.raises(FetchError) as cut:
        await fetch(staged(url=url), tmp_path / "0.2.0.tar", authority, Pauses())
    assert cut.value.again
    mine.break_off_at = 0
    await fetch(staged(url=url), tmp_path / "0.2.0.tar", authority, Pauses())
    assert (tmp_path / "0.2.0.tar").read_bytes() == ARCHIVE
    have = int(mine.ranges[-1].removeprefix("bytes=").rstrip("-"))
    assert 0 < have <= 30_000


async def test_a_server_that_knows_no_ranges_sends_it_again(
    server: tuple[type[Server], str, Path], tmp_path: Path
) -> None:
    mine, url, authority = server
    (tmp_path / "0.2.0.tar.part").write_bytes(ARCHIVE[:100])
    mine.ignores_range = True
    await fetch(staged(url=url), tmp_path / "0.2.0.tar", authority, Pauses())
    assert (tmp_path / "0.2.0.tar").read_bytes() == ARCHIVE


async def test_half_of_another_archive_is_found_out(server: tuple[type[Server], str, Path], tmp_path: Path) -> None:
    _, url, authority = server
    (tmp_path / "0.2.0.tar.part").write_bytes(b"x" * 100)
    with pytest.raises(FetchError, match="not the archive") as refused:
        await fetch(staged(url=url), tmp_path / "0.2.0.tar", authority, Pauses())
    assert refused.value.again
    await fetch(staged(url=url), tmp_path / "0.2.0.tar", authority, Pauses())  # from the beginning this time
    assert (tmp_path / "0.2.0.tar").read_bytes() == ARCHIVE


async def test_another_archive_is_not_fetched_again_and_again(
    server: tuple[type[Server], str, Path], tmp_path: Path
) -> None:
    """A school's line costs money by the megabyte."""
    _, url, authority = server
    with pytest.raises(FetchError, match="not the archive") as refused:
        await fetch(staged(url=url, sha256="0" * 64), tmp_path / "0.2.0.tar", authority, Pauses())
    assert not refused.value.again
    assert list(tmp_path.glob("0.2.0.tar*")) == []


async def test_what_is_longer_than_announced_goes(server: tuple[type[Server], str, Path], tmp_path: Path) -> None:
    _, url, authority = server
    with pytest.raises(FetchError, match="longer than") as refused:
        await fetch(staged(url=url, bytes=1_000), tmp_path / "0.2.0.tar", authority, Pauses())
    assert not refused.value.again
    assert not (tmp_path / "0.2.0.tar").exists()


@pytest.mark.parametrize(("status", "again"), [(404, False), (503, True)])
async def test_who_has_it_not_is_told(
    server: tuple[type[Server], str, Path], tmp_path: Path, status: int, again: bool
) -> None:
    mine, url, authority = server
    mine.status = status
    with pytest.raises(FetchError, match=str(status)) as refused:
        await fetch(staged(url=url), tmp_path / "0.2.0.tar", authority, Pauses())
    assert refused.value.again is again


async def test_a_server_of_another_authority_is_not_asked(
    server: tuple[type[Server], str, Path], tmp_path: Path
) -> None:
    mine, url, _ = server
    with serving(tmp_path / "other") as (_, _, other), pytest.raises(FetchError, match="certificate verify failed"):
        await fetch(staged(url=url), tmp_path / "0.2.0.tar", other, Pauses())
    assert mine.ranges == []


async def test_nobody_there_is_tried_again(server: tuple[type[Server], str, Path], tmp_path: Path) -> None:
    _, _, authority = server
    with pytest.raises(FetchError) as refused:
        await fetch(staged(url="https://localhost:1/x.tar"), tmp_path / "0.2.0.tar", authority, Pauses())
    assert refused.value.again


async def test_what_would_take_the_room_of_the_database_is_not_begun(
    server: tuple[type[Server], str, Path], tmp_path: Path
) -> None:
    mine, url, authority = server
    with pytest.raises(FetchError, match=r"the disk has \d+ MB free") as full:
        await fetch(staged(url=url, bytes=1 << 50), tmp_path / "0.2.0.tar", authority, Pauses())
    assert full.value.again
    assert mine.ranges == []
