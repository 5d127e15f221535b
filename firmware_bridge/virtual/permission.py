"""Who may move the drives: the board's own state of permission, owned by no host.

Permission is asked for by a rising edge of the heartbeat's armed intent within a session, after every drive
was seen to time out, with the e-stop chain closed and nothing latched. It ends with the intent, the session,
a stop request, the chain, a faulted drive, or 150 ms without heartbeat or living setpoint; all but the first
two latch. A latched stop is cleared by an explicit reset alone, and a reset does not restart anything
(promises S1, S4, S7). The design follows panda's heartbeat with intent.
"""

from __future__ import annotations

from firmware_bridge.axes import RAMP_MS, WATCHDOG_MS
from firmware_bridge.link import Intent, Safety
from robot.messages import Mode, StopCause

MODES = tuple(Mode)  # a mode's place in it is its number on the wire
WATCHDOG_US = WATCHDOG_MS * 1000

# plain numbers, because arithmetic with enumerated flags costs as much as a frame
_ESTOP_CLOSED, _PERMITTED = int(Safety.ESTOP_CLOSED), int(Safety.PERMITTED)
_LATCHED_STOP, _WATCHDOG_SEEN = int(Safety.LATCHED_STOP), int(Safety.WATCHDOG_SEEN)


class Permission:
    """State of permission, in the board's time (us). Its owner stops the drives when `permitted` falls."""

    def __init__(self) -> None:
        self.session = 0
        self.permitted = False
        self.latched = False
        self.cause = StopCause.BOOT
        self.estop_closed = True
        self.watchdog_seen = False
        self.mode = Mode.SAFE
        self._was_armed = True  # until the host has been seen unarmed there is no rising edge
        self._drive_fault = False
        self._alive_until_us = 0
        self._valid_until_us = 0

    @property
    def ramp_us(self) -> int:
        """Duration of the controlled stop that the mode demands."""
        return RAMP_MS[self.mode] * 1000

    def open_session(self, session: int) -> None:
        """A host has said hello: whatever was permitted to another session is over."""
        self.session = session
        self.permitted = False
        self._was_armed = True
        self._alive_until_us = 0

    def heartbeat(self, now_us: int, mode: Mode, intent: Intent) -> None:
        if mode is not Mode.STOPPED:  # a stop is made as the mode demands that it was made from
            self.mode = mode
        self._alive_until_us = now_us + WATCHDOG_US
        if Intent.STOP in intent:
            self.latch(StopCause.HOST)
        armed = Intent.ARMED in intent
        if not armed:
            self.permitted = False
        elif not self._was_armed and self._may_permit():
            self.permitted = True
            self.cause = StopCause.NONE
            self._valid_until_us = now_us + WATCHDOG_US
        self._was_armed = armed

    def setpoints(self, now_us: int, life_us: int) -> None:
        """Setpoints were taken into force."""
        self._valid_until_us = now_us + life_us

    def tick(self, now_us: int, estop_closed: bool, drive_fault: bool) -> None:
        """What is to be noticed without any message."""
        self.estop_closed = estop_closed
        self._drive_fault = drive_fault
        if not estop_closed:
            self.latch(StopCause.ESTOP)
        if not self.permitted:
            return
        if drive_fault:
            self.latch(StopCause.DRIVE_FAULT)
        elif self.margin_us(now_us) <= 0:
            self.latch(StopCause.WATCHDOG)

    def host_alive(self, now_us: int) -> bool:
        """Whether the session's host was heard within the watchdog's time."""
        return now_us < self._alive_until_us

    def margin_us(self, now_us: int) -> int:
        """What is left of the watchdog's time."""
        return min(self._alive_until_us, self._valid_until_us) - now_us

    def latch(self, cause: StopCause) -> None:
        """The first cause is kept until the reset."""
        self.permitted = False
        if not self.latched:
            self.latched = True
            self.cause = cause

    def reset(self) -> bool:
        """Clear the latch; refused while the chain is open. It permits nothing."""
        if not self.estop_closed:
            return False
        if self.latched:
            self.latched = False
            self.cause = StopCause.NONE
        return True

    def flags(self) -> int:
        """Bits of `Safety`, but for TESTING."""
        return (
            self.estop_closed * _ESTOP_CLOSED
            + self.permitted * _PERMITTED
            + self.latched * _LATCHED_STOP
            + self.watchdog_seen * _WATCHDOG_SEEN
        )

    def _may_permit(self) -> bool:
        return self.estop_closed and self.watchdog_seen and not self.latched and not self._drive_fault
