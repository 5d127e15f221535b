"""The documentation page that is made from the fault table. `python -m tests.faults.page` writes it."""

from __future__ import annotations

from pathlib import Path

from robot.messages import Mode
from tests.faults.table import NOT_YET, ROWS, Cell, Row

PAGE = Path(__file__).resolve().parents[2] / "docs" / "faults.md"
FAULTS = range(1, 45)  # rows of the matrix

_HEAD = """# Fault matrix

Made from `tests/faults/table.py` by `python -m tests.faults.page`. Every fault is injected into a simulated robot at
its real place, in every mode in which it can occur, and all of this is checked: the mode in time and its cause,
every command inside the limits of the profile, no speed above the robot's, the robot held, the event logged; a stop
or hold lasts while the fault does and after it is gone.

`STOPPED 250` is: stopped and latched within 250 ms. `=` is: the mode stays, with the event logged in time where one
is named. `-` is: the fault cannot occur in that mode; why is said below the table. A refused act is named after `!`.

Run one cell, or all of them:

```
python -m pytest -k fault --fault 14 --mode WRAP
python -m pytest -k fault -m "acceptance or not acceptance"
```
"""


def page() -> str:
    """The whole page."""
    parts = [_HEAD]
    for number in FAULTS:
        if number in ROWS:
            parts.append(_section(ROWS[number]))
    missing = "\n".join(f"- {number} {what}" for number, what in sorted(NOT_YET.items()))
    parts.append(f"## Not yet\n\n{missing}\n")
    return "\n".join(parts)


def _section(row: Row) -> str:
    head = f"## {row.id} {row.fault}\n\nInjected at: {row.place}. Promises: {row.promises}.\n"
    if row.files:
        names = ", ".join(file.name for file in row.files)
        return f"{head}\nBefore there is a mode; refused with file, place and what would be right: {names}.\n"
    lines = ["", _row("variant", *(mode.value for mode in Mode)), _row(*["---"] * (1 + len(Mode)))]
    lines += [_row(variant.name, *(_cell(variant.cells[mode]) for mode in Mode)) for variant in row.variants]
    reasons: dict[str, dict[str, None]] = {}
    for variant in row.variants:
        for mode, cell in variant.cells.items():
            if cell.not_here:
                reasons.setdefault(cell.not_here, {})[mode.value] = None
    lines += ["", *(f"- {', '.join(modes)}: {reason}" for reason, modes in reasons.items())]
    return head + "\n".join(lines).rstrip() + "\n"


def _cell(cell: Cell) -> str:
    if cell.not_here:
        return "-"
    events = " or ".join(cell.events) if cell.to is not None else ", ".join(cell.events)
    refused = f"!{cell.asks.value}" if cell.asks is not None else ""
    result = "=" if cell.to is None else cell.to.value
    time_ms = str(cell.within_ms) if cell.within_ms else ""
    return " ".join(filter(None, (result, time_ms, events, refused)))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
