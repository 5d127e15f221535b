"""One moteus, host's end.

It is asked once a tick, in one frame with its command, and its reply tells its state from before that
command. It is met in this order: who are you (register map, firmware, serial number), what do you do when you hear no
more (its configuration, through the diagnostic channel), then idle, then the watchdog test, then armed.
"""

from __future__ import annotations

import math
from collections import deque
from enum import Enum

from firmware_bridge.axes import EFFORT_DIRECTION, WATCHDOG_MS, AxisConfig
from firmware_bridge.drive_map import AxisEntry
from firmware_bridge.drivers import moteus_codec as codec
from firmware_bridge.drivers import moteus_codes as codes
from firmware_bridge.drivers.axis import AxisSetpoint, AxisState, Capabilities, Found, within
from firmware_bridge.drivers.moteus_feedback import Feedback
from firmware_bridge.drivers.moteus_setup import Setup
from robot.messages import AxisFault, AxisLimit, AxisMode

_MS = 1_000_000
_REPLY_NS = 10 * _MS  # after which a request counts as not answered
_UNCERTAIN_NS = 200 * _MS  # after which no reply to it will come any more
_MUTE_NS = 100 * _MS  # feedback older than this: no motion is sent, so that the watchdog acts (promise S4)
_GONE_NS = 500 * _MS  # after which it is asked anew who it is
_LIFE_S = WATCHDOG_MS * 1e-3
_CLEAR_NS = 300 * _MS  # what cannot be cleared within this time needs another reset
_RAMP_S = 1.0  # for one that timed out to come to rest by itself
_TEST_NS = (WATCHDOG_MS + 100) * _MS  # within which the watchdog test must have ended
_MODES = frozenset((AxisMode.HOLD, AxisMode.VELOCITY, AxisMode.POSITION, AxisMode.EFFORT))


class _Phase(Enum):
    MEETING = 0
    IDLE = 1
    TESTING = 2
    ARMED = 3
    STOPPING = 4


class MoteusAxis:
    """One controller; see `firmware_bridge.drivers.axis.AxisDriver`."""

    def __init__(self, entry: AxisEntry, config: AxisConfig, brake_s: float) -> None:
        self.axis = entry.number
        self.id = entry.id
        self._entry, self._config = entry, config
        self._turns, self._torque = entry.turns_per_unit, entry.torque_scale
        self._direction = EFFORT_DIRECTION[self.axis]
        self._brake_ns = round(brake_s * 1e9)
        self._codec = codec.Codec(entry.id)
        self._strange = 0  # replies that are none
        self._feedback = Feedback(config, self._turns, self._torque)
        self.lost = 0  # requests without answer
        self.round_trip_ms = math.nan
        self._fault, self._text = AxisFault.NONE, ""
        self._serial_number = ""  # of the first that was met; another one is no substitute
        self.meet()

    def meet(self) -> None:
        """Forget who it is, and what it was seen to do: there is another line, it was silent, or it has restarted."""
        self._phase = _Phase.MEETING
        self.watchdog_seen = False
        self._setup = Setup(self._codec, self._entry)
        self._feedback.forget()
        self._met_ns = 0
        self._asked: deque[int] = deque()  # times of requests that a reply may still come to
        self._awaiting = False  # the newest of them is not answered
        self._wish: tuple[AxisSetpoint, int] | None = None
        self._mode = AxisMode.HOLD
        self._clearing = False
        self._clear_until_ns = 0
        self._enabled = False
        self._since_ns: int | None = None
        self._ramp_ns = 0
        self._refused = AxisLimit.NONE
        self._stop_turns = 0.0
        self._pull, self._pull_limit = 0.0, 0.0
        self.state = AxisState(fault=self._fault, text=self._text)

    @property
    def found(self) -> Found | None:
        return self._setup.found

    @property
    def mismatch(self) -> str:
        found, serial = self._setup.found, self._serial_number
        if not self._setup.mismatch and found is not None and found.serial_number != serial:
            return f"serial number: controller {found.serial_number}, host {serial}"
        return self._setup.mismatch

    @property
    def rejected(self) -> int:
        """Replies that were not taken."""
        return self._strange + self._feedback.rejected

    @property
    def armed(self) -> bool:
        return self._phase is _Phase.ARMED

    def capabilities(self) -> Capabilities:
        return Capabilities(_MODES, self._config.effort_max, (0.001, _LIFE_S), latches=True)

    # ------------------------------------------------------------------ what it is told

    def arm(self) -> None:
        well = not self.mismatch and self._fault == AxisFault.NONE
        if self._phase in (_Phase.IDLE, _Phase.STOPPING) and well:
            self._phase = _Phase.ARMED
            self._since_ns = None

    def disarm(self, ramp_s: float) -> None:
        if self._phase is _Phase.ARMED:
            self._phase = _Phase.STOPPING
            self._refused = AxisLimit.NONE
            self._ramp_ns = round(ramp_s * 1e9)
            self._since_ns = None

    def clear_fault(self) -> None:
        if self._phase not in (_Phase.ARMED, _Phase.TESTING):
            self._clearing = True

    def test_watchdog(self) -> None:
        if self._phase is _Phase.IDLE and self._fault == AxisFault.NONE:
            self._phase = _Phase.TESTING
            self._since_ns = None
            self._enabled = False

    def command(self, setpoint: AxisSetpoint, valid_until_ns: int) -> None:
        self._wish = (setpoint, valid_until_ns)

    # ------------------------------------------------------------------ what it says

    def hear(self, t_ns: int, data: bytes) -> None:
        """A frame from it."""
        asked_ns = self._asked.popleft() if self._asked else None
        certain = asked_ns is not None and not self._asked
        self._awaiting = False
        if self._phase is _Phase.MEETING:
            self._setup.hear(data)
            if self._setup.done and self.found is not None:
                self._serial_number = self._serial_number or self.found.serial_number
                self._phase = _Phase.IDLE
                self._met_ns = t_ns
            return
        reading = codec.reading(data)
        if reading is None:  # of the diagnostic channel, from before
            self._strange += 1
            return
        if certain and asked_ns is not None:
            self.round_trip_ms = (t_ns - asked_ns) / _MS
        if self._feedback.take(t_ns, reading, asked_ns if certain else None):
            self._take(reading)
        if self._feedback.restarted:
            self._restarted()

    def _take(self, reading: codec.Reading) -> None:
        self._judge(reading)
        in_force = self._mode if reading.mode == codes.POSITION else AxisMode.HOLD
        fault, text = codes.fault_of(reading.mode, reading.code)
        if self._fault != AxisFault.NONE:
            fault, text = self._fault, self._text
        self.state = AxisState(
            self._feedback.t_ns,
            reading.position / self._turns,
            reading.velocity / self._turns,
            self._direction * reading.torque / self._torque,
            in_force,
            fault,
            self._refused or codes.limit_of(reading.mode, reading.code),
            reading.code or reading.mode,
            text or codes.MODE_TEXT[reading.mode],
            reading.temperature_c,
        )

    def _judge(self, reading: codec.Reading) -> None:
        """Latch what is wrong, end the watchdog test, end the clearing."""
        if self._phase is _Phase.TESTING:
            self._enabled |= reading.mode == codes.POSITION
            if reading.mode == codes.TIMEOUT and self._enabled:
                self.watchdog_seen = True
                self._clearing = True
                self._phase = _Phase.IDLE
        if self._clearing and reading.mode == codes.STOPPED:
            self._clearing = False
            self._fault, self._text = AxisFault.NONE, ""
        driven = self._phase in (_Phase.ARMED, _Phase.STOPPING)
        surprised = not self._clearing and (driven or self.watchdog_seen)
        if reading.mode == codes.FAULT or (reading.mode == codes.TIMEOUT and surprised):
            self._latch(*codes.fault_of(reading.mode, reading.code))

    def _latch(self, fault: AxisFault, text: str) -> None:
        """The first one is kept until it is cleared."""
        if self._fault == AxisFault.NONE:
            self._fault, self._text = fault, text

    def _restarted(self) -> None:
        """What it was told and where it stood are gone (promise S10); it stays off until that is acknowledged."""
        self._fault, self._text = AxisFault.RESET, "restarted: its position is not to be trusted"
        self.meet()

    def lose_line(self, why: str) -> None:
        """Nothing reaches it any more; what it was doing ends by its own watchdog."""
        if self._phase is _Phase.ARMED:
            self._latch(AxisFault.TIMEOUT, why)

    # ------------------------------------------------------------------ what goes out

    def next_frame(self, t_ns: int) -> tuple[bytes, bool] | None:
        """What to send now and whether it is answered; None while an answer is awaited."""
        if self._awaiting:
            if t_ns - self._asked[-1] < _REPLY_NS:
                return None
            self.lost += 1
        while self._asked and t_ns - self._asked[0] >= _UNCERTAIN_NS:
            self._asked.popleft()
        if self._phase is not _Phase.MEETING and t_ns - max(self._feedback.t_ns, self._met_ns) > _GONE_NS:
            self.lose_line("silent for 0.5 s")
            self.meet()
        if self._phase is _Phase.MEETING:
            data, answered = self._setup.next_frame(t_ns)
        else:
            data, answered = self._frame(t_ns), True
        if answered:
            self._asked.append(t_ns)
            self._awaiting = True
        return data, answered

    def _frame(self, t_ns: int) -> bytes:
        wish, self._wish = self._wish, None
        if self._clearing:
            self._clear_until_ns = self._clear_until_ns or t_ns + _CLEAR_NS
            self._clearing = t_ns < self._clear_until_ns
            return self._codec.stop()
        self._clear_until_ns = 0
        if t_ns - self.state.t_ns > _MUTE_NS and self.state.t_ns:
            return self._codec.query
        if self._phase is _Phase.TESTING:
            return self._test(t_ns)
        if self._fault != AxisFault.NONE:
            return self._give_way(t_ns)
        if self._phase is _Phase.STOPPING:
            return self._stop(t_ns)
        if self._phase is _Phase.ARMED and wish is not None and t_ns < wish[1]:
            return self._move(t_ns, wish[0], min((wish[1] - t_ns) * 1e-9, _LIFE_S))
        return self._codec.query

    def _test(self, t_ns: int) -> bytes:
        """From stopped, enable once with the brake on, then only look on until it has timed out."""
        if self._since_ns is None:
            if self._feedback.last is None or self._feedback.last.mode != codes.STOPPED:
                return self._codec.stop()
            self._since_ns = t_ns
            return self._codec.follow(math.nan, 0.0, 0.0, 0.0, _LIFE_S, brake=True)
        if t_ns - self._since_ns > _TEST_NS:
            self._phase = _Phase.IDLE
            self._clearing = True
        return self._codec.query

    def _give_way(self, t_ns: int) -> bytes:
        """Something is latched: one that timed out ramps down by itself, then the brake goes on; a dead one's goes
        on at once."""
        if self._phase is _Phase.ARMED:
            self.disarm(_RAMP_S)
        if self._fault == AxisFault.TIMEOUT and self._phase is _Phase.STOPPING:
            if self._since_ns is None:
                self._since_ns = t_ns
            if t_ns - self._since_ns < self._ramp_ns:
                return self._codec.query
        self._phase = _Phase.IDLE
        return self._codec.put_brake_on()

    def _stop(self, t_ns: int) -> bytes:
        """Ramp from the measured speed; the cable keeps its pull until the end of it."""
        if self._since_ns is None:
            self._since_ns = t_ns
            self._stop_turns = self._feedback.last.velocity if self._feedback.last is not None else 0.0
        passed_ns = t_ns - self._since_ns
        ramp_ns = 0 if self._config.self_locking or self._mode == AxisMode.HOLD else self._ramp_ns
        if passed_ns < ramp_ns:
            if self._mode == AxisMode.EFFORT:
                return self._push(self._pull, self._pull_limit, _LIFE_S)
            speed = self._stop_turns * (1.0 - passed_ns / ramp_ns)
            return self._codec.follow(math.nan, speed, 0.0, self._torque_max(), _LIFE_S)
        self._mode = AxisMode.HOLD
        if passed_ns < ramp_ns + self._brake_ns:
            return self._hold()
        if self._feedback.last is not None and self._feedback.last.mode == codes.STOPPED:
            self._phase = _Phase.IDLE
        return self._rest()

    def _move(self, t_ns: int, wish: AxisSetpoint, life_s: float) -> bytes:
        wish, self._refused = within(wish, self._config)
        limit = wish.limit * abs(self._torque)
        target, ahead = wish.target, wish.feedforward
        if wish.mode != AxisMode.HOLD:
            self._since_ns = None
        last = self._feedback.last if wish.mode != self._mode else None  # it begins where it is (promise S23)
        self._mode = wish.mode
        if wish.mode == AxisMode.VELOCITY:
            speed = target * self._turns if last is None else last.velocity
            torque = self._config.inertia * ahead * self._torque
            return self._codec.follow(math.nan, speed, torque, limit, life_s)
        if wish.mode == AxisMode.POSITION:
            if last is not None:
                return self._codec.follow(last.position, 0.0, 0.0, limit, life_s)
            return self._codec.follow(target * self._turns, ahead * self._turns, 0.0, limit, life_s)
        if wish.mode == AxisMode.EFFORT:
            self._pull, self._pull_limit = target, limit
            return self._push(target, limit, life_s)
        if self._since_ns is None:
            self._since_ns = t_ns
        return self._hold() if t_ns - self._since_ns < self._brake_ns else self._rest()

    def _push(self, effort: float, limit: float, life_s: float) -> bytes:
        """Damped about the speed that it has."""
        speed = self._feedback.last.velocity if self._feedback.last is not None else 0.0
        return self._codec.push(speed, self._direction * effort * self._torque, limit, life_s)

    def _hold(self) -> bytes:
        """Brake on, and held at rest until it has fallen in."""
        return self._codec.follow(math.nan, 0.0, 0.0, self._torque_max(), _LIFE_S, brake=True)

    def _rest(self) -> bytes:
        """Motor off under the brake; "stop" clears what the controller has latched, so it is not said without need."""
        last = self._feedback.last
        driven = last is not None and last.mode == codes.POSITION
        return self._codec.stop() if driven else self._codec.put_brake_on()

    def _torque_max(self) -> float:
        return self._config.effort_max * abs(self._torque)
