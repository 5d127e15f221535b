"""A board with drives on trivial mechanics, a host driver, and the line between them, in lockstep."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Callable, Collection
from pathlib import Path

import numpy as np
import pytest

import missions
from firmware_bridge.drivers.board import BoardDriver, BoardReadings
from firmware_bridge.ports import MemoryPair, Transport
from firmware_bridge.virtual import board
from firmware_bridge.virtual.board import VirtualBoard
from firmware_bridge.virtual.mechanics import RawSensors
from robot.messages import (
    GRIP,
    Axis,
    AxisMode,
    CommandFrame,
    Estimate,
    Mode,
    Setpoints,
)
from robot.parameters import Parameters
from robot.profile import Profile

TICK_NS = 10_000_000
NAN = float("nan")

_PROFILE_FILE = Path(missions.__file__).parent / "robots" / "r1.toml"
PROFILE = Profile.model_validate(tomllib.loads(_PROFILE_FILE.read_text(encoding="utf-8")))
EFFORTS = tuple(drive.effort_max for drive in PROFILE.drive)


class SpringMass:
    """Every axis a mass of its own; grips, trim and guide follow their push through a viscous gear.

    Brakes hold at once. A grip below 1 mm meets a spring, which is the pinch.
    """

    def __init__(self, profile: Profile) -> None:
        self.position = np.zeros(len(Axis))
        self.velocity = np.zeros(len(Axis))
        self.braked = np.zeros(len(Axis), np.bool_)
        self.position[list(GRIP)] = 0.0008
        self.position[Axis.TRIM] = 0.15
        self.position[Axis.GUIDE] = 0.03
        drives = profile.drive
        self.mass = np.array([drive.inertia + 0.03 for drive in drives])
        self.mass[Axis.ROTOR] = 0.5
        self.locking = np.array([drive.self_locking for drive in drives])
        self.viscous = np.array([drive.effort_max / (2 * drive.velocity_max) for drive in drives])
        self.load = np.zeros(len(Axis))  # constant push along the axis
        self.wheel_load_n = (130.0, 120.0, 130.0)
        self.accel_mps2 = (0.0, 0.0, 9.81)
        self.estop_closed = True
        self.t_s = 0.0

    def step(self, dt_s: float, effort: np.ndarray) -> None:
        self.t_s += dt_s
        push = effort + self.load
        push[Axis.CABLE] = self.load[Axis.CABLE] - effort[Axis.CABLE]
        for axis in GRIP:
            push[axis] += self.pinch_n(axis)
        free = np.where(self.locking, push / self.viscous, self.velocity + dt_s * push / self.mass)
        stands = self.braked | (self.locking & (effort == 0.0))
        self.velocity[:] = np.where(stands, 0.0, free)
        self.position += dt_s * self.velocity

    def pinch_n(self, axis: int) -> float:
        return max(500e3 * (0.001 - float(self.position[axis])), 0.0)

    def sensors(self) -> RawSensors:
        pinch_n = tuple(self.pinch_n(axis) for axis in GRIP)
        return RawSensors(
            odometer_m=1234.56789, rotor_abs_rad=float(self.position[Axis.ROTOR] % (2 * np.pi)),
            pinch_n=pinch_n, wheel_load_n=self.wheel_load_n, dancer_m=0.031, cable_tension_n=9.5,
            guide_switch=0, accel_mps2=self.accel_mps2, gyro_rps=(0.01, 0.02, 0.03), battery_v=50.2,
            battery_a=3.1, battery_used_wh=12.5, estop_closed=self.estop_closed,
        )  # fmt: skip


ESTIMATE = Estimate(
    **{
        f.name: () if f.name in ("slip", "innovation", "features") else 0.0
        for f in dataclasses.fields(Estimate)
    }
)


def setpoints(**axes: tuple[AxisMode, float, float] | tuple[AxisMode, float, float, float]) -> Setpoints:
    """Setpoints by axis name: (mode, target, feed-forward[, limit]); all others hold."""
    mode, target, feedforward, limit = [0] * len(Axis), [0.0] * len(Axis), [0.0] * len(Axis), list(EFFORTS)
    for name, wish in axes.items():
        axis = Axis[name.upper()]
        mode[axis], target[axis], feedforward[axis] = int(wish[0]), wish[1], wish[2]
        if len(wish) > 3:
            limit[axis] = wish[3]
    return Setpoints(tuple(mode), tuple(target), tuple(feedforward), tuple(limit))


HOLD = setpoints()


class Recorder:
    """A port that remembers what was read from it."""

    def __init__(self, port: Transport) -> None:
        self._port = port
        self.heard = b""
        self.write, self.close = port.write, port.close

    def read(self) -> bytes:
        data = self._port.read()
        self.heard += data
        return data


class Rig:
    """Host and board in lockstep; `wrap` may put something between the host and its end of the line."""

    def __init__(
        self,
        wrap: Callable[[Transport], Transport] = lambda port: port,
        profile: Profile = PROFILE,
        external: Collection[Axis] = (),
    ) -> None:
        self.t_ns = 0
        self.wrap = wrap
        self.external = external
        self.power_up(profile, serial_number=1)
        self.driver = BoardDriver(wrap(self.host), PROFILE, Parameters(), external=external)
        self.readings: BoardReadings = self.driver.poll(0)
        self.command = self.frame()

    # what depends on the kind of board

    def power_up(self, profile: Profile, serial_number: int) -> None:
        """A board is switched on, at a line of its own."""
        self.pair = MemoryPair()
        self.host: Transport = self.pair.host
        self.mechanics = SpringMass(profile)
        self.board = VirtualBoard(
            self.pair.device, profile, self.mechanics, serial_number, self.t_ns, self.external
        )

    def unplug(self) -> None:
        self.pair.host.close()

    def plug_in(self) -> None:
        """The same board, at a new line."""
        self.pair = MemoryPair()
        self.host = self.pair.host
        self.board._transport = self.pair.device
        self.board._link.attach(self.pair.device)

    def pretend(self, patch: pytest.MonkeyPatch, layout_digest: int | None = None, protocol: int = 1) -> None:
        """The board says that it was built from something else."""
        patch.setattr(board, "PROTOCOL", protocol)
        if layout_digest is not None:
            self.board._layout_digest = layout_digest

    def let_the_guard_die(self) -> None:
        """The board itself notices nothing any more; what is left are its drives."""
        self.board.permission.tick = lambda *args: None

    def blind(self, axis: int) -> None:
        """This axis' encoder has no reading any more."""
        self.board.drives.drives[axis]["offset"] = NAN

    def hear(self, noise: bytes) -> None:
        """The host hears these bytes."""
        self.pair.device.write(noise)

    def close(self) -> None:
        """Nothing is left behind."""

    # what does not

    def replace_board(self, profile: Profile = PROFILE, serial_number: int = 1) -> None:
        """Another board, just switched on, at the host's end of another line."""
        self.power_up(profile, serial_number)
        self.driver.attach(self.wrap(self.host))

    def replug(self) -> None:
        self.unplug()
        self.plug_in()
        self.driver.attach(self.wrap(self.host))

    def frame(
        self,
        points: Setpoints = HOLD,
        armed: bool = False,
        mode: Mode = Mode.SAFE,
        stop: bool = False,
        reset: bool = False,
        valid_for_ms: int = 150,
    ) -> CommandFrame:
        return CommandFrame(
            t_ns=self.t_ns, seq=0, mode=mode, reason="", armed=armed, stop=stop, reset=reset,
            valid_for_ms=valid_for_ms, setpoints=points, estimate=ESTIMATE,
        )  # fmt: skip

    def tick(self, command: CommandFrame | None = None, silent: bool = False) -> BoardReadings:
        """One period: the board runs, the host reads and answers."""
        self.t_ns += TICK_NS
        self.board.advance(self.t_ns)
        self.readings = self.driver.poll(self.t_ns)
        if command is not None:
            self.command = command
        if not silent:
            self.driver.send(self.t_ns, self.command)
        return self.readings

    def run(self, seconds: float, command: CommandFrame | None = None, silent: bool = False) -> BoardReadings:
        for _ in range(round(seconds * 100)):
            self.tick(command, silent)
        return self.readings

    def connect(self) -> BoardReadings:
        """Hello and the watchdog test."""
        return self.run(0.6, self.frame())

    def arm(self, mode: Mode = Mode.TRAVEL) -> BoardReadings:
        self.connect()
        return self.run(0.2, self.frame(armed=True, mode=mode))
