"""The order `update`: what it must say, and a box that was not installed from its package."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.sync.orders import BadArgs, Failed
from agent.sync.topics import Order
from agent.updates.order import update_orders
from agent.updates.staged import Step
from tests.agent.updates.test_updater import Stage, stage

__all__ = ["stage"]
ARGS: dict[str, object] = {
    "version": "0.2.0",
    "url": "https://files.example/0.2.0.tar",
    "sha256": "0" * 64,
    "bytes": 10,
}


def order(**changed: object) -> Order:
    return Order(
        order="update", school="school-07", epoch="0f8fad5b-d9cb-469f-a165-70867728950e", number=7,
        issued="2026-11-26T03:00:00Z", expires="2026-11-26T04:00:00Z", args=ARGS | changed,
    )  # fmt: skip


async def test_it_is_staged(stage: Stage, tmp_path: Path) -> None:
    update = update_orders(stage.updater(), tmp_path)["update"]
    assert await update(order(deadline="2026-12-01T00:00:00Z")) == {"state": "fetch"}
    found = stage.shelf.read()
    assert found is not None
    assert (found.version, found.step, found.order) == ("0.2.0", Step.FETCH, 7)
    assert found.deadline_ns == 1_796_083_200_000_000_000


@pytest.mark.parametrize(
    "changed",
    [
        {"version": "../x"}, {"version": "0.2.0\n"}, {"url": "http://files.example/x"}, {"url": "https://u:p@files.example/x"},
        {"url": "https:///x"}, {"sha256": "short"}, {"bytes": 0}, {"bytes": 1 << 40}, {"deadline": "soon"}, {"more": 1},
        {"within_s": 5}, {"bytes_per_s": 0},
    ],
)  # fmt: skip
async def test_what_does_not_fit_is_refused(stage: Stage, tmp_path: Path, changed: dict[str, object]) -> None:
    with pytest.raises(BadArgs):
        await update_orders(stage.updater(), tmp_path)["update"](order(**changed))
    assert stage.shelf.read() is None


async def test_a_box_without_its_package_says_so(stage: Stage, tmp_path: Path) -> None:
    with pytest.raises(Failed, match="package"):
        await update_orders(stage.updater(), tmp_path / "none")["update"](order())
