"""The host's end of the wire to the bridge board: readings in, commands out.

`poll` and `send` are called once a tick each, never wait, and never raise for what the wire or the board
does: a lost link, a stranger at the other end or a silent board shows in `BoardReadings.link` and in the age
of the stamps. Connecting, the watchdog test before arming and repeating what was not acknowledged happen
inside `send`.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

from firmware_bridge import wire
from firmware_bridge.axes import axis_configs, config_digest
from firmware_bridge.clock import HostClock
from firmware_bridge.drivers.axis import BusHealth
from firmware_bridge.link import HOST_SYSTEM, PROTOCOL, Intent, Link, Values, layout_digest
from firmware_bridge.ports import LinkLost, Transport
from robot.messages import Axis, AxisStates, Battery, BoardSensors, CommandFrame, Imu, Mode, SafetyStatus
from robot.messages import Link as LinkHealth
from robot.parameters import Parameters
from robot.profile import Profile
from robot.quick import quick

_MS = 1_000_000
_HELLO_NS = 100 * _MS  # between two attempts to connect
_HEARTBEAT_NS = 40 * _MS  # three in the watchdog's time
_TIMESYNC_NS = 500 * _MS
_COMMAND_NS = 100 * _MS  # before a command without acknowledgement is repeated
_TEST_NS = 400 * _MS  # silence kept for the watchdog test
_MUTE_NS = 100 * _MS  # feedback older than this: no setpoints, so that the watchdogs act (promise S4)
_GONE_NS = 500 * _MS  # feedback older than this: not connected
_IMU_AHEAD_US = 100_000  # an IMU stamp further ahead of the axes' is from before a restart
_STRANGERS = 3  # reports in a row of another session: the board has restarted or is another
_TESTS = 3  # attempts at the watchdog test before it waits for a reset

_INTENT_ARMED, _INTENT_STOP = int(Intent.ARMED), int(Intent.STOP)
_MODE_NUMBER = {mode: number for number, mode in enumerate(Mode)}
_NAN = math.nan
_AXES, _CARRIAGES = len(Axis), 3


@quick
@dataclass(frozen=True, slots=True)
class BoardReadings:
    """The newest of everything the board has said; a part never heard of has `t_ns` 0 and NaN."""

    axes: AxisStates
    sensors: BoardSensors
    imu: Imu
    battery: Battery
    safety: SafetyStatus
    link: LinkHealth


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the board said it is."""

    serial_number: int
    layout_digest: int
    config_digest: int
    firmware_version: int
    protocol: int
    robot: str


class BoardDriver:
    """Speaks with one bridge board.

    Attributes:
        identity: of the board, None until it has answered.
        mismatch: what is not as expected, for people; empty if all is well.
        lost: why the line is gone, empty while it is there.
    """

    def __init__(
        self,
        transport: Transport,
        profile: Profile,
        parameters: Parameters,
        serial_number: int | None = None,
        external: Collection[Axis] = (),
    ) -> None:
        """
        Args:
            external: axes with controllers of their own, of which the board knows nothing.
            serial_number: of the board that is expected; None takes the first that answers and then no other.
        """
        self._life_ms = int(parameters.setpoint_life_ms)
        self._robot = profile.name
        configs = zip(Axis, axis_configs(profile), strict=True)
        self._config_digest = config_digest(config for axis, config in configs if axis not in external)
        self._layout_digest = layout_digest()
        self._serial_number = serial_number
        self._stale = 0
        self._link = Link(transport, HOST_SYSTEM)
        self._axes = AxisStates(0, 0, 0, 0, *((_NAN,) * _AXES,) * 3, *((0,) * _AXES,) * 3)
        self._sensors = BoardSensors(0, _NAN, _NAN, *((_NAN,) * _CARRIAGES,) * 2, _NAN, _NAN, 0)
        self._imu = Imu(0, (_NAN,) * 3, (_NAN,) * 3)
        self._battery = Battery(0, _NAN, _NAN, _NAN)
        self._safety = SafetyStatus(0, False, False, False, 0, 0, 0, 0, False, 0, 0)
        self._command_seq = 0
        self._was_reset = False
        self._begin()

    def attach(self, transport: Transport) -> None:
        """Speak over this transport from now on; a new session begins with whoever is at its other end."""
        self._link.attach(transport)
        self._begin()

    @property
    def bytes_sent(self) -> int:
        return self._link.bytes_sent

    @property
    def bytes_received(self) -> int:
        return self._link.bytes_received

    @property
    def health(self) -> BusHealth:
        """Counters of its line."""
        link = self._link
        return BusHealth(
            link.good,
            link.bad + self._stale,
            link.lost,
            self._round_trip_ms,
            link.bytes_sent,
            link.bytes_received,
        )

    def _begin(self) -> None:
        self.lost = ""
        self.identity: Identity | None = None
        self.mismatch = ""
        self._next_hello_ns = 0
        self._open_session(0)

    def _open_session(self, session: int) -> None:
        self._session = session
        self._strangers = 0
        self._clock = HostClock()
        self._newest_us: dict[int, int] = {}
        self._setpoint_seq = 0
        self._heartbeat_counter = 0
        self._heartbeat_said = (-1, -1)
        self._next_heartbeat_ns = 0
        self._next_timesync_ns = 0
        self._timesync_ns = -1  # of the question without answer
        self._round_trip_ms = _NAN
        self._pending: tuple[int, int] | None = None  # command and sequence without acknowledgement
        self._next_command_ns = 0
        self._tests_left = _TESTS
        self._silent_until_ns = 0

    # ------------------------------------------------------------------ in

    def poll(self, t_ns: int) -> BoardReadings:
        """Take what has arrived until now (monotonic clock of the host)."""
        if not self.lost:
            try:
                for id_, values in self._link.receive():
                    self._take(t_ns, id_, values)
            except LinkLost as error:
                self.lost = str(error)
        link = self._link
        health = LinkHealth(
            self.identity is not None and not self.mismatch,
            link.good,
            link.bad + self._stale,
            link.lost,
            self._round_trip_ms,
            not self.lost and self._session != 0 and t_ns - self._axes.t_ns < _GONE_NS,
        )
        return BoardReadings(self._axes, self._sensors, self._imu, self._battery, self._safety, health)

    def _take(self, t_ns: int, id_: int, values: Values) -> None:
        if id_ == wire.AXIS_STATES:
            if self._is_ours(values[31]) and self._is_newer(id_, values[0]):
                self._axes = wire.axis_states(self._clock.stamp_ns(t_ns, values[0]), values)
        elif id_ == wire.BOARD_SENSORS:
            if values[11] == self._session and self._is_newer(id_, values[0]):
                self._sensors = wire.board_sensors(self._clock.stamp_ns(t_ns, values[0]), values)
        elif id_ == wire.HIGHRES_IMU:
            latest_us = self._newest_us.get(wire.AXIS_STATES, -_IMU_AHEAD_US) + _IMU_AHEAD_US
            if values[0] < latest_us and self._is_newer(id_, values[0]):
                self._imu = wire.imu(self._clock.stamp_ns(t_ns, values[0]), values)
        elif id_ == wire.SAFETY_STATUS:
            if values[1] == self._session and self._is_newer(id_, values[0]):
                self._safety = wire.safety_status(self._clock.stamp_ns(t_ns, values[0]), values)
                self._compare()
        elif id_ == wire.BATTERY_STATUS:
            self._battery = wire.battery(t_ns, values)
        elif id_ == wire.BOARD_IDENTITY:
            self._meet(values)
        elif id_ == wire.COMMAND_ACK:
            if self._pending is not None and self._pending[1] == values[3]:
                self._pending = None
        elif id_ == wire.TIMESYNC and values[1] == self._timesync_ns:
            self._timesync_ns = -1
            self._round_trip_ms = (t_ns - values[1]) / _MS

    def _is_ours(self, session: int) -> bool:
        """Whether a report belongs to our session; when several in a row do not, we say hello again."""
        if session == self._session:
            self._strangers = 0
            return session != 0
        self._strangers += 1
        if self._session != 0 and self._strangers >= _STRANGERS:
            self._open_session(0)
        return False

    def _is_newer(self, id_: int, device_us: int) -> bool:
        """Repeated, overtaken and replayed reports are dropped and counted (promise S10)."""
        if device_us <= self._newest_us.get(id_, -1):
            self._stale += 1
            return False
        self._newest_us[id_] = device_us
        return True

    def _meet(self, values: Values) -> None:
        _, serial_number, session, layout, config, firmware, protocol, robot = values
        if session == self._session:
            return
        self.identity = Identity(
            serial_number, layout, config, firmware, protocol, robot.rstrip(b"\0").decode("utf-8", "replace")
        )
        if self._serial_number is None:
            self._serial_number = serial_number
        self._open_session(session)
        self._compare()

    def _compare(self) -> None:
        """Put into words what is not as expected of the board (promise S14)."""
        board = self.identity
        if board is None:
            return
        config = self._safety.config_digest if wire.SAFETY_STATUS in self._newest_us else board.config_digest
        checks = (
            ("protocol version", board.protocol, PROTOCOL),
            ("message layouts", board.layout_digest, self._layout_digest),
            ("serial number", board.serial_number, self._serial_number),
            ("robot", board.robot, self._robot),
            ("configuration", config, self._config_digest),
        )
        self.mismatch = "; ".join(
            f"{name}: board {its}, host {ours}" for name, its, ours in checks if its != ours
        )

    # ------------------------------------------------------------------ out

    def send(self, t_ns: int, command: CommandFrame, others_ns: int | None = None) -> None:
        """Say what this tick has to say: hello, heartbeat, setpoints, a reset.

        Args:
            others_ns: when the oldest feedback of axes with controllers of their own was taken.
        """
        self._oldest_ns = self._axes.t_ns if others_ns is None else min(self._axes.t_ns, others_ns)
        if self.lost:
            return
        if self._session == 0:
            self._say_hello(t_ns)
        elif command.stop or not self._keep_silent(t_ns):
            self._speak(t_ns, command)
        try:
            self._link.flush()
        except LinkLost as error:
            self.lost = str(error)

    def _say_hello(self, t_ns: int) -> None:
        if t_ns >= self._next_hello_ns:
            self._next_hello_ns = t_ns + _HELLO_NS
            self._link.queue(wire.BOARD_HELLO, self._layout_digest, self._config_digest, PROTOCOL)

    def _speak(self, t_ns: int, command: CommandFrame) -> None:
        feedback_ns = t_ns - self._oldest_ns
        self._heartbeat(t_ns, command, feedback_ns)
        if command.armed and not self.mismatch and feedback_ns <= _MUTE_NS:
            self._setpoint_seq += 1
            self._link.queue(
                wire.AXIS_SETPOINTS,
                *wire.setpoints_values(
                    self._session, self._setpoint_seq, _wire_ms(t_ns), self._life_ms, command
                ),
            )
        if t_ns >= self._next_timesync_ns:
            self._next_timesync_ns = t_ns + _TIMESYNC_NS
            self._timesync_ns = t_ns
            self._link.queue(wire.TIMESYNC, 0, t_ns)
        self._commands(t_ns, command)

    def _heartbeat(self, t_ns: int, command: CommandFrame, feedback_ns: int) -> None:
        stop = command.stop and not self._safety.latched_stop
        says = (_MODE_NUMBER[command.mode], command.armed * _INTENT_ARMED + stop * _INTENT_STOP)
        if says == self._heartbeat_said and t_ns < self._next_heartbeat_ns and not stop:
            return
        self._heartbeat_said = says
        self._next_heartbeat_ns = t_ns + _HEARTBEAT_NS
        self._heartbeat_counter += 1
        self._link.queue(
            wire.HOST_HEARTBEAT, self._session, self._heartbeat_counter, _wire_ms(t_ns),
            min(max(feedback_ns // _MS, 0), 0xFFFF), *says,
        )  # fmt: skip

    def _commands(self, t_ns: int, command: CommandFrame) -> None:
        """One-shot commands: a new sequence for each act, repeated until acknowledged."""
        if command.reset and not self._was_reset:
            self._ask(wire.CMD_RESET)
            self._tests_left = _TESTS
        elif self._pending is None and self._wants_test(command):
            self._tests_left -= 1
            self._ask(wire.CMD_TEST_WATCHDOG)
            self._silent_until_ns = t_ns + _TEST_NS
        self._was_reset = command.reset
        if self._pending is not None and t_ns >= self._next_command_ns:
            self._next_command_ns = t_ns + _COMMAND_NS
            self._link.queue(
                wire.COMMAND_LONG, *wire.command_values(self._pending[0], self._session, self._pending[1])
            )

    def _ask(self, command: int) -> None:
        self._command_seq += 1
        self._pending = (command, self._command_seq)
        self._next_command_ns = 0

    def _wants_test(self, command: CommandFrame) -> bool:
        """Drives not yet seen to time out, and nothing on that a test could disturb."""
        safety = self._safety
        heard = wire.SAFETY_STATUS in self._newest_us
        idle = not (command.armed or safety.permitted or safety.latched_stop)
        return heard and idle and not safety.watchdog_seen and self._tests_left > 0

    def _keep_silent(self, t_ns: int) -> bool:
        """Whether the watchdog test is under way, in which nothing is said."""
        return t_ns < self._silent_until_ns and not self._safety.watchdog_seen


def _wire_ms(t_ns: int) -> int:
    return t_ns // _MS & 0xFFFFFFFF
