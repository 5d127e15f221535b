"""Parameters at the console: shown with range and unit, kept whole or not at all, in force from the next start on."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from missions import files
from missions.console.access import write_private
from missions.console.session import Refused
from robot.parameters import ParameterError, Parameters, with_values


class Settings:
    """The parameter file of a console.

    Args:
        path: the file; it need not be there.
        in_force: what the robot runs with.
    """

    def __init__(self, path: Path, in_force: Parameters) -> None:
        self._path, self.in_force = path, in_force
        self.changes = 0

    def save(self, values: Mapping[str, float]) -> None:
        """Keep `values` beside what the file holds already; the file before is kept as `.bak`.

        Raises:
            Refused: a value is not a parameter's or out of its range, or the file cannot be written.
        """
        wanted = {**self._saved(), **values}
        try:
            with_values(Parameters(), wanted)
        except ParameterError as error:
            raise Refused("bad_value", str(error)) from None
        rows = [f"{name} = {float(value)!r}" for name, value in sorted(wanted.items())]
        try:
            if self._path.exists():
                write_private(self._path.with_name(self._path.name + ".bak"), self._path.read_text("utf-8"))
            write_private(self._path, "\n".join([f'format = "{files.PARAMETERS_FORMAT}"', *rows, ""]))
        except OSError as error:
            raise Refused("not_saved", error.strerror or str(error)) from None
        self.changes += 1

    def page(self) -> dict[str, Any]:
        saved, rows = self._saved(), []
        for field in dataclasses.fields(Parameters):
            value = getattr(self.in_force, field.name)
            rows.append(
                {
                    "name": field.name,
                    "unit": field.metadata["unit"],
                    "low": field.metadata["low"],
                    "high": field.metadata["high"],
                    "default": field.default,
                    "value": value,
                    "saved": saved.get(field.name, value),
                }
            )
        return {"parameters": rows, "restart_needed": any(row["saved"] != row["value"] for row in rows)}

    def _saved(self) -> dict[str, float]:
        """What the file names; a damaged one has been refused at the start."""
        if not self._path.exists():
            return {}
        try:
            kept = files.read_parameters(self._path)
        except files.InputError as error:
            raise Refused("not_saved", str(error)) from None
        default = Parameters()
        names = [field.name for field in dataclasses.fields(Parameters)]
        return {n: getattr(kept, n) for n in names if getattr(kept, n) != getattr(default, n)}
