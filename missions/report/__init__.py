"""The as-built report of a job: `report.html` from its log and summary."""

from __future__ import annotations

from pathlib import Path

from missions.recording import Log
from missions.report.page import page, picture
from missions.report.record import read_record
from missions.summary import Summary


def write_report(log_path: Path, summary: Summary | None, out: Path) -> None:
    """Write the report of the log at `log_path` as one HTML file `out`.

    Args:
        summary: None where there is none, as of a job that was not simulated or not finished.

    Raises:
        LogError: the log cannot be read.
    """
    _write(out, page(read_record(Log(log_path)), summary))


def write_picture(log_path: Path, summary: Summary | None, out: Path) -> None:
    """Write the run's charts as one SVG file.

    Raises:
        LogError: the log cannot be read.
    """
    record = read_record(Log(log_path))
    mass_kg = summary.peak_mass_kg if summary else record.profile.limits.mass_max_kg
    _write(out, picture(record, mass_kg))


def _write(out: Path, content: str) -> None:
    """The file is there whole or not at all."""
    part = out.with_name(out.name + ".part")
    part.write_text(content, encoding="utf-8")
    part.replace(out)
