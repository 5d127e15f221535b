"""What a report needs of a log: the line, the curves over time, modes, events and the lay.

Curves are the simulated truth where the log has it, else what the robot measured.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hil.lay import AsLaid, Stretch
from hil.referee import BEFORE_JOB
from hil.world.truth import TruthState
from missions.recording import CODECS, Log, LogError, ModeChange
from robot.line.line import Line
from robot.line.survey import Survey
from robot.messages import Estimate, Event, LayRecord, Mode
from robot.parameters import Parameters, with_values
from robot.profile import Profile

FloatArray = NDArray[np.float64]

TICKS_PER_ESTIMATE = 20  # that a report looks at
_TOPICS = ("/truth", "/estimate", "/command", "/events", "/mode")
_KINDS = (b"unwrapped", b"slack")  # of lay records, as they stand in a message's bytes


@dataclass(frozen=True, slots=True)
class Curves:
    """Columns over time, all of one length."""

    t_s: FloatArray
    s_m: FloatArray
    speed_mps: FloatArray
    roll_deg: FloatArray
    tension_n: FloatArray


@dataclass(frozen=True, slots=True)
class Drift:
    """How far the robot's chainage was off, with its own standard deviation."""

    t_s: FloatArray
    error_m: FloatArray
    sigma_m: FloatArray


@dataclass(frozen=True, slots=True)
class Phase:
    """A time in one mode."""

    from_s: float
    to_s: float
    mode: Mode
    reason: str


@dataclass(frozen=True, slots=True)
class Happening:
    """An event; a lasting condition with the time at which it cleared."""

    t_s: float
    id: str
    detail: str
    until_s: float | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn as laid; `excused` where a stretch laid straight on purpose is part of it."""

    stretch: Stretch
    error_pct: float
    excused: bool


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job as its log tells it."""

    line: Line
    profile: Profile
    parameters: Parameters
    curves: Curves
    drift: Drift | None  # None = the truth is not known
    phases: tuple[Phase, ...]
    happenings: tuple[Happening, ...]
    turns: tuple[Turn, ...]
    unwrapped: tuple[LayRecord, ...]
    slack: tuple[LayRecord, ...]
    versions: dict[str, Any]
    began: str  # wall time, "" = not known
    cut_off: bool

    @property
    def simulated(self) -> bool:
        return self.drift is not None


def read_record(log: Log) -> JobRecord:
    """Read all of a log that a report needs.

    Raises:
        LogError: the log is damaged, or holds no ticks.
    """
    line, profile, parameters = _job(log)
    truths: list[TruthState] = []
    estimates: list[tuple[float, Estimate]] = []
    events: list[Event] = []
    modes: list[ModeChange] = []
    records: list[LayRecord] = []
    ticks = 0
    for t_ns, topic, data in log.messages_of(_TOPICS):
        if topic == "/estimate":
            if ticks % TICKS_PER_ESTIMATE == 0:
                estimates.append((t_ns / 1e9, CODECS[topic].decode(data)))
            ticks += 1
        elif topic == "/truth":
            truths.append(CODECS[topic].decode(data))
        elif topic == "/events":
            events.append(CODECS[topic].decode(data))
        elif topic == "/mode":
            modes.append(CODECS[topic].decode(data))
        elif any(kind in data for kind in _KINDS):
            records += CODECS[topic].decode(data).records
    if not estimates:
        raise LogError(f"{log.path}: the log holds no ticks")
    phases = _phases(modes, estimates[-1][0])
    began_s = next((p.from_s for p in phases if p.mode not in BEFORE_JOB), math.inf)
    unwrapped = tuple(r for r in records if r.kind == "unwrapped")
    return JobRecord(
        line=line,
        profile=profile,
        parameters=parameters,
        curves=_true_curves(truths) if truths else _believed_curves(estimates),
        drift=_drift(truths, estimates) if truths else None,
        phases=phases,
        happenings=_happenings(events),
        turns=_turns(
            line,
            [x for x in truths if x.t_s >= began_s],
            [(t, x) for t, x in estimates if t >= began_s],
            unwrapped,
        ),
        unwrapped=unwrapped,
        slack=tuple(r for r in records if r.kind == "slack"),
        versions=log.json("versions.json"),
        began=log.metadata.get("wall", {}).get("began", ""),
        cut_off=log.cut_off,
    )


def _job(log: Log) -> tuple[Line, Profile, Parameters]:
    try:
        survey = Survey.model_validate_json(log.attachment("line.json"))
        line = Line.build(survey, log.job["section"])
        profile = Profile.model_validate_json(log.attachment("profile.json"))
        return line, profile, with_values(Parameters(), log.json("parameters.json"))
    except LogError:
        raise
    except (KeyError, ValueError) as error:  # pydantic's are ValueErrors
        text = " ".join(str(error).split())
        raise LogError(f"{log.path}: attachments do not describe a job: {text}") from None


def _true_curves(truths: Sequence[TruthState]) -> Curves:
    return _curves([(x.t_s, x.s_m, x.speed_mps, x.roll_rad, x.tension_n) for x in truths])


def _believed_curves(estimates: Sequence[tuple[float, Estimate]]) -> Curves:
    return _curves([(t, x.chainage_m, x.speed_mps, x.roll_rad, x.tension_n) for t, x in estimates])


def _curves(rows: Sequence[tuple[float, ...]]) -> Curves:
    t_s, s_m, speed_mps, roll_rad, tension_n = np.array(rows).T
    return Curves(t_s, s_m, speed_mps, np.degrees(roll_rad), tension_n)


def _drift(truths: Sequence[TruthState], estimates: Sequence[tuple[float, Estimate]]) -> Drift:
    """From the first estimate that is a number."""
    t_s, believed_m, sigma_m = np.array([(t, x.chainage_m, x.chainage_sigma_m) for t, x in estimates]).T
    true_m = np.interp(t_s, [x.t_s for x in truths], [x.s_m for x in truths])
    known = np.isfinite(believed_m) & np.isfinite(sigma_m)
    return Drift(t_s[known], (believed_m - true_m)[known], sigma_m[known])


def _phases(modes: Sequence[ModeChange], end_s: float) -> tuple[Phase, ...]:
    ends = [change.t_ns / 1e9 for change in modes[1:]] + [end_s]
    return tuple(Phase(m.t_ns / 1e9, end, m.mode, m.reason) for m, end in zip(modes, ends, strict=True))


def _happenings(events: Sequence[Event]) -> tuple[Happening, ...]:
    """Events in order, a condition's end joined to its beginning."""
    found: list[Happening] = []
    lasting: dict[str, int] = {}
    for event in events:
        t_s = event.t_ns / 1e9
        if event.detail == "cleared" and event.id in lasting:
            index = lasting.pop(event.id)
            begun = found[index]
            found[index] = Happening(begun.t_s, begun.id, begun.detail, t_s)
        else:
            lasting[event.id] = len(found)
            found.append(Happening(t_s, event.id, event.detail))
    return tuple(found)


def _turns(
    line: Line,
    truths: Sequence[TruthState],
    estimates: Sequence[tuple[float, Estimate]],
    unwrapped: Sequence[LayRecord],
) -> tuple[Turn, ...]:
    """From where the cable touched the conductor, or else from the rotor's angle over odometric travel."""
    lay = AsLaid(line.pitch_m, line.hand, (line.conductor.diameter_m + line.cable.diameter_m) / 2)
    if truths and estimates:
        t_s, believed_m = np.array([(t, x.chainage_m) for t, x in estimates]).T
        believed = np.interp([x.t_s for x in truths], t_s, np.nan_to_num(believed_m))
        for x, at_m in zip(truths, believed.tolist(), strict=True):
            lay.observe(x.lay_s_m, x.lay_theta_rad, at_m + x.lay_s_m - x.s_m)
    else:
        for _, e in estimates:
            if math.isfinite(e.travel_m + e.rotor_abs_rad):
                lay.observe(e.travel_m, e.rotor_abs_rad, e.chainage_m)
    excused = [lay.true_stretch(r.from_m, r.to_m) for r in unwrapped] if len(lay) else []
    return tuple(
        Turn(
            turn,
            (turn.length_m / line.pitch_m - 1.0) * 100.0,
            any(turn.overlap_m(stretch) > 0.0 for stretch in excused),
        )
        for turn in lay.turns()
    )
