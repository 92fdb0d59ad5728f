"""What lets a real picamera2 run on a machine without a camera: Python imports it at its start (a .pth of csi-tree).

libcamera's virtual camera lacks what picamera2 expects of a Raspberry Pi; all of it is made up for here, and only here:
- buffers of the kernel's DMA heap: anonymous memory (memfd) instead, both planes of a picture in one file;
- the list of the sensor's raw modes: there is one;
- pykms, for previews on a screen: empty;
- a rate: it gives pictures as fast as buffers come back, and here these wait BURST_S before all go back at once.
It also forgets to say that a picture is good, which is whatever lay in memory: the check starts Python with an
allocator that hands out zeros (GLIBC_TUNABLES, in tests/csi/checks.py), and zero means good.

And the faults that a camera has, while a file of that name lies beside virtual.yaml:
silent  no picture is told of any more, as when the ribbon is pulled
stuck   picamera2's event loop hangs, as when libcamera does: stop() and close() do not return
"""

from __future__ import annotations

import mmap
import os
import sys
import time
import types
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

PLACE = Path("/usr/share/libcamera/pipeline/virtual")
BURST_S = float(os.environ.get("CSI_BURST_S", "0.05"))  # four pictures, of one file
LOOK_S = 0.05


class MemfdHeap:
    """In place of picamera2.dma_heap.DmaHeap."""

    def alloc(self, name: str, size: int) -> Any:
        from picamera2.dma_heap import UniqueFD

        fd = os.memfd_create(name, os.MFD_CLOEXEC)
        os.ftruncate(fd, size)
        return UniqueFD(fd)

    def close(self) -> None: ...


class _Names:
    """Has whatever name is asked for."""

    def __getattr__(self, name: str) -> str:
        return name


def pykms() -> types.ModuleType:
    module = types.ModuleType("pykms")
    module.PixelFormat = _Names()  # type: ignore[attr-defined]
    return module


def allocate(self: Any, libcamera_config: Any, _use_case: str) -> None:
    """As DmaAllocator.allocate(), but a buffer of NV12 has two planes."""
    import libcamera

    for fd in self.open_fds:
        os.close(fd)
    self.frame_buffers, self.open_fds, self.libcamera_fds = {}, [], []
    for config in libcamera_config:
        buffers = self.frame_buffers[config.stream] = []
        for number in range(config.buffer_count):
            fd = self.dmaHeap.alloc(f"picture-{number}", config.frame_size).get()
            luma, chroma = libcamera.FrameBuffer.Plane(), libcamera.FrameBuffer.Plane()
            luma.fd = chroma.fd = fd
            luma.offset, luma.length = 0, config.stride * config.size.height
            chroma.offset, chroma.length = luma.length, config.frame_size - luma.length
            buffers.append(libcamera.FrameBuffer([luma, chroma]))
            self.open_fds.append(fd)
            self.libcamera_fds.append(buffers[-1].planes[0].fd)
            self.mapped_buffers_used[buffers[-1].planes[0].fd] = False
            self.mapped_buffers[buffers[-1]] = mmap.mmap(fd, config.frame_size)


class NoSync:
    """Anonymous memory needs no cache to be flushed."""

    def __init__(self, allocator: Any, buffer: Any, _write: bool) -> None:
        self._allocator = allocator
        self._buffer = buffer

    def __enter__(self) -> Any:
        return self._allocator.mapped_buffers[self._buffer]

    def __exit__(self, *_: Any) -> None: ...


def fault(name: str) -> bool:
    return (PLACE / name).exists()


def mend(module: Any) -> None:
    """Change picamera2.picamera2 when it has been loaded."""
    from picamera2.allocators import dmaallocator

    dmaallocator.DmaHeap = MemfdHeap
    dmaallocator.DmaAllocator.allocate = allocate
    dmaallocator.DmaAllocator.DmaSync = NoSync
    module.Picamera2._get_raw_modes = lambda _: [{"format": "SGRBG10", "size": (1280, 720)}]
    tell, process = module.CameraManager.handle_request, module.Picamera2.process_requests

    def handle_request(self: Any, flushid: Any = None) -> None:
        if flushid is None and fault("silent"):
            time.sleep(LOOK_S)
        else:
            tell(self, flushid)

    def process_requests(self: Any, display: Any) -> None:
        while fault("stuck"):
            time.sleep(LOOK_S)
        time.sleep(BURST_S)
        process(self, display)

    module.CameraManager.handle_request = handle_request
    module.Picamera2.process_requests = process_requests


class Mender:
    """A finder of modules that lets picamera2.picamera2 load as it is, and mends it then."""

    def find_spec(self, name: str, path: Any, _target: Any = None) -> Any:
        if name != "picamera2.picamera2":
            return None
        spec = PathFinder.find_spec(name, path)
        if spec is None or spec.loader is None:
            return None
        load = spec.loader.exec_module

        def load_and_mend(module: types.ModuleType) -> None:
            load(module)
            mend(module)

        spec.loader.exec_module = load_and_mend  # type: ignore[method-assign]
        return spec


sys.modules["pykms"] = pykms()
sys.meta_path.insert(0, Mender())  # type: ignore[arg-type]
