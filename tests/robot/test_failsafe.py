"""The failsafe table is complete, says what was promised, and is reacted to as it says."""

from __future__ import annotations

import failsafe_cases
import pytest

from robot.modes.events import EVENTS, Severity
from robot.safety import failsafe


@pytest.mark.parametrize("name", failsafe_cases.FAILSAFE_CASES)
def test_failsafe(name: str) -> None:
    failsafe_cases.FAILSAFE_CASES[name](failsafe)


@pytest.mark.parametrize("name", failsafe.RULES)
def test_a_condition_is_told_as_gravely_as_it_is_acted_on(name: str) -> None:
    gravest = max(failsafe.RULES[name].actions.values())
    expected = {failsafe.Action.STOP: Severity.SAFETY, failsafe.Action.HOLD: Severity.ALARM}
    assert EVENTS[name].severity is expected.get(gravest, Severity.WARNING)
