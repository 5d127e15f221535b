"""`silkline line`: survey tools."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from missions.cli import DONE
from missions.cli.options import Number, as_json

if TYPE_CHECKING:
    from missions.survey_import import Imported
    from robot.line.survey import Survey


@click.group()
def line() -> None:
    """Survey tools: check a line file, show its tensions and slopes, import it from a map."""


@line.command()
@click.argument("file")
@as_json
def check(file: str, as_json: bool) -> int:
    """Check a line file (or packaged line) and say what it holds."""
    from missions.files import read_job
    from robot.line.survey import sections

    _, survey = read_job(file)
    answer = _summary(survey) | {"file": file, "ok": True}
    if as_json:
        click.echo(json.dumps(answer))
        return DONE
    click.echo(f"{survey.name}: {len(survey.pole)} poles, {answer['length_m']:.1f} m, {survey.conductor}")
    for part, (first, last) in zip(answer["sections"], sections(survey), strict=True):
        ends = f"{survey.pole[first].id} to {survey.pole[last].id}"
        click.echo(f"  section {part['section']}: {ends}, {part['spans']} spans, {part['length_m']:.1f} m")
    for name in answer["missing"]:
        click.echo(f"  the catalogue gives no {name} of {survey.conductor}: the line cannot be planned on")
    return DONE


@line.command()
@click.argument("file")
@click.option("--load-kg", type=Number(0, 1000), help="Put this mass on the conductor.")
@click.option("--at", "shares", type=Number(0, 1), multiple=True, help="Its place along each span, 0..1.")
@click.option("--temperature-c", type=Number(-60, 100), help="Default: as strung.")
@click.option("--section", type=click.IntRange(1), help="One section, 1 = first; default: the whole line.")
@as_json
def profile(
    file: str,
    load_kg: float | None,
    shares: tuple[float, ...],
    temperature_c: float | None,
    section: int | None,
    as_json: bool,
) -> int:
    """Tension, sag and slope along every span, with --load-kg under a mass as well."""
    from missions.files import read_line
    from robot.line.profile import profile as spans_of

    found = read_line(file, section)
    at = shares or (0.1, 0.25, 0.5, 0.75, 0.9)
    spans = spans_of(found, load_kg, at, temperature_c)
    if as_json:
        click.echo(json.dumps({"spans": spans}))
    else:
        _show(spans)
    return DONE


def _show(spans: list[dict[str, Any]]) -> None:
    click.echo(" span  length m   tension N   sag m  slope deg")
    for span in spans:
        click.echo(
            f"{span['span']:5d}  {span['length_m']:8.2f}  {span['horizontal_tension_n']:10.0f}"
            f"  {span['sag_m']:6.3f}  {span['max_slope_deg']:9.2f}"
        )
        for load in span.get("loaded", ()):
            click.echo(
                f"       at {load['at_m']:6.2f}  {load['horizontal_tension_n']:9.0f}  {load['drop_m']:6.3f}"
                f"  {load['slope_pole_deg']:9.2f} at the pole, {load['slope_at_load_deg']:.2f} at the load"
            )


@line.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--out",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Default: FILE's name as .toml, here.",
)
@click.option("--conductor", default="LGJ-120/20", show_default=True, help="Key of the catalogue.")
@click.option("--cable", default="wrap-24f-4.0", show_default=True, help="Key of the catalogue.")
@click.option("--pitch", "--pitch-m", "pitch_m", type=float, default=1.0, show_default=True, help="In m.")
@click.option("--lay", type=click.Choice(["S", "Z"]), default="Z", show_default=True)
@click.option("--insulator", default="pin-10", show_default=True, help="Key of the catalogue.")
@click.option("--phase-spacing", "phase_spacing_m", type=float, default=0.70, show_default=True, help="In m.")
@click.option(
    "--tension", "horizontal_tension_n", type=float, help="Stringing, N; default 13 % of the strength."
)
@click.option("--order", type=click.Choice(["auto", "file", "find"]), default="auto", show_default=True)
@click.option("--name", default="", help="Default: the map's.")
@as_json
def import_(file: Path, out: Path | None, as_json: bool, **choices: Any) -> int:
    """Make a line file from a map: GeoJSON (OpenStreetMap's poles or lines) or CSV."""
    from missions.files import InputError, survey_toml

    path = out or Path(f"{file.stem}.toml")
    if out is None and path.exists():
        raise InputError(f"{path}: exists already; name a file with --out, it is replaced where it exists")
    found = _import(file, choices)
    remarks = [f"Imported from {file.name}.", found.survey.attribution, *found.notes]
    try:
        path.write_text(survey_toml(found.survey, filter(None, remarks)), encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}; name another with --out") from None
    answer = _summary(found.survey) | {"file": str(path), "order": found.order, "notes": list(found.notes)}
    if as_json:
        click.echo(json.dumps(answer))
        return DONE
    for note in found.notes:
        click.echo(note)
    click.echo(f"{path}: {len(found.survey.pole)} poles, {answer['length_m']:.1f} m, order of the file" + (
        " kept" if found.order == "file" else " not kept"
    ))  # fmt: skip
    for part in answer["sections"]:
        click.echo(f"  section {part['section']}: {part['from']} to {part['to']}, {part['spans']} spans")
    return DONE


def _import(file: Path, choices: dict[str, Any]) -> Imported:
    """The survey of a map; whatever is wrong with map or choices is an InputError."""
    from pydantic import ValidationError

    from missions.file_errors import describe
    from missions.files import InputError, read_profile
    from missions.gis import read_map
    from missions.survey_import import Choices, import_survey
    from robot.line.survey import Survey

    source = read_map(file)
    limit_deg = read_profile().limits.kink_plan_max_deg
    try:
        return import_survey(source, Choices(angle_max_deg=limit_deg, **choices))
    except ValidationError as error:
        raise InputError(f"{file}: {describe(error, Survey, '')}") from None
    except ValueError as error:
        raise InputError(f"{file}: {error}") from None


def _summary(survey: Survey) -> dict[str, Any]:
    """What a survey holds, for machines."""
    from robot.line.catalogue import CONDUCTORS
    from robot.line.survey import sections

    parts = [
        {
            "section": number,
            "from": survey.pole[first].id,
            "to": survey.pole[last].id,
            "spans": last - first,
            "length_m": round(math.fsum(s.length_m for s in survey.span[first:last]), 3),
        }
        for number, (first, last) in enumerate(sections(survey), 1)
    ]
    return {
        "name": survey.name,
        "conductor": survey.conductor,
        "poles": [{"id": p.id, "kind": p.kind, "angle_deg": p.angle_deg} for p in survey.pole],
        "spans": [s.length_m for s in survey.span],
        "features": len(survey.feature),
        "length_m": round(math.fsum(s.length_m for s in survey.span), 3),
        "sections": parts,
        "missing": list(CONDUCTORS[survey.conductor].missing),
        "attribution": survey.attribution,
        "licence": survey.licence,
    }
