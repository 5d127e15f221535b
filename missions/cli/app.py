"""The commands and how each of them ends.

A command's module is imported when the command is asked for; `silkline --help` reads the table alone.
"""

from __future__ import annotations

import importlib
import sys

import click

from missions.cli import BAD_INPUT, DONE, STOPPED

COMMANDS = {  # name -> (module of this package, help)
    "plan": ("plan", "Check a line against the robot; time, cable, battery, crew and cost."),
    "run": ("run", "Run a job on the simulated robot."),
    "console": ("console", "Drive a robot, or the simulated one, from tablets: server and robot's software."),
    "replay": ("replay", "Run the controller again on a recorded job and compare every decision."),
    "report": ("report", "The as-built record of a log, with plots."),
    "line": ("line", "Survey tools: check, profile, import."),
    "drives": ("drives", "Motor controllers: scan, check, monitor, jog, setup; decode a log's bytes."),
    "crossing": ("crossing", "The planned stances of every crossing of a line."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command = getattr(importlib.import_module(f"{__package__}.{COMMANDS[name][0]}"), name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="silkline", prog_name="silkline")
def cli() -> None:
    """Silkline drives a robot that wraps a fibre-optic cable round an overhead conductor.

    Exit codes: 0 done as asked; 1 refused, or ended safely without finishing; 2 bad input; 3 a safety promise
    was broken (simulation and bench only).
    """


def run(arguments: list[str] | None = None) -> int:
    """The command's exit code; every expected error is one line on stderr and exit code 2."""
    try:
        code = cli(arguments, prog_name="silkline", standalone_mode=False)
    except click.ClickException as error:
        if isinstance(error, click.exceptions.NoArgsIsHelpError):
            error.show()
            return BAD_INPUT
        return _refuse(error.format_message())
    except click.Abort:
        return STOPPED
    except BrokenPipeError:  # e.g. `silkline plan ... | head`
        sys.stderr.close()
        return DONE
    except Exception as error:
        if not isinstance(error, _input_errors()):
            raise
        return _refuse(str(error))
    return code if isinstance(code, int) else DONE


def _refuse(text: str) -> int:
    click.echo(f"silkline: {' '.join(text.split())}", err=True)
    return BAD_INPUT


def _input_errors() -> tuple[type[Exception], ...]:
    from missions.files import InputError
    from missions.recording import LogError
    from robot.line.line import LineError
    from robot.parameters import ParameterError

    return InputError, LineError, LogError, ParameterError
