"""The host's end of one VESC.

A VESC forgets: it moves again with the next command after a time-out, clears its faults after half a second, and
takes commands at once after a restart. So everything is latched here, and its own watchdog is trusted only after
it was seen to act.
"""

from __future__ import annotations

import math
from dataclasses import replace
from enum import Enum

from firmware_bridge.axes import WATCHDOG_MS
from firmware_bridge.drivers.axis import AxisSetpoint, AxisState, Capabilities, Found
from firmware_bridge.drivers.vesc_codec import (
    FAULTS,
    Uptime,
    Values,
    Version,
    set_brake,
    set_handbrake,
)
from firmware_bridge.drivers.vesc_feedback import Feedback, Verdict, VescAxis
from firmware_bridge.drivers.vesc_orders import Order, as_measured, order_for
from robot.messages import Axis, AxisFault, AxisMode

_MS = 1_000_000
_STALE_NS = 30 * _MS
_MUTE_NS = 100 * _MS  # feedback older than this ends motion (promise S4)
_STOP_NS = 1000 * _MS  # of braking after a stop; by then the robot's own brakes hold
_FED_NS = 50 * _MS  # after the first command, until the time-out bit must have gone
_LATE_MS = 50  # it looks at its time-out every 10 ms, and is asked every 10 ms
_TEST_NS = 500 * _MS  # longest watchdog test
_STANDS, _HOLDS = 0.1, 0.6  # of its least speed: counts as standing; can be held in place
_STUCK_NS = 500 * _MS  # told to turn for so long without a turn
_STUCK_COUNTS = 5
_WILD = 3  # readings in a row that cannot be true
_STRANGERS = 3  # replies of another controller in this one's place
_NO_VALUES_NS = 500 * _MS
_LOST = (AxisFault.RESET, AxisFault.ENCODER)  # faults after which the position is not known


class _Phase(Enum):
    OFF = 0
    ARMED = 1
    STOPPING = 2
    TEST_FED = 3  # watchdog test: commands go out, the time-out bit must go
    TEST_SILENT = 4  # nothing goes out, the bit must come


class VescDriver:
    """One VESC; its bus (`drivers.vesc`) carries the payloads."""

    def __init__(self, axis: Axis, wiring: VescAxis) -> None:
        self.axis = axis
        self.wiring = wiring
        self._uuid = wiring.serial_number
        self.state = AxisState()
        self.meet_nobody()

    def meet_nobody(self) -> None:
        """Begin anew with whoever is at the other end now; what is latched stays."""
        self.feedback = Feedback(self.wiring)
        self.found: Found | None = None
        self.watchdog_seen = False
        self.state = AxisState(fault=self.state.fault, code=self.state.code, text=self.state.text)
        self._wrong: dict[str, str] = {}
        self._met_ns = 0
        self._strangers = self._wild = 0
        self._to(_Phase.OFF)

    def _to(self, phase: _Phase) -> None:
        self._phase = phase
        self._since_ns = 0  # when this phase first spoke
        self._fed_ns = 0  # its newest command
        self._valid_until_ns = 0
        self._wish: tuple[AxisSetpoint, int] | None = None
        self._done: AxisSetpoint | None = None  # carried out last
        self._mode = AxisMode.HOLD
        self._order = Order(b"")
        self._ramp: tuple[AxisSetpoint, float] | None = None  # what it stops from, and within which time, s
        self._still: tuple[int, int] | None = None  # since when and at which count it does not

    # ------------------------------------------------------------------ contract

    @property
    def mismatch(self) -> str:
        return "; ".join(self._wrong.values())

    @property
    def armed(self) -> bool:
        return self._phase == _Phase.ARMED

    def capabilities(self) -> Capabilities:
        return Capabilities(
            modes=frozenset((AxisMode.HOLD, AxisMode.VELOCITY, AxisMode.EFFORT)),
            effort_max=self.wiring.effort_max,
            watchdog_s=(0.001, 60.0),
            latches=False,
            speed_min=self.wiring.speed_min,
        )

    def arm(self) -> None:
        known = self.found is not None and self.feedback.values is not None and not self.mismatch
        still = self._phase == _Phase.OFF or (self._phase == _Phase.STOPPING and self._standing())
        if known and self.watchdog_seen and not self.state.fault and still:
            self._to(_Phase.ARMED)

    def disarm(self, ramp_s: float) -> None:
        if self._phase == _Phase.ARMED:
            ramp = (self._done, ramp_s) if self._done is not None and ramp_s > 0.0 else None
            self._to(_Phase.STOPPING)
            self._ramp = ramp
        elif self._phase in (_Phase.TEST_FED, _Phase.TEST_SILENT):
            self._to(_Phase.OFF)

    def clear_fault(self) -> None:
        """What the controller itself still reports stays."""
        if self.feedback.values is not None and self.feedback.values.fault:
            return
        if self.state.fault in _LOST:
            self.feedback.begin_anew()
        self._wild = 0
        self._wrong.pop("watchdog", None)
        self.state = replace(self.state, fault=AxisFault.NONE, code=0, text="")

    def test_watchdog(self) -> None:
        if self._phase == _Phase.OFF and self._standing() and not self.state.fault:
            self._wrong.pop("watchdog", None)
            self.watchdog_seen = False
            self._to(_Phase.TEST_FED)

    def command(self, setpoint: AxisSetpoint, valid_until_ns: int) -> None:
        self._wish = (setpoint, valid_until_ns)

    # ------------------------------------------------------------------ what comes in

    def meet(self, version: Version, t_ns: int) -> None:
        """It said who it is."""
        wiring, uuid = self.wiring, version.uuid
        if self._uuid and uuid != self._uuid:
            self._wrong["serial"] = f"serial number: expected {self._uuid}, answered {uuid or 'none'}"
        self._uuid = self._uuid or uuid
        self._met_ns = t_ns
        details = {"reached": "over CAN" if wiring.can else "directly"}
        self.found = Found("vesc", wiring.id, version.hardware, version.text, uuid, details)

    def unmeet(self) -> None:
        """Who it said to be may have been another."""
        self.found = None
        self._uuid = self.wiring.serial_number
        self._wrong.pop("serial", None)

    def meet_stranger(self, controller_id: int) -> None:
        """Another controller answered in this one's place."""
        self._strangers += 1
        if self._strangers >= _STRANGERS:
            self._wrong["id"] = f"controller id: expected {self.wiring.id}, answered {controller_id}"
            if self._phase == _Phase.ARMED:
                self._latch(AxisFault.RESET, "another controller answers")

    def take_values(self, values: Values, t_ns: int) -> None:
        if values.timed_out is None:
            self._wrong["status"] = self._too_old("feedback has no time-out bit", "5.03")
        if values.tag == 0:
            self._wrong["tag"] = "replies do not repeat the mask of their request: late ones cannot be told"
        verdict = self.feedback.take_values(values, t_ns)
        if verdict is Verdict.TAKEN:
            self._strangers = self._wild = 0
            self._wrong.pop("values", None)
            self._judge(values, self.feedback.t_ns, t_ns)
            self._show(values)
        elif verdict is Verdict.WILD:
            self._wild += 1
            if self._wild >= _WILD:
                self._latch(AxisFault.ENCODER, "feedback cannot be true")

    def take_uptime(self, uptime: Uptime, t_ns: int) -> None:
        if uptime.ms is None:
            self._wrong["uptime"] = self._too_old("it does not tell its up-time", "6.00")
        verdict = self.feedback.take_uptime(uptime, t_ns)
        if verdict is Verdict.RESTARTED:
            self._restarted("it has restarted")
        elif verdict is Verdict.FROZEN:
            self._latch(AxisFault.ENCODER, "its clock stands still")

    def lose_line(self, why: str) -> None:
        if self._phase == _Phase.ARMED:
            self._latch(AxisFault.TIMEOUT, why)
        self._to(_Phase.OFF)

    def _judge(self, values: Values, sent_ns: int, t_ns: int) -> None:
        """What new feedback means for what we are doing."""
        if values.fault:
            kind, text = FAULTS[values.fault]
            if kind == AxisFault.RESET:
                self._restarted(text, values.fault)
            self._latch(kind, text, values.fault)
        timed_out = bool(values.timed_out) or values.killed
        begun = 0 < self._since_ns < sent_ns
        if self._phase == _Phase.ARMED:
            if begun and sent_ns - self._since_ns > _FED_NS and timed_out:
                why = "kill switch is on" if values.killed else "its own watchdog ran out"
                self._latch(AxisFault.TIMEOUT, why)
        elif self._phase == _Phase.TEST_FED and begun and not timed_out:
            self._phase = _Phase.TEST_SILENT
        elif self._phase == _Phase.TEST_SILENT and timed_out:
            self._end_test((t_ns - self._fed_ns) // _MS)
        self._watch_turning(sent_ns)

    def _watch_turning(self, sent_ns: int) -> None:
        counts = self.feedback.counts
        if not self._order.turns or self._still is None or abs(counts - self._still[1]) > _STUCK_COUNTS:
            self._still = (sent_ns, counts)
        elif sent_ns - self._still[0] > _STUCK_NS:
            self._latch(AxisFault.ENCODER, "commanded but not moving")

    def _show(self, values: Values) -> None:
        wiring, state = self.wiring, self.state
        idle = "timed out" if values.timed_out else ""
        self.state = AxisState(
            t_ns=self.feedback.t_ns,
            position=math.nan if state.fault in _LOST else self.feedback.counts * wiring.per_count,
            velocity=values.erpm * wiring.per_erpm,
            effort=values.current_a * wiring.effort_per_a,
            mode=self._mode,
            fault=state.fault,
            limit=self._order.limit,
            code=state.code,
            text=state.text if state.fault else self._order.hint or idle,
            temperature_c=values.mosfet_c,
        )

    # ------------------------------------------------------------------ what goes out

    def order(self, t_ns: int) -> bytes:
        """What it is told in this tick; empty if nothing."""
        self.watch(t_ns)
        wish, self._wish = self._wish, None
        if self._phase == _Phase.ARMED and wish is not None and t_ns < wish[1]:
            order = self._carry_out(wish[0], t_ns)
            self._valid_until_ns = wish[1]
        elif self._phase == _Phase.STOPPING:
            order = self._ramp_down(t_ns)
        elif self._phase == _Phase.TEST_FED:
            order = Order(self._brake(t_ns))
        else:
            return b""
        self._order = order
        self._since_ns = self._since_ns or t_ns
        self._fed_ns = t_ns
        return order.payload

    def watch(self, t_ns: int) -> None:
        """What ends by time alone."""
        if self.found is not None and self.feedback.values is None and t_ns - self._met_ns > _NO_VALUES_NS:
            self._wrong["values"] = self._too_old("it does not answer GET_VALUES_SELECTIVE", "5.03")
        if self._phase == _Phase.ARMED:
            if t_ns - self.state.t_ns > _MUTE_NS:
                self._latch(AxisFault.TIMEOUT, "no feedback for 100 ms")
            elif 0 < self._valid_until_ns <= t_ns and self._wish is None:
                self._latch(AxisFault.TIMEOUT, "no setpoint within the life of the last")
        elif self._since_ns and self._phase == _Phase.STOPPING and t_ns - self._since_ns > self._stop_ns():
            self._to(_Phase.OFF)
        elif self._since_ns and self._phase != _Phase.STOPPING and t_ns - self._since_ns > _TEST_NS:
            self._end_test(None)

    def _stop_ns(self) -> int:
        return _STOP_NS + (round(self._ramp[1] * 1e9) if self._ramp is not None else 0)

    def _carry_out(self, setpoint: AxisSetpoint, t_ns: int) -> Order:
        begins, self._mode = setpoint.mode != self._mode, setpoint.mode
        self._done = setpoint
        wish = as_measured(setpoint, self.state) if begins else setpoint
        return order_for(wish, self.wiring, lambda: self._brake(t_ns))

    def _ramp_down(self, t_ns: int) -> Order:
        """A speed falls evenly, an effort stays until the end; then, and for any other reason to stop than an
        order, it is braked."""
        if self._ramp is None:
            return Order(self._brake(t_ns))
        last, ramp_s = self._ramp
        left = 1.0 - (t_ns - (self._since_ns or t_ns)) / (ramp_s * 1e9)
        if left <= 0.0 or self.state.fault or t_ns - self.state.t_ns > _MUTE_NS:
            self._ramp = None
            return Order(self._brake(t_ns))
        target = last.target * left if last.mode == AxisMode.VELOCITY else last.target
        return order_for(replace(last, target=target), self.wiring, lambda: self._brake(t_ns))

    def _brake(self, t_ns: int) -> bytes:
        """Braking while it turns or may turn; holding in place once it only creeps, as braking cannot."""
        holds = self._slow(_HOLDS) and t_ns - self.state.t_ns <= _STALE_NS
        return (set_handbrake if holds else set_brake)(self.wiring.brake_a)

    def _standing(self) -> bool:
        return self._slow(_STANDS)

    def _slow(self, share: float) -> bool:
        """Whether it turns slower than this share of its least speed."""
        values = self.feedback.values
        return values is not None and abs(values.erpm) < share * self.wiring.erpm_min

    # ------------------------------------------------------------------ latches

    def _restarted(self, text: str, code: int = 0) -> None:
        self.watchdog_seen = False
        self.found = None
        self._latch(AxisFault.RESET, text, code)

    def _latch(self, fault: AxisFault, text: str, code: int = 0) -> None:
        """Stop, and stay stopped until cleared. A restart tells more than the silence that it came with."""
        if not self.state.fault or (self.state.fault, fault) == (AxisFault.TIMEOUT, AxisFault.RESET):
            position = math.nan if fault in _LOST else self.state.position
            self.state = replace(self.state, fault=fault, text=text, code=code, position=position)
        if self._phase == _Phase.ARMED:
            self._to(_Phase.STOPPING)

    def _end_test(self, after_ms: int | None) -> None:
        """The time-out came so long after the last command, or did not come."""
        fed = self._phase == _Phase.TEST_FED
        self._to(_Phase.OFF)
        self.watchdog_seen = after_ms is not None and after_ms <= WATCHDOG_MS + _LATE_MS
        told = "none" if after_ms is None else f"{after_ms} ms after the last command"
        if self.found is not None:
            details = {**self.found.details, "watchdog_ms": "none" if after_ms is None else str(after_ms)}
            self.found = replace(self.found, details=details)
        if fed:
            self._wrong["watchdog"] = "commands do not reach it, or another source commands it"
        elif not self.watchdog_seen:
            self._wrong["watchdog"] = f"time-out: {told}; at most {WATCHDOG_MS} ms is right"

    def _too_old(self, lacks: str, needed: str) -> str:
        version = self.found.firmware if self.found is not None else "unknown"
        return f"firmware {version}: {lacks}; {needed} or newer is needed"
