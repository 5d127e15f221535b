"""How a VESC is built in, and what it says, judged: which request it answers and whether it can be true."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from firmware_bridge.axes import EFFORT_DIRECTION
from firmware_bridge.drive_map import AxisEntry
from firmware_bridge.drivers.vesc_codec import FAULTS, TAGS, Uptime, Values, ask_uptime, ask_values

_MS = 1_000_000
_KEPT_NS = 500 * _MS  # a request without an answer is forgotten after this
_UPTIME_NS = 100 * _MS
_SILENCE_NS = 50 * _MS  # after which it is asked at once whether it has restarted
_CLOCK_MS = 100  # by which its clock may be behind ours
_MARGIN = 1.5  # of what can be, over what is configured
_TEMPERATURE_C = (-40.0, 150.0)
_COUNTS_PER_TURN = 6  # of the tachometer, per electrical turn
_IN_TIME = 4  # requests later, an answer counts as lost
_COUNTS = 5  # that the tachometer may be off


@dataclass(frozen=True)
class VescAxis:
    """How one controller is built in and configured. Output values in rad or m, N m or N."""

    id: int
    pole_pairs: int
    travel_per_turn: float  # of the output, one turn of the motor; negative if it runs the other way
    effort_per_a: float  # at the output; negative if the axis counts its effort against that of the motor
    current_max_a: float
    brake_a: float  # with which it is braked to a stop and held
    erpm_max: float
    erpm_min: float = 900.0  # "minimum ERPM" of its speed loop
    can: bool = False  # behind the controller at the port
    serial_number: str = ""  # which one it must be; empty = any

    @cached_property
    def per_erpm(self) -> float:
        """Output speed of one electrical turn a minute."""
        return self.travel_per_turn / (60.0 * self.pole_pairs)

    @cached_property
    def speed_min(self) -> float:
        return self.erpm_min * abs(self.per_erpm)

    @cached_property
    def per_count(self) -> float:
        """Output travel of one count of the tachometer."""
        return self.travel_per_turn / (_COUNTS_PER_TURN * self.pole_pairs)

    @cached_property
    def effort_max(self) -> float:
        return abs(self.effort_per_a) * self.current_max_a


def wiring_of(entry: AxisEntry, effort_max: float, velocity_max: float) -> VescAxis:
    """A controller as the drives file has it, on an axis with these limits."""
    vesc = entry.vesc
    assert vesc is not None  # the file's schema sees to it
    effort_per_a = EFFORT_DIRECTION[entry.number] * vesc.torque_per_a / entry.torque_scale
    return VescAxis(
        id=entry.id, pole_pairs=vesc.pole_pairs, travel_per_turn=1.0 / entry.turns_per_unit,
        effort_per_a=effort_per_a, current_max_a=effort_max / abs(effort_per_a), brake_a=vesc.brake_a,
        erpm_max=velocity_max * abs(entry.turns_per_unit) * 60 * vesc.pole_pairs, erpm_min=vesc.erpm_min,
        can=vesc.can, serial_number=vesc.serial_number,
    )  # fmt: skip


class Verdict(Enum):
    """What became of a reply."""

    TAKEN = 0
    LATE = 1  # nobody waits for it
    WILD = 2  # cannot be true
    RESTARTED = 3
    FROZEN = 4  # its clock stands still


class Feedback:
    """Requests and replies of one controller.

    Attributes:
        values: the newest that can be true, None until there is one.
        t_ns: when they were asked for, so never later than they were taken.
        counts: the tachometer, beyond 32 bits.
        late: replies that nobody waited for.
        lost: requests without an answer in time.
        round_trip_ms: of the newest answer.
    """

    def __init__(self, wiring: VescAxis) -> None:
        self._wiring = wiring
        self.values: Values | None = None
        self.t_ns = 0
        self.counts = 0
        self.late = self.lost = 0
        self.round_trip_ms = math.nan
        self._asked = [0] * TAGS
        self._tag = 0
        self._next_uptime_ns = 0
        self.begin_anew()

    def begin_anew(self) -> None:
        """The next values are taken as they come: count and clock may be others."""
        self.values = None
        self._uptime: tuple[int, int] | None = None  # its ms, and when that arrived

    def questions(self, t_ns: int) -> list[bytes]:
        """What it is asked now."""
        payloads = [ask_values(self._next_tag(t_ns))]
        if t_ns >= self._next_uptime_ns:
            self._next_uptime_ns = t_ns + _UPTIME_NS
            payloads.append(ask_uptime(self._next_tag(t_ns)))
        return payloads

    def take_values(self, values: Values, t_ns: int) -> Verdict:
        sent_ns = self._sent_ns(values.tag, t_ns)
        if sent_ns <= self.t_ns:
            self.late += 1
            return Verdict.LATE
        counts = self._unwrapped(values.tachometer)
        if not self._can_be(values, counts, t_ns):
            self._next_uptime_ns = 0
            return Verdict.WILD
        if sent_ns - self.t_ns > _SILENCE_NS:
            self._next_uptime_ns = 0
        self.round_trip_ms = (t_ns - sent_ns) / _MS
        self.counts = counts
        self.values = values
        self.t_ns = sent_ns
        return Verdict.TAKEN

    def take_uptime(self, uptime: Uptime, t_ns: int) -> Verdict:
        sent_ns = self._sent_ns(uptime.tag, t_ns)
        if sent_ns == 0:
            self.late += 1
            return Verdict.LATE
        if uptime.ms is None:
            return Verdict.TAKEN
        last, self._uptime = self._uptime, (uptime.ms, t_ns)
        if last is None:
            return Verdict.TAKEN
        passed_ms = (sent_ns - last[1]) // _MS
        if uptime.ms < last[0] or uptime.ms + _CLOCK_MS < last[0] + passed_ms:
            return Verdict.RESTARTED
        return Verdict.FROZEN if uptime.ms == last[0] and passed_ms > 10 else Verdict.TAKEN

    def _next_tag(self, t_ns: int) -> int:
        """Tags begin with 1, so that 0 is the mask of one who does not repeat them."""
        self._tag = self._tag % (TAGS - 1) + 1
        self._asked[self._tag] = t_ns
        self.lost += self._asked[self._tag - _IN_TIME] != 0
        return self._tag

    def _sent_ns(self, tag: int, t_ns: int) -> int:
        """When the request was sent that has this answer; 0 if none waits for it."""
        if tag == 0:
            return self._asked[self._tag]
        sent_ns, self._asked[tag] = self._asked[tag], 0
        return sent_ns if t_ns - sent_ns <= _KEPT_NS else 0

    def _can_be(self, values: Values, counts: int, t_ns: int) -> bool:
        """Plausibility above the checksum: ranges, known numbers, and no jump of the count."""
        wiring = self._wiring
        low_c, high_c = _TEMPERATURE_C
        possible = (
            abs(values.erpm) <= _MARGIN * wiring.erpm_max
            and abs(values.current_a) <= 2 * _MARGIN * wiring.current_max_a
            and low_c <= values.mosfet_c <= high_c
            and (values.fault == 0 or values.fault in FAULTS)
        )
        if not possible or self.values is None:
            return possible
        most = _MARGIN * wiring.erpm_max / 60 * _COUNTS_PER_TURN * (t_ns - self.t_ns) * 1e-9
        return abs(counts - self.counts) <= most + _COUNTS

    def _unwrapped(self, tachometer: int) -> int:
        if self.values is None:
            return tachometer
        return self.counts + ((tachometer - self.counts + (1 << 31)) % (1 << 32)) - (1 << 31)
