"""`silkline crossing`: the planned stances of every crossing of a line."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from missions.cli import DONE, STOPPED
from missions.cli.options import FILE, as_json, job_options

if TYPE_CHECKING:
    from missions.job import Job
    from robot.crossing.along import Crossing
    from robot.crossing.stance import CrossingPlan, Step


PICTURES = (".svg", ".png", ".html")


@click.command()
@click.argument("line")
@job_options
@click.option("-o", "--out", type=FILE, help="Draw the stances as a strip: .svg, .png or .html.")
@as_json
def crossing(
    line: str,
    section: int | None,
    robot: Path | None,
    parameters: Path | None,
    settings: dict[str, float],
    out: Path | None,
    as_json: bool,
) -> int:
    """Show how the robot crosses every feature of LINE, step by step, and which it cannot cross and why.

    Ends with 1 when something blocks the way.
    """
    from missions.job import read_job
    from robot.crossing.stance import Blocked

    if out and out.suffix not in PICTURES:
        raise click.BadParameter(
            f"{out} is not a picture; name a file {', '.join(PICTURES)}", param_hint="--out"
        )
    job = read_job(line, section, robot, parameters, settings)
    crossings = _plan(job)
    if out:
        _draw(job, crossings, out)
    if as_json:
        click.echo(json.dumps(_as_json(crossings)))
    else:
        for found in crossings:
            _show(found)
    return STOPPED if any(isinstance(c.answer, Blocked) for c in crossings) else DONE


def _plan(job: Job) -> list[Crossing]:
    """Crossings on the conductor as it hangs under the robot with its whole coil, in the job's weather."""
    from robot.crossing.along import plan_line
    from robot.crossing.stance import Context
    from robot.line.line import LoadedLine

    line, profile, parameters, weather = job.line, job.profile, job.parameters, job.scenario.weather
    mass_kg = profile.mass_kg(line.cable_loaded_m * line.cable.mass_kg_per_m)
    loaded = LoadedLine(line, mass_kg, weather.temperature_c, profile.carriages.s_m)
    friction = profile.carriages.friction_wet if weather.wet else profile.carriages.friction_dry
    context = Context.of(parameters, friction=friction, wind_mps=weather.gust_mps)
    return plan_line(profile, line, loaded, context)


def _draw(job: Job, crossings: list[Crossing], out: Path) -> None:
    """A strip a crossing."""
    from missions.file_errors import InputError
    from missions.report import write_strips

    try:
        write_strips(job.line.name, crossings, job.profile, job.line.conductor.diameter_m, out)
    except OSError as error:
        raise InputError(f"{out}: {error.strerror}; name a file in a folder that exists") from None


def _as_json(crossings: list[Crossing]) -> dict[str, Any]:
    from robot.crossing.stance import Blocked, CrossingPlan

    plans = [c.answer for c in crossings if isinstance(c.answer, CrossingPlan)]
    blocked = [c.answer for c in crossings if isinstance(c.answer, Blocked)]
    return {
        "crossings": [_plan_json(p) for p in plans],
        "blocked": [
            {
                "at_m": b.features[0].at_m,
                "features": [f.kind for f in b.features],
                "rule": b.rule,
                "reason": b.reason,
            }
            for b in blocked
        ],
    }


def _plan_json(plan: CrossingPlan) -> dict[str, Any]:
    return {
        "from_m": plan.from_m,
        "to_m": plan.to_m,
        "features": [f.kind for f in plan.features],
        "at_m": [f.at_m for f in plan.features],
        "duration_s": plan.duration_s,
        "speed_mps": plan.speed_mps,
        "clearance_mm": _millimetres(plan.clearance_m),
        "nearest": plan.nearest,
        "gust_mps": plan.gust_mps,
        "margin_mm": _millimetres(plan.margin_m),
        "unwrapped_m": plan.unwrapped_m,
        "no_return": plan.no_return,
        "steps": [_step_json(s) for s in plan.steps],
    }


def _step_json(step: Step) -> dict[str, Any]:
    front, middle, rear = (c.value for c in step.stance.carriages)
    return {
        "s_m": step.s_m,
        "front": front,
        "middle": middle,
        "rear": rear,
        "rotor_deg": None if step.rotor_rad is None else math.degrees(step.rotor_rad),
        "guide": "out" if step.stance.guide_out else "retracted",
        "action": _action(step),
        "expects": list(step.expects),
        "reversible": step.reversible,
        "duration_s": step.duration_s,
        "clearance_mm": _millimetres(step.clearance_m),
        "nearest": step.nearest,
    }


def _action(step: Step) -> str:
    from robot.crossing.stance import CARRIAGES

    return step.kind.value if step.carriage is None else f"{step.kind.value} {CARRIAGES[step.carriage]}"


def _millimetres(distance_m: float) -> float | None:
    return round(distance_m * 1e3, 1) if math.isfinite(distance_m) else None


def _show(found: Crossing) -> None:
    """One crossing as a table for people."""
    from robot.crossing.stance import Blocked

    answer = found.answer
    names = ", ".join(f"{f.kind} at {f.at_m:.2f} m" for f in found.features)
    if isinstance(answer, Blocked):
        click.echo(f"{names}: BLOCKED, {answer.reason}\n")
        return
    clearance = _millimetres(answer.clearance_m)
    click.echo(
        f"{names}: {answer.duration_s:.0f} s from {answer.from_m:.2f} to {answer.to_m:.2f} m, "
        f"{answer.unwrapped_m:.2f} m unwrapped, "
        + ("nothing near" if clearance is None else f"clearance {clearance:.0f} mm ({answer.nearest})")
    )
    if not answer.steps:
        click.echo(f"  drives through at {answer.speed_mps:.2f} m/s\n")
        return
    click.echo("  chainage  front    middle   rear     rotor   guide      s    mm  action")
    for step in answer.steps:
        rotor = "geared" if step.rotor_rad is None else f"{math.degrees(step.rotor_rad):.0f} deg"
        states = "".join(f"{c.value:9}" for c in step.stance.carriages)
        guide = "out" if step.stance.guide_out else "retracted"
        near = _millimetres(step.clearance_m)
        gap = "-" if near is None else f"{near:.0f}"
        point = "" if step.reversible else "  (no way back)"
        click.echo(
            f"  {step.s_m:8.2f}  {states}{rotor:8}{guide:9}{step.duration_s:4.1f}{gap:>6}  {_action(step)}{point}"
        )
    click.echo()
