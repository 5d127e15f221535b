"""CiA 402 drives at the other end of the wire, as the profile describes them, with a brake of their own.

The motor is the axis' record in the `DriveBank`; of homing, profiles of position and touch probes there is nothing.
The brake is let go in OPERATION ENABLED; its supply and the motor's hang on the board's relay. A fault stays until the
rising edge of the controlword's bit 7.
"""

from __future__ import annotations

from firmware_bridge.drive_map import AxisEntry
from firmware_bridge.virtual import loops
from firmware_bridge.virtual.canopen_node import INITIALISING, CanopenNode, Entry
from firmware_bridge.virtual.drives import DriveBank
from robot.messages import AxisFault, AxisLimit, AxisMode

# Statusword of each state, without the bits that tell other things.
SWITCH_ON_DISABLED, READY_TO_SWITCH_ON, SWITCHED_ON, OPERATION_ENABLED = 0x40, 0x21, 0x23, 0x27
QUICK_STOP_ACTIVE, FAULT_REACTION_ACTIVE, FAULT = 0x07, 0x0F, 0x08
PV, TQ, CSP, CSV, CST = 3, 4, 8, 9, 10
BOOT_US = 200_000  # silence after a restart
_MODES = 0x038C
_ALIKE = {PV: AxisMode.VELOCITY, CSV: AxisMode.VELOCITY, CSP: AxisMode.POSITION, TQ: AxisMode.EFFORT,
          CST: AxisMode.EFFORT}  # fmt: skip
_ERRORS = {AxisFault.OVER_TEMPERATURE: 0x4310, AxisFault.ENCODER: 0x7305, AxisFault.OVER_CURRENT: 0x2310}
_OTHER_ERROR, _HEARTBEAT_LOST = 0xFF00, 0x8130
_NEVER_US = 1 << 60
_REMOTE, _LIMITED, _VOLTAGE = 1 << 9, 1 << 11, 1 << 4
_SPEED_MARGIN = 0.95  # of its largest speed over the axis', for the overshoot


class VirtualCia402(CanopenNode):
    """One drive.

    Attributes:
        drive_state: of the profile's state machine, as its statusword tells it.
        error: code of the fault that is latched.
        boots: how often it has started.
    """

    def __init__(self, bank: DriveBank, entry: AxisEntry) -> None:
        super().__init__(entry.id, lambda: bank.uptime_us)
        assert entry.cia402 is not None  # the file's schema sees to it
        self.axis = entry.number
        self._bank, self._drive = bank, bank.drives[entry.number]
        self._turns = entry.turns_per_unit
        self._counts = entry.turns_per_unit * entry.cia402.counts_per_turn  # per unit of the axis
        self._thousandths = (
            1000.0 * entry.torque_scale / entry.cia402.rated_torque
        )  # per effort along the axis
        self._define(entry, entry.cia402.counts_per_turn, entry.cia402.rated_torque)
        self._drive["extrapolate_us"] = 20_000
        self.boots = 0
        self._boot_at_us = 0
        self._start()

    def _define(self, entry: AxisEntry, counts_per_turn: int, rated_torque: float) -> None:
        drive = self._drive
        speed_rpm = _SPEED_MARGIN * 60 * float(drive["velocity_max"]) * abs(entry.turns_per_unit)
        ramp = (entry.stop_accel or 0.0) * abs(self._counts)
        self.entries |= {
            (0x1000, 0): Entry(4, 0x00020192, access="ro"),
            (0x1008, 0): Entry(0, b"Virtual CiA 402 drive", access="ro"),
            (0x100A, 0): Entry(0, b"2.1.0", access="ro"),
            (0x1018, 0): Entry(1, 4, access="ro"),
            (0x1018, 1): Entry(4, 0x5E1, access="ro"),
            (0x1018, 2): Entry(4, 0x402, access="ro"),
            (0x1018, 3): Entry(4, 0x00020001, access="ro"),
            (0x1018, 4): Entry(4, 1000 + entry.id, access="ro"),
            (0x1029, 0): Entry(1, 1, access="ro"),
            (0x1029, 1): Entry(1, 0),
            (0x6007, 0): Entry(2, 1, signed=True),
            (0x603F, 0): Entry(2, access="ro", maps="t", get=lambda: self.error),
            (0x6040, 0): Entry(2, maps="r", put=self._control),
            (0x6041, 0): Entry(2, access="ro", maps="t", get=self._statusword),
            (0x605A, 0): Entry(2, 2, signed=True),
            (0x605E, 0): Entry(2, 2, signed=True),
            (0x6060, 0): Entry(1, signed=True, maps="r", put=self._choose),
            (0x6061, 0): Entry(1, access="ro", signed=True, maps="t", get=lambda: self._mode),
            (0x6064, 0): Entry(4, access="ro", signed=True, maps="t", get=self._position),
            (0x606C, 0): Entry(4, access="ro", signed=True, maps="t", get=self._velocity),
            (0x6071, 0): Entry(2, signed=True, maps="r"),
            (0x6072, 0): Entry(2, maps="r"),
            (0x6076, 0): Entry(4, round(1000 * rated_torque)),
            (0x6077, 0): Entry(2, access="ro", signed=True, maps="t", get=self._torque),
            (0x607A, 0): Entry(4, signed=True, maps="r"),
            (0x6080, 0): Entry(4, round(speed_rpm)),
            (0x6085, 0): Entry(4, round(ramp)),
            (0x608F, 0): Entry(1, 2, access="ro"),
            (0x608F, 1): Entry(4, counts_per_turn),
            (0x608F, 2): Entry(4, 1),
            (0x60B1, 0): Entry(4, signed=True, maps="r"),
            (0x60B2, 0): Entry(2, signed=True, maps="r"),
            (0x60C2, 0): Entry(1, 2, access="ro"),
            (0x60C2, 1): Entry(1, 1),
            (0x60C2, 2): Entry(1, -3, signed=True),
            (0x60FF, 0): Entry(4, signed=True, maps="r"),
            (0x6502, 0): Entry(4, _MODES, access="ro"),
        }

    def _start(self) -> None:
        self.boots += 1
        self._mode, self._word, self.error = 0, 0, 0
        for index in (0x6040, 0x6060, 0x6071, 0x607A, 0x60B1, 0x60B2, 0x60FF):
            self.entries[index, 0].value = 0
        self.entries[0x6072, 0].value = 1000
        self._to(SWITCH_ON_DISABLED)
        self.boot()

    # ------------------------------------------------------------------ time

    @property
    def is_starting(self) -> bool:
        """It does not answer yet."""
        return self.state == INITIALISING

    def reboot(self) -> None:
        """It loses its supply for a moment."""
        self._bank.reset(self.axis)
        self.look()

    def restart(self) -> None:
        """Ordered over the bus."""
        self._start()

    def look(self) -> None:
        """Take note of what the motor did since the last time, and of the time."""
        drive = self._drive
        fault = AxisFault(int(drive["fault"]))
        if fault == AxisFault.RESET:
            self._bank.clear_fault(self.axis)  # its configuration comes from its own memory
            drive["phase"] = loops.OFF
            self.state = INITIALISING
            self._boot_at_us = self._bank.uptime_us + BOOT_US
        if self.state == INITIALISING:
            if self._bank.uptime_us >= self._boot_at_us:
                self._start()
            return
        if fault not in (AxisFault.NONE, AxisFault.TIMEOUT) and not self.error:
            self._fail(_ERRORS.get(fault, _OTHER_ERROR), FAULT)
        if self.drive_state == OPERATION_ENABLED:
            drive["ramp_us"] = self._ramp_us()
        elif self.drive_state in (QUICK_STOP_ACTIVE, FAULT_REACTION_ACTIVE):
            self._come_to_rest()
        self.tick()

    def _come_to_rest(self) -> None:
        drive = self._drive
        late_us = self._bank.now_us - int(drive["stop_us"]) - int(drive["ramp_us"])
        standing = abs(float(drive["velocity"])) < 0.02 * float(drive["velocity_max"])
        if drive["phase"] == loops.STOPPING and (late_us < 0 or not (standing or late_us > 200_000)):
            return
        if self.drive_state == FAULT_REACTION_ACTIVE:
            self._to(FAULT)
        elif self._value(0x605A) < 5:
            self._to(SWITCH_ON_DISABLED)

    def waits(self) -> bool:
        return bool(self._drive["watchdog"])

    def hear_host(self) -> None:
        if self.drive_state == OPERATION_ENABLED:
            self._drive["deadline_us"] = self._deadline_us()

    def lose_host(self) -> None:
        """0x6007: 1 is a fault, 2 takes the voltage off, 3 stops quickly, 0 does nothing."""
        option = self._value(0x6007)
        if option == 1 and not self.error:
            running = self.drive_state == OPERATION_ENABLED and self._value(0x605E) in (1, 2)
            self._fail(_HEARTBEAT_LOST, FAULT_REACTION_ACTIVE if running else FAULT)
        elif option == 2 and self.drive_state in (QUICK_STOP_ACTIVE, OPERATION_ENABLED):
            self._to(SWITCH_ON_DISABLED)
        elif option == 3 and self.drive_state == OPERATION_ENABLED:
            self._to(QUICK_STOP_ACTIVE)

    def _deadline_us(self) -> int:
        """When the motor itself begins to stop if no heart beats."""
        wait_ms = self._value(0x1016, 1) & 0xFFFF
        if self._host_us is None or not wait_ms or self._value(0x6007) == 0:
            return _NEVER_US
        return self._bank.now_us + self._host_us - self._bank.uptime_us + 1000 * wait_ms

    # ------------------------------------------------------------------ state machine

    def _control(self, word: int) -> None:
        before, self._word = self._word, word
        state = self.drive_state
        if state == FAULT:
            if word & ~before & 0x80:
                self._reset_fault()
        elif state != FAULT_REACTION_ACTIVE:
            self._obey(state, word & 0x0F)

    def _obey(self, state: int, command: int) -> None:
        if not command & 2:
            if state != SWITCH_ON_DISABLED:
                self._to(SWITCH_ON_DISABLED)
        elif not command & 4:
            if state == OPERATION_ENABLED:
                self._to(QUICK_STOP_ACTIVE)
            elif state in (READY_TO_SWITCH_ON, SWITCHED_ON):
                self._to(SWITCH_ON_DISABLED)
        elif not command & 1:
            if state in (SWITCH_ON_DISABLED, SWITCHED_ON, OPERATION_ENABLED):
                self._to(READY_TO_SWITCH_ON)
        elif not command & 8:
            if state in (READY_TO_SWITCH_ON, OPERATION_ENABLED):
                self._to(SWITCHED_ON)
        elif state in (READY_TO_SWITCH_ON, SWITCHED_ON) or (
            state == QUICK_STOP_ACTIVE and self._value(0x605A) >= 5
        ):
            self._to(OPERATION_ENABLED)

    def _to(self, state: int) -> None:
        drive, now_us = self._drive, self._bank.now_us
        before, self.drive_state = getattr(self, "drive_state", SWITCH_ON_DISABLED), state
        if state == OPERATION_ENABLED:
            drive["integral"] = 0.0
            drive["timeout_phase"], drive["ramp_us"] = self._reaction(), self._ramp_us()
            drive["damping"] = 0.0
            drive["deadline_us"] = self._deadline_us()
            drive["phase"] = loops.RUNNING
            self.written()
        elif state == SWITCHED_ON and before == OPERATION_ENABLED:
            drive["mode"], drive["held_us"] = AxisMode.HOLD, 0
            drive["deadline_us"] = _NEVER_US
        elif state in (QUICK_STOP_ACTIVE, FAULT_REACTION_ACTIVE):
            if drive["phase"] == loops.RUNNING:
                drive["stop_us"], drive["stop_velocity"] = now_us, drive["velocity"]
                drive["ramp_us"] = self._ramp_us()
                drive["phase"] = loops.OFF if drive["self_locking"] else loops.STOPPING
        else:
            drive["phase"] = loops.OFF

    def _reaction(self) -> int:
        """How the motor stands when the host is lost."""
        coasts = self._value(0x6007) == 2 or (self._value(0x6007) == 1 and self._value(0x605E) == 0)
        return loops.DAMPED if coasts else loops.STOPPING

    def _ramp_us(self) -> int:
        ramp = self._value(0x6085)
        return round(1e6 * abs(self._velocity()) / ramp) if ramp else 0

    def _fail(self, error: int, state: int) -> None:
        self.error = error
        if error != _HEARTBEAT_LOST:
            self.emergency(error)
        if self._drive["fault"] == AxisFault.NONE:
            self._drive["fault"] = AxisFault.TIMEOUT if error == _HEARTBEAT_LOST else AxisFault.OTHER
        self._to(state)

    def _reset_fault(self) -> None:
        self._bank.clear_fault(self.axis)
        if self._drive["fault"] == AxisFault.NONE:
            self.error = 0
            self.emergency(0)
            self._to(SWITCH_ON_DISABLED)

    # ------------------------------------------------------------------ what it reads and is told

    def _statusword(self) -> int:
        word = self.drive_state | _REMOTE
        if self._bank.relay:
            word |= _VOLTAGE
        if self.drive_state == OPERATION_ENABLED:
            word |= 1 << 12  # it follows its targets
            if self._drive["limited"] != AxisLimit.NONE:
                word |= _LIMITED
        return word

    def _position(self) -> int:
        return round(float(self._drive["position"]) * self._counts)

    def _velocity(self) -> int:
        return round(float(self._drive["velocity"]) * self._counts)

    def _torque(self) -> int:
        return min(max(round(float(self._drive["force"]) * self._thousandths), -32768), 32767)

    def _choose(self, mode: int) -> None:
        if mode in _ALIKE:
            self._mode = mode
            self.written()

    def written(self) -> None:
        """Targets into the motor's loops."""
        drive, mode = self._drive, _ALIKE.get(self._mode)
        if self.drive_state != OPERATION_ENABLED or drive["phase"] != loops.RUNNING:
            return
        if mode is None:
            mode, point = AxisMode.VELOCITY, (0.0, 0.0)
        elif mode == AxisMode.VELOCITY:
            inertia = float(drive["inertia"])
            ahead = self._value(0x60B2) / self._thousandths / inertia if inertia > 0.0 else 0.0
            point = self._bounded(self._value(0x60FF) / self._counts), ahead
        elif mode == AxisMode.POSITION:
            point = self._place(), self._bounded(self._value(0x60B1) / self._counts)
        else:
            point = float(drive["direction"]) * self._value(0x6071) / self._thousandths, 0.0
        if mode != drive["mode"]:
            drive["integral"] = 0.0
        drive["mode"], drive["target"], drive["feedforward"] = mode, *point
        limit = self._value(0x6072) / abs(self._thousandths)
        drive["limit"] = min(limit, float(drive["effort_max"]))
        drive["refused"] = AxisLimit.NONE
        drive["received_us"] = self._bank.now_us

    def _bounded(self, speed: float) -> float:
        """Within its largest motor speed, which is in turns a minute."""
        most = self._value(0x6080) / 60 / abs(self._turns)
        return min(max(speed, -most), most)

    def _place(self) -> float:
        """The target nearest to where it is, of all that are the same in 32 bits."""
        here = self._position()
        ahead = (self._value(0x607A) - here + (1 << 31)) % (1 << 32) - (1 << 31)
        drive = self._drive
        return min(max((here + ahead) / self._counts, float(drive["low"])), float(drive["high"]))
