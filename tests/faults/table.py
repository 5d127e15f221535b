"""The fault matrix as data: a row per fault, a column per mode, no cell left out.

Rows and expectations are those of the project's promises; `docs/faults.md` is made from this table. A row has one or
more variants, each with its injection. A cell says what the robot is to do: which mode it is in at the latest when,
and the event behind it; or why the fault cannot occur in that mode. Wherever a stop or a hold is expected it must
last, also after the fault is gone (`play`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hil.faulty_line import LinkFault
from robot.messages import Action, Axis, Mode
from tests.faults import checks, situations
from tests.faults import injections as inject
from tests.faults.checks import Check
from tests.faults.injections import Injection

SAFE, READY, MANUAL, MOUNTING, TRAVEL, WRAP, CROSSING, HOLD, RETREAT, STOPPED = MODES = tuple(Mode)
MOVING = (MANUAL, TRAVEL, WRAP, CROSSING, RETREAT)  # along the conductor
LAYING = (WRAP, CROSSING, RETREAT)  # the rotor turns with travel
ARMED = (READY, MANUAL, MOUNTING, TRAVEL, WRAP, CROSSING, HOLD, RETREAT)
STANDING = (READY, MOUNTING, HOLD)
OFF = (SAFE, STOPPED)  # drives are not permitted


@dataclass(frozen=True)
class Cell:
    """What one fault leads to in one mode."""

    to: Mode | None = None  # None: the mode stays as it is
    events: tuple[str, ...] = ()  # that must be in the log; of `to`, one of them is the cause
    within_ms: int = 0
    asks: Action | None = None  # an act of the crew that must be refused while the fault lasts ...
    refusal: str = ""  # ... with this event
    situation: str = ""  # where it begins, "" = in the mode's own
    later: str = ""  # an event that must be in the log by the time the robot stands
    not_here: str = ""  # why the fault cannot occur in this mode


Cells = Mapping[Mode, Cell]


@dataclass(frozen=True)
class Variant:
    """One way in which the fault occurs."""

    name: str
    injection: Injection
    cells: Cells
    also: tuple[Check, ...] = ()  # beyond what holds for every cell
    restarts: bool = False  # the host is started again when the fault is mended


@dataclass(frozen=True)
class BadFile:
    """A parameter file with which nothing is started."""

    name: str
    text: str
    words: tuple[str, ...]  # of the one line that says what is wrong


@dataclass(frozen=True)
class Row:
    """One fault of the matrix: with variants, or with files where it comes before there is a mode."""

    id: int
    fault: str
    place: str  # where it is injected
    promises: str
    variants: tuple[Variant, ...] = ()
    files: tuple[BadFile, ...] = ()


def stops(modes: tuple[Mode, ...], *events: str, ms: int, situation: str = "") -> Cells:
    """STOPPED, the first event being the usual cause, any of them a right one."""
    return dict.fromkeys(modes, Cell(STOPPED, events, ms, situation=situation))


def holds(modes: tuple[Mode, ...], *events: str, ms: int, situation: str = "") -> Cells:
    return dict.fromkeys(modes, Cell(HOLD, events, ms, situation=situation))


def stays(
    modes: tuple[Mode, ...], *events: str, ms: int = 0, asks: Action | None = None, refusal: str = ""
) -> Cells:
    """The mode does not change, the events are logged in time."""
    return dict.fromkeys(modes, Cell(None, events, ms, asks, refusal))


def refuses_to_arm(*events: str, ms: int, refusal: str) -> Cells:
    return stays((SAFE,), *events, ms=ms, asks=Action.ARM, refusal=refusal)


def not_in(modes: tuple[Mode, ...], reason: str) -> Cells:
    return dict.fromkeys(modes, Cell(not_here=reason))


_NOTHING_DRIVEN = "no wheel is driven: nothing moves against it"
_NO_CABLE = "the rotor stands still: no cable is laid"
_STANDS = "the robot stands on its brakes"
_DRIVES_OFF = "drives are off"


# ---------------------------------------------------------------- rows


def _line_rows() -> tuple[Row, ...]:
    lost = {
        **stops(ARMED, "link_lost", ms=250),
        **refuses_to_arm("link_lost", ms=250, refusal="arm_link"),
        **stays((STOPPED,), "link_lost", ms=250, asks=Action.RESET, refusal="command_refused"),
    }
    mute = {
        **stops(ARMED, "feedback_lost", ms=250),
        **refuses_to_arm("feedback_lost", ms=250, refusal="arm_feedback"),
        **stays((STOPPED,), "feedback_lost", ms=250, asks=Action.RESET, refusal="command_refused"),
    }
    other = Cell(
        STOPPED, ("feedback_lost", "identity_mismatch", "board_rebooted"), 250, later="identity_mismatch"
    )
    other_board = {
        **dict.fromkeys(ARMED, other),
        **refuses_to_arm("identity_mismatch", ms=1000, refusal="arm_identity"),
        **stays((STOPPED,), "identity_mismatch", ms=1000, asks=Action.RESET, refusal="command_refused"),
    }
    noise = inject.line(LinkFault.CORRUPT, rate=8e-4)
    hiss = inject.line(LinkFault.CORRUPT, rate=1e-2)
    noisy = {
        **stops(ARMED, "feedback_lost", "link_bad", ms=1000),
        **stays(OFF, "link_bad", ms=1000),
    }
    return (
        Row(1, "drive port disconnected", "transport", "S4 S7", (
            Variant("disconnect", inject.line(LinkFault.DISCONNECT), lost, (checks.board_lets_go,)),
        )),
        Row(2, "drive port half open", "transport", "S4 S10", (
            Variant("no replies", inject.line(LinkFault.HALF_OPEN, to_board=False), mute,
                    (checks.board_lets_go,)),
            Variant("nothing either way", inject.line(LinkFault.HALF_OPEN), mute, (checks.board_lets_go,)),
        )),
        Row(3, "another device on the same path", "transport", "S14", (
            Variant("swap", inject.swapped_board, other_board),
        )),
        Row(4, "bit errors", "transport", "S10", (
            Variant("1e-4 per bit", noise, stays(MODES, "link_noisy", ms=1000)),
            Variant("1e-3 per bit", hiss, noisy),
        )),
        Row(5, "frame cut off", "transport", "S10", (
            Variant("truncate", inject.line_for_one_tick(LinkFault.TRUNCATE), stays(MODES),
                    (checks.next_frame_is_taken,)),
        )),
        Row(6, "old frames again", "transport", "S10", tuple(
            Variant(fault.value, inject.line(fault, rate), stays(MODES), (checks.old_frames_are_dropped,))
            for fault, rate in ((LinkFault.DUPLICATE, 0.2), (LinkFault.REORDER, 0.2), (LinkFault.REPLAY, 0.2))
        )),
        Row(7, "flood of valid frames", "transport", "S5", (
            Variant("flood", inject.line(LinkFault.FLOOD, 1.0), stays(MODES), (checks.feedback_is_fresh,)),
        )),
        Row(8, "replies delayed", "transport", "S10", (
            Variant("20 ms", inject.line(LinkFault.DELAYED, delay_s=0.02, to_board=False), stays(MODES)),
            Variant("50 ms", inject.line(LinkFault.DELAYED, delay_s=0.05, to_board=False),
                    stays(MODES, "feedback_stale", ms=200), (checks.slows_down,)),
            Variant("200 ms", inject.line(LinkFault.DELAYED, delay_s=0.2, to_board=False), {
                **stops(ARMED, "feedback_lost", ms=500),
                **stays(OFF, "feedback_lost", ms=500),
            }),
        )),
    )  # fmt: skip


def _drive_rows() -> tuple[Row, ...]:
    middle = Axis.TRACTION_MIDDLE
    reset = {
        **stops(ARMED, "drive_reset", ms=250),
        **refuses_to_arm("drive_reset", ms=250, refusal="arm_identity"),
        **stays((STOPPED,), "drive_reset", ms=250),
    }
    hot = {
        **stops(MOVING, "drive_overheated", "drive_fault", ms=1000),
        **stops(STANDING, "drive_fault", ms=1000),
        **refuses_to_arm("drive_fault", ms=1000, refusal="arm_drive_fault"),
        **stays((STOPPED,), "drive_fault", ms=1000),
    }
    stuck = {
        **stops(MOVING, "encoder_wrong", "axis_stalled", "contact", ms=300),
        **not_in((READY, HOLD, MOUNTING), _NOTHING_DRIVEN),
        **not_in(OFF, _DRIVES_OFF),
    }
    stuck_grip = {
        **stops((MOUNTING,), "axis_stalled", ms=300),
        **stops((CROSSING,), "axis_stalled", ms=300, situation=situations.step_name(0)),
        **not_in(tuple(m for m in MODES if m not in (MOUNTING, CROSSING)), "no grip moves"),
    }
    wrong = {
        **stops(MOVING, "encoder_wrong", "axis_stalled", "contact", "drive_fault", ms=500),
        **not_in((READY, HOLD, MOUNTING), _NOTHING_DRIVEN),
        **not_in(OFF, _DRIVES_OFF),
    }
    return (
        Row(10, "drive resets while moving", "virtual drive", "S1 S14", (
            Variant("traction", inject.drive_reset(middle), reset),
        )),
        Row(11, "drive too hot", "virtual drive", "S3 S19", (
            Variant("traction", inject.hot_drive(middle, 98.0, 20.0), hot, (checks.warned_of_heat,)),
        )),
        Row(12, "encoder stuck while torque is high", "virtual drive", "S10", (
            Variant("traction", inject.stuck_encoder(middle), stuck),
            Variant("grip", inject.stuck_encoder(Axis.GRIP_FRONT), stuck_grip),
        )),
        Row(13, "encoder wrong", "virtual drive", "S10", (
            Variant("sign", inject.turned_encoder(middle, -1.0), wrong),
            Variant("scale", inject.turned_encoder(middle, 1.4), wrong),
        )),
    )  # fmt: skip


def _sensor_rows() -> tuple[Row, ...]:
    lost = "tension_sensor_lost"
    cell = {
        **stops(LAYING, lost, ms=300),
        **holds((MOUNTING,), lost, ms=300),
        **stays((SAFE, READY, MANUAL, TRAVEL, STOPPED), lost, ms=300),
        **stays((HOLD,), lost, ms=300, asks=Action.RESUME, refusal="command_refused"),
    }
    no_tension = not_in((SAFE,), "no cable tension yet: nothing times anything is nothing")
    imu = {
        **holds((MOUNTING, TRAVEL, WRAP, CROSSING, RETREAT), "imu_lost", ms=200),
        **stays((SAFE, READY, MANUAL, STOPPED), "imu_lost", ms=200),
        **stays((HOLD,), "imu_lost", ms=200, asks=Action.RESUME, refusal="command_refused"),
    }
    blind = {
        **holds((TRAVEL, WRAP, RETREAT), "camera_lost", ms=500),
        **holds((CROSSING,), "camera_lost", ms=30_500, situation=situations.GEARED),
        **stays((SAFE, READY, MANUAL, MOUNTING, STOPPED), "camera_lost", ms=500),
        **stays((HOLD,), "camera_lost", ms=500, asks=Action.RESUME, refusal="command_refused"),
    }
    glare = stays(MODES, "camera_unsure", ms=150)
    glare_ahead = {
        WRAP: Cell(HOLD, (), 20_000, situation=situations.APPROACH),
        **not_in(tuple(m for m in MODES if m is not WRAP), "a crossing begins from WRAP"),
    }
    return (
        Row(14, "load cell of the cable", "sensor", "S12", (
            Variant("off", inject.sensor("cable_tension", "off"), cell),
            Variant("stuck", inject.sensor("cable_tension", "stuck"), cell),
            Variant("garbage", inject.sensor("cable_tension", "garbage"), cell),
            Variant("wrong", inject.sensor("cable_tension", "wrong", 1.5), {**cell, **no_tension}),
        )),
        Row(15, "IMU", "sensor", "S10", (
            Variant("off", inject.sensor("imu", "off"), imu),
            Variant("stuck", inject.sensor("imu", "stuck"), imu),
            Variant("delayed", inject.sensor("imu", "delayed", 0.2), imu),
        )),
        Row(16, "camera off", "vision", "S10", (
            Variant("off", inject.sensor("camera", "off"), blind, (checks.feedback_is_fresh,)),
        )),
        Row(17, "camera stuck", "vision", "S10", (
            Variant("stuck", inject.sensor("camera", "stuck"), blind),
        )),
        Row(18, "camera garbage, glare", "vision", "S11", (
            Variant("garbage", inject.sensor("camera", "garbage"), glare),
            Variant("garbage before a feature", inject.sensor("camera", "garbage"), glare_ahead,
                    (checks.no_crossing_begins,)),
        )),
    )  # fmt: skip


def _plant_rows() -> tuple[Row, ...]:
    touched = {
        **stops(MOVING, "contact", ms=100, situation=""),
        **not_in(STANDING, _STANDS),
        **not_in(OFF, _DRIVES_OFF),
    }
    slipping = {
        **holds(MOVING, "wheel_slip_long", "wheel_slip", ms=500),
        **not_in(STANDING, _STANDS),
        **not_in(OFF, _DRIVES_OFF),
    }
    jammed = {
        **stops(LAYING, "contact", "coupling_error", "axis_stalled", ms=200),
        **not_in((SAFE, READY, MANUAL, MOUNTING, TRAVEL, HOLD, STOPPED), _NO_CABLE),
    }
    snagged = {
        **stops((MANUAL, TRAVEL, WRAP, CROSSING), "cable_snag", ms=100),
        **not_in((RETREAT,), "cable is taken up, not paid out"),
        **not_in((SAFE, *STANDING, STOPPED), "no cable is paid out"),
    }
    broken = {
        **stops(LAYING, "cable_break", ms=200),
        **stays((READY, MANUAL, TRAVEL, HOLD), "cable_break", ms=200),
        **not_in((SAFE, MOUNTING), "the cable is not yet in tension"),
        **not_in((STOPPED,), _DRIVES_OFF),
    }
    slope = stays(MODES)
    falling = {
        **stops(MOVING, "drive_fault", "board_stopped", "runaway", ms=200),
        **stays((SAFE, *STANDING, STOPPED)),
    }
    unloaded = {
        **holds((TRAVEL, WRAP, RETREAT), "grip_unloaded", ms=1000),
        **holds((CROSSING,), "crossing_failed", ms=15_000, situation=situations.CLAMPING),
        **stays((MOUNTING,)),
        **not_in((READY, MANUAL, HOLD), "grips stand self-locked, none is commanded"),
        **not_in(OFF, _DRIVES_OFF),
    }
    return (
        Row(19, "vision says free, torque says contact", "plant", "S10 S11", (
            Variant("contact", inject.plant("contact", 400.0), touched),
        )),
        Row(20, "wheels slip", "plant", "S10", (
            Variant("grease", inject.slippery(0.1, 35.0), slipping),
        )),
        Row(21, "carriage and rotor come apart", "plant", "S12", (
            Variant("jammed rotor", inject.plant("jam", 60.0), jammed),
        )),
        Row(22, "cable snags", "plant", "S12", (
            Variant("snag", inject.tension_step(80.0), snagged,
                    (checks.no_reverse, checks.tension_is_held)),
        )),
        Row(23, "cable breaks", "plant", "S12", (
            Variant("break", inject.plant("cable_break"), broken),
        )),
        Row(24, "steep slope, gravity pulls", "plant", "S3", (
            Variant("20 degrees down", inject.plant("tilt", -20.0), slope),
            Variant("15 degrees down, drives without torque", inject.runaway(-15.0), falling),
        )),
        Row(25, "gripper closed but not loaded", "plant", "S11", (
            Variant("front", inject.unloaded_grip("front"), unloaded, (checks.nothing_is_released,)),
        )),
    )  # fmt: skip


# Kinds of steps of the first crossing of the short line, in order.
CROSSING_STEPS = (
    "open", "advance", "clamp", "advance", "open", "advance", "clamp", "advance", "open", "advance",
    "park rotor", "advance", "retract guide", "advance", "clamp", "advance", "guide out", "release rotor",
)  # fmt: skip


def _crossing_row() -> Row:
    elsewhere = not_in(tuple(m for m in MODES if m is not CROSSING), "sub-steps belong to CROSSING")
    faults = (
        ("port disconnected", inject.line(LinkFault.DISCONNECT), STOPPED, "link_lost", 250),
        ("IMU off", inject.sensor("imu", "off"), HOLD, "imu_lost", 200),
        ("console silent", inject.silent_console, HOLD, "console_lost", 31_100),
    )
    variants = []
    for number, step in enumerate(CROSSING_STEPS):
        for name, injection, to, cause, ms in faults:
            cell = Cell(to, (cause,), ms, situation=situations.step_name(number))
            cells = {**elsewhere, CROSSING: cell}
            also = () if cause == "console_lost" else (checks.nothing_is_released,)
            variants.append(Variant(f"{name} in step {number}, {step}", injection, cells, also))
    return Row(26, "1, 15 or 27 in every step of a crossing", "all", "S11", tuple(variants))


def _console_rows() -> tuple[Row, ...]:
    standing = stays((SAFE, READY, HOLD, STOPPED), "console_lost", ms=1_020)
    backing = {RETREAT: Cell(HOLD, ("retreated",), 12_000)}  # it ends its manoeuvre
    crossing = holds((CROSSING,), "console_lost", ms=31_100)
    by_hand = holds((MANUAL, MOUNTING), "console_lost", ms=220)
    lost = {**standing, **backing, **crossing, **by_hand, **holds((TRAVEL, WRAP), "console_lost", ms=1_020)}
    flickering = stays((SAFE, READY, TRAVEL, WRAP, CROSSING, HOLD, RETREAT, STOPPED))
    refused = stays(MODES, "authority_refused", ms=20)
    stopped = {**stops((SAFE, *ARMED), "operator_stop", ms=20), **stays((STOPPED,))}
    return (
        Row(27, "console link off", "link", "S8", (Variant("silent", inject.silent_console, lost),)),
        Row(28, "console link flapping", "link", "S8", (
            Variant("1.2 s of 2 s", inject.flapping_console(1.2, 0.8), lost),
            Variant("0.3 s of 0.5 s", inject.flapping_console(0.3, 0.2), {**flickering, **by_hand}),
            Variant("2 s of 4 s", inject.flapping_console(2.0, 2.0), lost),
        )),
        Row(29, "heartbeat from the wrong client", "link", "S8 S9", (
            Variant("heartbeat", inject.stranger(Action.HEARTBEAT, crew=False), lost),
        )),
        Row(30, "last words repeated with their old numbers", "link", "S4 S8", (
            Variant("repeated", inject.repeated_words, lost),
        )),
        Row(31, "two operators command", "link", "S9 S6", (
            Variant("resume", inject.stranger(Action.RESUME, crew=True), refused),
            Variant("manual", inject.stranger(Action.MANUAL, crew=True), refused),
            Variant("disarm", inject.stranger(Action.DISARM, crew=True), refused),
            Variant("stop", inject.stranger(Action.STOP, crew=True), stopped),
        )),
    )  # fmt: skip


def _host_rows() -> tuple[Row, ...]:
    stalled = {
        **stops(ARMED, "loop_stalled", ms=20),
        **stays(OFF, "loop_stalled", ms=20),
    }
    raised = {**stops((SAFE, *ARMED), "internal_error", ms=10), **stays((STOPPED,), "internal_error", ms=10)}
    dead = dict.fromkeys(MODES, Cell(SAFE, ("power_up",), 250))
    parts = {
        "behaviour": inject.behaviour_in_force,
        "estimator": inject.estimator,
        "monitor": inject.monitor,
        "mode machine": inject.mode_machine,
        "gate": inject.gate,
    }
    again = {
        **{mode: Cell(mode, (f"operator_{inject.WAY_BACK[mode].value}",), 20) for mode in inject.WAY_BACK},
        **not_in((SAFE, READY, HOLD, STOPPED), "nothing was under way that could be taken up again"),
    }
    host_gone = (checks.board_lets_go, checks.comes_to_rest)
    return (
        Row(34, "control loop blocked for 0.3 s", "host", "S5", (
            Variant("blocked", inject.blocked_loop(0.3), stalled, (checks.board_noticed_first,)),
        )),
        Row(35, "exception", "host", "S21", (
            *(Variant(name, inject.raises(part), raised, (checks.board_is_told,)) for name, part in parts.items()),
            Variant("parser", inject.raises(inject.parser), dead, host_gone, restarts=True),
        )),
        Row(36, "the computer is gone", "host", "S1 S4 S21", (
            Variant("SIGTERM", inject.host_ends, dead, host_gone, restarts=True),
            Variant("SIGKILL", inject.host_dies, dead, host_gone, restarts=True),
            Variant("power cut", inject.power_cut, dead, host_gone, restarts=True),
        )),
        Row(37, "wall clock jumps", "host", "S22", (
            Variant("+1 h", inject.wall_clock(3600.0), stays(MODES)),
            Variant("to 1970", inject.wall_clock(-1.7e9), stays(MODES)),
        )),
        Row(43, "taken up again with old targets far away", "behaviour", "S23", (
            Variant("moved by hand in a hold", inject.moved_by_hand, again, (checks.starts_from_rest,)),
        )),
    )  # fmt: skip


_HEAD = 'format = "silkline.parameters/1"\n'
_WRONG_FILES = Row(39, "parameter file is wrong", "config", "S13", files=(
    BadFile("unknown key", _HEAD + "wrap_sped_mps = 0.3\n", ("wrap_sped_mps", "unknown", "wrap_speed_mps")),
    BadFile("not a number", _HEAD + "wrap_speed_mps = nan\n", ("wrap_speed_mps", "nan", "0.01")),
    BadFile("out of range", _HEAD + "wrap_speed_mps = 6.0\n", ("wrap_speed_mps", "6.0", "0.6")),
    BadFile("cut in half", _HEAD + "wrap_speed_m", ("line 2", "cut off")),
    BadFile("old version", 'format = "silkline.parameters/0"\n', ("silkline.parameters/0", "reads")),
))  # fmt: skip

NOT_YET: Mapping[int, str] = {
    9: "drive reports its watchdog disabled",
    32: "STOP during arming, wait, mission load, logging stall, crossing",
    33: "e-stop input opens, sticks, bounces",
    38: "disk full, log write error",
    40: "mission file wrong",
    41: "battery low",
    42: "resume with the robot moved",
    44: "injection command in a field build",
}

ROWS: Mapping[int, Row] = {
    row.id: row
    for row in (
        *_line_rows(),
        *_drive_rows(),
        *_sensor_rows(),
        *_plant_rows(),
        _crossing_row(),
        *_console_rows(),
        *_host_rows(),
        _WRONG_FILES,
    )
}
