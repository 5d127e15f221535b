"""The messages of one tick: what the controller is told and what it answers.

Every value that enters the brain is in a `SensorFrame`, every value that leaves it is in a `CommandFrame`.
They are the log's messages too, so a recorded job can be replayed to the last decision.

Axes are numbered as in `Axis`; a tuple "per axis" has `len(Axis)` entries in that order, a tuple "per carriage"
has three (front, middle, rear). Angles are in rad at the axis output, lengths in m, efforts in N m or N.
A value that is not known is NaN; NaN never leaves the gate.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, IntEnum

from robot.quick import quick


class Axis(IntEnum):
    """The ten driven axes, in wire order, and their units at the output."""

    TRACTION_FRONT = 0  # wheel angle, rad; positive drives towards +s
    TRACTION_MIDDLE = 1
    TRACTION_REAR = 2
    GRIP_FRONT = 3  # m: 0 clamped, 0.040 open, 0.120 lifted; effort is the pinch force in N
    GRIP_MIDDLE = 4
    GRIP_REAR = 5
    ROTOR = 6  # rad, clockwise looking along +s; relative to the body
    CABLE = 7  # m of cable paid out; effort is the pull against pay-out in N
    TRIM = 8  # m, radius of the counterweight's centre
    GUIDE = 9  # m, inner radius of the finger


TRACTION = (Axis.TRACTION_FRONT, Axis.TRACTION_MIDDLE, Axis.TRACTION_REAR)
GRIP = (Axis.GRIP_FRONT, Axis.GRIP_MIDDLE, Axis.GRIP_REAR)


class AxisMode(IntEnum):
    """What an axis is asked to do."""

    HOLD = 0  # brake on, drive off
    VELOCITY = 1
    POSITION = 2
    EFFORT = 3


class AxisFault(IntEnum):
    """Why a drive has switched itself off; latched until the board is reset."""

    NONE = 0
    TIMEOUT = 1  # no setpoint within its life: the drive's own watchdog
    OVER_TEMPERATURE = 2
    ENCODER = 3  # seen by the drive itself, not by comparison
    RESET = 4  # the drive restarted and lost its configuration
    OVER_CURRENT = 5
    RUNAWAY = 6  # pulled faster than told, with no torque left to hold it
    OTHER = 7  # one of the controller's own that is none of these


class AxisLimit(IntEnum):
    """Why an axis does less than it was asked to; not a fault."""

    NONE = 0
    EFFORT = 1  # at the effort limit of drive or setpoint; normal for a pinched grip
    VELOCITY = 2  # wished velocity above the drive's
    RANGE = 3  # wished position outside the axis' travel
    TEMPERATURE = 4  # derated because it is hot
    SUPPORT_RULE = 5  # the board refuses to release this carriage
    INVALID = 6  # setpoint was not a finite number or of an unknown mode


class StopCause(IntEnum):
    """Why the board has latched its stop."""

    NONE = 0
    HOST = 1
    ESTOP = 2
    WATCHDOG = 3
    DRIVE_FAULT = 4
    SUPPORT_RULE = 5
    BOOT = 6  # not latched: nothing was permitted since the board started


class Mode(Enum):
    """Modes of the robot (design, section 6)."""

    __hash__ = object.__hash__  # a member is one object; Enum's own hash is a call in Python

    SAFE = "SAFE"
    READY = "READY"
    MANUAL = "MANUAL"
    MOUNTING = "MOUNTING"
    TRAVEL = "TRAVEL"
    WRAP = "WRAP"
    CROSSING = "CROSSING"
    HOLD = "HOLD"
    RETREAT = "RETREAT"
    STOPPED = "STOPPED"


class CarriageState(Enum):
    """What a carriage does on the conductor."""

    __hash__ = object.__hash__  # as in `Mode`

    CLAMPED = "clamped"
    OPEN = "open"
    LIFTED = "lifted"


class GuideSwitch(IntEnum):
    """The guide's place as its switch tells it."""

    BETWEEN = 0
    OUT = 1
    RETRACTED = 2


class Action(Enum):
    """What an operator may ask for."""

    ARM = "arm"
    DISARM = "disarm"
    MOUNT = "mount"
    START = "start"
    HOLD = "hold"
    RESUME = "resume"
    STOP = "stop"
    RESET = "reset"
    MANUAL = "manual"
    JOG = "jog"  # argument "axis:value" in units per s, must be repeated within the setpoint's life
    TREAT_AS = "treat_as"  # argument: catalogue key
    LOOK_AGAIN = "look_again"
    BACK_OFF = "back_off"
    END_JOB = "end_job"
    TAKE = "take"  # ask for the authority to drive
    GRANT = "grant"  # hand the authority to `argument`
    HEARTBEAT = "heartbeat"


# ---------------------------------------------------------------- in


@quick
@dataclass(frozen=True, slots=True)
class AxisStates:
    """What the board says of its axes. `t_ns` is when it arrived, 0 = never."""

    t_ns: int
    device_us: int  # the board's own clock
    last_seq: int  # newest setpoint sequence that the board accepted
    last_seq_age_ms: int
    position: tuple[float, ...]  # per axis
    velocity: tuple[float, ...]  # per axis
    effort: tuple[float, ...]  # per axis
    mode: tuple[int, ...]  # per axis, AxisMode in force
    fault: tuple[int, ...]  # per axis, AxisFault; latched in the drive
    limit: tuple[int, ...]  # per axis, AxisLimit


@quick
@dataclass(frozen=True, slots=True)
class BoardSensors:
    """The sensors wired to the board."""

    t_ns: int
    odometer_m: float  # undriven roller, counts on from power-up
    rotor_abs_rad: float  # absolute rotor angle relative to the body, 0..2 pi; 0 = cradle up
    pinch_n: tuple[float, ...]  # per carriage
    wheel_load_n: tuple[float, ...]  # per carriage
    dancer_m: float  # 0 = slack stop, 0.060 = full
    cable_tension_n: float  # load cell after the last bend
    guide_switch: int  # GuideSwitch


@quick
@dataclass(frozen=True, slots=True)
class Imu:
    """Body frame: x along +s (forward), y left, z up. At rest on a level conductor accel = (0, 0, +9.81)."""

    t_ns: int
    accel_mps2: tuple[float, float, float]
    gyro_rps: tuple[float, float, float]


@quick
@dataclass(frozen=True, slots=True)
class Battery:
    t_ns: int
    voltage_v: float
    current_a: float
    used_wh: float


@quick
@dataclass(frozen=True, slots=True)
class SafetyStatus:
    """The board's own view of what is permitted (it owns the permission, not the host)."""

    t_ns: int
    estop_closed: bool
    permitted: bool  # drives may move: armed by the host, chain closed, no latched stop
    latched_stop: bool
    stop_cause: int  # StopCause
    boot_count: int
    reset_cause: int
    watchdog_ms: int  # life time the board enforces; 0 = disabled
    watchdog_seen: bool  # every drive was seen to time out since boot
    config_digest: int
    layout_digest: int


@quick
@dataclass(frozen=True, slots=True)
class Link:
    """Health of the wire, counted by the host side."""

    identity_ok: bool  # protocol, firmware, configuration and serial number as expected
    frames_good: int
    frames_bad: int  # dropped for CRC, length or sequence
    frames_lost: int
    round_trip_ms: float
    connected: bool


@quick
@dataclass(frozen=True, slots=True)
class Detection:
    """A feature seen by the forward camera. Range is along the conductor, from the camera to the feature's middle."""

    kind: str  # catalogue key, "unknown" when the class is not known
    range_m: float
    sigma_m: float
    confidence: float  # 0..1


@quick
@dataclass(frozen=True, slots=True)
class CameraFrame:
    """What vision made of the newest pictures; `counter` and `content` tell a stuck camera."""

    t_ns: int  # when the picture was taken
    counter: int
    content: int  # digest of the picture
    confidence: float  # of the conductor's axis; low in glare
    detections: tuple[Detection, ...]
    conductor_diameter_m: float
    lay_pitch_m: float  # of the newest turn seen by the rear camera, NaN = none
    lay_gap_m: float  # between cable and conductor, NaN = none


@quick
@dataclass(frozen=True, slots=True)
class OperatorMessage:
    """One act of an operator; `seq` counts on per client, `t_ns` is when it arrived."""

    t_ns: int
    seq: int
    client: str
    action: Action
    argument: str = ""
    age_ms: int = 0  # between the act and its arrival, as the link measured it


@quick
@dataclass(frozen=True, slots=True)
class SensorFrame:
    """Everything the controller is told in one tick: the newest of each, with its own stamp."""

    t_ns: int
    axes: AxisStates
    sensors: BoardSensors
    imu: Imu
    battery: Battery
    safety: SafetyStatus
    link: Link
    camera: CameraFrame | None = None  # the newest; None = never one
    operator: tuple[OperatorMessage, ...] = ()  # all that arrived since the last tick
    log_ok: bool = True  # the recorder writes
    stalled: bool = False  # the loop monitor saw the tick late by more than 200 ms


# ---------------------------------------------------------------- out


@quick
@dataclass(frozen=True, slots=True)
class Setpoints:
    """What goes to the drives, per axis. `limit` is the largest effort allowed; `feedforward` is a velocity for
    POSITION, an acceleration for VELOCITY and unused otherwise."""

    mode: tuple[int, ...]
    target: tuple[float, ...]
    feedforward: tuple[float, ...]
    limit: tuple[float, ...]


@quick
@dataclass(frozen=True, slots=True)
class Event:
    """Something changed or is wrong. `id` is a key of the event table (`robot.modes.events`)."""

    t_ns: int
    id: str
    detail: str = ""


@quick
@dataclass(frozen=True, slots=True)
class SeenFeature:
    """A feature as the robot believes it: merged from survey and vision."""

    kind: str
    at_m: float  # estimated chainage of its middle
    sigma_m: float
    confirmed: bool  # seen by the camera often enough
    surveyed: bool


@quick
@dataclass(frozen=True, slots=True)
class Estimate:
    """What the robot believes, with standard deviations where they matter."""

    chainage_m: float  # absolute, corrected by landmarks
    chainage_sigma_m: float
    travel_m: float  # odometric, never corrected in steps; what the rotor is geared to
    speed_mps: float
    speed_sigma_mps: float
    odometer_scale: float
    slope_rad: float
    slope_sigma_rad: float
    roll_rad: float
    roll_rate_rps: float
    roll_sigma_rad: float
    slip: tuple[float, ...]  # per carriage, (wheel - travel speed) / max(speed, 0.10)
    conductor_diameter_m: float
    tension_n: float
    coil_m: float  # cable left on board
    paid_out_m: float
    rotor_rad: float  # continuous, relative to the body
    rotor_abs_rad: float  # continuous, in space: rotor + roll; what the lay sees
    rotor_rate_rps: float
    imbalance_sin: float  # once-per-turn component of roll, rad, in phase with sin / cos of the rotor angle
    imbalance_cos: float
    battery_wh: float  # left
    distance_to_feature_m: float  # next feature's middle minus chainage, NaN = none known
    since_feature_m: float  # travel since the last passed feature, NaN = none yet
    innovation: tuple[float, ...]  # normalised, per fused channel (`robot.estimate.filter.CHANNELS`)
    features: tuple[SeenFeature, ...]  # ahead and under the robot, nearest first


@quick
@dataclass(frozen=True, slots=True)
class CrossingStatus:
    """Where a crossing stands, for console and log."""

    step: int
    steps: int
    action: str
    expects: str
    reversible: bool
    retries: int = 0  # steps of this crossing that were tried again


@quick
@dataclass(frozen=True, slots=True)
class LayRecord:
    """What was laid on purpose without turns, or one completed turn: the as-built record."""

    kind: str  # "turn" | "unwrapped" | "slack" | "begin" | "end"
    from_m: float
    to_m: float
    tension_n: float
    length_m: float  # cable used


@quick
@dataclass(frozen=True, slots=True)
class CommandFrame:
    """Everything the controller answers in one tick."""

    t_ns: int
    seq: int
    mode: Mode
    reason: str  # id of the event that led into this mode
    armed: bool  # the intent carried by the heartbeat
    stop: bool  # ask the board for its latched stop
    reset: bool  # ask the board to clear its latch
    valid_for_ms: int
    setpoints: Setpoints
    estimate: Estimate
    events: tuple[Event, ...] = ()
    denied: tuple[str, ...] = ()  # what the gate dropped or clipped in this tick, with the reason
    crossing: CrossingStatus | None = None
    records: tuple[LayRecord, ...] = ()
    finished: bool = False  # the job is done and the robot holds
    wish: tuple[float, ...] = field(default=())  # behaviour's wish before the gate, per axis: target
