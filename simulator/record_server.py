"""A media server's inside: GStreamer's own RTSP server, which cameras are pushed to by ANNOUNCE and RECORD over TLS.

Run by Debian's python3, which has the bindings; simulator/media_server.py starts it. What comes is written to a file,
a line of JSON and then the bytes: `{"at_ns": CLOCK_MONOTONIC, "pts_ns": ..., "bytes": ...}` for one encoded picture,
`{"event": "came" | "went"}` for a sender. Needs what simulator/rtsp_server.py needs.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import gi  # type: ignore[import-not-found]

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gio, GLib, Gst, GstRtspServer  # type: ignore[import-not-found] # noqa: E402

LAUNCH = (
    "( rtp{codec}depay name=depay0 ! {codec}parse ! video/x-{codec},stream-format=byte-stream,alignment=au"
    " ! appsink name=pictures sync=false emit-signals=true )"
)
ROLE = "sender"


class Notes:
    """The file, written by GStreamer's threads: each note at once and whole."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._turn = threading.Lock()

    def tell(self, head: dict[str, object], body: bytes = b"") -> None:
        with self._turn:
            left = memoryview(json.dumps(head).encode() + b"\n" + body)
            while left:
                left = left[os.write(self._file, left) :]

    def pulled(self, sink: Any) -> Any:
        """One encoded picture has come."""
        at_ns = time.monotonic_ns()
        buffer = sink.emit("pull-sample").get_buffer()
        body = buffer.extract_dup(0, buffer.get_size())
        pts_ns = buffer.pts if buffer.pts != Gst.CLOCK_TIME_NONE else -1
        self.tell({"at_ns": at_ns, "pts_ns": pts_ns, "bytes": len(body)}, body)
        return Gst.FlowReturn.OK

    def opened(self, _factory: object, media: Any) -> None:
        media.get_element().get_by_name("pictures").connect("new-sample", self.pulled)
        media.connect("unprepared", lambda _media: self.tell({"event": "went"}))
        self.tell({"event": "came"})


class AnyPath(GstRtspServer.RTSPMountPoints):  # type: ignore[misc]
    """The centre gives each view a path of its own: none is known before it is asked for."""

    factory: Any = None

    def do_make_path(self, url: Any) -> str:
        path: str = url.abspath
        self.add_factory(path, self.factory)
        return path


def server(args: argparse.Namespace) -> Any:
    """Listening. Ends the program where the port is taken."""
    made = GstRtspServer.RTSPServer()
    made.set_address(args.address)
    made.set_service(str(args.port))
    auth, token = GstRtspServer.RTSPAuth(), GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", ROLE)
    auth.set_tls_certificate(Gio.TlsCertificate.new_from_file(str(args.certificate)))
    auth.set_default_token(token)
    made.set_auth(auth)
    factory, permissions = GstRtspServer.RTSPMediaFactory(), GstRtspServer.RTSPPermissions()
    for right in ("media.factory.access", "media.factory.construct"):
        permissions.add_permission_for_role(ROLE, right, True)
    factory.set_permissions(permissions)
    factory.set_launch(LAUNCH.format(codec=args.codec))
    factory.set_transport_mode(GstRtspServer.RTSPTransportMode.RECORD)
    factory.set_latency(0)
    factory.connect("media-configure", Notes(args.out).opened)
    mounts = AnyPath()
    mounts.factory = factory
    made.set_mount_points(mounts)
    if not made.attach(None):
        sys.exit(f"port {args.port} is taken")
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--certificate", type=Path, required=True, help="PEM of certificate and key")
    parser.add_argument("--out", type=Path, required=True, help="a file for what comes")
    parser.add_argument("--codec", default="h264", choices=("h264", "h265"))
    args = parser.parse_args()
    Gst.init(None)
    kept = server(args)
    print("up", flush=True)
    GLib.MainLoop().run()
    del kept


if __name__ == "__main__":
    main()
