"""The documentation page that is made from the fault table. `python -m tests.faults.page` writes it."""

from __future__ import annotations

from pathlib import Path

from robot.messages import Mode
from tests.faults.crossing import FAULTS as STEP_FAULTS
from tests.faults.table import CROSSING_STEPS, NOT_YET, ROWS, Cell, Row, Variant

PAGE = Path(__file__).resolve().parents[2] / "docs" / "faults.md"
FAULTS = range(1, 45)  # rows of the matrix
_MANY = 6  # variants that are expected to end alike; more are not named one by one

_HEAD = """# Fault matrix

Made from `tests/faults/table.py` by `python -m tests.faults.page`. Every fault is injected into a simulated robot at
its real place, in every mode in which it can occur, and all of this is checked: the mode in time and its cause,
every command inside the limits of the profile, no speed above the robot's, the robot held, the event logged; a stop
or hold lasts while the fault does and after it is gone.

A `-` says why the fault cannot occur in a mode.

Run one cell, or all of them:

```
python -m pytest -k fault --fault 14 --mode WRAP
python -m pytest -k fault -m "acceptance or not acceptance"
```
"""

_CROSSING = """## Every step of a crossing

Made from `tests/faults/crossing.py`. Each of these faults begins in the middle of each step of the crossing of a
pole:
{steps}.

What comes of it is judged by the world's truth: no violation in any instant; in the end the robot is at rest, two
carriages on the conductor, one of them clamped and loaded, the rear off only while the front holds; and it stays so
when the fault is gone.

"""


def page() -> str:
    """The whole page."""
    parts = [_HEAD]
    for number in FAULTS:
        if number in ROWS:
            parts.append(_section(ROWS[number]))
    parts.append(_crossing())
    missing = "\n".join(f"- {number} {what}" for number, what in sorted(NOT_YET.items()))
    parts.append(f"## Not yet\n\n{missing}\n")
    return "\n".join(parts)


def _crossing() -> str:
    """Each fault in the middle of each step of a crossing."""
    lines = [_line("fault", "ends in", "within, s"), _line("---", "---", "---")]
    for fault in STEP_FAULTS.values():
        ends = [f"{mode.value}: {' or '.join(causes)}" for mode, causes in fault.causes.items()]
        if fault.may_go_on:
            ends.append("or the crossing goes on")
        lines.append(_line(fault.name, "; ".join(ends), f"{fault.within_s:g}"))
    steps = ", ".join(f"{number} {step}" for number, step in enumerate(CROSSING_STEPS))
    return _CROSSING.format(steps=steps) + "\n".join(lines) + "\n"


def _section(row: Row) -> str:
    head = f"## {row.id} {row.fault}\n\nInjected at: {row.place}. Promises: {row.promises}.\n"
    if row.files:
        names = ", ".join(file.name for file in row.files)
        return f"{head}\nBefore there is a mode; refused with file, place and what would be right: {names}.\n"
    lines = [_line("variant", "modes", "expected"), _line("---", "---", "---")]
    alike: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for variant in row.variants:
        alike.setdefault(_expected(variant), []).append(variant.name)
    for expected, names in alike.items():
        together = "; ".join(names) if len(names) <= _MANY else f"{names[0]}, and {len(names) - 1} like it"
        lines += [_line(together, modes, what) for modes, what in expected]
    return head + "\n" + "\n".join(lines) + "\n"


def _expected(variant: Variant) -> tuple[tuple[str, str], ...]:
    """Modes with the same expectation together."""
    modes: dict[str, list[str]] = {}
    for mode in Mode:
        modes.setdefault(_cell(variant.cells[mode]), []).append(mode.value)
    return tuple(
        (", ".join(names) if len(names) < len(Mode) else "all", what) for what, names in modes.items()
    )


def _cell(cell: Cell) -> str:
    if cell.not_here:
        return f"- {cell.not_here}"
    within = f" within {cell.within_ms} ms"
    if cell.to is not None:
        return f"{cell.to.value}{within}{': ' if cell.events else ''}{' or '.join(cell.events)}"
    logged = f"; logged{within}: {', '.join(cell.events)}" if cell.events else ""
    refused = f"; {cell.asks.value} is refused" if cell.asks is not None else ""
    return f"stays{logged}{refused}"


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
