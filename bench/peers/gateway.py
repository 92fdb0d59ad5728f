"""The ThingsBoard gateway: installed in an environment of its own, configured, started, fed and killed.

Tuned    no limits of rate, no statistics, no remote configuration, no report strategy, little logging, packs of
         hundreds of KB (the far end grants them), and of the store the sizes that were fastest here. Its SQLite store
         is the one of its stores that keeps something over a kill; its memory store is the fastest.
Shipped  its own tb_gateway.json with only the address, the connector and, where said, the kind of store changed.
Wire     ThingsBoard's gateway MQTT API; its question getSessionLimits is answered as the platform does.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from bench import mqtt_wire as wire
from bench.peers import event, tap_connector
from bench.peers.city_side import CitySide
from bench.peers.contestant import Contestant
from bench.peers.feed import Feed
from simulator.processes import Process

VERSION = "3.8.5"
HOME = Path(__file__).parents[2] / "build/peers"
TELEMETRY = b"v1/gateway/telemetry"
ASKED = b"v1/devices/me/rpc/request/+"
NOWHERE = "http://127.0.0.1:9"  # it would tell its maker of each start
PAYLOAD_BYTES = 1_000_000
LIMITS = {"maxPayloadSize": PAYLOAD_BYTES, "maxInflightMessages": 100, "rateLimits": {}, "gatewayRateLimits": {}}
NO_LIMIT = "0:0"
TUNED = {
    "statistics": {"enable": False},
    "remoteConfiguration": False,
    "reportStrategy": {"type": "DISABLED"},
    "maxPayloadSizeBytes": PAYLOAD_BYTES,
    "minPackSendDelayMS": 10,
    "minPackSizeToSend": 1,
    "syncDevicesSharedAttributesOnConnect": False,
    "rateLimits": NO_LIMIT,
    "dpRateLimits": NO_LIMIT,
    "messagesRateLimits": NO_LIMIT,
    "deviceMessagesRateLimits": NO_LIMIT,
    "deviceRateLimits": NO_LIMIT,
    "deviceDpRateLimits": NO_LIMIT,
}


class Kind(NamedTuple):
    """A way to run it: the name in the figures, and what is changed against what is shipped."""

    name: str
    storage: dict[str, Any]
    settings: dict[str, Any]


SQLITE = Kind(
    "ThingsBoard gateway, SQLite, tuned",
    {"type": "sqlite", "max_read_records_count": 10_000, "writing_batch_size": 10_000},
    TUNED,
)
MEMORY = Kind(
    "ThingsBoard gateway, memory, tuned",
    {"type": "memory", "read_records_count": 1_000, "max_records_count": 1_000_000},
    TUNED,
)
SHIPPED = Kind("ThingsBoard gateway, memory, as shipped", {}, {})
SHIPPED_SQLITE = Kind("ThingsBoard gateway, SQLite, as shipped", {"type": "sqlite"}, {})


class Sample(msgspec.Struct):
    ts: int
    values: dict[str, str]


_telemetry = msgspec.json.Decoder(dict[str, list[Sample]])


def numbers(body: bytes) -> list[int]:
    """The taps in a message of v1/gateway/telemetry."""
    samples = [sample for device in _telemetry.decode(body).values() for sample in device]
    return [event.number(sample.values["tap"]) for sample in samples if "tap" in sample.values]


def reply(topic: bytes, body: bytes) -> bytes | None:
    """What ThingsBoard answers to its gateway's question for limits: none."""
    if json.loads(body).get("method") != "getSessionLimits":
        return None
    return wire.publish(topic.replace(b"request", b"response"), json.dumps(LIMITS).encode())


def install() -> Path:
    """The gateway's Python, installed from PyPI where it is missing. Raises RuntimeError with what pip said."""
    python, stamp = HOME / "bin/python", HOME / f".thingsboard-gateway-{VERSION}"
    if not stamp.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", HOME], check=True)
        command = [str(python), "-m", "pip", "install", "-q", f"thingsboard-gateway=={VERSION}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"pip could not install the gateway:\n{done.stderr[-2000:]}")
        stamp.touch()
    extensions = next(HOME.glob("lib/python3*/site-packages/thingsboard_gateway/extensions")) / "taps"
    extensions.mkdir(exist_ok=True)
    shutil.copy(tap_connector.__file__, extensions)
    return python


def configure(folder: Path, kind: Kind, port: int, socket: Path) -> None:
    """tb_gateway.json from the one that is shipped; logs.json only where the kind is tuned."""
    shipped = next(HOME.glob("lib/python3*/site-packages/thingsboard_gateway/config"))
    config = json.loads((shipped / "tb_gateway.json").read_text())
    config["thingsboard"] |= {"host": "127.0.0.1", "port": port, **kind.settings}
    config["storage"] |= {**kind.storage, "data_file_path": f"{folder}/data/"}
    name = tap_connector.NAME
    config["connectors"] = [{"type": "taps", "name": name, "class": "TapConnector", "configuration": "taps.json"}]
    (folder / "tb_gateway.json").write_text(json.dumps(config))
    taps = {"name": name, "socket": str(socket), "epoch_ms": time.time_ns() // 1_000_000, "event": event.TEXT}
    (folder / "taps.json").write_text(json.dumps(taps))
    logs = (shipped / "logs.json").read_text()
    (folder / "logs.json").write_text(logs.replace('"INFO"', '"WARNING"') if kind.settings else logs)


def contestant(folder: Path, kind: Kind) -> Contestant:
    home = folder / "gateway"
    (home / "logs").mkdir(parents=True)
    orders = home / "orders"
    city = CitySide(folder, TELEMETRY, numbers, ASKED, reply)
    configure(home, kind, city.port, orders)
    command = ["sh", "-c", 'cd "$0" && exec "$1" -m thingsboard_gateway.tb_gateway', str(home), str(install())]
    environment = {"TB_GW_CONFIG_DIR": str(home), "PYTHONPATH": "", "https_proxy": NOWHERE}
    return Contestant(kind.name, Feed(orders), city, Process("gateway", command, folder, env=environment))
