"""Which readings of a moteus are taken: newer than the last, of the right device, and such as the axis can have.

Its millisecond counter tells all of it. A reading that does not count on is a repetition or overtaken; one that has
counted for no longer than it was silent comes from a restart; one that is too far ahead is garbled or another's.
"""

from __future__ import annotations

from firmware_bridge.axes import AxisConfig
from firmware_bridge.clock import PolledClock
from firmware_bridge.drivers import moteus_codes as codes
from firmware_bridge.drivers.moteus_codec import COUNTER_MODULUS, Reading

_MS = 1_000_000
_SLACK_MS = 50
_FAR_TURNS = 1e5  # beyond it a position is coarser than a twentieth of a turn on the wire
_WILD = 4.0  # times its largest speed or effort: no reading of this axis
_WILD_TURNS = 0.5  # that a position may always jump, for noise and backlash
_RESTARTS = 2  # readings in a row from after a restart


class Feedback:
    """Readings of one controller.

    Attributes:
        last: the newest that was taken, None = none since it was met.
        t_ns: host time at which that was taken, 0 = none.
        restarted: it was seen to have restarted.
        rejected: how many were not taken.
    """

    def __init__(self, config: AxisConfig, turns: float, torque: float) -> None:
        self._speed_max = _WILD * config.velocity_max * abs(turns)
        self._torque_max = _WILD * config.effort_max * abs(torque)
        self.rejected = 0
        self._clock = PolledClock()
        self._before: tuple[int, int] | None = None  # counter and time of the last before it was met anew
        self.last: Reading | None = None
        self.t_ns = 0
        self.restarted = False
        self._restarts = 0

    def forget(self) -> None:
        """It is met anew; whether it has restarted meanwhile is seen from its first reading."""
        if self.last is not None:
            self._before = (self.last.counter_ms, self.t_ns)
        self.last = None
        self.t_ns = 0
        self.restarted = False
        self._restarts = 0

    def take(self, t_ns: int, reading: Reading, asked_ns: int | None) -> bool:
        """Whether this reading counts.

        Args:
            asked_ns: when it was asked for, None if that is not certain.
        """
        if not (self._is_next(t_ns, reading) and self._is_plausible(reading)):
            self.rejected += 1
            return False
        if self.last is None:
            self._recognise(t_ns, reading)
        if asked_ns is not None:
            self._clock.learn(asked_ns, reading.counter_ms * _MS)
        self.last, self._restarts = reading, 0
        self.t_ns = self._clock.stamp_ns(t_ns, reading.counter_ms * _MS)
        return True

    def _is_next(self, t_ns: int, reading: Reading) -> bool:
        if self.last is None:
            return True
        ahead_ms = _ahead(reading.counter_ms, self.last.counter_ms)
        silent_ms = (t_ns - self.t_ns) // _MS + _SLACK_MS
        if ahead_ms < 0 and reading.counter_ms <= silent_ms:
            self._restarts += 1
            self.restarted = self._restarts >= _RESTARTS
        return 0 < ahead_ms <= silent_ms

    def _recognise(self, t_ns: int, reading: Reading) -> None:
        """Whether its counter has gone on since before it was met anew."""
        if self._before is not None:
            counter_ms, before_ns = self._before
            passed_ms = (t_ns - before_ns) / _MS
            ahead_ms = _ahead(reading.counter_ms, counter_ms)
            self.restarted = abs(ahead_ms - passed_ms) > _SLACK_MS + 1e-3 * passed_ms
            self._before = None
            if self.restarted:
                self._clock = PolledClock()

    def _is_plausible(self, reading: Reading) -> bool:
        """Above the checksum, which lets one garbled line in 254 through."""
        if reading.mode not in codes.MODE_TEXT or reading.code not in codes.CODES:
            return False
        if not (abs(reading.velocity) <= self._speed_max and abs(reading.torque) <= self._torque_max):
            return False
        if self.last is None:
            return abs(reading.position) <= _FAR_TURNS
        passed_s = _ahead(reading.counter_ms, self.last.counter_ms) * 1e-3
        return abs(reading.position - self.last.position) <= self._speed_max * passed_s + _WILD_TURNS


def _ahead(counter_ms: int, last_ms: int) -> int:
    """How far one value of the counter is ahead of another, across its wrap."""
    half = COUNTER_MODULUS // 2
    return (counter_ms - last_ms + half) % COUNTER_MODULUS - half
