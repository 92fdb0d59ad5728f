"""The table of checks, in the order in which a person would look."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from agent.doctor import board, clocks, database, devices, history, network, rights, service, storage, tls
from agent.doctor.finding import Finding
from agent.doctor.site import Site

Look = Callable[[Site], list[Finding]]


class Check(msgspec.Struct, frozen=True):
    """One check. It is safe while the agent runs, and may take so long."""

    name: str  # `--only NAME`; its words: agent/texts, [check]
    look: Look
    limit_s: float = 5.0


CHECKS = (
    Check("configuration", service.configuration),
    Check("agent", service.agent),
    Check("service", service.service, 9.0),
    Check("version", service.version),
    Check("life", history.life),
    Check("troubles", service.troubles),
    Check("devices", devices.devices, 8.0),
    Check("power", board.power),
    Check("temperature", board.temperature),
    Check("memory", board.memory),
    Check("swap", board.swap),
    Check("disk", storage.disk),
    Check("mounts", storage.mounts),
    Check("card", storage.card),
    Check("wear", storage.wear),
    Check("kernel", storage.kernel, 9.0),
    Check("journal", storage.journal),
    Check("database", database.database, 8.0),
    Check("clock", clocks.clock),
    Check("rtc", clocks.rtc),
    Check("zone", clocks.zone),
    Check("link", network.link),
    Check("gateway", network.gateway),
    Check("name", network.name),
    Check("broker", network.broker, 6.0),
    Check("tls", tls.tls, 9.0),
    Check("certificates", tls.certificates),
    Check("centre", service.centre),
    Check("reference", service.reference),
    Check("files", rights.files),
    Check("usb", rights.usb),
)
