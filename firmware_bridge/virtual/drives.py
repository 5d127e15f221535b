"""Ten virtual motor controllers: loops, limits, heat, friction, watchdogs and faults.

Each drive closes velocity by PI with acceleration feed-forward, position by P over velocity, or passes effort
through, within the smallest of its own effort limit, the setpoint's and what heat leaves. It has its own
watchdog: a setpoint that outlives its life latches a time-out and the drive ramps down and brakes by itself,
whatever the board does. Drives step with the mechanics at 500 Hz (`loops`).

An axis that a controller of its own serves is *external*: here are its motor and loops only. That controller's
front end (e.g. `virtual.moteus`) writes setpoint, deadline and fault into the axis' record; the board neither
moves nor judges it, but owns the relay that feeds its power stage and its brake.

Efforts have the sign of `robot.messages.Axis`: of a grip the pinch force, of the cable the pull against
pay-out. Both push against the axis' own direction. The mechanics take the grip's push along its axis.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.axes import EFFORT_DIRECTION, WATCHDOG_MS, AxisConfig, config_digest
from firmware_bridge.virtual import loops
from firmware_bridge.virtual.loops import STEP_US
from firmware_bridge.virtual.mechanics import Mechanics
from robot.messages import TRACTION, Axis, AxisFault, AxisMode

_DAMPING = 0.4  # share of the speed error that a bare drive corrects in one step
_INTEGRAL_PER_S = 8.0  # velocity loop: integral over proportional gain
_LOCKING_GAIN = 0.25  # of full effort at full speed error; the gear itself is the damper
_LOCKING_INTEGRAL_PER_S = 120.0
_POSITION_PER_S = 6.0
_LOCKING_POSITION_PER_S = 20.0

# These count from zero when they start; the others are absolute.
_COUNTING = (*TRACTION, Axis.ROTOR, Axis.CABLE)


class DriveBank:
    """The drives of one board.

    Attributes:
        drives: one record an axis.
        effort: what the mechanics get, per axis.
        faulted: whether a drive of the board had a fault in the last step.
        relay: whether external drives have power; without it their brakes fall in.
        now_us: the board's clock after the last step.
        uptime_us: for how long the drives have run, whatever became of the board.
    """

    def __init__(
        self,
        configs: Sequence[AxisConfig],
        mechanics: Mechanics,
        brake_s: float,
        external: Collection[Axis] = (),
    ) -> None:
        self._configs = tuple(configs)
        self._own = [axis for axis in Axis if axis not in external]
        self._mechanics = mechanics
        self._brake_us = round(brake_s * 1e6)
        self._in_force = list(self._configs)
        self._digest = self._digest_of_own()
        self.drives: NDArray[np.void] = np.zeros(len(Axis), loops.DRIVE)
        self.drives["gain"] = 1.0
        self.drives["temperature_c"] = loops.AMBIENT_C
        self.drives["held_us"] = self._brake_us
        self.drives["extrapolate_us"] = loops.EXTRAPOLATE_US
        self.drives["external"] = [axis in external for axis in Axis]
        for axis in Axis:
            self._configure(axis)
        self._flip = np.array([-1.0 if axis == Axis.CABLE else 1.0 for axis in Axis])
        self.effort = np.zeros(len(Axis))
        self.faulted = False
        self.relay = False
        self.now_us = 0
        self.uptime_us = 0
        self._floats = np.zeros((3, len(Axis)))
        self._codes = np.zeros((3, len(Axis)), np.int64)
        mechanics.braked[:] = True

    # ------------------------------------------------------------------ what the board does

    def accept(
        self, values: NDArray[np.float64], modes: NDArray[np.int64], refused: int, now_us: int, life_us: int
    ) -> None:
        """Take setpoints into force.

        Args:
            values: (3, axes): target, feed-forward, effort limit.
            modes: per axis, `AxisMode`.
            refused: bit mask of axes that the board does not let move.
            now_us: the board's clock.
            life_us: time for which they hold.
        """
        loops.accept(self.drives, values, modes, refused, now_us, now_us + life_us)

    def step(self, now_us: int) -> None:
        """Run all loops once and move the mechanics by `STEP_US`."""
        mechanics = self._mechanics
        self.faulted = loops.step(
            self.drives, mechanics.position, mechanics.velocity, mechanics.braked, self.effort, self._flip,
            now_us, self._brake_us, self.relay,
        )  # fmt: skip
        self.now_us = now_us + STEP_US
        self.uptime_us += STEP_US
        mechanics.step(STEP_US * 1e-6, self.effort)

    def stop(self, now_us: int, ramp_us: int) -> None:
        """Controlled stop: all axes ramp down together within `ramp_us`, then brakes go on and power off."""
        loops.stop(self.drives, now_us, ramp_us)

    def set_ramp(self, ramp_us: int) -> None:
        """The ramp with which a drive whose watchdog runs out stops."""
        self.drives["ramp_us"][self._own] = ramp_us

    def power_off(self) -> None:
        """At once, without ramp; the brakes fall in."""
        self.drives["phase"][self._own] = loops.OFF

    def restart_clock(self) -> None:
        """The board's clock begins anew at zero; that of other controllers goes on."""
        for name in ("received_us", "deadline_us", "stop_us"):
            self.drives[name][self.drives["external"]] -= self.now_us
        self.now_us = 0

    def hold_until(self, now_us: int, life_us: int) -> None:
        """Enable every drive with its brake on, to see whether it times out when nothing more comes."""
        for axis in self._own:
            drive = self.drives[axis]
            drive["mode"] = AxisMode.HOLD
            drive["deadline_us"] = now_us + life_us
            drive["phase"] = loops.RUNNING if drive["fault"] == 0 else loops.OFF

    def clear_faults(self) -> None:
        """Clear what is latched; a drive that lost its configuration gets it back, a hot one stays off."""
        for axis in self._own:
            self.clear_fault(axis)
        self.faulted = bool(self.drives["fault"][self._own].any())

    def clear_fault(self, axis: int) -> None:
        """As `clear_faults`, of one axis."""
        drive = self.drives[axis]
        if drive["fault"] == AxisFault.RESET:
            self._configure(axis)
        if drive["temperature_c"] < loops.DERATE_C:
            drive["fault"] = AxisFault.NONE

    def digest(self) -> int:
        """Digest of the configuration that the drives have, not of the one they should have."""
        return self._digest

    def standing(self) -> bool:
        """Whether every drive of the board is off and stands."""
        drives = self.drives[self._own]
        return bool((drives["phase"] == loops.OFF).all() and (np.abs(drives["velocity"]) < 0.01).all())

    def timed_out(self) -> bool:
        """Whether every drive's watchdog has run out."""
        return bool((self.drives["fault"][self._own] == AxisFault.TIMEOUT).all())

    def watchdog_ms(self) -> int:
        """Life time in force in the drives; 0 if one of them has none."""
        return WATCHDOG_MS if self.drives["watchdog"][self._own].all() else 0

    def report(self) -> tuple[list[list[float]], list[list[int]]]:
        """(position, velocity, effort) and (mode, fault, limit reason), each per axis; of external axes the board
        knows nothing."""
        loops.report(self.drives, self._floats, self._codes)
        return self._floats.tolist(), self._codes.tolist()

    # ------------------------------------------------------------------ faults

    def reset(self, axis: int) -> None:
        """The drive restarts: configuration gone, a counting encoder at zero, brake falls in."""
        nothing = AxisConfig(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, self._configs[axis].self_locking)
        self._put_in_force(axis, nothing)
        drive = self.drives[axis]
        drive["effort_max"] = drive["velocity_max"] = drive["force"] = 0.0
        drive["gain"] = 1.0
        drive["offset"] = -self._mechanics.position[axis] if axis in _COUNTING else 0.0
        drive["phase"] = loops.OFF
        drive["fault"] = AxisFault.RESET

    def turn_encoder(self, axis: int, gain: float) -> None:
        """From here on the encoder counts `gain` times what it should; -1 is a wrong sign."""
        drive = self.drives[axis]
        drive["offset"] += (drive["gain"] - gain) * self._mechanics.position[axis]
        drive["gain"] = gain

    def stick_encoder(self, axis: int, stuck: bool) -> None:
        """The encoder's reading stands still, or goes on from where the axis is."""
        self.drives[axis]["stuck"] = stuck

    def watch(self, axis: int, on: bool) -> None:
        """Switch the drive's own watchdog."""
        self.drives[axis]["watchdog"] = on

    def heat(self, axis: int, celsius: float) -> None:
        """The motor is this hot."""
        self.drives[axis]["temperature_c"] = celsius

    def trip(self, axis: int, fault: AxisFault) -> None:
        """The drive finds a fault in itself."""
        self.drives[axis]["fault"] = fault

    def _put_in_force(self, axis: int, config: AxisConfig) -> None:
        self._in_force[axis] = config
        self._digest = self._digest_of_own()

    def _digest_of_own(self) -> int:
        return config_digest(self._in_force[axis] for axis in self._own)

    def _configure(self, axis: int) -> None:
        config = self._configs[axis]
        self._put_in_force(axis, config)
        drive = self.drives[axis]
        for name in (
            "effort_max",
            "velocity_max",
            "low",
            "high",
            "inertia",
            "friction",
            "continuous",
            "thermal_s",
        ):
            drive[name] = getattr(config, name)
        drive["self_locking"] = config.self_locking
        drive["watchdog"] = True
        drive["direction"] = EFFORT_DIRECTION[axis]
        if config.self_locking:
            drive["fade"] = loops.STILL
            drive["kp"] = _LOCKING_GAIN * config.effort_max / config.velocity_max
            drive["ki"] = drive["kp"] * _LOCKING_INTEGRAL_PER_S
            drive["position_gain"] = _LOCKING_POSITION_PER_S
        else:
            drive["fade"] = 2 * config.friction * STEP_US * 1e-6 / config.inertia + loops.STILL
            drive["kp"] = _DAMPING * config.inertia / (STEP_US * 1e-6)
            drive["ki"] = drive["kp"] * _INTEGRAL_PER_S
            drive["position_gain"] = _POSITION_PER_S
