"""`silkline plan`: is a line fit for the robot, and what will the job take."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from missions.cli import DONE, STOPPED
from missions.cli.options import FILE, as_json, job_options, pairs

if TYPE_CHECKING:
    from missions.job import Job
    from missions.plan import Plan


@click.command()
@click.argument("name", metavar="LINE")
@job_options
@click.option("--weather", type=FILE, help="File with a [weather] table.")
@click.option("--rules", multiple=True, type=click.Choice(["coating-robot"]), help="A further rule set.")
@pairs("--assume", "assume", "Set an assumption on crew, pace or prices; repeatable.")
@as_json
def plan(
    name: str,
    section: int | None,
    robot: Path | None,
    parameters: Path | None,
    settings: dict[str, float],
    weather: Path | None,
    rules: tuple[str, ...],
    assume: dict[str, float],
    as_json: bool,
) -> int:
    """Check LINE (a file or a packaged name) against the robot and plan the job.

    Ends with exit code 1 and the reasons if the line is not fit.
    """
    from missions.files import read_weather
    from missions.job import read_job
    from missions.plan import Assumptions
    from missions.plan import plan as make_plan

    job = read_job(name, section, robot, parameters, settings)
    assumptions = Assumptions().with_values(assume)
    result = make_plan(job, read_weather(weather) if weather else None, rules, assumptions)
    click.echo(json.dumps(result.as_json()) if as_json else _text(job, result))
    return DONE if result.fit else STOPPED


def _text(job: Job, plan: Plan) -> str:
    """The plan for people."""
    line, assumed, ratio = job.line, plan.assumptions, plan.cost["ratio"]
    lines = [
        f"{line.name}: {line.length_m:.1f} m, {len(line.poles)} poles, {line.conductor.key}, "
        f"{job.profile.name} with {line.cable_loaded_m:.0f} m of {line.cable.key}",
        *(f"refused: {refusal.text}" for refusal in plan.refusals),
    ]
    if len(plan.sections) > 1:
        lines += [
            f"section {s['section']}: {s['from_pole']} to {s['to_pole']}, {s['spans']} spans, "
            f"{s['length_m']:.0f} m"
            for s in plan.sections
        ]
    for crossing in plan.as_json()["crossings"]:
        how = f"{crossing['duration_s']:.0f} s" if "duration_s" in crossing else "not possible"
        lines.append(f"  {crossing['at_m']:7.2f} m  {', '.join(crossing['features'])}: {how}")
    lines += [
        f"time {plan.time_s / 60:.1f} min, cable {plan.cable_m:.1f} m, energy {plan.energy_wh:.0f} Wh, "
        f"mass {plan.mass_kg:.1f} kg",
        f"crew {plan.crew['robot']:g} against {plan.crew['by_hand']:g} by hand, "
        "cost " + ("by hand nothing" if ratio is None else f"{ratio:.2f} of that by hand"),
        "assumed: " + ", ".join(f"{name} = {value:g}" for name, value in assumed.items()),
        "fit" if plan.fit else "not fit",
    ]
    return "\n".join(lines)
