"""What is made of a picture of picamera2: its planes, the grey one that is looked at, the two JPEGs that are shown.

Shape    planes as of raw_feed.planes(): luma (height, width), blue and red of half of that each way, uint8
Not      which picture, and when: csi.py. numpy and simplejpeg are Debian's, and imported only in the cell.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from drivers.readings import BLOCKS, SNAPSHOT_BYTES

if TYPE_CHECKING:
    from drivers.cameras.masks import Masks
    from drivers.cameras.raw_feed import Planes
    from drivers.cameras.watch import Grey

QUALITIES = (75, 50, 25, 10)  # of a JPEG, until it is small enough; 1080p of pure noise is, at the last one


def planes_of(camera: Any, request: Any, name: str) -> Planes:
    """A picture's luma and chroma. libcamera may have chosen another size, or other planes, than were asked for."""
    from drivers.cameras.raw_feed import planes

    given = camera.camera_configuration()[name]
    width, height = given["size"]
    return planes(request.make_array(name), width, height, given["format"])


def grey_picture(small: Planes) -> Grey:
    """In the size that the watch looks at."""
    from drivers.cameras.watch import grey_of

    return grey_of(small[0])


def snapshot(camera: Any, request: Any, masks: Masks) -> bytes:
    """The main picture as a JPEG of at most SNAPSHOT_BYTES, masks black."""
    if masks:
        return _masked(camera, request, masks)
    data = b""
    for quality in QUALITIES:
        camera.options["quality"] = quality
        file = io.BytesIO()
        request.save("main", file, format="jpeg")
        data = file.getvalue()
        if len(data) <= SNAPSHOT_BYTES:
            break
    return data


def _masked(camera: Any, request: Any, masks: Masks) -> bytes:
    """As snapshot(), of a copy: picamera2 itself hides nothing."""
    import simplejpeg  # picamera2 brings it

    luma, blue, red = (plane.copy() for plane in planes_of(camera, request, "main"))
    masks.burn(luma, blue, red)
    data = b""
    for quality in QUALITIES:
        data = bytes(simplejpeg.encode_jpeg_yuv_planes(luma, blue, red, quality=quality))
        if len(data) <= SNAPSHOT_BYTES:
            break
    return data


def coarse(grey: Grey, masks: Masks) -> bytes:
    """A grey JPEG of BLOCKS along the longer side: light and dark, and nobody."""
    import numpy as np
    import simplejpeg  # picamera2 brings it

    grey = grey.copy()
    masks.burn(grey)
    height, width = grey.shape
    cell = width // BLOCKS
    means = grey.reshape(height // cell, cell, width // cell, cell).mean(axis=(1, 3)).astype(np.uint8)
    mosaic = np.ascontiguousarray(means.repeat(cell, axis=0).repeat(cell, axis=1)[:, :, None])
    return bytes(simplejpeg.encode_jpeg(mosaic, colorspace="GRAY", colorsubsampling="Gray"))
