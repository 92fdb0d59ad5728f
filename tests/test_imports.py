"""Imports point one way: who may import whom, and which file alone may import a library."""

from __future__ import annotations

import ast
import graphlib
import subprocess
import sys
from collections.abc import Iterable, Mapping

import pytest

from drivers import catalog
from tests.source_tree import imported, imported_at_once, imports, modules

LAYERS = [  # low to high; names on one line are strangers to each other
    ["drivers"],
    ["agent.wrong_values"],
    [
        *("agent.errors", "agent.model", "agent.wall_time", "agent.private_file", "agent.strict", "agent.clock_watch"),
        "agent.kernel_clock",
        *("agent.ledger", "agent.plain", "agent.aside", "agent.restart"),
    ],
    ["agent.datasets", "agent.event_words"],
    ["agent.book", "agent.school_events", "agent.incident_events", "agent.trial_events", "agent.dataset_text"],
    ["agent.update_events"],
    ["agent.firmware", "agent.age", "agent.clock", "agent.events", "agent.db", "agent.texts", "agent.secrets"],
    ["agent.outbox", "agent.audit"],
    ["agent.evidence", "agent.reference", "agent.sightings"],
    ["agent.school", "agent.sync", "agent.pipelines"],
    ["agent.incidents"],
    ["agent.devices"],
    ["agent.config", "agent.tuning"],
    ["agent.sources"],
    ["agent.watching"],
    ["agent.enrolment"],
    [
        "agent.paths",
        "agent.cells",
        "agent.kept_in_memory",
    ],
    ["agent.live", "agent.trials", "agent.history"],
    ["agent.updates"],
    ["agent.trial_kinds"],
    ["agent.ops"],
    ["agent.bundle"],
    ["agent.box", "agent.doctor"],
    ["agent.daemon"],
    ["agent.cli"],
    ["agent.__main__"],
]
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
OURS = {"agent", "drivers", "centre", "simulator", "bench", "tests", "scripts"}
MAY_IMPORT = {  # package -> the other packages of ours that it may import
    "drivers": set(),
    "agent": {"drivers"},
    "centre": set(),
    "simulator": set(),
    "bench": {"agent", "drivers", "simulator", "centre"},
}
DRIVERS_SEEN = {  # from drivers, by the agent
    "drivers.readings": None,  # by everybody
    "drivers.errors": None,
    "drivers.driver": None,
    "drivers.clips": None,
    "drivers.city_tls": {"agent.sync.mqtt", "agent.enrolment.est"},
    "drivers.catalog": {
        "agent.cli.camera_picture",
        *("agent.config", "agent.cells.cells", "agent.cells.cell", "agent.cells.process", "agent.history.keeper"),
        *("agent.cells.child", "agent.cells.in_unit", "agent.cells.spawned"),
        "agent.doctor.probing",
        *("agent.cli.discover_languages", "agent.cli.discover_plan", "agent.cli.discover_proposal"),
    },
    "drivers.cell_wire": {
        *("agent.cells.cell", "agent.cells.filmed", "agent.cells.process", "agent.cells.remote"),
        "agent.cells.footage",
    },
    "drivers.cell_rights": {"agent.cells.cells"},  # whether the kernel can confine a cell
    "drivers.cards": {"agent.cli.card"},
    "drivers.frame_slot": {
        *("agent.pipelines.shown", "agent.cli.camera_picture", "agent.ops.picture_asks", "agent.cells.process"),
        *("agent.cells.slots", "agent.pipelines.eye", "agent.pipelines.eyes"),
        *("agent.pipelines.scene", "agent.pipelines.watcher"),
    },
    "drivers.freed_memory": {"agent.ops.housekeeping"},
    "drivers.pulse": {"agent.pipelines.eyes"},
    "drivers.true_path": {
        *("agent.config", "agent.cells.cells", "agent.cli.discover_configured", "agent.history.keeper"),
        "agent.doctor.probing",
    },
}
DISCOVERERS = {"agent.doctor.probing"} | {
    f"agent.cli.discover{part}" for part in ("", "_configured", "_languages", "_plan", "_proposal", "_screen")
}
ROOMS_OF_CONFIG = {"agent.outbox.settings", "agent.evidence.settings", "agent.sync.settings", "agent.school.purpose"}
ROOMS_OF_CONFIG |= {"agent.pipelines.watch", "agent.incidents.kinds"}
ONLY_IN = {  # library -> the only modules of ours that may import it
    "paho": {"agent.sync.mqtt", "centre.connection", "centre.admin"},
    "serial": {"drivers.serial_port"},
    "osdp_sys": {"drivers.readers.osdp_panel", "simulator.osdp_device"},
    "pymodbus": {"drivers.sensors.modbus_panel", "simulator.fire_panel", "simulator.smoke_detector"},
    "smartcard": {"drivers.pcsc_service"},
    "gpiod": {"drivers.gpio_lines"},
    "pyrage": {"agent.age", "centre.age", "drivers.cameras.film"},
    "psycopg": {"agent.audit.postgres", "centre.postgres", "simulator.postgres"},
    "backports": {"agent.sync.compression", "centre.wire"},
    "rich": {
        *(
            "agent.cli.audit_screen",
            "agent.cli.camera_screen",
            "agent.cli.incident_screen",
            "agent.cli.status_screen",
            "agent.cli.outbox_screen",
            "agent.cli.top_app",
            "agent.cli.top_parts",
            "agent.cli.top_picture",
            "agent.cli.config_screen",
            "agent.cli.discover_screen",
            "agent.cli.firmware_screen",
            "agent.cli.reference_screen",
            "agent.cli.tune_screen",
            "agent.cli.why_screen",
            "agent.cli.doctor_screen",
            "agent.cli.screen",
            "agent.cli.tables",
        ),
        *("centre.screen", "centre.school.screen", "centre.month_screen", "centre.progress", "centre.incident_screen"),
        "centre.terminal",
        *("simulator", "bench"),
    },
    "textual": {"agent.cli.top_app"},
    "sqlite3": {
        *(
            "agent.audit.rows",
            "agent.db",
            "agent.outbox",
            "agent.sightings.view",
            "agent.history.view",
            "agent.doctor.database",
        ),
        "agent.bundle.database",
        *("centre.database", "simulator", "bench"),
    },
    "h11": {"centre.est_line"},
    "cryptography": {"agent.enrolment", "agent.sync", "agent.ledger.note", "agent.doctor.tls", "centre"},
    "av": {
        "drivers.cameras",
        "simulator.scenes",
        "simulator.encoded",
        "simulator.clip_scenes",
        "simulator.media_server",
        "bench.eyes",
        "bench.vision.innocent",
    },
    "numpy": {
        "drivers.cameras",
        "agent.pipelines",
        "agent.tuning.chart",
        "simulator.scenes",
        "simulator.encoded",
        "simulator.clip_scenes",
        "bench.vision",
    },
    "cv2": {"agent.pipelines", "agent.tuning.chart", "bench.vision"},
    "onnxruntime": {"agent.pipelines.inference", "bench.vision.convert"},
    "onnx": {"bench.vision.convert", "bench.vision.lite0"},
    "matplotlib": {"bench.vision.curves"},
    "picamera2": {"drivers.cameras.csi"},
    "libcamera": {"drivers.cameras.csi"},
    "gi": {"simulator.rtsp_server", "simulator.record_server"},
    "starlette": {"centre.web"},
    "jinja2": {"centre.web.pages"},
    "uvicorn": {"centre.web.serve"},
    "sqlite_utils": set(),  # for technicians: its import costs more memory than the daemon's own code
}


def layer(name: str) -> str:
    """The layer's name for a module of drivers or agent; empty for the package agent itself, which all may import."""
    if name.startswith("drivers"):
        return "drivers"
    return next((known for known in RANK if name == known or name.startswith(f"{known}.")), "")


def faults(name: str, found: Iterable[str]) -> list[str]:
    """What is wrong with a module's imports."""
    package = name.partition(".")[0]
    wrong = []
    for other in found:
        owner = other.partition(".")[0]
        if owner in OURS and owner != package and owner not in MAY_IMPORT[package]:
            wrong.append(f"{name} imports {other}: {package} knows nothing of {owner}")
        elif package == "agent" and owner == "drivers" and other != "drivers":
            seen = DISCOVERERS if other.startswith("drivers.discovery.") else DRIVERS_SEEN.get(other, set())
            if seen is not None and name not in seen:
                wrong.append(f"{name} imports {other}: concrete drivers are named in the catalog alone")
        elif package == "agent" and owner == "agent":
            wrong += _upwards(name, other)
        only = ONLY_IN.get(owner)
        if only is not None and not any(name == one or name.startswith(f"{one}.") for one in only):
            wrong.append(f"{name} imports {other}: only {', '.join(sorted(only)) or 'nobody'} may")
    return wrong


def _upwards(name: str, other: str) -> list[str]:
    here, there = layer(name), layer(other)
    if there and here != there and RANK[there] >= RANK[here]:
        return [f"{name} imports {other}: {here} -> {there} is upwards"]
    if (
        name == "agent.config"
        and there in ("agent.outbox", "agent.evidence", "agent.sync", "agent.pipelines", "agent.incidents")
        and other not in ROOMS_OF_CONFIG
    ):
        return [f"{name} imports {other}: the configuration knows settings only"]
    return []


def test_every_module_imports_only_what_lies_below_it() -> None:
    assert [fault for name in modules() for fault in faults(name, imported(name))] == []


def test_every_module_of_the_agent_has_a_layer() -> None:
    assert [name for name in modules() if name.startswith("agent.") and not layer(name)] == []


def test_no_layer_is_named_that_is_not_there() -> None:
    assert [name for name in RANK if name not in modules()] == []


WRONG = [
    ("agent.daemon", "from drivers import catalog"),
    ("agent.outbox.writer", "from agent.sync import drain"),
    ("agent.sync.drain", "import agent.school.cards"),
    ("agent.model", "from agent.config import Config"),
    ("agent.sources", "def f():\n    from agent.paths.rules import Rules"),
    ("agent.config", "from agent.outbox.outbox import Outbox"),
    ("agent.paths.rules", "from drivers.readers import serial_ascii"),
    ("agent.paths.rules", "from drivers import catalog"),
    ("agent.paths.rules", "from drivers.discovery import ports"),
    ("drivers.cards", "from agent.model import Lane"),
    ("centre.wire", "from agent.sync import topics"),
    ("simulator.day", "from centre import wire"),
    ("simulator.day", "import drivers.cards"),
    ("agent.sync.drain", "import paho.mqtt.client"),
    ("agent.paths.rules", "import sqlite3"),
    ("agent.outbox.inspect", "import sqlite_utils"),
    ("agent.daemon", "from tests import clock"),
]


@pytest.mark.parametrize(("name", "source"), WRONG)
def test_a_wrong_import_is_found(name: str, source: str) -> None:
    assert len(faults(name, imports(ast.parse(source), modules()))) == 1


def test_no_module_is_imported_in_a_circle() -> None:
    graph: Mapping[str, set[str]] = {name: imported_at_once(name) & set(modules()) for name in modules()}
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError


def test_concrete_drivers_do_not_know_each_other() -> None:
    concrete = {entry.module for entry in catalog.CATALOG.values()}
    assert concrete <= set(modules())
    for name in modules():
        if name.startswith(("drivers.", "agent.")):
            assert not imported(name) & concrete, name


def test_the_command_starts_without_what_only_some_commands_need() -> None:
    """`mektep --help` and `mektep status` must be quick on a Pi."""
    told = "import sys, agent.cli.main; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True).stdout.split()
    assert not {"paho", "pymodbus", "serial", "cryptography", "rich", "msgspec", "sqlite3", "asyncio"} & set(loaded)
