"""The bridge board and the controllers beside it, as one robot's wire.

The board keeps what is its own: IMU, load cells, switches, safety chain and permission. The axes that it does not
serve are moved only while the host is armed, the board permits motion, everybody is who he should be and all feedback
is fresh. What has once been stopped stays so until the host has been seen unarmed (promise S7).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from firmware_bridge.axes import RAMP_MS
from firmware_bridge.drivers.axis import AxisDriver, AxisSetpoint, Bus
from firmware_bridge.drivers.board import BoardDriver, BoardReadings
from robot.messages import Axis, AxisFault, AxisMode, AxisStates, CommandFrame, Mode, SafetyStatus
from robot.messages import Link as LinkHealth

_MS = 1_000_000
_MUTE_NS = 100 * _MS  # feedback of any axis older than this: none is moved (promise S4)
_GONE_NS = 500 * _MS  # older than this: not connected
_TEST_NS = 400 * _MS  # for a watchdog test
_TESTS = 3  # attempts before it waits for a reset


class Fleet:
    """Board and buses; `poll` and `send` as the board's own driver has them."""

    def __init__(self, board: BoardDriver, buses: Sequence[Bus]) -> None:
        self._board, self._buses = board, tuple(buses)
        self._drivers: dict[Axis, AxisDriver] = {a: d for bus in buses for a, d in bus.axes.items()}
        self._mode = Mode.SAFE
        self._armed = False
        self._permitted = False  # by the board
        self._spent = False  # it was stopped within this arming
        self._was_reset = False
        self._tests_left = _TESTS
        self._test_until_ns = 0
        self._readings = self.poll(0)

    @property
    def bytes_sent(self) -> int:
        return self._board.bytes_sent + sum(bus.health.bytes_sent for bus in self._buses)

    @property
    def bytes_received(self) -> int:
        return self._board.bytes_received + sum(bus.health.bytes_received for bus in self._buses)

    @property
    def mismatch(self) -> str:
        """What is not as expected of board and controllers, for people; empty if all is well."""
        texts = [self._board.mismatch] if self._board.mismatch else []
        texts += [f"{axis.name.lower()}: {d.mismatch}" for axis, d in self._drivers.items() if d.mismatch]
        return "; ".join(texts)

    # ------------------------------------------------------------------ in

    def poll(self, t_ns: int) -> BoardReadings:
        """Take what has arrived until now (monotonic clock of the host)."""
        readings = self._board.poll(t_ns)
        for bus in self._buses:
            bus.poll(t_ns)
        self._readings = BoardReadings(
            self._axes(readings.axes),
            readings.sensors,
            readings.imu,
            readings.battery,
            self._safety(readings.safety),
            self._link(t_ns, readings.link),
        )
        return self._readings

    def _axes(self, board: AxisStates) -> AxisStates:
        """All axes, with the stamp of the oldest."""
        position, velocity, effort = list(board.position), list(board.velocity), list(board.effort)
        mode, fault, limit = list(board.mode), list(board.fault), list(board.limit)
        t_ns = board.t_ns
        for axis, driver in self._drivers.items():
            state = driver.state
            position[axis], velocity[axis], effort[axis] = state.position, state.velocity, state.effort
            mode[axis], fault[axis], limit[axis] = int(state.mode), int(state.fault), int(state.limit)
            t_ns = min(t_ns, state.t_ns)
        return AxisStates(
            t_ns, board.device_us, board.last_seq, board.last_seq_age_ms, tuple(position), tuple(velocity),
            tuple(effort), tuple(mode), tuple(fault), tuple(limit),
        )  # fmt: skip

    def _safety(self, board: SafetyStatus) -> SafetyStatus:
        """The board's, but nothing counts as permitted of which a part does not take commands or was stopped."""
        self._permitted = board.permitted
        dropped_out = self._armed and not all(driver.armed for driver in self._drivers.values())
        permitted = board.permitted and not (dropped_out or self._spent)
        return SafetyStatus(
            board.t_ns, board.estop_closed, permitted, board.latched_stop,
            board.stop_cause, board.boot_count, board.reset_cause, board.watchdog_ms,
            board.watchdog_seen and all(driver.watchdog_seen for driver in self._drivers.values()),
            board.config_digest, board.layout_digest,
        )  # fmt: skip

    def _link(self, t_ns: int, board: LinkHealth) -> LinkHealth:
        health = [bus.health for bus in self._buses]
        oldest_ns = min((driver.state.t_ns for driver in self._drivers.values()), default=t_ns)
        trips_ms = [board.round_trip_ms, *(h.round_trip_ms for h in health)]
        return LinkHealth(
            board.identity_ok and not self.mismatch,
            board.frames_good + sum(h.frames_good for h in health),
            board.frames_bad + sum(h.frames_bad for h in health),
            board.frames_lost + sum(h.frames_lost for h in health),
            max((trip for trip in trips_ms if not math.isnan(trip)), default=math.nan),
            board.connected and not any(bus.lost for bus in self._buses) and t_ns - oldest_ns < _GONE_NS,
        )

    # ------------------------------------------------------------------ out

    def send(self, t_ns: int, command: CommandFrame) -> None:
        """Say what this tick has to say, to the board first; what was stopped here it stops too."""
        told = dataclasses.replace(command, armed=False) if self._spent else command
        self._board.send(t_ns, told, self._readings.axes.t_ns)
        if command.reset and not self._was_reset:
            self._tests_left = _TESTS
            for driver in self._drivers.values():
                driver.clear_fault()
        self._was_reset = command.reset
        if command.mode is not Mode.STOPPED:  # a stop is made as the mode demands that it was made from
            self._mode = command.mode
        self._arm_or_disarm(t_ns, command)
        if self._armed:
            self._command(t_ns, command)
        elif self._wants_test(t_ns, command):
            self._test(t_ns)
        for bus in self._buses:
            bus.send(t_ns)

    def _arm_or_disarm(self, t_ns: int, command: CommandFrame) -> None:
        readings = self._readings
        self._spent &= command.armed
        may = (
            command.armed
            and not command.stop
            and not self._spent
            and self._permitted
            and readings.link.identity_ok
            and t_ns - readings.axes.t_ns <= _MUTE_NS
        )
        if may and not self._armed:
            for driver in self._drivers.values():
                driver.arm()
        elif self._armed and not may:
            for driver in self._drivers.values():
                driver.disarm(RAMP_MS[self._mode] * 1e-3)
            self._spent = command.armed
        self._armed = may

    def _command(self, t_ns: int, command: CommandFrame) -> None:
        points, until_ns = command.setpoints, t_ns + command.valid_for_ms * _MS
        for axis, driver in self._drivers.items():
            driver.command(
                AxisSetpoint(
                    AxisMode(points.mode[axis]),
                    points.target[axis],
                    points.feedforward[axis],
                    points.limit[axis],
                ),
                until_ns,
            )

    def _wants_test(self, t_ns: int, command: CommandFrame) -> bool:
        """Controllers not yet seen to time out, and nothing on that a test could disturb."""
        safety, drivers = self._readings.safety, self._drivers.values()
        idle = not (command.armed or safety.permitted or safety.latched_stop) and t_ns >= self._test_until_ns
        unseen = any(not driver.watchdog_seen for driver in drivers)
        well = not self.mismatch and all(
            driver.state.fault in (AxisFault.NONE, AxisFault.TIMEOUT) for driver in drivers
        )
        return idle and unseen and well and self._tests_left > 0

    def _test(self, t_ns: int) -> None:
        self._tests_left -= 1
        self._test_until_ns = t_ns + _TEST_NS
        for driver in self._drivers.values():
            if not driver.watchdog_seen:
                driver.test_watchdog()
