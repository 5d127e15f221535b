"""Options that several commands share."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click


class _Setting(click.ParamType[tuple[str, float]]):
    """NAME=VALUE, a parameter with its number."""

    name = "NAME=VALUE"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, float]:
        name, equals, number = str(value).partition("=")
        try:
            if not equals:
                raise ValueError
            return name.strip(), float(number)
        except ValueError:
            self.fail(
                f"{str(value)[:80]!r} is not NAME=VALUE with a number, e.g. wrap_speed_mps=0.3", param, ctx
            )


def _table(
    ctx: click.Context, param: click.Parameter, pairs: tuple[tuple[str, float], ...]
) -> dict[str, float]:
    return dict(pairs)


def pairs(option: str, name: str, text: str) -> Callable[..., Any]:
    """A repeatable option NAME=VALUE that arrives as a table."""
    return click.option(option, name, type=_Setting(), multiple=True, callback=_table, help=text)


class Number(click.FloatRange):
    """A number within a range; click's own type takes NaN for one."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is not a number; give one {self._describe_range()}", param, ctx)
        return number


FILE = click.Path(dir_okay=False, path_type=Path)
DIRECTORY = click.Path(file_okay=False, path_type=Path)
settings = pairs("--set", "settings", "Set a parameter; repeatable.")
as_json = click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for machines.")


def job_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What a job is made of, beside its line: section, robot, parameters."""
    for option in (
        settings,
        click.option("--parameters", type=FILE, help="A parameter file."),
        click.option("--robot", type=FILE, help="A robot profile; R1 unless given."),
        click.option("--section", type=click.IntRange(1), help="Section between strain poles, 1 = first."),
    ):
        command = option(command)
    return command
