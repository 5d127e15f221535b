"""What must hold while a fault acts: rules for every tick of every cell, and rules of single rows.

The limits are taken from the profile alone, so that gate and board are not judged by themselves.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence

from missions.clock import TICK_NS
from robot.messages import GRIP, TRACTION, Axis, AxisMode, CommandFrame, Mode, StopCause
from robot.parameters import Parameters
from robot.profile import Profile
from tests.faults.rig import Rig, Tick

Check = Callable[[Rig, Sequence[Tick]], str]  # what is wrong, "" = nothing; ticks from before the fault on

AT_REST_MPS = 0.005
_BOARD_NS = 250_000_000  # for the board to let go of the drives
_LIFE_TICKS = 18  # a setpoint lives for 150 ms, a self-locking drive then stands at once
_SMALL = 1e-9


class Limits:
    """What no command may exceed and no robot may do, whatever breaks."""

    def __init__(self, profile: Profile, parameters: Parameters) -> None:
        self._parameters = parameters
        self._speed_mps = profile.limits.speed_max_mps
        drives = profile.drive
        self._velocity = [drive.velocity_max for drive in drives]
        for axis in TRACTION:
            self._velocity[axis] = self._speed_mps / profile.carriages.wheel_radius_m
        self._velocity[Axis.ROTOR] = profile.rotor.speed_max_rpm * 2 * math.pi / 60
        self._effort = [drive.effort_max for drive in drives]
        self._range = dict.fromkeys(map(int, GRIP), (profile.carriages.clamped_m, profile.carriages.lifted_m))
        self._range[Axis.TRIM] = profile.trim.center_r_m
        self._range[Axis.GUIDE] = (profile.guide.out_m, profile.guide.retracted_m)

    def problems(self, tick: Tick) -> Iterator[str]:
        """What is wrong in this tick."""
        yield from self._of_command(tick.command)
        truth = tick.truth
        if abs(truth.speed_mps) > self._speed_mps:
            yield f"speed {truth.speed_mps:.2f} m/s"
        if not truth.held:
            yield "the robot is not held"

    def _of_command(self, command: CommandFrame) -> Iterator[str]:
        points = command.setpoints
        for axis in Axis:
            values = points.target[axis], points.feedforward[axis], points.limit[axis]
            if not all(map(math.isfinite, values)):
                yield f"{axis.name}: not finite"
            elif not self._axis_is_inside(axis, points.mode[axis], *values):
                yield f"{axis.name}: {AxisMode(points.mode[axis]).name} {values} is outside its limits"
        if not 0 < command.valid_for_ms <= 150:
            yield f"setpoints live {command.valid_for_ms} ms"
        if command.mode in (Mode.SAFE, Mode.STOPPED) and command.armed:
            yield f"armed in {command.mode.value}"

    def _axis_is_inside(self, axis: int, mode: int, target: float, feedforward: float, limit: float) -> bool:
        top = self._velocity[axis] + _SMALL
        if not 0.0 <= limit <= self._effort[axis]:
            return False
        if mode == AxisMode.VELOCITY:
            return abs(target) <= top
        if mode == AxisMode.POSITION:
            low, high = self._range.get(axis, (-math.inf, math.inf))
            return low <= target <= high and abs(feedforward) <= top
        return abs(target) <= self._effort[axis]


# ---------------------------------------------------------------- rules of single rows


def board_lets_go(rig: Rig, ticks: Sequence[Tick]) -> str:
    """The board's and the drives' own watchdogs have ended all motion, whatever the host does."""
    board = rig.plant.board
    return "the board still permits motion" if board.permission.permitted else ""


def comes_to_rest(rig: Rig, ticks: Sequence[Tick]) -> str:
    truth = rig.plant.truth
    return f"still moves at {truth.speed_mps:.3f} m/s" if abs(truth.speed_mps) > AT_REST_MPS else ""


def board_noticed_first(rig: Rig, ticks: Sequence[Tick]) -> str:
    """Something that is not the loop has noticed the stall: the board's watchdog."""
    if ticks[0].command.armed and ticks[1].frame.safety.stop_cause != StopCause.WATCHDOG:
        return f"the board's stop is {StopCause(ticks[1].frame.safety.stop_cause).name}"
    return ""


def board_is_told(rig: Rig, ticks: Sequence[Tick]) -> str:
    """Stop is sent in the tick of the failure, with every axis on its brake."""
    command = ticks[1].command
    closed = all(mode == AxisMode.HOLD for mode in command.setpoints.mode)
    return "" if command.stop and closed else "no stop was sent"


def next_frame_is_taken(rig: Rig, ticks: Sequence[Tick]) -> str:
    """Two ticks after the cut-off frame the feedback is as fresh as ever, and something was counted as bad."""
    frame = ticks[3].frame
    if frame.t_ns - frame.axes.t_ns > TICK_NS:
        return f"feedback is {(frame.t_ns - frame.axes.t_ns) / 1e6:.0f} ms old"
    before = ticks[0].frame.link
    return "" if frame.link.frames_bad > before.frames_bad else "the cut-off frame was not counted"


def old_frames_are_dropped(rig: Rig, ticks: Sequence[Tick]) -> str:
    """The board's clock never runs backwards in what is used, and what was dropped is counted."""
    stamps = [tick.frame.axes.device_us for tick in ticks]
    if any(b < a for a, b in itertools.pairwise(stamps)):
        return "an old frame was used as new"
    first, last = ticks[0].frame.link, ticks[-1].frame.link
    counted = last.frames_bad > first.frames_bad or last.frames_lost > first.frames_lost
    return "" if counted else "nothing was counted"


def feedback_is_fresh(rig: Rig, ticks: Sequence[Tick]) -> str:
    """The loop goes on as if nothing were the matter."""
    oldest_ns = max(tick.frame.t_ns - tick.frame.axes.t_ns for tick in ticks)
    return "" if oldest_ns <= 2 * TICK_NS else f"feedback was {oldest_ns / 1e6:.0f} ms old"


def slows_down(rig: Rig, ticks: Sequence[Tick]) -> str:
    """A robot that was fast is slower after a second."""
    before, after = abs(ticks[0].truth.speed_mps), abs(ticks[-1].truth.speed_mps)
    fast = before > 1.1 * rig.job.parameters.degraded_speed_mps
    return f"{before:.2f} m/s became {after:.2f}" if fast and after > before - 0.05 else ""


def warned_of_heat(rig: Rig, ticks: Sequence[Tick]) -> str:
    """The warning comes before the stop, where the hot drive is in use."""
    names = [event.id for tick in ticks[1:] for event in tick.command.events]
    used = ticks[0].frame.axes.mode[Axis.TRACTION_MIDDLE] == AxisMode.VELOCITY
    return "no warning" if used and names[:1] != ["drive_hot"] else ""


def no_crossing_begins(rig: Rig, ticks: Sequence[Tick]) -> str:
    return "it crosses" if any(tick.command.mode is Mode.CROSSING for tick in ticks) else ""


def no_reverse(rig: Rig, ticks: Sequence[Tick]) -> str:
    """Nothing drives the robot back onto its cable."""
    places = [tick.truth.s_m for tick in ticks]
    back_m = max(places) - places[-1]
    return f"{back_m * 1000:.0f} mm back" if back_m > 0.03 else ""


def tension_is_held(rig: Rig, ticks: Sequence[Tick]) -> str:
    tension_n, wanted_n = rig.plant.truth.tension_n, rig.job.line.tension_n
    return f"tension is {tension_n:.1f} N" if tension_n < 0.5 * wanted_n else ""


def nothing_is_released(rig: Rig, ticks: Sequence[Tick]) -> str:
    """Once setpoints cannot live any more, no carriage moves away from the conductor."""
    begun = next((i for i, t in enumerate(ticks) if t.command.mode in (Mode.HOLD, Mode.STOPPED)), 0)
    first, last = ticks[min(begun + _LIFE_TICKS, len(ticks) - 1)].truth, ticks[-1].truth
    moved_m = max(b - a for a, b in zip(first.grip_m, last.grip_m, strict=True))
    return f"a carriage opened by {moved_m * 1000:.1f} mm" if moved_m > 0.002 else ""


def starts_from_rest(rig: Rig, ticks: Sequence[Tick]) -> str:
    """The first setpoints of the mode begin where the robot is, with speed zero."""
    command, frame = ticks[1].command, ticks[1].frame
    points = command.setpoints
    step_mps = rig.job.parameters.travel_accel_mps2 * TICK_NS * 1e-9
    radius_m = rig.job.profile.carriages.wheel_radius_m
    for axis in TRACTION:
        if points.mode[axis] == AxisMode.VELOCITY and abs(points.target[axis]) * radius_m > step_mps + _SMALL:
            return f"{axis.name} starts at {points.target[axis]:.2f} rad/s"
    off_rad = points.target[Axis.ROTOR] - frame.axes.position[Axis.ROTOR]
    if points.mode[Axis.ROTOR] == AxisMode.POSITION and abs(off_rad) > math.radians(2.0):
        return f"the rotor starts {math.degrees(off_rad):.0f} degrees away"
    return ""
