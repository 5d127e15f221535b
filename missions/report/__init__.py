"""The as-built report of a job: `report.html` from its log and summary."""

from __future__ import annotations

from pathlib import Path

from missions.recording import Log
from missions.report.page import page, picture
from missions.report.record import read_record
from missions.summary import Summary


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


def _write(out: Path, content: str) -> None:
    """The file is there whole or not at all."""
    part = out.with_name(out.name + ".part")
    part.write_text(content, encoding="utf-8")
    part.replace(out)
