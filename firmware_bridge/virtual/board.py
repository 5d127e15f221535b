"""The bridge board at the other end of the wire: its firmware's behaviour, over any `Mechanics`.

It owns what is permitted (`permission`), judges the support rule again (`support`) and runs the drives
(`drives`). It knows nothing of who moves the mechanics or who speaks at the far end of the transport.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Collection
from enum import IntEnum

import numpy as np

from firmware_bridge import wire
from firmware_bridge.axes import axis_configs
from firmware_bridge.link import BOARD_SYSTEM, PROTOCOL, Intent, Link, Safety, Values, layout_digest
from firmware_bridge.ports import LinkLost, Transport
from firmware_bridge.virtual.drives import DriveBank
from firmware_bridge.virtual.loops import STEP_US, STOP_GRACE_US
from firmware_bridge.virtual.mechanics import Mechanics, RawSensors
from firmware_bridge.virtual.permission import MODES, WATCHDOG_US, Permission
from firmware_bridge.virtual.support import SupportRule
from robot.messages import GRIP, Axis, AxisFault, AxisMode, StopCause
from robot.profile import Profile

REPORT_US = 10_000  # AXIS_STATES, BOARD_SENSORS, HIGHRES_IMU
STATUS_US = 100_000  # SAFETY_STATUS, BATTERY_STATUS
HEARTBEAT_US = 1_000_000  # MAVLink's own, by which its tools find the board
BOOT_US = 200_000  # silence after a reset
FIRMWARE_VERSION = 0x00010000  # 0.1.0

_HEARTBEAT = (0, 8, 0, 4, 3)  # generic, no autopilot, no base mode, active, MAVLink 2
_TESTING = int(Safety.TESTING)
_UNTRUSTED = frozenset(int(fault) for fault in AxisFault) - {AxisFault.NONE, AxisFault.TIMEOUT}
_TEST_GRACE_US = 20_000
_REFUSALS_TO_LATCH = 3  # setpoints in a row that ask to break the support rule
_SETPOINTS = struct.Struct("=30d10q")  # target, feed-forward and limit, then mode, each per axis


class ResetCause(IntEnum):
    """Why the board started."""

    POWER = 0
    BROWN_OUT = 1
    WATCHDOG = 2
    SOFTWARE = 3


class VirtualBoard:
    """A bridge board, its drives and sensors.

    Attributes:
        drives: the drives, into which drive faults are injected.
        serial_number: which board it is; another one is a board that was swapped.
        permission: the state of permission, for tests to look at.
    """

    def __init__(
        self,
        transport: Transport,
        profile: Profile,
        mechanics: Mechanics,
        serial_number: int = 1,
        t_ns: int = 0,
        external: Collection[Axis] = (),
    ) -> None:
        """Power up at `t_ns`; `external` axes have controllers of their own."""
        self._transport = transport
        self._profile = profile
        self._mechanics = mechanics
        self.serial_number = serial_number
        self._rule = SupportRule.of(profile.carriages)
        self._layout_digest = layout_digest()
        self.drives = DriveBank(axis_configs(profile), mechanics, profile.power.brake_s, external)
        self._own_grips = [(c, axis) for c, axis in enumerate(GRIP) if axis not in external]
        self._setpoints = bytearray(_SETPOINTS.size)  # newest, as the drives' loops take them
        self._points = np.frombuffer(self._setpoints, np.float64, 30).reshape(3, len(Axis))
        self._modes = np.frombuffer(self._setpoints, np.int64, offset=self._points.nbytes)
        self._boot_count = 0
        self._boot(t_ns, ResetCause.POWER, silent_us=0)

    def _boot(self, t_ns: int, cause: ResetCause, silent_us: int) -> None:
        self._boot_count += 1
        self._booted_ns = t_ns
        self._reset_cause = cause
        self._now_us = 0
        self._relay_until_us = 0
        self._silent_until_us = silent_us
        self._link = Link(self._transport, BOARD_SYSTEM)
        self._hellos = 0
        self.permission = Permission()
        self._forget_sequences()
        self._dropped = 0
        self._refusals = 0
        self._test_until_us: int | None = None
        self._reported_flags = 0
        self._grip_m = [math.nan] * len(GRIP)  # as reported last; NaN = not known
        self._raw: RawSensors = self._mechanics.sensors()
        self.drives.power_off()
        self.drives.restart_clock()

    def _forget_sequences(self) -> None:
        self._last_seq = 0
        self._last_counter = 0
        self._last_command = 0
        self._received_us: int | None = None

    def reset(self, cause: ResetCause = ResetCause.BROWN_OUT) -> None:
        """The board restarts where it stands: all drives off, all permission gone, silence while it boots."""
        self._boot(self._booted_ns + self._now_us * 1000, cause, BOOT_US)

    def advance(self, t_ns: int) -> None:
        """Run until `t_ns`: take what came over the wire, move drives and mechanics, report.

        A lost transport does not stop the board: its watchdog does what it is there for.
        """
        self._listen()
        until_us = (t_ns - self._booted_ns) // 1000
        while self._now_us + STEP_US <= until_us:
            self._guard()
            self.drives.step(self._now_us)
            self._now_us += STEP_US
            if self._now_us % REPORT_US == 0:
                self._report()
        try:
            self._link.flush()
        except LinkLost:
            return

    # ------------------------------------------------------------------ what comes in

    def _listen(self) -> None:
        try:
            messages = self._link.receive()
        except LinkLost:
            return
        if self._now_us < self._silent_until_us:
            return
        for id_, values in messages:
            if id_ == wire.AXIS_SETPOINTS:
                self._on_setpoints(values)
            elif id_ == wire.HOST_HEARTBEAT:
                self._on_heartbeat(values)
            elif id_ == wire.BOARD_HELLO:
                self._on_hello()
            elif id_ == wire.COMMAND_LONG:
                self._on_command(values)
            elif id_ == wire.TIMESYNC:
                self._link.queue(wire.TIMESYNC, self._now_us * 1000, values[1])

    def _on_hello(self) -> None:
        """Answer who we are, whatever the caller was built from: it is the host that must refuse. While one
        host's heart beats, no other (and no old hello) begins a session."""
        if self.permission.host_alive(self._now_us):
            self._dropped += 1
            return
        self._hellos = (self._hellos + 1) & 0xFFFF
        self._withdraw(
            lambda: self.permission.open_session(self._boot_count << 16 & 0xFFFF0000 | self._hellos)
        )
        self._forget_sequences()
        self._link.queue(
            wire.BOARD_IDENTITY, self._now_us, self.serial_number, self.permission.session,
            self._layout_digest, self.drives.digest(), FIRMWARE_VERSION, PROTOCOL,
            self._profile.name.encode()[:16],
        )  # fmt: skip
        self._report_status()

    def _on_heartbeat(self, values: Values) -> None:
        session, counter, _, _, mode, intent = values
        if session != self.permission.session or counter <= self._last_counter or mode >= len(MODES):
            self._dropped += 1
            return
        self._last_counter = counter
        self._end_test()
        self._withdraw(lambda: self.permission.heartbeat(self._now_us, MODES[mode], Intent(intent & 3)))
        self.drives.set_ramp(self.permission.ramp_us)

    def _on_setpoints(self, values: Values) -> None:
        session, seq, _, life_ms = values[30:34]
        if session != self.permission.session or seq <= self._last_seq:
            self._dropped += 1
            return
        self._end_test()
        if not self.permission.permitted:
            return
        life_us = min(life_ms * 1000, WATCHDOG_US)
        self._last_seq, self._received_us = seq, self._now_us
        refused = self._judge_releases(values)
        if not self.permission.permitted:  # what has just stopped the drives does not start them again
            return
        _SETPOINTS.pack_into(self._setpoints, 0, *values[:30], *values[34:44])
        self.drives.accept(self._points, self._modes, refused, self._now_us, life_us)
        self.permission.setpoints(self._now_us, life_us)

    def _on_command(self, values: Values) -> None:
        parsed = wire.parse_command(values)
        if parsed is None or parsed[1] != self.permission.session:
            self._dropped += 1
            return
        command, _, seq = parsed
        if seq <= self._last_command:  # a repetition: acknowledged again, not done again
            self._acknowledge(command, wire.RESULT_ACCEPTED, seq)
            return
        self._last_command = seq
        if command == wire.CMD_RESET:
            done = self._reset_latch()
        elif command == wire.CMD_TEST_WATCHDOG:
            done = self._begin_test()
        else:
            self._acknowledge(command, wire.RESULT_UNSUPPORTED, seq)
            return
        self._acknowledge(command, wire.RESULT_ACCEPTED if done else wire.RESULT_REJECTED, seq)

    def _acknowledge(self, command: int, result: int, seq: int) -> None:
        self._link.queue(wire.COMMAND_ACK, command, result, 0, seq, 0, 0)

    # ------------------------------------------------------------------ what is permitted

    def _guard(self) -> None:
        """What must be noticed without any message, before every step of the drives."""
        now_us = self._now_us
        permission = self.permission
        was_permitted = permission.permitted
        permission.tick(now_us, self._raw.estop_closed, self.drives.faulted)
        if was_permitted and not permission.permitted:
            self._stop()
        self.drives.relay = permission.permitted or now_us < self._relay_until_us
        if self._test_until_us is not None and now_us >= self._test_until_us:
            permission.watchdog_seen = self.drives.timed_out()
            self._end_test()
            self._report_status()

    def _withdraw(self, change: Callable[[], None]) -> None:
        """Make a change of permission, and stop the drives if it was taken away."""
        was_permitted = self.permission.permitted
        change()
        if was_permitted and not self.permission.permitted:
            self._stop()

    def _stop(self) -> None:
        """Controlled stop; other controllers keep their power for as long as the board's own drives at most."""
        ramp_us = self.permission.ramp_us
        self.drives.stop(self._now_us, ramp_us)
        self._relay_until_us = self._now_us + ramp_us + STOP_GRACE_US

    def _judge_releases(self, values: Values) -> int:
        """Bit mask of the grips whose setpoint would break the support rule as measured now; of several that
        would be released together only the first may go."""
        refused, released = 0, False
        grip_m = self._grip_m
        for carriage, axis in self._own_grips:
            mode, target = values[34 + axis], values[axis]
            if mode == AxisMode.POSITION:
                releases, target_m = self._rule.is_release(target, grip_m[carriage]), target
            else:
                releases = (mode == AxisMode.VELOCITY and target > 0) or (
                    mode == AxisMode.EFFORT and target < 0
                )
                target_m = math.inf
            if not releases:
                continue
            load_n = self._raw.wheel_load_n
            if released or not self._rule.may_release(carriage, target_m, grip_m, load_n):
                refused |= 1 << axis
            else:
                released = True
        self._refusals = self._refusals + 1 if refused else 0
        if self._refusals >= _REFUSALS_TO_LATCH:
            self._withdraw(lambda: self.permission.latch(StopCause.SUPPORT_RULE))
        return refused

    def _reset_latch(self) -> bool:
        if not self.permission.reset():
            return False
        self.drives.clear_faults()
        self._refusals = 0
        return True

    # ------------------------------------------------------------------ watchdog test

    def _begin_test(self) -> bool:
        """Enable every drive with its brake on and wait for silence to time it out."""
        if self.permission.permitted or self.drives.faulted or not self.drives.standing():
            return False
        self._test_until_us = self._now_us + WATCHDOG_US + _TEST_GRACE_US
        self.drives.hold_until(self._now_us, WATCHDOG_US)
        return True

    def _end_test(self) -> None:
        """The test is over, by time or because the host was not silent."""
        if self._test_until_us is not None:
            self._test_until_us = None
            self.drives.power_off()
            self.drives.clear_faults()

    # ------------------------------------------------------------------ what goes out

    def _report(self) -> None:
        if self._now_us < self._silent_until_us:
            return
        self._raw = self._mechanics.sensors()
        (position, velocity, effort), (mode, fault, limit) = self.drives.report()
        self._grip_m = position[GRIP[0] : GRIP[-1] + 1]
        if any(fault):
            self._grip_m = [math.nan if fault[axis] in _UNTRUSTED else position[axis] for axis in GRIP]
        now_us, session = self._now_us, self.permission.session
        age_us = 0xFFFF_000 if self._received_us is None else now_us - self._received_us
        self._link.queue(
            wire.AXIS_STATES, now_us, *position, *velocity, *effort, session, self._last_seq,
            min(age_us // 1000, 0xFFFF), *mode, *fault, *limit,
        )  # fmt: skip
        self._link.queue(wire.BOARD_SENSORS, *wire.sensors_values(now_us, session, self._raw))
        if math.isfinite(self._raw.accel_mps2[0]):
            taken_us = max(now_us - round(self._raw.imu_age_s * 1e6), 0)
            self._link.queue(wire.HIGHRES_IMU, *wire.imu_values(taken_us, self._raw))
        if now_us % HEARTBEAT_US == 0:
            self._link.queue(wire.HEARTBEAT, self._flags(), *_HEARTBEAT)
        if now_us % STATUS_US == 0:
            self._link.queue(wire.BATTERY_STATUS, *wire.battery_values(self._raw))
            self._report_status()
        elif self._flags() != self._reported_flags:
            self._report_status()

    def _flags(self) -> int:
        return self.permission.flags() + (_TESTING if self._test_until_us is not None else 0)

    def _report_status(self) -> None:
        self._reported_flags = self._flags()
        permission = self.permission
        margin_ms = min(max(permission.margin_us(self._now_us) // 1000, -0x8000), 0x7FFF)
        self._link.queue(
            wire.SAFETY_STATUS, self._now_us, permission.session, self._boot_count, self.drives.digest(),
            self._layout_digest, self._dropped + self._link.bad, self.drives.watchdog_ms(), margin_ms,
            self._reported_flags, permission.cause, self._reset_cause,
        )  # fmt: skip
