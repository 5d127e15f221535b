"""The documentation pages that are made from the tables of modes, failsafe and events."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from robot.messages import Mode
from robot.modes.events import EVENTS
from robot.modes.machine import STAY, TABLE, Cell, Trigger
from robot.safety import failsafe

_MODES = [mode.value for mode in Mode]


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _table(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join([_row(*head), _row(*["---"] * len(head)), *(_row(*row) for row in rows)])


def modes_page() -> str:
    """Diagram and table of the mode machine."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for (mode, trigger), cell in TABLE.items():
        if isinstance(cell, tuple) and trigger not in (Trigger.STOP, Trigger.FAIL_STOP):
            for to in cell:
                arrows.setdefault((mode.value, to.value), []).append(trigger.value)
    lines = [f"    {a} --> {b}: {', '.join(names)}" for (a, b), names in arrows.items()]
    rows = [[f"`{trigger.value}`", *(_shown(TABLE[mode, trigger]) for mode in Mode)] for trigger in Trigger]
    diagram = "\n".join(["```mermaid", "stateDiagram-v2", "    [*] --> SAFE", *lines, "```"])
    return (
        "\n\n".join(["# Modes", _MODES_HEAD, diagram, _MODES_TAIL, _table(["trigger", *_MODES], rows)]) + "\n"
    )


def _shown(cell: Cell) -> str:
    if isinstance(cell, tuple):
        return " / ".join(to.value for to in cell)
    return "" if cell == STAY else cell


_MODES_HEAD = """\
Made from `robot/modes/machine.py`. `stop` and `fail_stop` lead to STOPPED from every mode and are not
drawn."""
_MODES_TAIL = """\
An empty cell changes nothing, `x` is refused with a reason. Of several modes the first is entered whose
guard lets it: `start` and `resume` go on where the job was, `crossing_done` returns to where the crossing
began, `crossing_ahead` holds while no crossing may begin. No mode is entered that a present condition would
end at once."""


def failsafe_page() -> str:
    """What the robot does about every condition in every mode."""
    rows = [
        [
            f"[`{name}`](events.md#{name})",
            *(rule.actions[mode].name if rule.actions[mode] else "" for mode in Mode),
            "yes" if rule.deferrable else "",
            rule.clear.value,
        ]
        for name, rule in failsafe.RULES.items()
    ]
    categories = [[mode.value, str(category)] for mode, category in failsafe.STOP_CATEGORY.items()]
    parts = ["# Failsafe", _FAILSAFE_HEAD, _table(["condition", *_MODES, "may wait", "ends"], rows)]
    parts += ["## Stop categories (IEC 60204-1)", _table(["mode", "category"], categories)]
    return "\n\n".join(parts) + "\n"


_FAILSAFE_HEAD = f"""\
Made from `robot/safety/failsafe.py`. WARN tells the operator; INHIBIT begins no crossing; SLOW goes on at the
degraded speed; HOLD stops under control and waits for the operator; STOP stops as the mode demands and
latches. STOP in the column STOPPED keeps the latch from being reset while the condition lasts. What may wait,
waits for a stable stance, {failsafe.DEFERRAL_MAX_NS // 1_000_000_000} s at most."""


def events_page() -> str:
    """Every event with cause and remedy in both languages."""
    parts = ["# Events", "", "Made from `robot/modes/events.py` and `robot/modes/texts.py`.", ""]
    for name, kind in sorted(EVENTS.items()):
        parts += [f"## {name}", "", f"{kind.severity.name.lower()}", ""]
        parts += [kind.text("en"), "", kind.text("zh"), ""]
    return "\n".join(parts)


PAGES: Mapping[str, Callable[[], str]] = {
    "modes.md": modes_page,
    "failsafe.md": failsafe_page,
    "events.md": events_page,
}
