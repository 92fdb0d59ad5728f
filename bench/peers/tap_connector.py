"""The device that the ThingsBoard gateway is fed by: it runs inside the gateway and puts taps as fast as it is told.

Copied into the gateway's extensions by bench/peers/gateway.py; knows nothing of ours. In the gateway's own process, so
that no protocol in front of it counts: its MQTT or Modbus connector would add to each figure.
Orders   bench/peers/feed.py
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import socket
import threading
import time
from typing import Any

NAME = "canteen-1"


class TapConnector:
    """What the gateway asks of a connector. `config` names the socket on which orders come."""

    def __init__(self, gateway: Any, config: dict[str, Any], connector_type: str) -> None:
        entities = "thingsboard_gateway.gateway.entities"
        self._converted = importlib.import_module(f"{entities}.converted_data").ConvertedData
        self._entry = importlib.import_module(f"{entities}.telemetry_entry").TelemetryEntry
        self._key = importlib.import_module(f"{entities}.datapoint_key").DatapointKey("tap")
        self._gateway = gateway
        self._config = config
        self._type = connector_type
        self._stopped = False
        self.name = config.get("name", NAME)

    # --- what the gateway calls -----------------------------------------------------------------------------------

    def open(self) -> None:
        threading.Thread(target=self._serve, daemon=True, name="taps").start()

    def close(self) -> None:
        self._stopped = True

    def get_id(self) -> Any:
        return self._config.get("id")

    def get_name(self) -> str:
        return str(self.name)

    def get_type(self) -> str:
        return self._type

    def get_config(self) -> dict[str, Any]:
        return self._config

    def is_connected(self) -> bool:
        return True

    def is_stopped(self) -> bool:
        return self._stopped

    def on_attributes_update(self, content: Any) -> None:
        """Nothing is set here."""

    def server_side_rpc_handler(self, content: Any) -> None:
        """Nothing is called here."""

    # --- what the benchmark orders --------------------------------------------------------------------------------

    def _serve(self) -> None:
        listener = socket.socket(socket.AF_UNIX)
        with contextlib.suppress(FileNotFoundError):  # of before a kill
            os.unlink(self._config["socket"])
        listener.bind(self._config["socket"])
        listener.listen()
        while not self._stopped:
            connection, _ = listener.accept()
            with connection, connection.makefile("rw", encoding="utf-8") as lines:
                for line in lines:
                    order = json.loads(line)
                    began_s = time.monotonic()
                    refused = self._pace(**order) if "gap_s" in order else self._accept(**order)
                    lines.write(json.dumps({"began_s": began_s, "refused": refused}) + "\n")
                    lines.flush()

    def _accept(self, first: int, count: int) -> int:
        return sum(not self._put(number) for number in range(first, first + count))

    def _pace(self, first: int, count: int, gap_s: float, log: str) -> int:
        """What was accepted is in the log even if the process dies in the next moment."""
        out, refused = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644), 0
        begin_s = time.monotonic()
        for number in range(first, first + count):
            time.sleep(max(0.0, begin_s + (number - first) * gap_s - time.monotonic()))
            put_ns = time.monotonic_ns()
            if self._put(number):
                os.write(out, f"{number} {put_ns}\n".encode())
            else:
                refused += 1
        os.close(out)
        return refused

    def _put(self, number: int) -> bool:
        """One value, our event's text: more values cost the gateway more.

        Each has a millisecond of its own, since the gateway merges what one device says in the same one.
        """
        data = self._converted(device_name=NAME, device_type="reader")
        entry = self._entry({self._key: self._config["event"] % number}, self._config["epoch_ms"] + number)
        data.add_to_telemetry(entry)
        return str(self._gateway.send_to_storage(self.get_name(), self.get_id(), data)).endswith("SUCCESS")
