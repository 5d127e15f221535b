"""Whoever breaks the gate, the support rule or the failsafe table in one place is noticed.

Each module is changed in one place after the other; every change must make one of its statements fail, but
for those that change nothing that can be seen, named here with the reason.
"""

from __future__ import annotations

import ast
import importlib
import io
import time
from pathlib import Path

import failsafe_cases
import gate_cases
import mutation
import pytest

ROOT = Path(__file__).parents[2]
CASES = {
    "gate": gate_cases.GATE_CASES,
    "support": gate_cases.SUPPORT_CASES,
    "failsafe": failsafe_cases.FAILSAFE_CASES,
}
SEEN_BY_NOBODY = {
    "gate": {
        "support.all_closed(self._frame, limits) -> always False": "a short way to what follows says as well",
        "held is None -> always True": "judged once for three wheels, or three times with the same outcome",
    },
    "support": {},
    "failsafe": {"not active and deferred is None -> always False": "a short way to the same quiet reaction"},
}


@pytest.mark.parametrize("name", CASES)
def test_every_small_change_is_noticed(name: str) -> None:
    path = ROOT / "robot" / "safety" / f"{name}.py"
    module = importlib.import_module(f"robot.safety.{name}")

    def duration_s(case: object) -> float:
        begun_s = time.perf_counter()
        case(module)  # type: ignore[operator]
        return time.perf_counter() - begun_s

    quick_first = sorted(CASES[name].values(), key=duration_s)
    count, survivors = 0, set()
    for what, tree in mutation.mutants(path.read_text(encoding="utf-8")):
        count += 1
        if mutation.survives(tree, path, quick_first):
            survivors.add(what)
    assert survivors == set(SEEN_BY_NOBODY[name])
    assert count > 80  # that the mutator finds its places


@pytest.mark.parametrize("name", CASES)
def test_every_line_and_branch_is_taken(name: str) -> None:
    coverage = pytest.importorskip("coverage", reason="coverage is not installed")
    path = ROOT / "robot" / "safety" / f"{name}.py"
    source = path.read_text(encoding="utf-8")
    measured = coverage.Coverage(branch=True, include=[str(path)], data_file=None, config_file=False)
    outer = coverage.Coverage.current()
    if outer is not None:
        outer.stop()
    measured.start()
    try:
        module = mutation.load(ast.parse(source), path)
        for case in CASES[name].values():
            case(module)
    finally:
        measured.stop()
        if outer is not None:
            outer.start()
    table = io.StringIO()
    assert measured.report(file=table, show_missing=True) == 100.0, table.getvalue()
