"""How the console's computer is."""

from __future__ import annotations

import os
import platform
import shutil
import time
from importlib import metadata
from pathlib import Path
from typing import Any

_THERMAL = Path("/sys/class/thermal")
_PACKAGES = ("silkline", "starlette", "uvicorn", "websockets", "numpy", "mujoco")


def health(home: Path, started_s: float) -> dict[str, Any]:
    """Versions, load, memory, disk, temperatures and clock.

    Args:
        started_s: when the server began, monotonic.
    """
    disk = shutil.disk_usage(home)
    return {
        "versions": {"python": platform.python_version(), **{name: _version(name) for name in _PACKAGES}},
        "load": [round(value, 2) for value in os.getloadavg()],
        "cores": os.cpu_count(),
        "server_up_s": round(time.monotonic() - started_s),
        "server_mb": _resident_mb(),
        "disk": {"free_gb": round(disk.free / 1e9, 1), "total_gb": round(disk.total / 1e9, 1)},
        "temperatures_c": _temperatures(),
        "clock": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _resident_mb() -> float | None:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)


def _temperatures() -> dict[str, float]:
    found = {}
    for zone in sorted(_THERMAL.glob("thermal_zone*")):
        try:
            name = (zone / "type").read_text().strip()
            found[name] = round(int((zone / "temp").read_text()) / 1000, 1)
        except (OSError, ValueError):
            continue
    return found
