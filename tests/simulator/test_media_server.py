"""The far side of a live view believes nobody: FFmpeg pushes to it as well, and what it counts is what came."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from simulator.media_server import MediaServer
from tests.drivers.live.far_media import encoded, far_media, truth
from tests.drivers.supervised import until


def push_with_ffmpeg(server: MediaServer, folder: Path) -> None:
    """By the muxer of another library, in a process of its own."""
    raw = folder / "scene.h264"
    raw.write_bytes(b"".join(data for _, data in encoded()))
    script = (
        "import av, sys, time\n"
        "with av.open(sys.argv[1], format='h264') as file, av.open(sys.argv[2], 'w', format='rtsp',"
        " options={'rtsp_transport': 'tcp'}) as out:\n"
        "    stream = out.add_stream_from_template(file.streams.video[0])\n"
        "    for number, packet in enumerate(file.demux(video=0)):\n"
        "        if packet.size:\n"
        "            packet.stream, packet.pts, packet.dts = stream, number * 48_000, number * 48_000\n"
        "            out.mux(packet)\n"
        "            time.sleep(0.01)\n"
    )
    url = f"rtsps://localhost:{server.port}/live/another"
    subprocess.run([sys.executable, "-c", script, str(raw), url], check=True, timeout=30, capture_output=True)


async def test_what_another_library_pushes_is_decoded(tmp_path: Path) -> None:
    async with far_media() as server:
        push_with_ffmpeg(server, tmp_path)
        await until(lambda: server.look() and server.went)
        assert (server.came, server.went, server.broken) == (1, 1, 0)
        known = set(truth())
        assert len(server.shown) >= len(encoded()) - 10
        assert {(one.sha256 in known, one.width, one.height) for one in server.shown} == {(True, 320, 180)}
        assert all(one.decoded_ns >= one.arrived_ns for one in server.shown)
