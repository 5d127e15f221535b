"""Numbers of CANopen (CiA 301) and of its drive profile (CiA 402), and what they mean here.

Texts, states and modes are those of the `canopen` package. Its network, SDO client and node classes wait on threads and
on the wall clock, which nothing on this wire may; so they are used in the tests alone, as the independent end.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from canopen.emcy import EmcyError
from canopen.nmt import NMT_COMMANDS, NMT_STATES
from canopen.objectdictionary import ODVariable, datatypes
from canopen.profiles.p402 import OperationMode, State402
from canopen.sdo.exceptions import SdoAbortedError

from robot.messages import AxisFault, AxisMode

HOST_ID = 127  # ours; controllers have 1 to 126
PROFILE = 402

# Function codes: the part of a CAN id above the node's number.
NMT, SYNC, EMCY, HEARTBEAT = 0x000, 0x080, 0x080, 0x700
TPDO, RPDO = (0x180, 0x280), (0x200, 0x300, 0x400, 0x500)
SDO_ANSWER, SDO_QUESTION = 0x580, 0x600

_STATE_OF = {text: number for number, text in NMT_STATES.items()}
BOOTING, OPERATIONAL = _STATE_OF["INITIALISING"], _STATE_OF["OPERATIONAL"]
START, ENTER_PRE_OPERATIONAL = NMT_COMMANDS["OPERATIONAL"], NMT_COMMANDS["PRE-OPERATIONAL"]

# States of a drive, by the package's names.
DISABLED, READY = "SWITCH ON DISABLED", "READY TO SWITCH ON"
SWITCHED_ON, ENABLED, QUICK_STOP = "SWITCHED ON", "OPERATION ENABLED", "QUICK STOP ACTIVE"
FAULT, FAULT_REACTION = "FAULT", "FAULT REACTION ACTIVE"
INTERNAL_LIMIT = 1 << 11  # of the statusword: something of the drive's own limits it

DISABLE_VOLTAGE, QUICKLY_STOP = State402.CW_DISABLE_VOLTAGE, State402.CW_QUICK_STOP
RESET_FAULT = State402.CW_SWITCH_ON_DISABLED
ENABLE = State402.CW_OPERATION_ENABLED
_UP = {
    state: State402.TRANSITIONTABLE[state, above]
    for state, above in ((DISABLED, READY), (READY, SWITCHED_ON), (SWITCHED_ON, ENABLED))
}
TO_ENABLED = {
    **_UP,
    QUICK_STOP: DISABLE_VOLTAGE,
}  # the next controlword from each state; none = there already
TO_HELD = {**_UP, ENABLED: State402.CW_SWITCH_ON, QUICK_STOP: DISABLE_VOLTAGE}
del TO_HELD[SWITCHED_ON]
TO_OFF = dict.fromkeys((READY, SWITCHED_ON, ENABLED, QUICK_STOP), DISABLE_VOLTAGE)


def _state(word: int) -> str | None:
    return next((name for name, (mask, bits) in State402.SW_MASK.items() if word & mask == bits), None)


STATES = tuple(_state(word) for word in range(0x80))  # by the statusword's lowest seven bits

CSP, CSV, CST = (OperationMode.CYCLIC_SYNCHRONOUS_POSITION, OperationMode.CYCLIC_SYNCHRONOUS_VELOCITY,
                 OperationMode.CYCLIC_SYNCHRONOUS_TORQUE)  # fmt: skip
PV, TQ = OperationMode.PROFILED_VELOCITY, OperationMode.PROFILED_TORQUE
MODE_NAMES = {CSP: "csp", CSV: "csv", CST: "cst", PV: "pv", TQ: "tq", OperationMode.PROFILED_POSITION: "pp"}
# Preferred first. A profiled position is no second choice: each of its targets needs a handshake.
CHOICES = {AxisMode.VELOCITY: (CSV, PV), AxisMode.POSITION: (CSP,), AxisMode.EFFORT: (CST, TQ)}
MODES = frozenset((*OperationMode.CODE2NAME, *range(-128, 0)))  # that a drive may show

_SUPPORTED = {OperationMode.NAME2CODE[name]: bit for name, bit in OperationMode.SUPPORTED.items()}


ALL_MODES = sum(OperationMode.SUPPORTED.values())


def supports(modes: int, mode: int) -> bool:
    """Whether 0x6502 names this mode."""
    return bool(modes & _SUPPORTED[mode])


def chosen(modes: int) -> dict[AxisMode, int]:
    """Mode of operation for each of ours that a drive with these modes can do."""
    found = {ours: [m for m in choice if supports(modes, m)] for ours, choice in CHOICES.items()}
    return {ours: modes[0] for ours, modes in found.items() if modes}


# ---------------------------------------------------------------- faults

HEARTBEAT_LOST, GENERIC_ERROR = 0x8130, 0x1000
_TEXTS = {
    HEARTBEAT_LOST: "host's heartbeat missing",
    0x8611: "following error",
    0x7300: "sensor",
    0x7305: "encoder",
    0x2310: "current at the output",
    0x3210: "over-voltage",
    0x3220: "under-voltage",
    0x4210: "drive too hot",
    0x4310: "motor too hot",
}


def is_silence(code: int) -> bool:
    """Whether this error code says that the host was not heard."""
    return code & 0xFF00 == 0x8100


def fault_of(code: int) -> tuple[AxisFault, str]:
    """Kind and text of an emergency's error code."""
    text = _TEXTS.get(code) or EmcyError(code, 0, b"", 0.0).get_desc().lower() or "unknown"
    kind = AxisFault.OTHER
    if is_silence(code):
        kind = AxisFault.TIMEOUT
    elif code & 0xF000 == 0x2000:
        kind = AxisFault.OVER_CURRENT
    elif code & 0xF000 == 0x4000:
        kind = AxisFault.OVER_TEMPERATURE
    elif code & 0xFF00 == 0x7300:
        kind = AxisFault.ENCODER
    return kind, f"{text} (error {code:#06x})"


def abort_text(code: int) -> str:
    """Why a controller refused to read or write an object."""
    return str(SdoAbortedError.CODES.get(code, f"abort {code:#010x}")).lower()


# ---------------------------------------------------------------- objects


@dataclass(frozen=True, slots=True)
class Object:
    """An entry of a controller's object dictionary."""

    index: int
    sub: int
    name: str
    type: ODVariable = field(compare=False, repr=False)

    def __str__(self) -> str:
        sub = f":{self.sub}" if self.sub else ""
        return f"{self.name} {self.index:#06x}{sub}"

    @property
    def mux(self) -> bytes:
        """As it is named in an SDO."""
        return self.index.to_bytes(2, "little") + bytes((self.sub,))

    @property
    def bits(self) -> int:
        return len(self.type)

    @property
    def mapping(self) -> int:
        """As it is named in a PDO's mapping."""
        return self.index << 16 | self.sub << 8 | self.bits

    def encode(self, value: int) -> bytes:
        return bytes(self.type.encode_raw(value))

    def decode(self, data: bytes) -> int:
        """Longer answers than the type are cut; some controllers do not say how much of the four bytes counts."""
        size = self.bits // 8
        return int(self.type.decode_raw(data[:size].ljust(size, b"\0")))


def _object(index: int, sub: int, name: str, data_type: int) -> Object:
    variable = ODVariable(name, index, sub)
    variable.data_type = data_type
    return Object(index, sub, name, variable)


_U8, _U16, _U32 = datatypes.UNSIGNED8, datatypes.UNSIGNED16, datatypes.UNSIGNED32
_I8, _I16, _I32 = datatypes.INTEGER8, datatypes.INTEGER16, datatypes.INTEGER32

DEVICE_TYPE = _object(0x1000, 0, "device type", _U32)
CONSUMER = _object(0x1016, 1, "heartbeat consumer", _U32)
PRODUCER = _object(0x1017, 0, "heartbeat producer", _U16)
VENDOR, PRODUCT, REVISION, SERIAL = (
    _object(0x1018, sub, f"identity, {name}", _U32)
    for sub, name in enumerate(("vendor", "product", "revision", "serial number"), 1)
)
ERROR_BEHAVIOUR = _object(0x1029, 1, "error behaviour", _U8)
NAME, SOFTWARE = 0x1008, 0x100A  # texts
ABORT_OPTION = _object(0x6007, 0, "abort connection option", _I16)
ERROR_CODE = _object(0x603F, 0, "error code", _U16)
CONTROLWORD = _object(0x6040, 0, "controlword", _U16)
STATUSWORD = _object(0x6041, 0, "statusword", _U16)
QUICK_STOP_OPTION = _object(0x605A, 0, "quick-stop option", _I16)
FAULT_OPTION = _object(0x605E, 0, "fault reaction option", _I16)
MODE = _object(0x6060, 0, "mode of operation", _I8)
MODE_SHOWN = _object(0x6061, 0, "mode of operation display", _I8)
POSITION = _object(0x6064, 0, "position", _I32)
VELOCITY = _object(0x606C, 0, "velocity", _I32)
TARGET_TORQUE = _object(0x6071, 0, "target torque", _I16)
MAX_TORQUE = _object(0x6072, 0, "largest torque", _U16)
RATED_TORQUE = _object(0x6076, 0, "rated torque", _U32)
TORQUE = _object(0x6077, 0, "torque", _I16)
TARGET_POSITION = _object(0x607A, 0, "target position", _I32)
MAX_SPEED = _object(0x6080, 0, "largest motor speed", _U32)
STOP_RAMP = _object(0x6085, 0, "quick-stop deceleration", _U32)
GEAR_MOTOR, GEAR_SHAFT = (_object(0x6091, sub, "gear ratio", _U32) for sub in (1, 2))
FEED, FEED_TURNS = (_object(0x6092, sub, "feed constant", _U32) for sub in (1, 2))
COUNTS, TURNS = (_object(0x608F, sub, "encoder resolution", _U32) for sub in (1, 2))
VELOCITY_UNIT = _object(0x60A9, 0, "velocity unit", _U32)
SPEED_AHEAD = _object(0x60B1, 0, "velocity offset", _I32)
TORQUE_AHEAD = _object(0x60B2, 0, "torque offset", _I16)
PERIOD, PERIOD_POWER = (
    _object(0x60C2, sub, "interpolation period", kind) for sub, kind in ((1, _U8), (2, _I8))
)
TARGET_VELOCITY = _object(0x60FF, 0, "target velocity", _I32)
SUPPORTED_MODES = _object(0x6502, 0, "supported modes", _U32)


@dataclass(frozen=True, slots=True)
class PdoObjects:
    """Where one PDO is set up."""

    can_id: Object
    kind: Object
    count: Object
    entries: tuple[Object, ...]


def pdo_objects(index: int, name: str) -> PdoObjects:
    """Of the PDO whose communication parameters are at this index; its mapping is 0x200 further."""
    return PdoObjects(
        _object(index, 1, f"{name}, id", _U32),
        _object(index, 2, f"{name}, kind", _U8),
        _object(index + 0x200, 0, f"{name}, count", _U8),
        tuple(_object(index + 0x200, sub, f"{name}, mapping", _U32) for sub in range(1, 5)),
    )
