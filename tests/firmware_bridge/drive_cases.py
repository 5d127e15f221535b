"""Which fault case runs for which driver: the table in docs/drives.md, made from the tests' names.

`python tests/firmware_bridge/drive_cases.py` writes it anew.
"""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "drives.md"
BEGIN, END = "<!-- cases -->", "<!-- end of cases -->"

CASES = {
    1: "corrupted bytes",
    2: "truncated frame, bogus length",
    3: "dropped command, dropped reply",
    4: "late reply",
    5: "duplicated or replayed frame",
    6: "reordered frames",
    7: "unplugged while moving, plugged in again",
    8: "controller stalls",
    9: "slow line",
    10: "garbage, line break, flood",
    11: "a stranger's bytes on the port",
    12: "controller restarts while moving",
    13: "wrong firmware or identity",
    14: "feedback that cannot be true",
    15: "feedback that stands still",
    16: "half open: commands do not arrive",
    17: "half open: feedback does not arrive",
    18: "host stands still for 0.2, 1, 5 s",
    19: "kept alive by something else than the tick",
    20: "no watchdog, or too slow a one",
    21: "coasts on its time-out",
    22: "fault clears itself",
    23: "first command",
    24: "slower than the controller can",
    25: "one controller of a bus absent",
    26: "wait for a count of bytes",
    27: "opening the port restarts the controller",
    28: "e-stop while the link is down",
    29: "line grows worse before it fails",
    30: "host's clock steps",
}
ELSEWHERE = {
    27: "as 12: nothing is armed that was not met on this line",
    28: "the board's chain and relay: `tests/firmware_bridge/test_fleet.py`",
    30: "time is an argument everywhere: `tests/test_house.py`",
}


def covered(driver: str) -> set[int]:
    """Cases with a test of their own, by the tests' names."""
    names = " ".join(path.read_text(encoding="utf-8") for path in HERE.glob(f"test_{driver}*.py"))
    return {int(number) for number in re.findall(r"def test_case_(\d\d)_", names)}


def table() -> str:
    drivers = [name for name in ("board", "moteus", "vesc", "cia402") if covered(name)]
    lines = ["| # | case | " + " | ".join(drivers) + " |", "|---" * (2 + len(drivers)) + "|"]
    for number, text in CASES.items():
        marks = ["yes" if number in covered(name) else ELSEWHERE.get(number, "-") for name in drivers]
        lines.append(f"| {number} | {text} | " + " | ".join(marks) + " |")
    return "\n".join(lines)


def page() -> str:
    """The page with the table as it should be."""
    text = PAGE.read_text(encoding="utf-8")
    return text[: text.index(BEGIN) + len(BEGIN)] + f"\n{table()}\n" + text[text.index(END) :]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
