"""Driving over a bad line: one row of `SOAKS` makes a protocol known here, and nothing below knows one.

Ten minutes of robot time for each under `-m acceptance`, some seconds in every run of the suite.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import pytest
from board_rig import PROFILE, Rig, setpoints
from fleet_rig import FleetRig
from noise import HARSH, MILD, QUIET, Noise, NoisyLine

from firmware_bridge.ports import Transport
from missions.files import read_drives
from robot.messages import TRACTION, Axis, AxisMode, CommandFrame, Mode

SOAKS: dict[str, str | None] = {
    "board": None,
    "moteus": "moteus",
    "vesc": "mixed",
}  # drives file; None = none
FASTEST, SLOWEST, ACCEL = 6.0, 0.6, 5.0  # of the wheels, rad/s and per s
STOPPED_NS = 1_500_000_000  # by then whoever may not move stands
LEVELS = {"1e-4": MILD, "1e-3": HARSH}


class Drive:
    """Somebody drives: wheels to and fro, rotor and trim along, the cable pulled. After a stop he resets and arms
    again, as an operator would who does not give up."""

    def __init__(self, rig: Rig, seed: int) -> None:
        self.rig = rig
        self._rng = random.Random(seed)
        self.speed = self._goal = 0.0
        self._until_s = 0.0
        self._again_ns = 0
        self._armed = False
        self._rotor = self._since_s = 0.0
        self.stops = 0
        self.ticks = self.driven = 0

    def tick(self) -> None:
        rig = self.rig
        rig.tick(self._command())
        readings = rig.readings
        permitted = readings.safety.permitted
        self.ticks += 1
        self.driven += permitted
        if self._armed and rig.t_ns > self._again_ns and not permitted:
            self.stops += 1
            self._armed = False
            self._again_ns = rig.t_ns + 1_500_000_000

    def _command(self) -> CommandFrame:
        rig, readings = self.rig, self.rig.readings
        if not self._armed:
            self.speed = 0.0
            resets = self._again_ns - 500_000_000 < rig.t_ns < self._again_ns - 300_000_000
            if rig.t_ns < self._again_ns or not self._may_arm():
                return rig.frame(reset=resets)
            self._armed = True
            self._rotor, self._since_s = readings.axes.position[Axis.ROTOR], rig.t_ns * 1e-9
            self._again_ns = rig.t_ns + 500_000_000
        return rig.frame(self._points(), armed=True, mode=Mode.WRAP)

    def _may_arm(self) -> bool:
        """What the robot's own arming asks for."""
        readings = self.rig.readings
        safety, faults = readings.safety, any(readings.axes.fault)
        ready = readings.link.identity_ok and safety.watchdog_seen and not safety.latched_stop and not faults
        if not ready and self.rig.t_ns > self._again_ns + 1_500_000_000:
            self._again_ns = self.rig.t_ns + 1_500_000_000  # once more, with a reset
        return ready

    def _points(self):
        t_s = self.rig.t_ns * 1e-9
        if t_s > self._until_s:
            self._until_s = t_s + self._rng.uniform(1.0, 4.0)
            self._goal = math.copysign(self._rng.uniform(SLOWEST, FASTEST), self._rng.random() - 0.3)
        step = ACCEL * 0.01
        self.speed += min(max(self._goal - self.speed, -step), step)
        moving = {axis.name.lower(): (AxisMode.VELOCITY, self.speed, 0.0) for axis in TRACTION}
        rotor = self._rotor + math.sin(0.5 * (t_s - self._since_s))  # on from where it is, as the robot does
        return setpoints(
            **moving, rotor=(AxisMode.POSITION, rotor, 0.0), cable=(AxisMode.EFFORT, 10.0, 0.0),
            trim=(AxisMode.POSITION, 0.15 + 0.02 * math.sin(0.1 * t_s), 0.0),
        )  # fmt: skip


@dataclass
class Truth:
    """What really happened, held against what was read and what was allowed."""

    rig: Rig

    def __post_init__(self) -> None:
        self._history: list[tuple] = []  # by tick: places and speeds
        self._forbidden_ns = 0  # since when nothing may move
        low, high = PROFILE.trim.center_r_m
        self._trim = low - 0.005, high + 0.005

    def check(self, drive: Drive) -> None:
        rig, mechanics = self.rig, self.rig.mechanics
        self._history.append((mechanics.position.copy(), mechanics.velocity.copy()))
        speeds = mechanics.velocity[list(TRACTION)]
        assert max(abs(speeds)) <= 1.15 * FASTEST, "faster than anybody ever asked"
        assert abs(mechanics.velocity[Axis.ROTOR]) <= PROFILE.drive[Axis.ROTOR].velocity_max
        assert self._trim[0] <= mechanics.position[Axis.TRIM] <= self._trim[1]
        permitted = rig.board.permission.permitted
        self._forbidden_ns = 0 if permitted else self._forbidden_ns or rig.t_ns
        if self._forbidden_ns and rig.t_ns - self._forbidden_ns > STOPPED_NS:
            assert max(abs(speeds)) < 0.05, "moves without permission"
        self._check_readings()

    def _check_readings(self) -> None:
        axes = self.rig.readings.axes
        for axis in (*TRACTION, Axis.ROTOR):
            t_ns = self._stamp_ns(axis)
            if t_ns == 0 or math.isnan(axes.position[axis]):
                continue
            at = t_ns // 10_000_000 - 1
            window = self._history[max(at - 3, 0) :]  # it was taken after its stamp, and before now
            places = [float(position[axis]) for position, _ in window]
            speeds = [float(velocity[axis]) for _, velocity in window]
            assert min(places) - 0.1 <= axes.position[axis] <= max(places) + 0.1, (axis, at)
            assert min(speeds) - 0.8 <= axes.velocity[axis] <= max(speeds) + 0.8, (axis, at)

    def _stamp_ns(self, axis: Axis) -> int:
        if isinstance(self.rig, FleetRig) and axis in self.rig.bus.axes:
            return self.rig.axis(axis).state.t_ns
        return (
            self.rig.driver._board._axes.t_ns
            if isinstance(self.rig, FleetRig)
            else self.rig.readings.axes.t_ns
        )


def soak(protocol: str, noise: Noise, seconds: float, seed: int = 5) -> Drive:
    """Drive for so long with noise, then without; everything but the number of stops is checked here."""
    line: list[NoisyLine] = []

    def wrap(transport: Transport) -> Transport:
        line.append(NoisyLine(transport, lambda: rig.t_ns if line[0].noise else 0, seed))
        return line[0]

    file = SOAKS[protocol]
    rig: Rig = Rig(wrap) if file is None else FleetRig(read_drives(file), wrap)
    rig.mechanics.load[Axis.CABLE] = 10.0
    drive, truth = Drive(rig, seed), Truth(rig)

    def run(seconds: float) -> None:
        for _ in range(round(seconds * 100)):
            drive.tick()
            truth.check(drive)

    run(3.0)
    assert drive.stops == 0
    assert rig.readings.safety.permitted
    line[0].noise = noise
    run(seconds)
    stops, driven, bad = drive.stops, drive.driven / drive.ticks, rig.readings.link.frames_bad
    lost = rig.readings.link.frames_lost
    line[0].noise = QUIET
    run(8.0)
    assert rig.readings.safety.permitted, "does not recover"
    assert drive.stops <= stops + 1
    for axis in TRACTION:
        assert rig.readings.axes.velocity[axis] == pytest.approx(drive.speed, abs=1.0)
    print(
        f"\n{protocol}: {noise.flips:g}/byte for {seconds:.0f} s: {stops} stops, permitted {100 * driven:.1f} % of the"
        f" time, {bad} frames dropped, {lost} lost"
    )
    drive.stops = stops
    return drive


@pytest.mark.parametrize("protocol", SOAKS)
@pytest.mark.parametrize("level", LEVELS)
def test_a_bad_line_moves_nothing_that_was_not_asked_for(protocol: str, level: str):
    drive = soak(protocol, LEVELS[level], 12.0)
    if level == "1e-4":
        assert drive.stops == 0


@pytest.mark.acceptance
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("protocol", SOAKS)
@pytest.mark.parametrize("level", LEVELS)
def test_ten_minutes_on_a_bad_line(protocol: str, level: str):
    drive = soak(protocol, LEVELS[level], 600.0, seed=11)
    if level == "1e-4":
        assert drive.stops == 0
