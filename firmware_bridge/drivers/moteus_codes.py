"""What a moteus' numbers mean."""

from __future__ import annotations

from robot.messages import AxisFault, AxisLimit

REGISTER_MAP = 5  # the only one that this driver reads
FIRMWARE_MIN = 0x000108

# Modes (register 0x000)
STOPPED, FAULT, CURRENT, POSITION, TIMEOUT, ZERO_VELOCITY, STAY_WITHIN, BRAKE = 0, 1, 9, 10, 11, 12, 13, 15
MODE_TEXT = {
    STOPPED: "stopped",
    FAULT: "fault",
    2: "starting",
    3: "starting",
    4: "starting",
    5: "pwm",
    6: "voltage",
    7: "voltage foc",
    8: "voltage dq",
    CURRENT: "current",
    POSITION: "position",
    TIMEOUT: "timeout",
    ZERO_VELOCITY: "zero velocity",
    STAY_WITHIN: "stay within",
    14: "measuring",
    BRAKE: "brake",
}

# Codes of register 0x00f: faults in mode 1, below 96 ...
_FAULTS = {
    32: ("calibration: no magnet seen", AxisFault.ENCODER),
    33: ("motor driver, mostly the supply gave way", AxisFault.OVER_CURRENT),
    34: ("over-voltage", AxisFault.OTHER),
    35: ("encoder", AxisFault.ENCODER),
    36: ("motor not configured", AxisFault.OTHER),
    37: ("pwm cycle overrun", AxisFault.OTHER),
    38: ("over-temperature", AxisFault.OVER_TEMPERATURE),
    39: ("outside its position limits", AxisFault.OTHER),
    40: ("under-voltage", AxisFault.OTHER),
    41: ("configuration changed", AxisFault.OTHER),
    42: ("no commutation encoder", AxisFault.ENCODER),
    43: ("no output encoder", AxisFault.ENCODER),
    44: ("gate driver", AxisFault.OVER_CURRENT),
    45: ("stop position with limits", AxisFault.OTHER),
    46: ("timing", AxisFault.OTHER),
    47: ("feed-forward without acceleration limit", AxisFault.OTHER),
    48: ("invalid position limits", AxisFault.OTHER),
}
# ... and in any other mode what holds the controller back, which is no fault
_LIMITS = {
    96: AxisLimit.VELOCITY,
    97: AxisLimit.EFFORT,  # power
    98: AxisLimit.VELOCITY,  # the supply's voltage
    99: AxisLimit.EFFORT,  # current
    100: AxisLimit.TEMPERATURE,
    101: AxisLimit.TEMPERATURE,
    102: AxisLimit.EFFORT,  # the commanded largest torque
    103: AxisLimit.RANGE,
    104: AxisLimit.EFFORT,
    105: AxisLimit.EFFORT,
}
CODES = (0, *range(32, 51), *_LIMITS)


def fault_of(mode: int, code: int) -> tuple[AxisFault, str]:
    """What is wrong by mode and code, and in words."""
    if mode == TIMEOUT:
        return AxisFault.TIMEOUT, "timeout: no command within its time"
    if mode != FAULT:
        return AxisFault.NONE, ""
    text, fault = _FAULTS.get(code, ("of its own", AxisFault.OTHER))
    return fault, f"fault {code}: {text}"


def limit_of(mode: int, code: int) -> AxisLimit:
    """What holds it back."""
    return AxisLimit.NONE if mode == FAULT else _LIMITS.get(code, AxisLimit.NONE)


def firmware_text(number: int) -> str:
    return f"{number >> 16 & 0xFF}.{number >> 8 & 0xFF}.{number & 0xFF}"
