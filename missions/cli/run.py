"""`silkline run`: a job on the simulated robot."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from missions.cli import STOPPED
from missions.cli.options import DIRECTORY, as_json, job_options

if TYPE_CHECKING:
    from missions.job import Job
    from missions.run import Watch
    from missions.summary import Summary


@click.command()
@click.argument("name", metavar="LINE-or-SCENARIO")
@job_options
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Seed of all chance; else the scenario's.")
@click.option("--out", type=DIRECTORY, help="Directory for log and summary.")
@click.option("--realtime", is_flag=True, help="Run at the pace of a real job.")
@click.option("--drives", metavar="NAME|FILE", help="Motor controllers; the bridge board's unless given.")
@click.option("--record-bytes", is_flag=True, help="Put what goes over the wire into the log too.")
@click.option("--camera", type=click.Choice(["features"]), default="features", help="Kind of camera.")
@as_json
def run(
    name: str,
    section: int | None,
    robot: Path | None,
    parameters: Path | None,
    settings: dict[str, float],
    seed: int | None,
    out: Path | None,
    realtime: bool,
    drives: str | None,
    record_bytes: bool,
    camera: str,
    as_json: bool,
) -> int:
    """Run the job of LINE-or-SCENARIO (a file or a packaged name) on the simulated robot.

    Writes mission.mcap, summary.json and report.html. Ctrl-C stops the robot and closes them.
    """
    from missions.clock import RealTime
    from missions.job import read_job
    from missions.operator import scripted_opening
    from missions.plan import plan
    from missions.run import refuse, simulate

    job = read_job(name, section, robot, parameters, settings, seed, drives)
    out = out or Path("runs") / _run_name(name, job)
    _make(out)
    refusals = plan(job).refusals
    if refusals:
        summary = refuse(job, out, refusals[0].text)
        for refusal in refusals:
            click.echo(f"refused: {refusal.text}", err=True)
    else:
        for act in scripted_opening(job.scenario.operator):
            click.echo(f"{act.action.value} is left to the scenario, at {act.at_s:g} s", err=True)
        with _interruptible() as interrupted, _progress(job, quiet=as_json) as watch:
            clock = RealTime() if realtime else None
            summary = simulate(
                job, out, clock=clock, watch=watch, interrupted=interrupted, record_bytes=record_bytes
            )
        _report(out, summary)
    click.echo(json.dumps(summary.model_dump()) if as_json else _text(summary, out))
    return summary.exit_code if not refusals else STOPPED


def _make(out: Path) -> None:
    from missions.file_errors import InputError

    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{out}: {error.strerror}; name a folder that can be made") from None
    for name in ("mission.mcap", "report.html", "summary.json"):
        (out / name).unlink(missing_ok=True)  # of an earlier run: what lies here is of one job


def _run_name(name: str, job: Job) -> str:
    section = f"-section{job.line.section}" if job.line.section else ""
    return f"{Path(name).name.partition('.')[0]}{section}-seed{job.seed}"


def _report(out: Path, summary: Summary) -> None:
    """A job is not lost because its report cannot be made, e.g. as the disk is full."""
    from missions.recording import LogError
    from missions.report import write_report

    try:
        write_report(out / "mission.mcap", summary, out / "report.html")
    except (LogError, OSError, ValueError) as error:
        click.echo(f"no report: {error}", err=True)


@contextmanager
def _interruptible() -> Iterator[threading.Event]:
    """Ctrl-C or SIGTERM sets the event; a second Ctrl-C ends the process at once."""
    interrupted = threading.Event()

    def ask(number: int, _frame: object) -> None:
        if interrupted.is_set():
            raise KeyboardInterrupt
        interrupted.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield interrupted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _progress(job: Job, quiet: bool) -> Iterator[Watch | None]:
    """A bar on stderr that a watch of the run loop moves; None if nobody looks."""
    from rich.console import Console

    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield None
        return
    from missions.progress import ProgressBar

    with ProgressBar(job, console) as bar:
        yield bar.watch


def _text(summary: Summary, out: Path) -> str:
    """What people want to know of a run."""
    pitch, tension = summary.pitch_error_pct, summary.tension_in_band_pct
    crossed = sum(c.outcome == "done" for c in summary.crossings)
    lines = [
        f"{summary.outcome}: {summary.reason}",
        f"{summary.travelled_m:.1f} of {summary.length_m:.1f} m, {summary.turns} turns, {crossed} crossings, "
        f"{summary.interventions} interventions, {len(summary.violations)} violations",
        f"pitch error p95 {_figure(pitch.p95, '%')}, max {_figure(pitch.max, '%')}; "
        f"tension in band {_figure(tension, '%')}; roll max {_figure(summary.roll_deg.max, 'deg')}",
        f"cable {summary.cable_used_m:.2f} m, energy {summary.energy_wh:.1f} Wh, "
        f"robot time {summary.sim_time_s:.1f} s, {_figure(summary.realtime_factor, 'times real time')}",
    ]
    lines += [
        f"violation at {v.t_s:.2f} s: {v.rule} {v.part} {v.feature} {_figure(v.value, '')}, limit {v.limit:g}"
        for v in summary.violations
    ]
    return "\n".join([*lines, f"written to {out}"])


def _figure(value: float | None, unit: str) -> str:
    return "not measured" if value is None else f"{value:.2f} {unit}".rstrip()
