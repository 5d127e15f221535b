"""`silkline report`: the as-built record of a log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from missions.cli import DONE
from missions.cli.options import FILE, as_json

if TYPE_CHECKING:
    from missions.summary import Summary


@click.command()
@click.argument("log", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--summary", type=FILE, help="Default: summary.json beside LOG, where there is one.")
@click.option("-o", "--out", type=FILE, help="Default: report.html beside LOG.")
@click.option("--picture", type=FILE, help="Write the charts as one SVG file too.")
@as_json
def report(log: Path, summary: Path | None, out: Path | None, picture: Path | None, as_json: bool) -> int:
    """Make the as-built report of LOG: one HTML page with plots, figures, crossings and events."""
    from missions.file_errors import InputError
    from missions.report import write_report

    if log.resolve() in {path.resolve() for path in (out, picture) if path}:
        raise InputError(f"{log}: the report would replace its own log; name another --out")
    figures = _summary(summary or log.with_name("summary.json"), wanted=summary is not None)
    out = out or log.with_name("report.html")
    try:
        write_report(log, figures, out, picture)
    except OSError as error:
        raise InputError(
            f"{error.filename or out}: {error.strerror}; name a file in a folder that exists"
        ) from None
    names = [str(path) for path in (out, picture) if path]
    click.echo(json.dumps({"written": names}) if as_json else f"written {' and '.join(names)}")
    return DONE


def _summary(path: Path, wanted: bool) -> Summary | None:
    """The file's figures; that it is missing is wrong only if it was named."""
    from pydantic import ValidationError

    from missions.file_errors import InputError
    from missions.summary import read

    if not wanted and not path.exists():
        return None
    try:
        return read(path)
    except UnicodeDecodeError:
        raise InputError(f"{path}: not text; expected a summary.json of silkline run") from None
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise InputError(
            f"{path}: {place}: {first['msg']}; expected a summary.json of silkline run"
        ) from None
