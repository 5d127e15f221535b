"""Options of the whole suite."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("fault matrix")
    group.addoption("--fault", type=int, help="only this row of the fault matrix")
    group.addoption("--mode", type=str.upper, help="only this mode of the robot")
