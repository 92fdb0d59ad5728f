"""Networks and heads: one that is missing or altered is named and costs its own detectors alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.pipelines.detectors import FIGHT_HEAD, FIRE_HEAD, PLANS, usable
from agent.pipelines.networks import BACKBONE, POSE, Networks
from agent.pipelines.scene import Masks, Scene
from agent.pipelines.watch import Detects
from tests.agent.pipelines.made_models import made
from tests.agent.pipelines.watched import picture

ALL = set(Detects)


def test_all_that_is_shipped_is_whole() -> None:
    networks = Networks()
    plans, off = usable(PLANS, ALL, networks)
    assert (set(plans), off, networks.broken) == (ALL, [], {})


@pytest.mark.parametrize(
    ("file", "spoil", "off"),
    [
        (FIGHT_HEAD, "altered", {"fight"}),
        (FIRE_HEAD, "missing", {"fire"}),
        (FIRE_HEAD, "unknown", {"fire"}),
        (BACKBONE, "altered", {"fire", "fight"}),
        (POSE, "missing", {"people", "presence"}),
    ],
)
def test_a_file_that_is_not_the_one_that_was_measured_costs_its_detectors_alone(
    tmp_path: Path, file: str, spoil: str, off: set[str]
) -> None:
    networks = Networks(made(tmp_path / "models"))
    path = tmp_path / "models" / file
    data = path.read_bytes()
    path.unlink()
    if spoil == "altered":
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    if spoil == "unknown":
        path.write_bytes(data)
        manifest = path.with_name("manifest.toml")
        manifest.write_text(manifest.read_text().replace(f'"{file}"', '"other.npz"'))
    plans, troubles = usable(PLANS, ALL, networks)
    assert {one.detector for one in troubles} == off
    assert {name.value for name in plans} == {name.value for name in ALL} - off
    for one in troubles:
        assert (one.code, one.camera) == ("V-304", "")
        assert file in one.what
        assert one.do


def test_without_a_manifest_only_what_needs_no_file_runs(tmp_path: Path) -> None:
    plans, troubles = usable(PLANS, ALL, Networks(str(tmp_path)))
    assert list(plans) == [Detects.TAMPER]
    assert {one.detector for one in troubles} == {"fire", "fight", "people", "presence"}


def test_what_nobody_wants_is_not_loaded(tmp_path: Path) -> None:
    networks = Networks(str(tmp_path))
    assert usable(PLANS, {Detects.TAMPER}, networks)[1] == []
    assert networks.broken == {}
    assert networks.who(Scene(picture(), Masks([]))) is None


def test_where_people_are_is_known_once_the_network_is_loaded() -> None:
    networks = Networks()
    usable(PLANS, {Detects.FIGHT}, networks)
    assert networks.who(Scene(picture(120), Masks([]))) == []
