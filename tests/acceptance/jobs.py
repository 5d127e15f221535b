"""Whole jobs as a user runs them, and every figure that the first issue asks of one."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from missions import files, summary
from missions.cli import main
from missions.job import Job, read_job
from missions.plan import Plan, plan
from missions.recording import CODECS, Log
from missions.summary import Summary
from robot.messages import CommandFrame, LayRecord

NEEDS_NO_CROSSING = frozenset({"bird-deterrent"})  # hangs outside of all that moves
UNWRAPPED_AT_M = 2.0  # what lies straight this near to a pole is there for its sake


@dataclass(frozen=True, slots=True)
class Scan:
    """What a log says beside the summary."""

    speed_max_mps: float  # true
    records: tuple[LayRecord, ...]  # the robot's own of its lay
    commands_digest: str  # of every command and estimate, bit for bit
    ticks: int

    @property
    def slack_m(self) -> float:
        return sum(r.length_m for r in self.records if r.kind == "slack")


@dataclass(frozen=True, slots=True)
class Done:
    """A job that was run from the command line."""

    job: Job
    out: Path
    exit_code: int
    summary: Summary
    scan: Scan

    plan: Plan

    @property
    def log(self) -> Path:
        return self.out / "mission.mcap"


def silkline(*arguments: str | Path) -> tuple[int, str]:
    """Exit code and stdout of a command in this process."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as ended:
            return int(ended.code or 0), out.getvalue()
    raise AssertionError("the command line ends with SystemExit")


def run(name: str | Path, out: Path, *options: str, keep_log: bool = True) -> Done:
    """`silkline run NAME`; `options` as on the command line. A log of 350 m takes 100 MB."""
    code, _ = silkline("run", name, "--out", out, *options)
    log = out / "mission.mcap"
    scan = scan_log(log) if log.exists() else Scan(math.nan, (), "", 0)
    if not keep_log:
        log.unlink(missing_ok=True)
    given = dict(zip(options[::2], options[1::2], strict=True))
    section, seed = (int(given[key]) if key in given else None for key in ("--section", "--seed"))
    job = read_job(str(name), section=section, seed=seed)
    return Done(job, out, code, summary.read(out / "summary.json"), scan, plan(job))


DONE: dict[str, dict[str, Done]] = {}  # every job of this session: title of its table, name of its column


def remember(title: str, column: str, make: Callable[[], Done]) -> Done:
    """Run a job the first time that it is asked for."""
    jobs = DONE.setdefault(title, {})
    if column not in jobs:
        jobs[column] = make()
    return jobs[column]


def scan_log(path: Path) -> Scan:
    digest, speed_mps, ticks = hashlib.sha256(), 0.0, 0
    records: list[LayRecord] = []
    for _, topic, data in Log(path).messages():
        if topic == "/truth":
            speed_mps = max(speed_mps, abs(CODECS["/truth"].decode(data).speed_mps))
        elif topic in ("/command", "/estimate"):
            digest.update(data)
        if topic == "/command":
            ticks += 1
            command: CommandFrame = CODECS["/command"].decode(data)
            records.extend(command.records)
    return Scan(speed_mps, tuple(records), digest.hexdigest(), ticks)


def restrung(directory: Path, conductor: str, pitch_m: float, lay: str) -> Path:
    """The 350 m line with another conductor and another lay."""
    survey = files.read_survey(files.PACKAGED_LINES / "jiashan-350m.toml")
    changed = survey.model_copy(update={"conductor": conductor, "pitch_m": pitch_m, "lay": lay})
    path = directory / "restrung.toml"
    path.write_text(files.survey_toml(changed), encoding="utf-8")
    return path


def badly_surveyed(directory: Path, name: str, error_m: float) -> Path:
    """The scenario of a packaged line with another error of its survey."""
    packaged = files.resolve(name)
    text = packaged.read_text(encoding="utf-8").replace("survey_error_m = 0.2", f"survey_error_m = {error_m}")
    path = directory / packaged.name
    path.write_text(text, encoding="utf-8")
    assert files.read_scenario(path).survey_error_m == error_m
    return path


# ---------------------------------------------------------------- figures


class Figure(NamedTuple):
    """One thing that is asked of a job."""

    name: str
    value: Callable[[Done], float | None]
    limit: float
    at_least: bool = False

    def holds(self, done: Done) -> bool:
        value = self.value(done)
        if value is None or math.isnan(value):
            return False
        return value >= self.limit if self.at_least else value <= self.limit

    def __str__(self) -> str:
        return f"{self.name} {'>=' if self.at_least else '<='} {self.limit:g}"


def not_crossed(done: Done) -> int:
    """Poles and indicators of the line that were not crossed."""
    wanted = Counter(f.kind for f in done.job.line.features if f.kind not in NEEDS_NO_CROSSING)
    crossed = Counter(kind for c in done.summary.crossings if c.outcome == "done" for kind in c.features)
    return (wanted - crossed).total()


def cable_error_pct(done: Done) -> float:
    """Cable paid out against the lay's own length and the slack that the robot has recorded."""
    expected_m = done.summary.cable_ideal_m + done.scan.slack_m
    return 100.0 * abs(done.summary.cable_used_m - expected_m) / expected_m


def unwrapped_max_m(done: Done) -> float:
    """Most unwrapped length recorded at one feature."""
    at_m: dict[float, float] = {}
    for record in done.scan.records:
        if record.kind == "unwrapped":
            middle_m = (record.from_m + record.to_m) / 2
            place_m = next((p for p in at_m if abs(p - middle_m) < UNWRAPPED_AT_M), middle_m)
            at_m[place_m] = at_m.get(place_m, 0.0) + record.to_m - record.from_m
    return max(at_m.values(), default=0.0)


def off_pct(planned: float, found: float) -> float:
    return 100.0 * abs(planned / found - 1.0) if found else math.nan


COMPLETES = (
    Figure("exit code", lambda d: d.exit_code, 0),
    Figure("not completed", lambda d: d.summary.outcome != "completed", 0),
    Figure("interventions", lambda d: d.summary.interventions, 0),
    Figure("violations", lambda d: len(d.summary.violations), 0),
    Figure("poles, indicators not crossed", not_crossed, 0),
)
FIGURES = (
    *COMPLETES,
    Figure("pitch error p95, %", lambda d: d.summary.pitch_error_pct.p95, 3.0),
    Figure("pitch error max, %", lambda d: d.summary.pitch_error_pct.max, 10.0),
    Figure("tension in band, %", lambda d: d.summary.tension_in_band_pct, 98.0, at_least=True),
    Figure("position error max, m", lambda d: d.summary.position_error_m.max, 0.20),
    Figure("approach error max, m", lambda d: d.summary.approach_error_m.max, 0.03),
    Figure("chainage in 3 sigma, %", lambda d: d.summary.chainage_in_3sigma_pct, 99.0, at_least=True),
    Figure("roll max, deg", lambda d: d.summary.roll_deg.max, 10.0),
    Figure("roll crossing max, deg", lambda d: d.summary.roll_crossing_deg.max, 3.0),
    Figure("cable error, %", cable_error_pct, 0.5),
    Figure("unwrapped a pole max, m", unwrapped_max_m, 1.0),
    Figure("peak mass, kg", lambda d: d.summary.peak_mass_kg, 40.0),
    Figure("speed max, m/s", lambda d: d.scan.speed_max_mps, 0.60),
    Figure("plan: time, %", lambda d: off_pct(d.plan.time_s, d.summary.sim_time_s), 10.0),
    Figure("plan: cable, %", lambda d: off_pct(d.plan.cable_m, d.summary.cable_used_m), 1.0),
    Figure("plan: energy, %", lambda d: off_pct(d.plan.energy_wh, d.summary.energy_wh), 20.0),
    Figure("plan: mass, kg", lambda d: abs(d.plan.mass_kg - d.summary.peak_mass_kg), 0.1),
)


def table(columns: Mapping[str, Done], figures: Sequence[Figure] = FIGURES) -> str:
    """Every figure of every job; what does not hold is marked."""
    width = max(map(len, map(str, figures)))
    rows = [" " * width + "".join(f" {name:>16s}" for name in columns)]
    for figure in figures:
        cells = (_cell(figure, done) for done in columns.values())
        rows.append(f"{figure!s:{width}s}" + "".join(f" {cell:>16s}" for cell in cells))
    rows.append(_row("crossings", width, (str(len(d.summary.crossings)) for d in columns.values())))
    rows.append(_row("robot time, s", width, (f"{d.summary.sim_time_s:.0f}" for d in columns.values())))
    for name, done in columns.items():
        rows += [f"{name}: {json.dumps(v.model_dump())}" for v in done.summary.violations]
        if done.summary.outcome != "completed":
            rows.append(f"{name}: {done.summary.reason}")
    return "\n".join(rows)


def _cell(figure: Figure, done: Done) -> str:
    value = figure.value(done)
    text = "-" if value is None else f"{float(value):.4g}"
    return text if figure.holds(done) else f"{text} (!)"


def _row(name: str, width: int, cells: Iterable[str]) -> str:
    return f"{name:{width}s}" + "".join(f" {cell:>16s}" for cell in cells)
