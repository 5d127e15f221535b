"""What modes and safety cost per tick while nothing is wrong: at most 25 us together on a quiet machine."""

from __future__ import annotations

import sys
import timeit
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "robot"))

import safety_cases as cases

from robot.messages import Mode
from robot.modes.machine import ModeMachine
from robot.modes.monitor import Monitor
from robot.safety import failsafe, gate
from robot.safety.authority import Authority

BUDGET_US = 25.0
NONE = frozenset[str]()


def cost_us(call: Callable[[], object]) -> float:
    return min(timeit.repeat(call, number=5_000, repeat=9)) / 5_000 * 1e6


@pytest.mark.acceptance
def test_a_quiet_tick_stays_within_its_budget() -> None:
    sent = cases.wrapping()
    measured = cases.frame(mode=sent.mode)
    moving = (1.0, 2.0, 3.0, *measured.axes.position[3:])
    measured = replace(measured, axes=replace(measured.axes, position=moving))
    believed, last = cases.estimate(speed_mps=0.4), cases.command(sent)
    monitor, machine, authority = Monitor(cases.PROFILE, cases.PARAMETERS), ModeMachine(), Authority()
    bounds = gate.Bounds.of(cases.PROFILE, cases.PARAMETERS)
    costs = {
        "authority": cost_us(lambda: (authority.accept((), 0), authority.silent(Mode.WRAP, 0))),
        "monitor": cost_us(lambda: monitor.update(measured, believed, NONE, last, Mode.WRAP)),
        "failsafe": cost_us(lambda: failsafe.react(Mode.WRAP, NONE, True, 0, None)),
        "machine": cost_us(lambda: machine.choose(False, failsafe.QUIET, None, None)),
        "gate": cost_us(lambda: gate.check(Mode.WRAP, sent, sent, measured, bounds, cases.DT_S)),
    }
    print({name: round(cost, 1) for name, cost in costs.items()})
    assert sum(costs.values()) <= BUDGET_US
