"""The gate lets through what is allowed, clips what is too much and drops the rest."""

from __future__ import annotations

import gate_cases
import pytest

from robot.safety import gate, support


@pytest.mark.parametrize("name", gate_cases.GATE_CASES)
def test_gate(name: str) -> None:
    gate_cases.GATE_CASES[name](gate)


@pytest.mark.parametrize("name", gate_cases.SUPPORT_CASES)
def test_support(name: str) -> None:
    gate_cases.SUPPORT_CASES[name](support)
