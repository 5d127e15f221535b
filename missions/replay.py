"""Replay: the controller once more on recorded frames, and every decision compared, bit for bit.

Recorded outputs are only compared, never fed back. Equal means on the same machine with the same versions.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass
from enum import Enum
from typing import Any

from missions.recording import CODECS, Log, LogError
from robot.controller import Controller
from robot.line.line import Line
from robot.line.survey import Survey
from robot.parameters import Parameters, with_values
from robot.profile import Profile

COMMAND, ESTIMATE = CODECS["/command"], CODECS["/estimate"]


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a replay first left the recording."""

    t_s: float
    tick: int
    field: str
    recorded: Any
    replayed: Any

    def __str__(self) -> str:
        values = f"recorded {self.recorded}, replayed {self.replayed}"
        return f"tick {self.tick} (t = {self.t_s:.2f} s), {self.field}: {values}"


@dataclass(frozen=True, slots=True)
class Replay:
    """What a replay found; `as_json` is the machine's form (design, section 13)."""

    ticks: int
    different_ticks: int
    first_difference: Difference | None
    realtime_factor: float
    cut_off: bool

    @property
    def equal(self) -> bool:
        return self.first_difference is None

    def as_json(self) -> dict[str, Any]:
        first = self.first_difference
        return {
            "equal": self.equal,
            "ticks": self.ticks,
            "first_difference": None if first is None else asdict(first),
            "realtime_factor": round(self.realtime_factor, 1),
            "different_ticks": self.different_ticks,
            "cut_off": self.cut_off,
        }


def controller_of(log: Log, values: Mapping[str, float] | None = None) -> Controller:
    """The controller as it was when the log began, with some parameters replaced.

    Raises:
        LogError: an attachment is missing or does not hold what it should.
        ParameterError: a value is not a parameter's, or out of its range.
    """
    try:
        profile = Profile.model_validate_json(log.attachment("profile.json"))
        survey = Survey.model_validate_json(log.attachment("line.json"))
        parameters = with_values(Parameters(), log.json("parameters.json"))
        line = Line.build(survey, log.job["section"])
        sigma_m = log.job["survey_sigma_m"]
    except LogError:
        raise
    except (KeyError, ValueError) as error:  # pydantic's are ValueErrors
        text = " ".join(str(error).split())
        raise LogError(f"{log.path}: attachments do not describe a job: {text}") from None
    return Controller(profile, line, with_values(parameters, values or {}), survey_sigma_m=sigma_m)


def replay(log: Log, values: Mapping[str, float] | None = None, *, to_the_end: bool = False) -> Replay:
    """Re-run the controller on `log` and compare; stops at the first difference unless `to_the_end`."""
    controller = controller_of(log, values)
    started = time.perf_counter()
    first: Difference | None = None
    altered: Difference | None = None  # inputs that are not as they were recorded, should no decision show it
    ticks = different = 0
    began_ns = last_ns = None
    for number, tick in enumerate(log.ticks()):
        command = controller.tick(tick.frame)
        ticks, last_ns = number + 1, tick.frame.t_ns
        began_ns = last_ns if began_ns is None else began_ns
        if tick.command is None or tick.estimate is None:
            break  # the file was cut off inside this tick
        if tick.digest != tick.digest_read and altered is None:
            altered = Difference(last_ns / 1e9, number, "tick.digest", tick.digest, tick.digest_read)
        if COMMAND.encode(command) == tick.command and ESTIMATE.encode(command.estimate) == tick.estimate:
            continue
        found = next(_differences(tick.command, tick.estimate, command), None)
        if found is None:
            continue  # another writer's bytes for the same values
        different += 1
        first = first or Difference(last_ns / 1e9, number, *found)
        if not to_the_end:
            break
    took_s = max(time.perf_counter() - started, 1e-9)
    recorded_s = ((last_ns or 0) - (began_ns or 0)) / 1e9
    return Replay(ticks, different, first or altered, recorded_s / took_s, log.cut_off)


def _differences(command: bytes, estimate: bytes, replayed: Any) -> Iterator[tuple[str, Any, Any]]:
    yield from compare("estimate", ESTIMATE.decode(estimate), replayed.estimate)
    yield from compare("command", COMMAND.decode(command), replayed, omit="estimate")


def compare(place: str, recorded: Any, replayed: Any, omit: str = "") -> Iterator[tuple[str, Any, Any]]:
    """(field, recorded, replayed) of every leaf that differs; NaN equals NaN, 0.0 and -0.0 differ."""
    if is_dataclass(recorded) and is_dataclass(replayed):
        for f in fields(recorded):
            if f.name != omit:
                yield from compare(f"{place}.{f.name}", getattr(recorded, f.name), getattr(replayed, f.name))
    elif isinstance(recorded, tuple) and isinstance(replayed, tuple) and len(recorded) == len(replayed):
        for index, (a, b) in enumerate(zip(recorded, replayed, strict=True)):
            yield from compare(f"{place}[{index}]", a, b)
    elif not _same(recorded, replayed):
        yield place, _plain(recorded), _plain(replayed)


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return (a == b and math.copysign(1, a) == math.copysign(1, b)) or (math.isnan(a) and math.isnan(b))
    return bool(a == b)


def _plain(value: Any) -> Any:
    """A value as JSON can hold it."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if is_dataclass(value) or isinstance(value, tuple):
        return str(value)
    return value
