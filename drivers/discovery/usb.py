"""What USB says of a device: walks up in /sys from the device to the one that has an idVendor. No library needed.

Shape   sys/bus/usb/devices/1-1.2/{idVendor,idProduct,serial,manufacturer,product}, interfaces 1-1.2:1.0 below it.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from drivers.discovery.found import printable
from drivers.discovery.kernel_files import inside, text

UP_MOST = 12


class Usb(msgspec.Struct, frozen=True):
    """A USB device by its own words."""

    id: str  # vendor and product, "0403:6001"
    serial: str
    maker: str
    product: str
    path: str  # where it is plugged in, "1-1.2"

    @property
    def words(self) -> str:
        """Product and maker as people read them."""
        maker = self.maker if self.maker and not self.product.startswith(self.maker) else ""
        return printable(f"{self.product or self.id} {f'({maker})' if maker else ''}".strip())


def above(device: Path, sys: Path) -> Usb | None:
    """The USB device to which a device of /sys belongs; None if it is not on USB."""
    here = Path(os.path.realpath(device))
    for _ in range(UP_MOST):
        if (here / "idVendor").is_file():
            return read(here)
        if here in (here.parent, sys):
            return None
        here = here.parent
    return None


def devices(sys: Path) -> list[Path]:
    """All USB devices, without hubs' interfaces."""
    return [path for path in inside(sys / "bus/usb/devices") if (path / "idVendor").is_file()]


def read(device: Path) -> Usb:
    vendor, product = word(device / "idVendor").lower(), word(device / "idProduct").lower()
    return Usb(
        f"{vendor}:{product}",
        word(device / "serial"),
        word(device / "manufacturer"),
        word(device / "product"),
        Path(os.path.realpath(device)).name,
    )


def word(path: Path) -> str:
    """One line of /sys; empty if it is not there."""
    return printable(text(path).strip())
