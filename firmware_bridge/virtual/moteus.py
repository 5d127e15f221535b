"""moteus controllers at the other end of the wire, as their documentation and their firmware's behaviour say.

With what has hurt people: the watchdog stands over position mode alone, time-out and fault stay until "stop", and a
reply tells the state before its own frame took effect. Their line is in `virtual.moteus_line`.

The motor is the axis' record in the `DriveBank`; of stay-within mode, calibration and trajectories there is nothing.
The brake's coil hangs on pin 1 of aux 1 and on the board's relay.
"""

from __future__ import annotations

import math

from firmware_bridge.drive_map import AxisEntry
from firmware_bridge.virtual import loops
from firmware_bridge.virtual.drives import DriveBank
from firmware_bridge.virtual.moteus_frames import Frame, encode_reply, parse
from robot.messages import AxisFault, AxisLimit, AxisMode

STOPPED, FAULT, CURRENT, POSITION, TIMEOUT, ZERO_VELOCITY, BRAKE = 0, 1, 9, 10, 11, 12, 15
REGISTER_MAP = 5
FIRMWARE = 0x010100
BOOT_US = 200_000  # silence after a restart
_NEVER_US = 1 << 60
_SHORTED = 0.25  # of the velocity loop's gain: what a motor with its phases shorted brakes with
_FAULT_CODES = {AxisFault.OVER_TEMPERATURE: 38, AxisFault.ENCODER: 35, AxisFault.OVER_CURRENT: 33}
_LIMIT_CODES = {
    AxisLimit.EFFORT: 102,
    AxisLimit.VELOCITY: 96,
    AxisLimit.RANGE: 103,
    AxisLimit.TEMPERATURE: 101,
}
_OK = "OK\r\n"
_COMMAND = {  # what a command frame means where it says nothing
    0x020: 0.0, 0x021: 0.0, 0x022: 0.0, 0x023: 1.0, 0x024: 1.0, 0x025: math.nan, 0x027: 0.0, 0x02B: 1.0,
    0x01C: 0.0,
}  # fmt: skip
_CHANNEL_MAX = 4096
_LINE_MAX = 1024


class VirtualMoteus:
    """One controller.

    Attributes:
        settings: its configuration, by the names of `conf get`; what was changed over its channel and not kept is gone
            after a restart.
        registers: fixed registers: model, firmware, register map, serial number.
        boots: how often it has started.
    """

    def __init__(self, bank: DriveBank, entry: AxisEntry) -> None:
        self.axis, self.id = entry.number, entry.id
        self._bank, self._drive = bank, bank.drives[entry.number]
        self._turns, self._torque = entry.turns_per_unit, entry.torque_scale
        self.settings = {
            "servo.default_timeout_s": "0.1",
            "servo.timeout_mode": str(entry.timeout_mode),
            "servo.default_accel_limit": str((entry.stop_accel or math.nan) * abs(self._turns)),
            "id.id": str(entry.id),
            "aux1.pins.1.mode": "15",
            "servo.pid_position.kp": "4.000000",
            "servo.max_velocity": "500.000000",
        }
        self._changed: dict[str, str] = {}  # over its channel, and not kept: what it was before
        self.registers = {
            0x100: 0x0401,
            0x101: FIRMWARE,
            0x102: REGISTER_MAP,
            0x110: entry.id,
            0x120: entry.id,
        }
        self.registers |= {0x121: 0x4D4F, 0x122: 0x5445}
        self._drive["extrapolate_us"] = _NEVER_US
        self.boots = 0
        self._boot(silent_us=0)

    def _boot(self, silent_us: int) -> None:
        self.boots += 1
        self.settings |= self._changed
        self._changed.clear()
        self._booted_us = self._bank.uptime_us
        self._silent_until_us = self._booted_us + silent_us
        self._mode = STOPPED
        self._released = False
        self._channel = b""
        self._line = b""
        self._settle()

    @property
    def is_starting(self) -> bool:
        """It does not answer yet."""
        return self._bank.uptime_us < self._silent_until_us

    def reboot(self) -> None:
        """It loses its supply for a moment."""
        self._bank.reset(self.axis)
        self.look()

    def look(self) -> None:
        """Take note of what the motor did since the last time."""
        fault = AxisFault(int(self._drive["fault"]))
        if fault == AxisFault.RESET:
            self._bank.clear_fault(self.axis)  # its configuration comes from its own flash
            self._boot(BOOT_US)
        elif fault == AxisFault.TIMEOUT:
            if self._mode != TIMEOUT:
                self._mode = TIMEOUT
                self._settle()
        elif fault != AxisFault.NONE and self._mode != FAULT:
            self._mode = FAULT
            self._settle()

    # ------------------------------------------------------------------ frames

    def take(self, data: bytes) -> bytes | None:
        """One frame; the answer to what it asks for, None if it asks for nothing."""
        frame = parse(data)
        answer = encode_reply([(number, kind, self._read(number)) for number, kind in frame.reads])
        for line in frame.lines:
            self._listen(line)
        if frame.poll is not None:
            said, self._channel = self._channel[: frame.poll], self._channel[frame.poll :]
            answer += bytes((0x41, 1, len(said))) + said
        self._write(frame)
        return answer or None

    def _read(self, number: int) -> float | None:
        """Value of a register, None if there is no such."""
        drive = self._drive
        if number == 0x000:
            return self._mode
        if number == 0x001:
            return float(drive["position"]) * self._turns
        if number == 0x002:
            return float(drive["velocity"]) * self._turns
        if number == 0x003:
            return float(drive["force"]) * self._torque
        if number == 0x00A:
            return float(drive["temperature_c"])
        if number == 0x00D:
            return 48.0 if self._bank.relay else 12.0  # then only an auxiliary supply keeps it awake
        if number == 0x00E:
            return loops.AMBIENT_C + 5.0
        if number == 0x00F:
            return self._code()
        if number == 0x05C:
            return int(self._released)
        if number == 0x070:
            return (self._bank.uptime_us - self._booted_us) // 1000
        return self.registers.get(number)

    def _code(self) -> int:
        if self._mode == FAULT:
            return _FAULT_CODES.get(AxisFault(int(self._drive["fault"])), 44)
        running = self._mode == POSITION
        return _LIMIT_CODES.get(AxisLimit(int(self._drive["limited"])), 0) if running else 0

    def _listen(self, data: bytes) -> None:
        """Lines for the diagnostic channel."""
        *lines, self._line = (self._line + data)[-_LINE_MAX:].split(b"\n")
        for line in lines:
            words = line.decode("ascii", "replace").split()
            said = self._configure(words[1:]) if words[:1] == ["conf"] else None
            if words == ["d", "stop"]:
                self._stop()
                said = _OK
            said = said or "ERR unknown command\r\n"
            self._channel = (self._channel + said.encode())[-_CHANNEL_MAX:]

    def _configure(self, words: list[str]) -> str | None:
        """What it answers to a `conf` command, None if that is none."""
        settings = self.settings
        if words == ["enumerate"]:
            return "".join(f"{name} {value}\r\n" for name, value in settings.items()) + _OK
        if words == ["write"]:
            self._changed.clear()
            return _OK
        if words[:1] == ["get"] and len(words) == 2:
            return f"{settings[words[1]]}\r\n" if words[1] in settings else "ERR unknown config item\r\n"
        if words[:1] == ["set"] and len(words) == 3 and words[1] in settings and _is_number(words[2]):
            self._changed.setdefault(words[1], settings[words[1]])
            settings[words[1]] = words[2]
            return _OK
        return None

    def _write(self, frame: Frame) -> None:
        values = frame.writes
        if 0x05C in values:
            self._released = values[0x05C] % 2 == 1
        mode = values.get(0x000)
        if mode == STOPPED:
            self._stop()
        elif mode in (CURRENT, POSITION, ZERO_VELOCITY, BRAKE) and self._mode not in (FAULT, TIMEOUT):
            self._command(int(mode), _COMMAND | values)
        self._settle()

    # ------------------------------------------------------------------ the motor

    def _stop(self) -> None:
        self._bank.clear_fault(self.axis)
        self._mode = FAULT if self._drive["fault"] != AxisFault.NONE else STOPPED

    def _command(self, mode: int, values: dict[int, float]) -> None:
        drive, now_us = self._drive, self._bank.now_us
        life_s = values[0x027] if values[0x027] != 0.0 else float(self.settings["servo.default_timeout_s"])
        watched = mode == POSITION and math.isfinite(life_s)
        self._mode = mode
        point = self._setpoint(mode, values)
        if drive["phase"] != loops.RUNNING or point[0] != drive["mode"]:
            drive["integral"] = 0.0
        drive["mode"], drive["target"], drive["feedforward"], drive["limit"] = point
        drive["refused"] = AxisLimit.NONE
        drive["received_us"] = now_us
        drive["deadline_us"] = now_us + round(life_s * 1e6) if watched else _NEVER_US
        drive["phase"] = loops.DAMPED if mode == BRAKE else loops.RUNNING
        self._prepare_timeout(min(values[0x023], values[0x024]))

    def _setpoint(self, mode: int, values: dict[int, float]) -> tuple[AxisMode, float, float, float]:
        """Mode, target, feed-forward and limit of the motor's loops, at the axis."""
        drive = self._drive
        effort_max, velocity_max = float(drive["effort_max"]), float(drive["velocity_max"])
        limit = abs(values[0x025] / self._torque) if math.isfinite(values[0x025]) else effort_max
        limit = min(limit, effort_max)
        if not self._released:
            return AxisMode.HOLD, 0.0, 0.0, limit
        if mode in (ZERO_VELOCITY, BRAKE):
            return AxisMode.VELOCITY, 0.0, 0.0, effort_max
        force = values[0x01C if mode == CURRENT else 0x022] / self._torque
        if mode == CURRENT or (values[0x023] == 0.0 and values[0x02B] == 0.0):
            pull = min(max(float(drive["direction"]) * force, -limit), limit)
            return AxisMode.EFFORT, pull, 0.0, limit
        speed = values[0x021] / self._turns if math.isfinite(values[0x021]) else 0.0
        speed = min(max(speed, -velocity_max), velocity_max)
        if math.isfinite(values[0x020]):
            target = min(max(values[0x020] / self._turns, float(drive["low"])), float(drive["high"]))
            return AxisMode.POSITION, target, speed, limit
        inertia = float(drive["inertia"])
        return AxisMode.VELOCITY, speed, force / inertia if inertia > 0.0 else 0.0, limit

    def _prepare_timeout(self, damping: float) -> None:
        """What the motor does if nothing more comes; zero velocity brakes with the last command's damping."""
        drive, reaction = self._drive, int(self.settings["servo.timeout_mode"])
        share = {BRAKE: _SHORTED, ZERO_VELOCITY: damping}.get(reaction, 0.0)
        if self._mode == BRAKE:
            share = _SHORTED
        drive["timeout_phase"] = loops.STOPPING if reaction == POSITION else loops.DAMPED
        drive["damping"] = share * float(drive["kp"])
        accel = float(self.settings["servo.default_accel_limit"]) / abs(self._turns)
        ramp_s = abs(float(drive["velocity"])) / accel
        drive["ramp_us"] = round(ramp_s * 1e6) if math.isfinite(ramp_s) else 0

    def _settle(self) -> None:
        """Motor and brake by mode and pin: without power to its coil the brake is on, whatever the motor does; with
        it, a motor that is off coasts."""
        drive = self._drive
        if self._mode in (STOPPED, FAULT):
            drive["phase"] = loops.DAMPED if self._released else loops.OFF
            drive["damping"] = 0.0
        elif self._mode == TIMEOUT and not self._released:
            drive["phase"] = loops.OFF


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
