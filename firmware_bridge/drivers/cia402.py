"""CiA 402 controllers on one CAN bus behind an slcan adapter, host's end.

Once a tick, in one write: commands of all, the host's heartbeat when it is due, SYNC, and one question.

The answers to a SYNC do not say which SYNC they answer. So behind each SYNC one controller, another one each time, is
asked by SDO for one of many objects; its answer names the object. A line keeps its order, and CAN lets process data
pass before SDOs, so what comes before that answer belongs to that SYNC. Late, repeated and overtaken reports are told
by it.

The heart beats in a tick only, and not while nobody on the line is heard: then the controllers' own watchdogs end
all motion.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from firmware_bridge.drivers import cia402_codes as codes
from firmware_bridge.drivers.axis import BusHealth
from firmware_bridge.drivers.canopen_sdo import question
from firmware_bridge.drivers.cia402_axis import Cia402Axis
from firmware_bridge.drivers.slcan import Slcan
from firmware_bridge.ports import LinkLost, Transport
from robot.messages import Axis

_MS = 1_000_000
_BEAT_NS = 20 * _MS
_DEAF_NS = 100 * _MS  # nobody heard for so long: the host's heart stops
_OPEN_NS = 500 * _MS  # nobody heard for so long: the adapter may have restarted, and closed its channel
_TRY_NS = 20 * _MS  # within which a question is answered; only then is the same controller asked again
_LOST_NS = 100 * _MS
_READY_NS = 1000 * _MS  # for all of a watchdog test to be enabled
_OPERATIONAL = bytes((codes.OPERATIONAL,))
_DATA_ID = 0x7F
# What every controller has, by index and number of sub-indices: as many questions that can be told apart.
_ASKED = ((0x1000, 1), (0x1001, 1), (0x1018, 5), (0x1400, 3), (0x1401, 3), (0x1402, 3), (0x1403, 3), (0x1800, 3),
          (0x1801, 3), (0x6041, 1), (0x6061, 1), (0x6064, 1))  # fmt: skip
_QUESTIONS = tuple(
    index.to_bytes(2, "little") + bytes((sub,)) for index, subs in _ASKED for sub in range(subs)
)


class Cia402Bus:
    """One line; see `firmware_bridge.drivers.axis.Bus`.

    Args:
        looks_on: nothing is written or moved, and no heart beats, because a controller that has heard one waits for the
            next.
    """

    def __init__(
        self, transport: Transport, axes: Iterable[Cia402Axis], bit_rate: int, *, looks_on: bool = False
    ) -> None:
        self._line = Slcan(transport, bit_rate)
        self._axes = {axis.axis: axis for axis in axes}
        self._by_id = {axis.id: axis for axis in self._axes.values()}
        self._looks_on = looks_on
        self._strange = self._unanswered = 0
        self._round_trip_ms = math.nan
        self._start()

    def _start(self) -> None:
        self.lost = ""
        self._opened_ns: int | None = None
        self._heard_ns = self._beat_ns = 0
        self._cycle = self._answered = 0  # SYNCs sent; the newest of which the question was answered
        self._sync_ns: dict[int, int] = {}  # when each was sent that is not answered
        self._asked: dict[tuple[int, bytes], int] = {}  # cycle of each question
        self._asked_ns = dict.fromkeys(
            self._by_id, 0
        )  # when each controller's last question was sent, 0 = answered
        self._turn = 0
        self._test_ns: int | None = None

    @property
    def axes(self) -> Mapping[Axis, Cia402Axis]:
        return self._axes

    @property
    def health(self) -> BusHealth:
        line = self._line
        return BusHealth(
            line.good,
            line.bad + line.refused + self._strange + sum(a.feedback.rejected for a in self._axes.values()),
            self._unanswered,
            self._round_trip_ms,
            line.bytes_sent,
            line.bytes_received,
        )

    def attach(self, transport: Transport) -> None:
        self._line.attach(transport)
        self._start()
        for axis in self._axes.values():
            axis.watchdog_seen = False  # whoever is met on another line is tested anew
            axis.meet()

    def leave(self) -> None:
        """Put back what would miss the host's heartbeat; takes a few ticks."""
        for axis in self._axes.values():
            axis.leave()

    # ------------------------------------------------------------------ in

    def poll(self, t_ns: int) -> None:
        if self.lost:
            return
        try:
            frames = self._line.receive()
        except LinkLost as error:
            self.lost = str(error)
            return
        for can_id, data in frames:
            axis = self._by_id.get(can_id & _DATA_ID)
            if axis is None or not self._hear(t_ns, axis, can_id & ~_DATA_ID, data):
                self._strange += 1
            else:
                self._heard_ns = t_ns

    def _hear(self, t_ns: int, axis: Cia402Axis, function: int, data: bytes) -> bool:
        """Whether it is something that a controller says."""
        if function == codes.TPDO[0]:
            axis.feedback.hear(0, data)
        elif function == codes.TPDO[1]:
            axis.feedback.hear(1, data)
        elif function == codes.SDO_ANSWER and len(data) == 8:
            cycle = self._asked.pop((axis.id, data[1:4]), None)
            if cycle is None:
                axis.hear_answer(t_ns, data)
            else:
                self._asked_ns[axis.id] = 0
                self._date(t_ns, cycle)
        elif function == codes.HEARTBEAT and len(data) == 1:
            axis.hear_heartbeat(t_ns, data[0] & 0x7F)
        elif function == codes.EMCY and len(data) == 8:
            axis.hear_emergency(t_ns, data)
        else:
            return False
        return True

    def _date(self, t_ns: int, cycle: int) -> None:
        """What has come belongs to this cycle, or to the oldest one before whose answer was lost; it is not younger."""
        if cycle <= self._answered:
            for axis in self._axes.values():
                axis.feedback.drop()
            return
        sent_ns = self._sync_ns[cycle]
        taken_ns = min(self._sync_ns[c] for c in range(self._answered + 1, cycle + 1) if c in self._sync_ns)
        self._round_trip_ms = (t_ns - sent_ns) / _MS
        for axis in self._axes.values():
            axis.take(taken_ns)
        self._answered = cycle
        self._sync_ns = {c: ns for c, ns in self._sync_ns.items() if c > cycle}

    # ------------------------------------------------------------------ out

    def send(self, t_ns: int) -> None:
        if self.lost:
            return
        if self._opened_ns is None or t_ns - max(self._heard_ns, self._opened_ns) > _OPEN_NS:
            self._opened_ns = t_ns
            self._line.open()
        self._conduct_test(t_ns)
        for axis in self._axes.values():
            for can_id, data in axis.frames(t_ns):
                self._line.queue(can_id, data)
        if not self._looks_on and not any(axis.is_silent for axis in self._axes.values()):
            self._beat(t_ns)
            self._sync(t_ns)
        try:
            self._line.flush()
        except LinkLost as error:
            self.lost = str(error)

    def _conduct_test(self, t_ns: int) -> None:
        """All of a line are tested together, because its silence is for all of them; never while one is armed."""
        axes = self._axes.values()
        if not any(axis.is_in_test for axis in axes):
            self._test_ns = None
            return
        if self._test_ns is None:
            self._test_ns = t_ns
            for axis in axes:
                axis.test_watchdog()
        enabled = [axis for axis in axes if axis.is_in_test and not axis.is_silent]
        ready = all(axis.is_enabled_for_test for axis in enabled)
        if ready or t_ns - self._test_ns > _READY_NS:
            for axis in enabled:
                axis.fall_silent(t_ns)

    def _beat(self, t_ns: int) -> None:
        known = any(axis.found is not None for axis in self._axes.values())
        if (known and t_ns - self._heard_ns > _DEAF_NS) or t_ns - self._beat_ns < _BEAT_NS:
            return
        self._beat_ns = t_ns
        self._line.queue(codes.HEARTBEAT + codes.HOST_ID, _OPERATIONAL)

    def _sync(self, t_ns: int) -> None:
        """SYNC and its question, if there is somebody to ask."""
        axis = self._next(t_ns)
        if axis is None:
            return
        self._cycle += 1
        mux = _QUESTIONS[self._cycle % len(_QUESTIONS)]
        self._unanswered += self._asked_ns[axis.id] != 0
        self._sync_ns[self._cycle] = t_ns
        self._sync_ns.pop(self._cycle - 2 * len(_QUESTIONS), None)
        self._asked[axis.id, mux] = self._cycle
        self._asked_ns[axis.id] = t_ns
        self._line.queue(codes.SYNC, b"")
        self._line.queue(codes.SDO_QUESTION + axis.id, question(mux))

    def _next(self, t_ns: int) -> Cia402Axis | None:
        """In turn; one that does not report only when there is no other."""
        axes = [axis for axis in self._axes.values() if axis.may_be_asked]
        free = [
            axis for axis in axes if t_ns - self._asked_ns[axis.id] >= _TRY_NS or not self._asked_ns[axis.id]
        ]
        live = [axis for axis in free if t_ns - axis.feedback.t_ns < _LOST_NS] or free
        if not live:
            return None
        self._turn += 1
        return live[self._turn % len(live)]
