"""`silkline replay`: the controller once more on a recorded job."""

from __future__ import annotations

import json
from pathlib import Path

import click

from missions.cli import DONE, STOPPED
from missions.cli.options import as_json, settings


@click.command()
@click.argument("log", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--verify", is_flag=True, help="Stop at the first difference and end with exit code 1.")
@settings
@as_json
def replay(log: Path, verify: bool, settings: dict[str, float], as_json: bool) -> int:
    """Run the controller again on the frames of LOG and compare every command, mode, event and estimate."""
    from missions.file_errors import InputError
    from missions.recording import Log
    from missions.replay import replay as run_again

    result = run_again(Log(log), settings, to_the_end=not verify)
    if result.ticks == 0:
        raise InputError(f"{log}: not one whole tick in it; nothing can be replayed")
    if as_json:
        click.echo(json.dumps(result.as_json()))
    else:
        cut = " (the file is cut off; read to its last whole chunk)" if result.cut_off else ""
        click.echo(f"{result.ticks} ticks{cut}, {result.realtime_factor:.0f} times real time")
        if result.first_difference is None:
            click.echo("every decision is equal")
        else:
            click.echo(f"{result.different_ticks} ticks differ, first {result.first_difference}")
    return STOPPED if verify and not result.equal else DONE
