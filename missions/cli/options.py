"""Options that several commands share."""

from __future__ import annotations

from typing import Any

import click


class _Setting(click.ParamType):
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
            self.fail(f"{value!r} is not NAME=VALUE with a number, e.g. wrap_speed_mps=0.3", param, ctx)


def _table(
    ctx: click.Context, param: click.Parameter, pairs: tuple[tuple[str, float], ...]
) -> dict[str, float]:
    return dict(pairs)


settings = click.option(
    "--set", "settings", type=_Setting(), multiple=True, callback=_table, help="Set a parameter; repeatable."
)
as_json = click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for machines.")
