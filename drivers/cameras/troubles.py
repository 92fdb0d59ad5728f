"""The troubles of cameras that we notice ourselves, in codes and instructions."""

from __future__ import annotations

from drivers.errors import DeviceError


def unreachable(name: str, why: str) -> DeviceError:
    return DeviceError("V-101", f"no way to {name}: {why}", do="Check the camera's power, its cable and the address.")


def no_video(name: str, why: str) -> DeviceError:
    return DeviceError(
        "V-107", f"{name} sends no video that can be read: {why}", do="Set the camera to H.264 or H.265."
    )


def blind(name: str, seconds: float) -> DeviceError:
    return DeviceError(
        "V-104",
        f"{name} is open, but gave no picture within {seconds:.0f} s",
        do="Restart the camera; set its keyframe interval to 1 or 2 seconds.",
    )


def unreadable(name: str, seconds: float) -> DeviceError:
    return DeviceError(
        "V-106",
        f"{name} sends, but no whole picture for {seconds:.0f} s",
        do="Check the cable and the network; set the keyframe interval to 1 or 2 seconds.",
    )


def ended(name: str, why: str = "") -> DeviceError:
    return DeviceError(
        "V-109", f"{name} ended the stream" + (f": {why}" if why else ""), do="Nothing; the agent opens it again."
    )


def no_still(name: str) -> DeviceError:
    return DeviceError(
        "V-112", f"{name} has no picture to give now", do="Look at `mektep camera list`; then ask again."
    )
