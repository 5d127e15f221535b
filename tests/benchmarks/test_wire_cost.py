"""What both ends of the wire cost per tick, with all drive loops and without the mechanics."""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent.parent / "firmware_bridge"))
from board_rig import TICK_NS, Rig, setpoints

from robot.messages import AxisMode, Mode

TICKS = 5000
BUDGET_US = 70.0

WRAPPING = setpoints(
    **{f"traction_{where}": (AxisMode.VELOCITY, 8.0, 0.0) for where in ("front", "middle", "rear")},
    **{f"grip_{where}": (AxisMode.POSITION, 0.0, 0.0, 100.0) for where in ("front", "middle", "rear")},
    rotor=(AxisMode.POSITION, 1.0, 0.0),
    cable=(AxisMode.EFFORT, 10.0, 0.0),
    trim=(AxisMode.POSITION, 0.10, 0.0),
    guide=(AxisMode.POSITION, 0.02, 0.0),
)


@pytest.mark.acceptance
def test_both_ends_of_the_wire_fit_their_budget():
    rig = Rig()
    rig.arm(Mode.WRAP)
    raw = rig.mechanics.sensors()
    rig.mechanics.sensors = lambda: raw
    rig.mechanics.step = lambda dt_s, effort: None
    command = rig.frame(WRAPPING, armed=True, mode=Mode.WRAP)
    parts = {
        "board, drives": lambda: rig.board.advance(rig.t_ns),
        "host in": lambda: rig.driver.poll(rig.t_ns),
        "host out": lambda: rig.driver.send(rig.t_ns, command),
    }
    took_us: dict[str, list[float]] = {name: [] for name in parts}
    for _ in range(TICKS):
        rig.t_ns += TICK_NS
        for name, part in parts.items():
            began = time.perf_counter_ns()
            part()
            took_us[name].append((time.perf_counter_ns() - began) / 1000)
    assert rig.driver.poll(rig.t_ns).safety.permitted
    medians = {name: statistics.median(times) for name, times in took_us.items()}
    for name, median in medians.items():
        print(f"{name:15s} {median:6.1f} us")
    assert sum(medians.values()) < BUDGET_US
