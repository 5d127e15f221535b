"""The failsafe table: for every condition, what the robot does about it in every mode.

The table is the whole of the policy (promises S6-S8, S11, S12): one row a condition, one column a mode, no
cell left out. `react` reads it; it is pure, keeps nothing, and does not depend on the mode machine. Order
of gravity and the idea of bounded deferral follow PX4's failsafe framework; stop categories are those of
IEC 60204-1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, IntEnum

from robot.messages import Mode


class Action(IntEnum):
    """What is done about a condition; a greater one takes precedence."""

    NONE = 0
    WARN = 1  # tell the operator
    INHIBIT = 2  # begin no crossing
    SLOW = 3  # go on at the degraded speed
    HOLD = 4  # controlled stop, then wait for the operator
    STOP = 5  # stop as the mode demands, latched


class Clear(Enum):
    """When the reaction ends."""

    WITH_CONDITION = "with the condition"
    ON_RESUME = "when the operator resumes, the condition gone"
    ON_RESET = "when the operator resets, the condition gone"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table."""

    actions: Mapping[Mode, Action]
    deferrable: bool  # HOLD may wait for a stable stance

    @property
    def clear(self) -> Clear:
        gravest = max(self.actions.values())
        if gravest is Action.STOP:
            return Clear.ON_RESET
        return Clear.ON_RESUME if gravest is Action.HOLD else Clear.WITH_CONDITION

    @property
    def takeover(self) -> bool:
        """Whether the operator may take over by hand while the condition lasts."""
        return self.actions[Mode.MANUAL] < Action.HOLD


@dataclass(frozen=True, slots=True)
class Deferred:
    """A HOLD that waits for a stable stance."""

    cause: str
    since_ns: int


@dataclass(frozen=True, slots=True)
class Reaction:
    """What is to be done in this tick."""

    action: Action  # the gravest; a HOLD that still waits counts as SLOW
    cause: str  # id of the condition behind `action`, "" = none
    slow: bool
    inhibit: bool  # no crossing may begin
    deferred: Deferred | None  # give back in the next tick


QUIET = Reaction(Action.NONE, "", False, False, None)

DEFERRAL_MAX_NS = 30_000_000_000
_MOVING = frozenset({Mode.MANUAL, Mode.MOUNTING, Mode.TRAVEL, Mode.WRAP, Mode.CROSSING, Mode.RETREAT})

# Stop category per mode (IEC 60204-1): 1 = controlled stop, then brakes, then power off; 2 = controlled stop,
# power kept. Brakes and grippers hold without power, so neither lets go of anything.
STOP_CATEGORY: Mapping[Mode, int] = {
    Mode.SAFE: 2,
    Mode.READY: 2,
    Mode.MANUAL: 1,
    Mode.MOUNTING: 1,
    Mode.TRAVEL: 1,
    Mode.WRAP: 1,
    Mode.CROSSING: 2,
    Mode.HOLD: 2,
    Mode.RETREAT: 1,
    Mode.STOPPED: 2,
}

# Columns: SAFE READY MANUAL MOUNTING TRAVEL WRAP CROSSING HOLD RETREAT STOPPED.
# - none, W warn, I inhibit, L slow, H hold, S stop; in STOPPED an S keeps the latch from being reset.
# A RETREAT of which the console is lost ends by itself, within its few decimetres, in HOLD.
# Of equally grave conditions the upper one is named as the cause; what follows from another stands below.
_COLUMNS = tuple(Mode)
_CODES = dict(zip("-WILHS", Action, strict=True))
_ROWS = """
    estop_open           W S S S S S S S S S
    drive_reset          - S S S S S S S S -
    board_rebooted       - S S S S S S S S -
    identity_mismatch    W S S S S S S S S S
    link_lost            W S S S S S S S S S
    link_bad             W S S S S S S S S S
    link_noisy           W W W W W W W W W W
    loop_stalled         W S S S S S S S S -
    feedback_lost        W S S S S S S S S S
    feedback_garbage     W S S S S S S S S S
    feedback_stale       W W L L L L L W L W
    internal_error       W S S S S S S S S -
    estimate_invalid     W S S S S S S S S S
    wish_garbage         W S S S S S S S S -
    drive_fault          W S S S S S S S S W
    drive_overheated     W S S S S S S S S S
    drive_hot            W W L L L L L W L W
    encoder_wrong        - S S S S S S S S -
    rotor_disagrees      W S S S S S S S S -
    support_unmeasured   W W W W S S S W S W
    grip_unloaded        - W W W H H H W H -
    grip_sensor_lost     W W W W I I H W I W
    cable_break          W W W W W S S W S W
    cable_snag           W W S S S S S S S W
    tension_sensor_lost  W W W H W S S W S W
    dancer_lost          W W W W W H H W H W
    tension_off          - - - - - W W - W -
    coupling_error       - - - - - S S S S -
    axis_stalled         - S S S S S S S S -
    contact              - - S S S S S S S -
    overspeed            W S S S S S S S S -
    runaway              W S - - - - - S - W
    battery_critical     W S S S S S S S S W
    battery_low          W W W H H H H W H W      may wait
    battery_unknown      W W W W W W W W W W
    board_stopped        - S S S S S S S S -
    wheel_slip_long      - - H H H H H - H -
    wheel_slip           - - L L L L L - L -
    odometry_lost        W W W W H H H W H W
    odometer_lost        W W W W W W W W W W
    imu_lost             W W L H H H H W H W
    slope_unknown        W W L W L L L W L W
    roll_limit           W W L H H H H W H W
    roll_high            W W L W L L L W L W
    camera_lost          W W W W H H H W H W      may wait
    camera_unsure        W W W W I I I W I W
    position_unsure      W W W W L L L W L W
    coil_end             W W W W H H H W H W      may wait
    console_lost         - - H H H H H - W -      may wait
    log_failed           W W W W W W W W W W
"""


def _rule(cells: list[str]) -> Rule:
    count = len(_COLUMNS)
    actions = {mode: _CODES[cell] for mode, cell in zip(_COLUMNS, cells[:count], strict=True)}
    return Rule(actions, cells[count:] == ["may", "wait"])


_LINES = [line.split() for line in _ROWS.strip().splitlines()]
RULES: Mapping[str, Rule] = {name: _rule(cells) for name, *cells in _LINES}
_PLACE = {name: place for place, name in enumerate(RULES)}


def react(mode: Mode, active: frozenset[str], stable: bool, t_ns: int, deferred: Deferred | None) -> Reaction:
    """The reaction to all active conditions together.

    Args:
        mode: mode in force.
        active: ids of the conditions that hold now.
        stable: the robot stands in a stable stance, or is on its way along free conductor.
        t_ns: time of the tick.
        deferred: what the reaction before put off. Its HOLD comes even when its condition has gone meanwhile.

    Raises:
        KeyError: a condition is not in the table.
    """
    if not active and deferred is None:
        return QUIET
    if mode not in _MOVING:
        deferred = None  # the robot waits already
    action, cause, slow, inhibit = Action.NONE, "", False, False
    for name in sorted(active, key=_PLACE.__getitem__):
        rule = RULES[name]
        wanted = rule.actions[mode]
        if wanted is Action.HOLD and rule.deferrable and not stable:
            wanted = Action.SLOW
            deferred = deferred or Deferred(name, t_ns)
        slow = slow or wanted is Action.SLOW
        inhibit = inhibit or wanted is Action.INHIBIT
        if wanted > action:
            action, cause = wanted, name
    if deferred is not None and (stable or t_ns - deferred.since_ns >= DEFERRAL_MAX_NS):
        if action < Action.HOLD:
            action, cause = Action.HOLD, deferred.cause
        deferred = None
    return Reaction(action, cause, slow, inhibit or deferred is not None, deferred)


def obstacles(mode: Mode, active: frozenset[str]) -> tuple[str, ...]:
    """Conditions that would end `mode` at once and so forbid entering it; those that keep STOPPED latched."""
    return tuple(
        name for name in sorted(active, key=_PLACE.__getitem__) if RULES[name].actions[mode] >= Action.HOLD
    )
