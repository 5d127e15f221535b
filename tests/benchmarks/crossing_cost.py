"""What planning costs: one pole with ties, arm and an indicator, and a line of 10 km with 200 poles.

Run it as a program: `python -m tests.benchmarks.crossing_cost`. CPU time of one core; nothing is planned before.
"""

from __future__ import annotations

import math
import statistics
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "robot"))
from crossing_cases import PROFILE, long_line, planned

from robot.crossing import envelope, planner
from robot.crossing.along import plan_line
from robot.crossing.stance import Context, CrossingPlan
from robot.line.line import LoadedLine

ROUNDS, POLES = 15, 200
TARGET_POLE_S, TARGET_LINE_S = 0.3, 5.0


def pole_s(fresh: bool) -> float:
    """Median of several situations that all differ; `fresh`: no distance is known from the one before."""
    taken = []
    for i in range(ROUNDS):
        planner._answer.cache_clear()
        if fresh:
            envelope._sector_gap_m.cache_clear()
        context = Context(kink_rad=math.radians(6 + 0.1 * i))
        begin = time.process_time()
        planned(("pin-10", 0.0), ("fault-indicator", 0.5 + 0.1 * i), context=context)
        taken.append(time.process_time() - begin)
    return statistics.median(taken)


def line_s() -> tuple[float, float, int]:
    """Time of the crossings, of the line's mechanics before, and how many plans were made."""
    line = long_line(POLES, feature_every=3)
    coil_kg = line.cable_loaded_m * line.cable.mass_kg_per_m
    begin = time.process_time()
    loaded = LoadedLine(line, PROFILE.mass_kg(coil_kg), 20.0, PROFILE.carriages.s_m)
    between = time.process_time()
    planner._answer.cache_clear()
    crossings = plan_line(PROFILE, line, loaded)
    assert all(isinstance(c.answer, CrossingPlan) for c in crossings)
    return time.process_time() - between, between - begin, planner._answer.cache_info().misses


if __name__ == "__main__":
    print(
        f"pole with ties, arm, indicator   {pole_s(fresh=False):6.3f} s median, first {pole_s(fresh=True):.3f} s "
        f"(target {TARGET_POLE_S:g} s)"
    )
    crossings_s, shape_s, plans = line_s()
    print(
        f"10 km, {POLES} poles                {crossings_s:6.3f} s for {plans} plans, "
        f"mechanics {shape_s:.3f} s before (target {TARGET_LINE_S:g} s)"
    )
