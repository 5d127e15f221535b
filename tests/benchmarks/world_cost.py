"""What one 10 ms tick of the simulated world costs: five steps, sensors, truth and camera.

Run it as a program: `python -m tests.benchmarks.world_cost`.
"""

from __future__ import annotations

import time

from hil.scenario import Scenario
from hil.world.world import World
from robot.messages import Axis
from tests.hil.world_cases import PROFILE, Bench, make_line

_ROUNDS, _TICKS = 8, 300


def tick_us(start_s_m: float, speed_mps: float) -> float:
    """Best of several rounds, in microseconds, of a robot rolling from `start_s_m` ready to pass a pole."""
    bench = Bench()
    bench.world = World(PROFILE, make_line("jiashan-350m"), Scenario(line="x"), seed=1, start_s_m=start_s_m)
    for axis in (Axis.GRIP_FRONT, Axis.GRIP_MIDDLE, Axis.GRIP_REAR):
        bench.world.position[axis] = PROFILE.carriages.open_m
    bench.world.bodies.qpos[2] = PROFILE.park_rotor_rad
    bench.drive(speed_mps).run(0.5)
    best = float("inf")
    for _ in range(_ROUNDS):
        begin = time.perf_counter()
        for _ in range(_TICKS):
            for _ in range(5):
                bench.world.step(0.002, bench.effort)
            bench.world.sensors()
            bench.world.truth()
            bench.world.camera(round(bench.world.t_s * 1e9))
        best = min(best, (time.perf_counter() - begin) / _TICKS * 1e6)
    return best


if __name__ == "__main__":
    pole_m = next(f.at_m for f in make_line("jiashan-350m").features if f.pole)
    print(f"in a span   {tick_us(pole_m + 8.0, 0.3):6.1f} us a tick")
    print(f"at a pole   {tick_us(pole_m - 1.0, 0.05):6.1f} us a tick")
