"""Options of the whole suite, and compiled code that is never older than its source."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def pytest_configure(config: pytest.Config) -> None:
    """Numba does not see that a function has changed that a cached one calls from another module: what was compiled
    before the newest compiled module of its room was written is thrown away."""
    for room in ("robot", "firmware_bridge", "hil"):
        sources = [path for path in (ROOT / room).rglob("*.py") if "njit" in path.read_text(encoding="utf-8")]
        newest_s = max((path.stat().st_mtime for path in sources), default=0.0)
        for cache in (ROOT / room).rglob("__pycache__/*.nb[ic]"):
            if cache.stat().st_mtime < newest_s:
                cache.unlink(missing_ok=True)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("fault matrix")
    group.addoption("--fault", type=int, help="only this row of the fault matrix")
    group.addoption("--mode", type=str.upper, help="only this mode of the robot")
