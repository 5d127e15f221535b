"""One CiA 402 controller, host's end.

It is met by SDO (`cia402_setup`), then reports by process data on every SYNC. Its watchdog is the host's heartbeat,
which is the whole line's. So what ends for one axis alone is ended here: by the controller's quick stop, whose ramp is
that of its time-out. A controlword goes out only until its effect is seen, so that no damaged one reaches a drive that
runs.
"""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import replace
from enum import Enum

from firmware_bridge.axes import EFFORT_DIRECTION, WATCHDOG_MS, AxisConfig
from firmware_bridge.drive_map import AxisEntry
from firmware_bridge.drivers import cia402_codes as codes
from firmware_bridge.drivers.axis import AxisSetpoint, AxisState, Capabilities, Found, within
from firmware_bridge.drivers.canopen_sdo import Dialog, Read, Refused, Script, Write
from firmware_bridge.drivers.cia402_feedback import Feedback, Report, Scale
from firmware_bridge.drivers.cia402_frames import Commands, Frame
from firmware_bridge.drivers.cia402_motion import Motion
from firmware_bridge.drivers.cia402_setup import REPORTS, Needs, Setup
from robot.messages import AxisFault, AxisLimit, AxisMode

_MS = 1_000_000
_MUTE_NS = 100 * _MS  # feedback older than this: no motion is sent (promise S4) ...
_SILENCE_NS = WATCHDOG_MS * _MS  # ... and with none for this long it is stopped
_GONE_NS = 500 * _MS  # after which it is asked anew who it is
_START_NS = 100 * _MS  # between two orders to become operational
_CLEAR_NS = 300 * _MS  # what cannot be cleared within this time needs another reset
_ENABLE_NS = 500 * _MS  # within which it must take commands
_SILENT_NS = (WATCHDOG_MS + 50) * _MS  # of silence, after which it must have timed out
_STUCK_NS = 500 * _MS  # told to turn for so long without a turn ...
_STUCK_TURNS = 0.002  # ... of more than this, though it should have made ten times as much
_LOST = (AxisFault.RESET, AxisFault.ENCODER)  # faults after which the position is not known
_BROKEN = (codes.FAULT, codes.FAULT_REACTION)


class _Phase(Enum):
    MEETING = 0
    IDLE = 1
    TEST_ENABLED = 2  # watchdog test: it is enabled and told to stand
    TEST_SILENT = 3  # the line is silent
    TEST_ASKED = 4  # it is asked whether it still drives
    ARMED = 5
    STOPPING = 6


_TESTS = (_Phase.TEST_ENABLED, _Phase.TEST_SILENT, _Phase.TEST_ASKED)


class Cia402Axis:
    """One controller; see `firmware_bridge.drivers.axis.AxisDriver`.

    Args:
        brake_s: for how long it is held before its power goes off.
        looks_on: it is only read, and neither written to nor moved.
    """

    def __init__(
        self, entry: AxisEntry, config: AxisConfig, brake_s: float, needs: Needs, *, looks_on: bool = False
    ) -> None:
        self.axis, self.id = entry.number, entry.id
        self._config, self._needs, self._looks_on = config, needs, looks_on
        self._turns, self._torque = entry.turns_per_unit, entry.torque_scale
        self._direction = EFFORT_DIRECTION[self.axis]
        self._brake_ns = round(brake_s * 1e9)
        self.feedback = Feedback(config, self._turns, self._torque)
        self._fault, self._text, self._code = AxisFault.NONE, "", 0
        self.watchdog_seen = False
        self._unwatched = ""  # why its watchdog test failed
        self._serial_number = ""  # of the first that was met; another one is no substitute
        self._met = False  # ever
        self.meet()

    def meet(self) -> None:
        """Forget who it is: there is another line, or it has restarted."""
        self._phase = _Phase.MEETING
        self._setup = Setup(self._needs, looks_on=self._looks_on, met_before=self._met)
        self._dialog: Dialog | None = Dialog(self._setup.script())
        self._ordered = self._looks_on  # to become pre-operational
        self._motion: Motion | None = None
        self.feedback.forget(Scale(1.0, 1.0, 1.0))
        self._since_ns: int | None = None  # of the phase, or of a wish that is not in force yet
        self._left_ns = self._started_ns = self._met_ns = self._now_ns = 0
        self._operational = False
        self._heard_state = -1
        self._error: int | None = None  # of its fault, as it told it
        self._clearing = False
        self._clear_until_ns = 0
        self._wish: tuple[AxisSetpoint, int] | None = None
        self._valid_until_ns = 0
        self._mode = AxisMode.HOLD
        self._running = False  # what is wished is in force
        self._refused = AxisLimit.NONE
        self._told_speed = 0.0
        self._still: tuple[int, float] = (0, 0.0)
        self._ramp_ns = 0
        self._stop_turns = 0.0
        self.state = AxisState(fault=self._fault, code=self._code, text=self._text)

    # ------------------------------------------------------------------ contract

    @property
    def found(self) -> Found | None:
        return self._setup.found

    @property
    def mismatch(self) -> str:
        setup, serial = self._setup, self._serial_number
        if not setup.mismatch and serial and setup.serial_number != serial:
            return f"serial number: controller {setup.serial_number}, host {serial}"
        return setup.mismatch or self._unwatched

    @property
    def armed(self) -> bool:
        return self._phase is _Phase.ARMED

    def capabilities(self) -> Capabilities:
        modes = frozenset(self._setup.modes or self._needs.modes) | {AxisMode.HOLD}
        return Capabilities(modes, self._config.effort_max, (0.001, 65.535), latches=True)

    def arm(self) -> None:
        last = self.feedback.last
        well = not self.mismatch and self.watchdog_seen and self._fault == AxisFault.NONE
        if self._phase in (_Phase.IDLE, _Phase.STOPPING) and well and last and last.state not in _BROKEN:
            self._clearing = False
            self._to(_Phase.ARMED)

    def disarm(self, ramp_s: float) -> None:
        if self._phase is _Phase.ARMED:
            self._to(_Phase.STOPPING)
            self._refused = AxisLimit.NONE
            self._ramp_ns = round(ramp_s * 1e9)

    def clear_fault(self) -> None:
        if self._phase is not _Phase.ARMED and self._phase not in _TESTS:
            self._clearing = True
            self._clear_until_ns = 0
            self._unwatched = ""

    def test_watchdog(self) -> None:
        if self._phase is _Phase.IDLE and self._fault == AxisFault.NONE and not self._setup.mismatch:
            self._to(_Phase.TEST_ENABLED)
            self.watchdog_seen = False

    def command(self, setpoint: AxisSetpoint, valid_until_ns: int) -> None:
        self._wish = (setpoint, valid_until_ns)

    def _to(self, phase: _Phase) -> None:
        self._phase = phase
        self._since_ns = None
        self._valid_until_ns = 0
        self._running = False
        if phase is _Phase.ARMED:
            self._mode = AxisMode.HOLD

    # ------------------------------------------------------------------ for its bus

    @property
    def may_be_asked(self) -> bool:
        """It answers by SDO, and nobody else is asking."""
        return self._phase is not _Phase.MEETING and self._dialog is None

    @property
    def is_in_test(self) -> bool:
        return self._phase in _TESTS

    @property
    def is_enabled_for_test(self) -> bool:
        enabled = self._motion is not None and self._motion.in_force(AxisMode.VELOCITY)
        return self._phase is _Phase.TEST_ENABLED and enabled

    @property
    def is_silent(self) -> bool:
        """The host must not be heard."""
        return self._phase is _Phase.TEST_SILENT

    def fall_silent(self, t_ns: int) -> None:
        """Now it must notice that the host is silent."""
        if self.is_enabled_for_test:
            self._to(_Phase.TEST_SILENT)
            self._since_ns = t_ns
        else:
            self._unwatched = f"watchdog: it cannot be enabled for its test: {self.state.text}"
            self._to(_Phase.IDLE)

    def leave(self) -> None:
        """The host will not be heard any more; put back what would miss it."""
        if self._phase is _Phase.IDLE and self._dialog is None and not self._looks_on:
            self._dialog = Dialog(self._give_back())

    # ------------------------------------------------------------------ what it says

    def hear_answer(self, t_ns: int, data: bytes) -> None:
        """An SDO."""
        self._now_ns = t_ns
        if self._dialog is not None:
            self._dialog.hear(data)
            self._end_dialog(t_ns)

    def _end_dialog(self, t_ns: int) -> None:
        dialog = self._dialog
        if dialog is None or not dialog.over:
            return
        self._dialog = None
        if self._phase is _Phase.MEETING:
            if dialog.failed:
                self.meet()
            else:
                self._meeting_is_over(t_ns)
        elif self._phase is _Phase.TEST_ASKED:
            self._met_ns = t_ns
            self._to(_Phase.IDLE)
            self._clearing, self._clear_until_ns = True, 0
        if self._looks_on and not dialog.failed:
            self._dialog = Dialog(self._look())

    def _meeting_is_over(self, t_ns: int) -> None:
        setup, card = self._setup, self._setup.card
        self._serial_number = self._serial_number or setup.serial_number
        self._error = self._error or card[codes.ERROR_CODE] or None
        counts = float(self._needs.counts_per_turn or card.counts_per_turn or math.nan)
        rated = self._needs.rated_torque or (card[codes.RATED_TORQUE] or 1000) * 1e-3
        tells_torque = self._looks_on or codes.TORQUE in setup.reports[1]
        scale = Scale(counts, setup.velocity_per_turn(counts), rated, tells_torque)
        self.feedback.forget(scale)
        if not self._looks_on:
            commands = Commands(self.id, setup.commands, scale)
            self._motion = Motion(
                self.axis,
                self._config,
                self._turns,
                self._torque,
                self.feedback,
                commands,
                setup.modes,
                rated,
            )
        self._phase = _Phase.IDLE
        self._met_ns = t_ns
        if setup.restarted:
            self._has_restarted()
        self._met = True

    def hear_heartbeat(self, t_ns: int, state: int) -> None:
        if state == codes.BOOTING:
            if self._met:
                self._has_restarted()
            self.meet()
            return
        repeated, self._heard_state = state == self._heard_state, state
        if state != codes.OPERATIONAL and repeated and self._operational:
            self._leave(t_ns, "it is not operational any more")

    def hear_emergency(self, t_ns: int, data: bytes) -> None:
        error = int.from_bytes(data[:2], "little")
        if error:
            self._error = error
        if codes.is_silence(error):
            self._leave(t_ns, codes.fault_of(error)[1])

    def _leave(self, t_ns: int, why: str) -> None:
        """It has left its operational state."""
        self._operational, self._left_ns = False, t_ns
        if self._phase in (_Phase.ARMED, _Phase.STOPPING):
            self._latch(AxisFault.TIMEOUT, why)

    def take(self, t_ns: int) -> None:
        """What it reported is of this time."""
        feedback = self.feedback
        if self._phase is _Phase.MEETING or not feedback.take(t_ns) or feedback.last is None:
            return
        self._operational |= t_ns > self._left_ns
        if not self._looks_on:
            self._judge(feedback.last)
            if feedback.last.state in _BROKEN and self._error is None and self._phase is _Phase.IDLE:
                return  # it is being asked what its fault is
        self._show(feedback.last)

    def _judge(self, report: Report) -> None:
        """Latch what is wrong."""
        state, driven = self.feedback.state, self._phase in (_Phase.ARMED, _Phase.STOPPING)
        if state in _BROKEN:
            kind, text = (
                codes.fault_of(self._error) if self._error is not None else (AxisFault.OTHER, "fault")
            )
            if self._error is None and self._dialog is None:
                self._dialog = Dialog(self._ask_error())
            expected = kind == AxisFault.TIMEOUT and not (driven or self.watchdog_seen)
            if not (expected or self._clearing) and (self._error is not None or driven):
                self._latch(kind, text, self._error or 0)
        elif report.state not in _BROKEN:
            self._error = None
            if self._phase is _Phase.ARMED and self._running and state not in (codes.ENABLED, ""):
                self._latch(AxisFault.OTHER, f"it has left {codes.ENABLED.lower()}: {state.lower()}")
        speed_s = abs(self._told_speed) * _STUCK_NS * 1e-9
        moved = abs(report.position - self._still[1]) > _STUCK_TURNS or speed_s < 10 * _STUCK_TURNS
        if moved or not self._running or self._phase is not _Phase.ARMED:
            self._still = (self.feedback.t_ns, report.position)
        elif self.feedback.t_ns - self._still[0] > _STUCK_NS:
            self._latch(AxisFault.ENCODER, "commanded but not moving")

    def _show(self, report: Report) -> None:
        mode = next((m for m, code in self._setup.modes.items() if code == report.mode), AxisMode.HOLD)
        fault, text = self._fault, self._text
        if fault == AxisFault.NONE and report.state in _BROKEN:
            fault, text = codes.fault_of(self._error or codes.GENERIC_ERROR)
        limited = AxisLimit.EFFORT if report.word & codes.INTERNAL_LIMIT else AxisLimit.NONE
        self.state = AxisState(
            self.feedback.t_ns,
            math.nan if self._fault in _LOST else report.position / self._turns,
            report.velocity / self._turns,
            self._direction * report.torque / self._torque,
            mode if report.state == codes.ENABLED else AxisMode.HOLD,
            fault,
            self._refused or limited,
            self._code or self._error or report.mode,
            text or report.state.lower(),
        )

    def _latch(self, fault: AxisFault, text: str, code: int = 0) -> None:
        """The first one is kept until it is cleared, but for one whose kind was not known yet, and for a restart, which
        tells more than the silence that it came with."""
        unknown = self._fault == AxisFault.OTHER and not self._code and code
        if self._fault == AxisFault.NONE or unknown or fault == AxisFault.RESET:
            self._fault, self._text, self._code = fault, text, code
            position = math.nan if fault in _LOST else self.state.position
            self.state = replace(self.state, fault=fault, text=text, code=code, position=position)
        if self._phase is _Phase.ARMED:
            self._to(_Phase.STOPPING)

    def _has_restarted(self) -> None:
        """What it was told and where it stood are gone (promise S10); it stays off until that is acknowledged."""
        self.watchdog_seen = False
        self._latch(AxisFault.RESET, "restarted: its position is not to be trusted")

    # ------------------------------------------------------------------ what it is asked

    def _ask_error(self) -> Script:
        try:
            self._error = codes.ERROR_CODE.decode((yield Read(codes.ERROR_CODE.mux))) or codes.GENERIC_ERROR
        except Refused:
            self._error = codes.GENERIC_ERROR

    def _ask_whether_it_stopped(self) -> Script:
        noticed = not self._operational
        self._operational, self._left_ns = False, self._now_ns
        word = codes.STATUSWORD.decode((yield Read(codes.STATUSWORD.mux)))
        if codes.STATES[word & 0x7F] != codes.ENABLED:
            self.watchdog_seen = True
            self.state = replace(self.state, fault=AxisFault.TIMEOUT, text="timed out in its test")
        elif noticed:
            self._unwatched = f"watchdog: it drives on when the host is silent; look at {codes.ABORT_OPTION}"
        else:
            self._unwatched = f"watchdog: none; {codes.CONSUMER} must be {WATCHDOG_MS} ms and act"

    def _give_back(self) -> Script:
        with suppress(Refused):
            yield Write(codes.CONSUMER.mux, codes.CONSUMER.encode(self._setup.consumer))

    def _look(self) -> Script:
        """Read by SDO what it would otherwise report."""
        began_ns, answers = self._now_ns, []
        for wanted in (*REPORTS[0], *REPORTS[1], codes.ERROR_CODE):
            try:
                value = wanted.decode((yield Read(wanted.mux)))
            except Refused:
                value = 0
            answers.append(wanted.encode(value))
        self._error = value or None
        self.feedback.hear(0, b"".join(answers[:3]))
        self.feedback.hear(1, b"".join(answers[3:5]))
        self.take(began_ns)

    # ------------------------------------------------------------------ what goes out

    def frames(self, t_ns: int) -> list[Frame]:
        """What is to be said now."""
        wish, self._wish = self._wish, None
        self._now_ns = t_ns
        self._watch(t_ns, wish)
        frames: list[Frame] = []
        if not self._ordered:
            self._ordered = True
            frames.append((codes.NMT, bytes((codes.ENTER_PRE_OPERATIONAL, self.id))))
        if self._dialog is not None:
            question = self._dialog.next_frame(t_ns)
            if question is not None:
                frames.append((codes.SDO_QUESTION + self.id, question))
            self._end_dialog(t_ns)
        if self._motion is not None:
            frames += self._orders(t_ns, wish, self._motion)
        return frames

    def _watch(self, t_ns: int, wish: tuple[AxisSetpoint, int] | None) -> None:
        """What ends by time alone."""
        silent_ns = t_ns - max(self.feedback.t_ns, self._met_ns)
        if self._phase in (_Phase.ARMED, _Phase.STOPPING) and t_ns - self.feedback.t_ns > _SILENCE_NS:
            self._latch(AxisFault.TIMEOUT, f"no feedback for {WATCHDOG_MS} ms")
        if self._phase is _Phase.ARMED:
            if 0 < self._valid_until_ns <= t_ns and (wish is None or wish[1] <= t_ns):
                self._latch(AxisFault.TIMEOUT, "no setpoint within the life of the last")
        elif self._phase is _Phase.TEST_SILENT and self._since_ns is not None:
            if t_ns - self._since_ns > _SILENT_NS:
                self._to(_Phase.TEST_ASKED)
                self._ordered = False  # one that has stopped its network answers nothing
                self._dialog = Dialog(self._ask_whether_it_stopped())
        elif self._phase in (_Phase.IDLE, _Phase.STOPPING) and silent_ns > _GONE_NS:
            self.meet()

    def _orders(self, t_ns: int, wish: tuple[AxisSetpoint, int] | None, motion: Motion) -> list[Frame]:
        if self._phase in (_Phase.TEST_SILENT, _Phase.TEST_ASKED, _Phase.MEETING):
            return []
        if not self._operational:
            if t_ns - self._started_ns < _START_NS:
                return []
            self._started_ns = t_ns
            return [(codes.NMT, bytes((codes.START, self.id)))]
        last = self.feedback.last
        if last is None:
            return []
        if self._clearing:
            return self._clear(t_ns, last, motion)
        if self._phase is _Phase.TEST_ENABLED:
            return motion.reset_fault() if last.state in _BROKEN else motion.turn(0.0, last)
        if self._fault != AxisFault.NONE or self._phase is _Phase.IDLE:
            return self._off(t_ns, last, motion)
        if self._phase is _Phase.STOPPING:
            return self._stop(t_ns, last, motion)
        if wish is not None and t_ns < wish[1] and t_ns - self.feedback.t_ns <= _MUTE_NS:
            self._valid_until_ns = wish[1]
            return self._move(t_ns, wish[0], last, motion)
        return []

    def _clear(self, t_ns: int, last: Report, motion: Motion) -> list[Frame]:
        self._clear_until_ns = self._clear_until_ns or t_ns + _CLEAR_NS
        if last.state not in _BROKEN and self.feedback.state not in _BROKEN:
            self._clearing = False
            self._fault, self._text, self._code, self._error = AxisFault.NONE, "", 0, None
            return self._off(t_ns, last, motion)
        self._clearing = t_ns < self._clear_until_ns
        return motion.reset_fault()

    def _off(self, t_ns: int, last: Report, motion: Motion) -> list[Frame]:
        frames = motion.off(last, is_old=t_ns - self.feedback.t_ns > _MUTE_NS)
        if not frames and last.state != codes.QUICK_STOP and self._phase is _Phase.STOPPING:
            self._to(_Phase.IDLE)
        return frames

    def _stop(self, t_ns: int, last: Report, motion: Motion) -> list[Frame]:
        """Ramp from the measured speed; the cable keeps its pull until the end of it."""
        if self._since_ns is None:
            self._since_ns = t_ns
            self._stop_turns = last.velocity
        passed_ns = t_ns - self._since_ns
        ramp_ns = 0 if self._config.self_locking or self._mode == AxisMode.HOLD else self._ramp_ns
        if passed_ns < ramp_ns:
            if self._mode == AxisMode.EFFORT:
                return motion.keep_pulling(last)
            return motion.turn(self._stop_turns * (1.0 - passed_ns / ramp_ns), last)
        if passed_ns < ramp_ns + self._brake_ns:
            return motion.hold(last)
        return self._off(t_ns, last, motion)

    def _move(self, t_ns: int, wish: AxisSetpoint, last: Report, motion: Motion) -> list[Frame]:
        wish, self._refused = within(wish, self._config)
        mode = wish.mode
        if mode != AxisMode.HOLD and mode not in motion.modes:
            mode, self._refused = AxisMode.HOLD, AxisLimit.INVALID
        self._told_speed = wish.target * self._turns if mode == AxisMode.VELOCITY else 0.0
        if mode != self._mode:
            self._mode, self._since_ns, self._running = mode, None, False
        if mode == AxisMode.HOLD:
            return motion.hold(last)
        self._running |= motion.in_force(mode)
        if not self._running:
            self._since_ns = t_ns if self._since_ns is None else self._since_ns
            if t_ns - self._since_ns > _ENABLE_NS:
                self._latch(AxisFault.OTHER, f"it does not take commands: {last.state.lower()}")
        return motion.wish(wish, last)
