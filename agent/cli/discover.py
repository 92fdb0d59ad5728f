"""mektep discover [FILE]: what is plugged in or answers, and lines for the configuration. Safe while the agent runs.

Without options no serial port is opened and one question goes out, to cameras. FILE tells what is configured already.
"""

from __future__ import annotations

import argparse
import asyncio
import ipaddress
import os
import sys
from pathlib import Path
from typing import TextIO

import msgspec

from agent.cli import discover_configured, discover_plan, discover_screen
from agent.cli.discover_plan import Wish
from agent.cli.discover_proposal import Device, propose
from agent.cli.exit_codes import ATTENTION, WELL
from agent.cli.main import DEFAULT_CONFIG
from agent.clock import SystemClock
from agent.errors import AgentError
from agent.texts import load_texts
from drivers.discovery import hosts, ports
from drivers.discovery.found import Found

NETWORK_S = 3.0


class Report(msgspec.Struct, frozen=True):
    """What `--json` prints: English, whatever the reader's language."""

    found: list[Found]
    config: str  # the proposed lines, TOML
    secrets: list[str]  # names to give to `mektep secret`


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, nargs="?", default=Path(DEFAULT_CONFIG), help="the box's configuration")
    add = parser.add_argument
    add(
        "--listen",
        type=_seconds,
        default=0.0,
        metavar="SECONDS",
        help="listen on free ports; show a card to each reader",
    )
    add("--probe", action="store_true", help="ask free ports for OSDP readers and Modbus panels: writes to them")
    add("--port", action="append", default=[], metavar="PATH", help="listen on and ask this port only; may be repeated")
    add(
        "--network",
        type=_seconds,
        default=NETWORK_S,
        metavar="SECONDS",
        help="how long cameras may answer; 0: not asked",
    )
    add("--interface", action="append", default=[], metavar="NAME", help="ask on this network only; may be repeated")
    add(
        "--host",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="ask this host for RTSP and Modbus; may be repeated",
    )
    add(
        "--scan",
        type=_network,
        metavar="NETWORK",
        help="try each host of a network, e.g. 192.168.1.0/24; at most a /22",
    )
    add("--json", action="store_true", help="the same as one JSON object")
    add(
        "--root", type=Path, default=Path("/"), metavar="DIR", help="the folder that holds dev, proc and sys; for tests"
    )


def run(args: argparse.Namespace, out: TextIO) -> int:
    configured = discover_configured.read(args.file)
    wish = Wish(
        root=args.root, listen_s=args.listen, probe=args.probe, ports=tuple(args.port), network_s=args.network,
        interfaces=tuple(args.interface) or discover_plan.interfaces(), hosts=tuple(args.host), scan=args.scan,
    )  # fmt: skip
    if wish.ports:
        _check(wish)
    say = load_texts()
    try:
        with discover_screen.bars(sys.stderr, say) as bars:
            found = asyncio.run(discover_plan.gather(wish, configured, SystemClock(), bars))
    except KeyboardInterrupt:  # the technician has seen enough
        return ATTENTION
    devices = propose(found, configured.names, load_texts("en") if args.json else say)
    if args.json:
        secrets = [name for device in devices for name in device.secrets]
        print(msgspec.json.encode(Report(found, toml(devices), secrets)).decode(), file=out)
    else:
        touched = bool(wish.listen_s or wish.probe)
        discover_screen.draw(found, devices, args.file, out, say, hint=not touched)
    return ATTENTION if not found or any(one.code for one in found) else WELL


def _check(wish: Wish) -> None:
    """Raises AgentError X-117."""
    known = {port.true for port in ports.ports(wish.root)}
    missing = [port for port in wish.ports if os.path.realpath(port) not in known]
    if missing:
        raise AgentError(
            "X-117", f"there is no serial port {missing[0]}", do="Run `mektep discover` to see their names."
        )


def toml(devices: list[Device]) -> str:
    """The proposed lines as a text that may be appended to a configuration."""
    return "\n".join("\n".join([*device.lines, ""]) for device in devices)


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds <= 3600:
        raise argparse.ArgumentTypeError("seconds from 0 to 3600")
    return seconds


def _network(text: str) -> ipaddress.IPv4Network:
    try:
        return hosts.network(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
