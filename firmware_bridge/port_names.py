"""What a port is called: by its place (`/dev/ttyACM0`), by a link (`/dev/serial/by-id/...`), by its device.

A device's name is `VID:PID:SERIAL`, such as `0403:6015:DK0FCZXT`: what its USB descriptor says, which stays the same
wherever it is plugged in. Addresses with `://` are passed on as they are.
"""

from __future__ import annotations

import os
import re

from serial.tools import list_ports

from firmware_bridge.ports import PortError

_DEVICE = re.compile(r"([0-9A-Fa-f]{4}):([0-9A-Fa-f]{4}):([^/]+)")


def path_of(name: str) -> str:
    """What to open.

    Raises:
        PortError: no device, or more than one, has this name.
    """
    wanted = _DEVICE.fullmatch(name)
    if wanted is None:
        return name
    here: dict[str, str] = {
        info.device: _name(info) for info in list_ports.comports() if info.vid is not None
    }
    paths = [path for path, its in here.items() if its.lower() == name.lower()]
    if not paths:
        told = ", ".join(sorted(here.values())) or "none"
        raise PortError(f"port {name}: no such device; connected: {told}")
    if len(paths) > 1:
        raise PortError(f"port {name}: {', '.join(paths)} all have this name; unplug all but one")
    return paths[0]


def device_at(path: str) -> str:
    """The name of the device that is at this path now; empty if it has no serial number."""
    if "://" in path:
        return ""
    place = os.path.realpath(path)
    for info in list_ports.comports():
        if info.serial_number and os.path.realpath(info.device) == place:
            return _name(info)
    return ""


def _name(info: list_ports.ListPortInfo) -> str:
    return f"{info.vid or 0:04x}:{info.pid or 0:04x}:{info.serial_number or ''}"
