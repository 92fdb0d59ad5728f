"""An RTSP camera's inside: GStreamer's own server, which pushes a scene's encoded pictures at their own pace.

Run by Debian's python3, which has the bindings; simulator/rtsp_camera.py starts it. It plays the scenes whose paths
stand in the file NOW, a line each, one after the other and then again from the first, and looks there anew before each
keyframe; an empty file is a camera that is open and sends nothing. In the file SHOWN stands which scene is on, and
since when by the machine's steady clock. Needs Debian's gir1.2-gst-rtsp-server-1.0, python3-gi,
gstreamer1.0-plugins-good, glib-networking for TLS.

A scene file: simulator/encoded.py, which Debian's python3 cannot import.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import gi  # type: ignore[import-not-found]

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gio, GLib, Gst, GstRtsp, GstRtspServer  # type: ignore[import-not-found] # noqa: E402

KEY = 0x80000000
CAPS = "video/x-{codec},stream-format=byte-stream,alignment=au"
LAUNCH = (
    "( appsrc name=pictures is-live=true do-timestamp=true format=time caps={caps}"
    " ! {codec}parse ! rtp{codec}pay name=pay0 pt=96 config-interval=-1 )"
)
ROLE = "viewer"
NTP_S = 2_208_988_800  # from 1900, where NTP begins, to 1970
START = b"\0\0\1"  # of a NAL unit
SLICES = {"h264": range(1, 6), "h265": range(32)}  # the kinds of unit that are the picture itself


class Scenes:
    """The pictures of the scenes that are on now, one after the other, for ever."""

    def __init__(self, now: Path, shown: Path | None = None) -> None:
        self._now, self._shown = now, shown
        self._text = ""
        self._paths: list[str] = []
        self._nth = 0  # of them
        self._path = ""  # whose pictures these are
        self._pictures: list[tuple[bool, bytes]] = []
        self._at = 0
        self.codec, self.rate = "h264", 10
        self.turn()

    def turn(self) -> None:
        """Begin the scenes that NOW names, if they are others."""
        text = self._now.read_text()
        if text == self._text:
            return
        self._text, self._paths, self._nth = text, text.split("\n"), 0
        self._begin()

    def _begin(self) -> None:
        """The scene whose turn it is, from its first picture."""
        self._at, path = 0, self._paths[self._nth]
        if path != self._path:
            self._path, self._pictures = path, []
            if path:
                self._load(Path(path).read_bytes())
        if self._shown is not None:
            new = self._shown.with_suffix(".new")
            new.write_text(f"{time.monotonic()} {self._nth} {path}")
            new.replace(self._shown)

    def _load(self, data: bytes) -> None:
        head, _, rest = data.partition(b"\n")
        codec, rate = head.decode().split()
        self.codec, self.rate = codec, int(rate)
        at = 0
        while at < len(rest):
            length = int.from_bytes(rest[at : at + 4], "big")
            size = length & ~KEY
            self._pictures.append((bool(length & KEY), rest[at + 4 : at + 4 + size]))
            at += 4 + size

    def parameters(self) -> bytes:
        """What stands before the picture of the first keyframe: a camera describes its stream by that at any time."""
        key = next((data for is_key, data in self._pictures if is_key), b"")
        at = key.find(START)
        while at >= 0:
            kind = key[at + 3] & 0x1F if self.codec == "h264" else key[at + 3] >> 1 & 0x3F
            if kind in SLICES[self.codec]:
                return key[:at]
            at = key.find(START, at + 3)
        return b""

    def next(self) -> bytes | None:
        if not self._pictures or self._pictures[self._at][0]:
            self.turn()
        if not self._pictures:
            return None
        _, picture = self._pictures[self._at]
        self._at += 1
        if self._at == len(self._pictures):
            self._nth = (self._nth + 1) % len(self._paths)
            self._begin()
        return picture


def wrong_clock(off_s: float) -> Any:
    """The system's, as NTP counts, and so much later."""
    clock = Gst.SystemClock(clock_type=Gst.ClockType.REALTIME)
    now_ns = clock.get_internal_time()
    clock.set_calibration(now_ns, now_ns + NTP_S * Gst.SECOND + round(off_s * Gst.SECOND), 1, 1)
    return clock


def tell_by_its_clock(media: Any) -> None:
    """Its sender reports tell the time of the pipeline's clock, not the system's."""
    elements = media.get_element().get_parent().iterate_elements()
    while (found := elements.next())[0] == Gst.IteratorResult.OK:
        if found[1].get_factory().get_name() == "rtpbin":
            found[1].set_property("ntp-time-source", "clock-time")


def plays(source: Any) -> bool:
    """Whether it stamps by its viewer's time: it has a clock sooner than that clock's zero, and would stamp a picture
    that comes between the two with the machine's uptime; the server would hold it, and all behind it, until then.
    """
    return bool(source.get_state(0).state == Gst.State.PLAYING)


class Camera:
    """The server with one stream at /main and, the same, at /sub."""

    def __init__(self, args: argparse.Namespace) -> None:
        self._scenes = Scenes(args.now, args.shown)
        self._sources: list[Any] = []
        self._server = GstRtspServer.RTSPServer()
        self._server.set_address("127.0.0.1")
        self._server.set_service(str(args.port))
        if args.user or args.certificate:
            self._server.set_auth(_auth(args))
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_shared(False)  # shared, it may give a viewer what is just being torn down behind another
        factory.set_launch(LAUNCH.format(codec=self._scenes.codec, caps=CAPS.format(codec=self._scenes.codec)))
        if args.user or args.certificate:
            permissions = GstRtspServer.RTSPPermissions()
            for right in ("media.factory.access", "media.factory.construct"):
                permissions.add_permission_for_role(ROLE, right, True)
            factory.set_permissions(permissions)
        if args.clock_off:
            factory.set_clock(wrong_clock(args.clock_off))
        self._wrong = bool(args.clock_off)
        factory.connect("media-configure", self._opened)
        for path in ("/main", "/sub"):
            self._server.get_mount_points().add_factory(path, factory)
        if not self._server.attach(None):
            sys.exit(f"port {args.port} is taken")
        GLib.timeout_add(1000 // self._scenes.rate, self._push)

    def _opened(self, _factory: object, media: Any) -> None:
        source = media.get_element().get_by_name("pictures")
        self._sources.append(source)
        parameters = self._scenes.parameters()
        if parameters:
            source.emit("push-buffer", Gst.Buffer.new_wrapped(parameters))
        media.connect("unprepared", lambda _media: self._sources.remove(source))
        if self._wrong:
            media.connect("prepared", tell_by_its_clock)

    def _push(self) -> bool:
        picture = self._scenes.next()
        if picture is not None:
            for source in tuple(self._sources):  # viewers come and go in another thread
                if plays(source):
                    source.emit("push-buffer", Gst.Buffer.new_wrapped(picture))
        return True


def _auth(args: argparse.Namespace) -> Any:
    auth, token = GstRtspServer.RTSPAuth(), GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", ROLE)
    if args.certificate:
        auth.set_tls_certificate(Gio.TlsCertificate.new_from_file(str(args.certificate)))
    if not args.user:
        auth.set_default_token(token)
    else:
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(args.user, args.password_file.read_text(), token)
    return auth


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--now", type=Path, required=True, help="a file with the paths of the scenes that are on")
    parser.add_argument("--shown", type=Path, help="a file that says which of them is on")
    parser.add_argument("--user", default="")
    parser.add_argument("--password-file", type=Path)
    parser.add_argument("--certificate", type=Path, help="PEM of certificate and key: serve rtsps")
    parser.add_argument("--clock-off", type=float, default=0.0, help="seconds by which its clock is ahead")
    args = parser.parse_args()
    Gst.init(None)
    camera = Camera(args)
    print("up", flush=True)
    GLib.MainLoop().run()
    del camera


if __name__ == "__main__":
    main()
