"""The as-built report of a job: `report.html` from its log and summary."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from missions.recording import Log
from missions.report.page import bare_page, page, picture
from missions.report.record import read_record
from missions.report.strip import strips
from missions.report.svg import drawing
from missions.summary import Summary
from robot.crossing.along import Crossing
from robot.profile import Profile


def write_report(log_path: Path, summary: Summary | None, out: Path, picture_out: Path | None = None) -> None:
    """Write the report of the log at `log_path` as one HTML file `out`.

    Args:
        summary: None where there is none, as of a job that was not simulated or not finished.
        picture_out: for the charts alone, as one SVG file.

    Raises:
        LogError: the log cannot be read.
    """
    record = read_record(Log(log_path))
    _write(out, page(record, summary))
    if picture_out:
        _write(picture_out, picture(record, summary))


def write_strips(
    name: str, crossings: Sequence[Crossing], profile: Profile, conductor_diameter_m: float, out: Path
) -> None:
    """Draw planned crossings as strips: `.svg`, `.png` or `.html`.

    Raises:
        OSError: the file cannot be written.
    """
    drawn = drawing(strips(crossings, profile, conductor_diameter_m), name)
    if out.suffix == ".png":
        from missions.report.raster import write_png

        write_png(drawn, out)
    else:
        _write(out, bare_page(name, drawn) if out.suffix == ".html" else drawn)


def _write(out: Path, content: str) -> None:
    """The file is there whole or not at all."""
    part = out.with_name(out.name + ".part")
    part.write_text(content, encoding="utf-8")
    part.replace(out)
