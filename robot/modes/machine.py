"""The mode machine: which mode follows which, as data, run by `transitions`.

Every pair of mode and trigger is decided in `TABLE`: it leads to a mode, changes nothing, or is refused.
The machine keeps the rules that make `transitions` honest: enumerated states, no automatic or queued
transitions, no side effects and no triggers in callbacks, at most one trigger a tick. Whatever it raises
ends in STOPPED. The failsafe table and the gate do not depend on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from transitions import EventData, Machine

from robot.messages import Action, Mode
from robot.safety import failsafe


class Trigger(Enum):
    """What can lead to another mode; `ModeMachine.choose` takes the gravest of a tick."""

    STOP = "stop"  # any operator
    FAIL_STOP = "fail_stop"  # failsafe
    FAIL_HOLD = "fail_hold"
    DISARM = "disarm"  # the operator who holds authority
    HOLD = "hold"
    RESET = "reset"
    END_JOB = "end_job"
    ARM = "arm"
    MOUNT = "mount"
    START = "start"
    RESUME = "resume"
    MANUAL = "manual"
    BACK_OFF = "back_off"
    CROSSING_FAILED = "crossing_failed"  # behaviours
    FEATURE_BLOCKED = "feature_blocked"
    FEATURE_NOT_SEEN = "feature_not_seen"
    RETREAT_BLOCKED = "retreat_blocked"
    RETREATED = "retreated"
    MOUNTED = "mounted"
    LAY_BEGIN = "lay_begin"
    CROSSING_AHEAD = "crossing_ahead"
    CROSSING_DONE = "crossing_done"
    LAY_END = "lay_end"


OPERATOR_TRIGGERS: Mapping[Action, Trigger] = {
    Action.ARM: Trigger.ARM,
    Action.DISARM: Trigger.DISARM,
    Action.MOUNT: Trigger.MOUNT,
    Action.START: Trigger.START,
    Action.HOLD: Trigger.HOLD,
    Action.RESUME: Trigger.RESUME,
    Action.STOP: Trigger.STOP,
    Action.RESET: Trigger.RESET,
    Action.MANUAL: Trigger.MANUAL,
    Action.BACK_OFF: Trigger.BACK_OFF,
    Action.END_JOB: Trigger.END_JOB,
    Action.TREAT_AS: Trigger.RESUME,  # the answer to a question is leave to go on
    Action.LOOK_AGAIN: Trigger.RESUME,
}

# One row a trigger, one column a mode: "=" changes nothing, "x" is refused, several modes lead to the first
# whose guard lets it.
_TABLE = """
                  SAFE  RDY          MAN  MNT  TRV      WRP      CRS      HLD              RET  STP
stop              STP   STP          STP  STP  STP      STP      STP      STP              STP  =
fail_stop         STP   STP          STP  STP  STP      STP      STP      STP              STP  =
fail_hold         =     =            HLD  HLD  HLD      HLD      HLD      =                HLD  =
disarm            =     SAFE         x    x    x        x        x        SAFE             x    x
hold              =     =            HLD  HLD  HLD      HLD      HLD      =                HLD  =
reset             x     x            x    x    x        x        x        x                x    SAFE
end_job           x     x            x    x    x        x        x        RDY              x    x
arm               RDY   =            =    =    =        =        =        =                =    x
mount             x     MNT          x    =    x        x        x        x                x    x
start             x     TRV/WRP/CRS  x    x    =        =        =        x                x    x
resume            x     x            x    x    =        =        =        MNT/TRV/WRP/CRS  x    x
manual            x     MAN          =    x    x        x        x        MAN              x    x
back_off          x     x            x    x    x        x        x        RET              =    x
crossing_failed   =     =            =    =    =        =        HLD      =                =    =
feature_blocked   =     =            =    =    HLD      HLD      =        =                =    =
feature_not_seen  =     =            =    =    HLD      HLD      =        =                =    =
retreat_blocked   =     =            =    =    =        =        =        =                HLD  =
retreated         =     =            =    =    =        =        =        =                HLD  =
mounted           =     =            =    RDY  =        =        =        =                =    =
lay_begin         =     =            =    =    WRP      =        =        =                =    =
crossing_ahead    =     =            =    =    CRS/HLD  CRS/HLD  =        =                =    =
crossing_done     =     =            =    =    =        =        TRV/WRP  =                =    =
lay_end           =     =            =    =    HLD      HLD      =        =                =    =
"""

_CODES = dict(zip(("SAFE", "RDY", "MAN", "MNT", "TRV", "WRP", "CRS", "HLD", "RET", "STP"), Mode, strict=True))

STAY = "="  # nothing changes: it is so already, or it is no longer of interest
REFUSED = "x"  # told to whoever asked
Cell = tuple[Mode, ...] | str  # where it leads to, or one of the two above


def _cell(text: str) -> Cell:
    return text if text in (STAY, REFUSED) else tuple(_CODES[code] for code in text.split("/"))


def _parse(text: str) -> dict[tuple[Mode, Trigger], Cell]:
    head, *rows = (line.split() for line in text.strip().splitlines())
    modes = [_CODES[code] for code in head]
    pairs = ((name, zip(modes, cells, strict=True)) for name, *cells in rows)
    return {(mode, Trigger(name)): _cell(text) for name, cells in pairs for mode, text in cells}


TABLE: Mapping[tuple[Mode, Trigger], Cell] = _parse(_TABLE)

# Guards, by trigger; the names are methods of `_Model`.
_GUARDS: Mapping[Trigger, tuple[str, ...]] = {
    Trigger.RESET: ("latch_may_go",),
    Trigger.ARM: ("nothing_forbids",),
    Trigger.MOUNT: ("nothing_forbids",),
    Trigger.START: ("goes_on_with_job", "nothing_forbids"),
    Trigger.RESUME: ("goes_on_with_job", "nothing_forbids"),
    Trigger.MANUAL: ("nothing_forbids",),
    Trigger.BACK_OFF: ("nothing_forbids",),
    Trigger.CROSSING_AHEAD: ("may_cross",),
    Trigger.CROSSING_DONE: ("came_from",),
}

_JOB_MODES = frozenset({Mode.MOUNTING, Mode.TRAVEL, Mode.WRAP, Mode.CROSSING})


@dataclass(frozen=True, slots=True)
class Request:
    """A trigger with the id of the event behind it."""

    trigger: Trigger
    reason: str


@dataclass(frozen=True, slots=True)
class Step:
    """What became of a request."""

    mode: Mode
    changed: bool
    refused: str  # why an operator's request was refused, "" = it was not
    failed: bool = False  # the machine raised: close the gate


class _Model:
    """The state that `transitions` moves, and the guards. Guards read; nothing here writes or triggers."""

    def __init__(self) -> None:
        self.state = Mode.SAFE
        self.job: Mode | None = None  # where the job goes on after a HOLD or a stop
        self.before_crossing = Mode.WRAP
        self.active: frozenset[str] = frozenset()
        self.inhibit = False

    def latch_may_go(self, event: EventData) -> bool:
        return not failsafe.obstacles(Mode.STOPPED, self.active)

    def nothing_forbids(self, event: EventData) -> bool:
        return not failsafe.obstacles(_destination(event), self.active)

    def goes_on_with_job(self, event: EventData) -> bool:
        return _destination(event) is self.job

    def came_from(self, event: EventData) -> bool:
        return _destination(event) is self.before_crossing

    def may_cross(self, event: EventData) -> bool:
        return _destination(event) is Mode.HOLD or not self.inhibit


def _destination(event: EventData) -> Mode:
    assert event.transition is not None  # a guard is asked about a transition
    return Mode[str(event.transition.dest)]  # kept by name


def transition_list() -> list[dict[str, object]]:
    """The table as `transitions` wants it."""
    return [
        {
            "trigger": trigger.value,
            "source": mode,
            "dest": to,
            "conditions": list(_GUARDS.get(trigger, ())),
        }
        for (mode, trigger), cell in TABLE.items()
        if isinstance(cell, tuple)
        for to in cell
    ]


class ModeMachine:
    """Begins in SAFE (promise S1)."""

    def __init__(self) -> None:
        self.reason = "power_up"  # id of the event that led into the mode
        self._model = _Model()
        self._machine = Machine(
            model=None,  # nothing is bound to the model; `_step` triggers the events itself
            states=Mode,
            initial=Mode.SAFE,
            transitions=transition_list(),
            auto_transitions=False,
            queued=False,
            send_event=True,
            ignore_invalid_triggers=False,
        )

    @property
    def mode(self) -> Mode:
        return self._model.state

    @property
    def job(self) -> Mode | None:
        """The mode in which the job goes on, None = there is none under way."""
        return self._model.job

    def choose(
        self, stop: bool, reaction: failsafe.Reaction, act: Action | None, report: str | None
    ) -> Request | None:
        """The one request of this tick: the gravest of those that can change something or must be answered.

        Args:
            stop: some operator asks for STOP.
            reaction: of the failsafe table.
            act: what the holder of authority asks for.
            report: what the behaviour of the tick before has reported, a value of `Trigger`.
        """
        mode = self.mode
        if stop:
            return Request(Trigger.STOP, "operator_stop") if TABLE[mode, Trigger.STOP] != STAY else None
        if reaction.action is failsafe.Action.STOP and TABLE[mode, Trigger.FAIL_STOP] != STAY:
            return Request(Trigger.FAIL_STOP, reaction.cause)
        if reaction.action is failsafe.Action.HOLD and TABLE[mode, Trigger.FAIL_HOLD] != STAY:
            return Request(Trigger.FAIL_HOLD, reaction.cause)
        if act is not None and act in OPERATOR_TRIGGERS:
            return Request(OPERATOR_TRIGGERS[act], f"operator_{act.value}")
        return Request(Trigger(report), report) if report is not None else None

    def step(self, request: Request, active: frozenset[str], inhibit: bool = False) -> Step:
        """Carry out one request; never raises.

        Args:
            request: from `choose`.
            active: conditions that hold now; they forbid entering a mode that they would end at once.
            inhibit: no crossing may begin (`Reaction.inhibit`).
        """
        before = self.mode
        try:
            return self._step(before, request, active, inhibit)
        except Exception:
            self.force_stop("internal_error")
            return Step(Mode.STOPPED, before is not Mode.STOPPED, "", failed=True)

    def force_stop(self, reason: str) -> None:
        """Into STOPPED past everything else: for what must not happen."""
        self._model.state = Mode.STOPPED
        self.reason = reason

    def _step(self, before: Mode, request: Request, active: frozenset[str], inhibit: bool) -> Step:
        trigger, model = request.trigger, self._model
        cell = TABLE[before, trigger]
        self._follow_job(before, trigger)
        if isinstance(cell, str):
            refused = "" if cell == STAY else f"{trigger.value} is not possible in {before.value}"
            return Step(before, False, refused)
        model.active, model.inhibit = active, inhibit
        self._machine.events[trigger.value].trigger(model)
        if model.state is before:
            return Step(before, False, self._refusal(cell, trigger, active))
        if model.state is Mode.CROSSING and before in (Mode.TRAVEL, Mode.WRAP):
            model.before_crossing = before
        if model.state in _JOB_MODES:
            model.job = model.state
        self.reason = request.reason
        return Step(model.state, True, "")

    def _follow_job(self, before: Mode, trigger: Trigger) -> None:
        """Where the job goes on, also when a HOLD came in between the report and its consequence."""
        model = self._model
        if trigger is Trigger.MOUNTED and model.job is Mode.MOUNTING:
            model.job = Mode.TRAVEL
        elif trigger is Trigger.LAY_BEGIN and model.job is Mode.TRAVEL:
            model.job = Mode.WRAP
        elif trigger is Trigger.CROSSING_DONE and model.job is Mode.CROSSING:
            model.job = model.before_crossing
        elif trigger is Trigger.LAY_END or (trigger is Trigger.END_JOB and before is Mode.HOLD):
            model.job = None

    def _refusal(self, destinations: tuple[Mode, ...], trigger: Trigger, active: frozenset[str]) -> str:
        wanted: Mode | None = destinations[0]
        if trigger in (Trigger.START, Trigger.RESUME):
            wanted = self._model.job
        if wanted is None or wanted not in destinations:
            return f"{trigger.value}: there is no mounted job to go on with"
        causes = failsafe.obstacles(Mode.STOPPED if trigger is Trigger.RESET else wanted, active)
        return f"{trigger.value} is forbidden by {', '.join(causes)}"
