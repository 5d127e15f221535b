"""How a CiA 402 drive is brought to do what is wished: its targets, its mode, and the way through its states."""

from __future__ import annotations

from collections.abc import Mapping

from firmware_bridge.axes import EFFORT_DIRECTION, AxisConfig
from firmware_bridge.drivers import cia402_codes as codes
from firmware_bridge.drivers.axis import AxisSetpoint
from firmware_bridge.drivers.cia402_feedback import Feedback, Report
from firmware_bridge.drivers.cia402_frames import Commands, Frame
from robot.messages import Axis, AxisMode

_STILL = 0.02  # of its largest speed: counts as standing
Frames = list[Frame]


class Motion:
    """Frames to one drive, by what it last said. A controlword is among them only until the drive shows that it obeys.

    Args:
        turns, torque: its turns and N m per unit and effort of the axis.
        modes: of operation, for each of ours that it can do.
        rated: torque that it may always have, N m.
    """

    def __init__(
        self, axis: Axis, config: AxisConfig, turns: float, torque: float, feedback: Feedback,
        commands: Commands, modes: Mapping[AxisMode, int], rated: float,
    ) -> None:  # fmt: skip
        self._config, self._turns, self._torque = config, turns, torque
        self._direction = EFFORT_DIRECTION[axis]
        self._feedback, self._commands, self.modes = feedback, commands, modes
        self._torque_max = min(config.effort_max * abs(torque), rated)
        self._mode_code = modes.get(AxisMode.VELOCITY, 0)
        self._edge = False
        self._pull: Frames = []  # that it had last

    def in_force(self, mode: AxisMode) -> bool:
        last = self._feedback.last
        return last is not None and last.state == codes.ENABLED and last.mode == self.modes.get(mode)

    def wish(self, wish: AxisSetpoint, last: Report) -> Frames:
        """Carry out a wish other than to hold; it begins where it is (promise S23)."""
        begun, limit = self.in_force(wish.mode), wish.limit * abs(self._torque)
        if wish.mode == AxisMode.VELOCITY:
            speed = wish.target * self._turns if begun else last.velocity
            ahead = self._config.inertia * wish.feedforward * self._torque
            return self._drive(wish.mode, [self._commands.velocity(speed, ahead, limit)], last)
        if wish.mode == AxisMode.POSITION:
            place = wish.target * self._turns if begun else last.position
            speed = wish.feedforward * self._turns if begun else 0.0
            targets = [self._commands.position(place, speed), self._commands.torque(0.0, limit)]
            return self._drive(wish.mode, targets, last)
        self._pull = [self._commands.torque(self._direction * wish.target * self._torque, limit)]
        return self.keep_pulling(last)

    def keep_pulling(self, last: Report) -> Frames:
        """As last wished."""
        return self._drive(AxisMode.EFFORT, [*self._pull], last)

    def turn(self, speed: float, last: Report) -> Frames:
        """At this speed of the motor, with all that it has."""
        return self._drive(AxisMode.VELOCITY, [self._commands.velocity(speed, 0.0, self._torque_max)], last)

    def hold(self, last: Report) -> Frames:
        """Not enabled, so that its brake is on; it holds until that has fallen in."""
        return self._control(codes.TO_HELD.get(last.state))

    def off(self, last: Report, *, is_old: bool) -> Frames:
        """Stopped by its own ramp, then without power; nothing if it has none."""
        standing = abs(last.velocity) < _STILL * self._config.velocity_max * abs(self._turns)
        if is_old or (last.state == codes.ENABLED and not standing):
            return self._control(codes.QUICKLY_STOP)
        if last.state == codes.QUICK_STOP and not standing:
            return []
        return self._control(codes.TO_OFF.get(last.state))

    def reset_fault(self) -> Frames:
        """By a rising edge: every other time there is one."""
        self._edge = not self._edge
        return self._control(codes.DISABLE_VOLTAGE if self._edge else codes.RESET_FAULT)

    def _drive(self, mode: AxisMode, targets: Frames, last: Report) -> Frames:
        """Targets, and what brings the mode into force."""
        self._mode_code = self.modes.get(mode, self._mode_code)
        if not self.in_force(mode):
            word = codes.ENABLE if last.state == codes.ENABLED else codes.TO_ENABLED.get(last.state)
            targets += self._control(word)
        return [target for target in targets if target[1]]

    def _control(self, word: int | None) -> Frames:
        return [] if word is None else [self._commands.control(word, self._mode_code)]
