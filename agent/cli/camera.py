"""mektep camera list | snapshot NAME | zones NAME | tune [NAME]: the cameras, a picture of one, what is configured
drawn onto it, and thresholds for the detectors (agent/cli/camera_tune.py).

Nobody is to be recognised in a picture unless --plain is given; that is recorded before the picture is shown, and where
it cannot be recorded, nothing is shown. A picture of the running agent is taken from its memory: cameras are not asked.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import TextIO

import msgspec

from agent import config
from agent.cli import camera_picture, camera_tune
from agent.cli.asking import who
from agent.cli.camera_screen import draw
from agent.cli.exit_codes import ATTENTION, DEAD, WELL
from agent.cli.main import DEFAULT_CONFIG
from agent.cli.owner import as_owner
from agent.cli.picture_file import FORMS, form_of, write
from agent.config import Config, SourceConfig
from agent.errors import AgentError
from agent.ops import status
from agent.ops.camera_view import camera_view
from agent.strict import closest
from agent.texts import load_texts
from agent.wall_time import rfc3339
from agent.watching import viewings

ALIASES = {"shot": "snapshot"}
CAMERA_GROUPS = ("video",)  # of the unit's: USB and CSI cameras are theirs


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """A picture that was written: `--json` tells it, without the picture."""

    camera: str
    at: str
    width_px: int
    height_px: int
    plain: bool
    viewing: str  # id of the record; empty if it was blurred
    content: bytes = b""


def arguments(parser: argparse.ArgumentParser) -> None:
    words = "the same as one JSON object"
    parser.add_argument("--json", action="store_true", help=words)
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listed = actions.add_parser("list", help="state, last picture, size, rate, clock of each camera")
    snapshot = actions.add_parser("snapshot", aliases=["shot"], help="a picture of now, into a file")
    zones = actions.add_parser("zones", help="the picture with masks, zones, lines and a grid, into a file")
    for action in (snapshot, zones):
        action.add_argument("name", help="of the camera in the configuration")
        action.add_argument("--out", type=Path, required=True, metavar="PICTURE", help=f"a file: {', '.join(FORMS)}")
        action.add_argument("--plain", action="store_true", help="with faces; this is a record that the centre gets")
    tune = actions.add_parser("tune", help="a threshold for each detector, from the last days; changes nothing")
    camera_tune.arguments(tune)
    tune.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help=words)
    for action in (listed, snapshot, zones):
        action.add_argument("file", type=Path, nargs="?", default=Path(DEFAULT_CONFIG), help="the box's configuration")
        action.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help=words)


def run(args: argparse.Namespace, out: TextIO) -> int:
    if args.action == "tune":
        return camera_tune.run(args, out)
    args.action = ALIASES.get(args.action, args.action)
    found = config.load(args.file)
    if args.action == "list":
        return _list(found, args, out)
    source, form = _camera(found, args.name), form_of(args.out)
    by = who()
    work = partial(_made, found, source, args, form, by)
    answer = as_owner(Path(found.state.directory), found.file, work, CAMERA_GROUPS)
    made = msgspec.msgpack.decode(answer, type=Made)
    write(args.out, made.content)
    _tell(made, args, out)
    return WELL


# --- the list -------------------------------------------------------------------------------------------------------


def _list(found: Config, args: argparse.Namespace, out: TextIO) -> int:
    try:
        last = status.read(found.state.live)
    except PermissionError as error:
        do = "Run it as root: sudo mektep camera list"
        raise AgentError("X-002", f"{error.filename} cannot be read by this user", do=do) from error
    listed = camera_view(found, last)
    if args.json:
        print(msgspec.json.encode(listed).decode(), file=out)
    else:
        draw(listed, out)
    if not listed.running:
        return DEAD
    return WELL if all(row.is_well for row in listed.cameras) else ATTENTION


# --- a picture ------------------------------------------------------------------------------------------------------


def _made(found: Config, source: SourceConfig, args: argparse.Namespace, form: str, by: str) -> bytes:
    """As the agent's user: the picture, recorded if it is plain. Raises AgentError."""
    taken = camera_picture.take(found, source)
    from agent.pipelines import shown, zone_map  # they bring OpenCV

    picture = shown.for_eyes(taken.picture, plain=args.plain)
    height, width = picture.shape[:2]
    drawn = zone_map.drawn(picture, source.watch, taken.clock) if args.action == "zones" else picture
    at = rfc3339(taken.at_ns)
    viewing = viewings.note(found.state.viewings, source.name, by, args.action, at) if args.plain else ""
    made = Made(
        camera=source.name, at=at, width_px=width, height_px=height, plain=args.plain, viewing=viewing,
        content=shown.encoded(drawn, form),
    )  # fmt: skip
    return msgspec.msgpack.encode(made)


def _camera(found: Config, name: str) -> SourceConfig:
    cameras = {source.name: source for source in found.sources if source.kind == "camera"}
    if name not in cameras:
        do = closest(name, set(cameras)) if cameras else "Add a [[camera]] with this name."
        raise AgentError("V-406", f"{name} is no camera of this box", do=do)
    return cameras[name]


def _tell(made: Made, args: argparse.Namespace, out: TextIO) -> None:
    if args.json:
        told = {name: getattr(made, name) for name in Made.__struct_fields__ if name != "content"}
        print(msgspec.json.encode(told | {"out": str(args.out)}).decode(), file=out)
        return
    say = load_texts()
    how = say("camera.plain") if made.plain else say("camera.blurred")
    print(f"{args.out}: {made.camera}, {made.width_px}x{made.height_px}, {made.at}, {how}", file=out)
    if made.plain:
        print(f"{say('camera.recorded')} {made.viewing}", file=out)
