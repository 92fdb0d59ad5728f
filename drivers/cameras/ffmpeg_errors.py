"""What FFmpeg says when a camera cannot be read, in codes and instructions.

Nothing of FFmpeg's own text is passed on but the system's words for an error: its messages hold the whole address,
and with it the password.
"""

from __future__ import annotations

import av

from drivers.cameras.troubles import ended, no_video, unreachable
from drivers.errors import DeviceError

LOGIN = (av.error.HTTPUnauthorizedError, av.error.HTTPForbiddenError)
SILENT = (av.error.ExitError, av.error.TimeoutError)  # our own limits on waiting end as Exit, the socket's as Timeout
NO_VIDEO = (av.error.InvalidDataError, av.error.DemuxerNotFoundError, av.error.DecoderNotFoundError)


def not_opened(error: av.FFmpegError, name: str) -> DeviceError:
    """Why a camera could not be opened."""
    words = error.strerror or type(error).__name__
    if isinstance(error, LOGIN):
        return DeviceError(
            "V-102", f"{name} refuses name or password", do="Correct `user`, or store the password with mektep secret."
        )
    if isinstance(error, av.error.HTTPError | av.error.HTTPClientError):
        return DeviceError(
            "V-103", f"{name} has no such stream: {words}", do="Take the stream's path from the camera's own page."
        )
    if isinstance(error, SILENT):
        return unreachable(name, "no answer in time")
    if isinstance(error, NO_VIDEO):
        return no_video(name, words)
    return unreachable(name, words)


def broke_off(error: av.FFmpegError, name: str) -> DeviceError:
    """Why an open camera can be read no more."""
    if isinstance(error, SILENT):
        return DeviceError(
            "V-105", f"{name} stalled: it sends nothing", do="Check the cable; restart the camera if it repeats."
        )
    return ended(name, error.strerror or type(error).__name__)
