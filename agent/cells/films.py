"""Videos of the cameras for whoever keeps them: which camera can give one now, and one that it gives.

Of the shape of agent.evidence.films.Films. That of a camera with masks is painted over in its cell (docs/evidence.md).
"""

from __future__ import annotations

from collections.abc import Sequence

from agent.cells.cells import Cells
from agent.cells.footage import Footage
from agent.config import SourceConfig
from drivers.clips import ClipOrder


class CellFilms:
    """Of the cameras in these cells."""

    def __init__(self, sources: Sequence[SourceConfig], cells: Cells) -> None:
        self._with_video = {one.name for one in sources if one.has_video}
        self._cells = cells

    def refusal(self, camera: str) -> str:
        """Why it can give none: no_video; empty if it can."""
        return "" if camera in self._with_video and self._cells.connected(camera) is not None else "no_video"

    def film(self, camera: str, order: ClipOrder) -> Footage | None:
        remote, cell = self._cells.connected(camera), self._cells.cell(camera)
        return cell.film(remote.channel, order) if remote is not None and cell is not None else None
