"""Every text is there in both languages, and everything that can be said has one."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
from pathlib import Path

import pytest

from missions.console import checklist, desk, protocol, server, session
from missions.console.texts import catalogue, texts
from robot.crossing.stance import Expect, StepKind
from robot.line.catalogue import KINDS
from robot.messages import CarriageState, Mode
from robot.modes.events import EVENTS, LANGUAGES, Severity
from robot.parameters import Parameters
from robot.safety import gate

CHINESE = re.compile(r"[\u4e00-\u9fff]")


def keys(section: str) -> set[str]:
    return set(catalogue()[section])


def test_every_text_is_there_in_both_languages() -> None:
    for section, rows in catalogue().items():
        for key, row in rows.items():
            assert len(row) == len(LANGUAGES), f"{section}.{key}"
            assert all(text.strip() for text in row), f"{section}.{key}"
            assert CHINESE.search(row[1]), f"{section}.{key}"
            assert not CHINESE.search(row[0]), f"{section}.{key}"


def test_both_languages_have_the_same_keys() -> None:
    english, chinese = texts("en"), texts("zh")
    assert english.keys() == chinese.keys()
    for section in english:
        if isinstance(english[section], dict):
            assert english[section].keys() == chinese[section].keys()


def test_every_mode_has_a_name_and_a_word_on_the_lost_link() -> None:
    modes = {mode.value for mode in Mode}
    assert keys("modes") == modes
    assert keys("link_loss") == modes


def test_every_parameter_check_figure_kind_and_step_has_a_name() -> None:
    assert keys("parameters") == {field.name for field in dataclasses.fields(Parameters)}
    assert keys("checks") == {*checklist.ITEMS, "plan"}
    assert keys("figures") == set(checklist.FIGURES)
    assert keys("kinds") == set(KINDS)
    assert keys("steps") == {*(kind.value for kind in StepKind), "undo"}
    assert keys("expects") == {expect.value for expect in Expect}
    assert {state.value for state in CarriageState} <= keys("carriages")
    assert keys("roles") == {role.name.lower() for role in protocol.Role}
    assert keys("severities") == {severity.name.lower() for severity in Severity}


def test_every_act_and_axis_has_a_name() -> None:
    acts = protocol.Act.model_fields["action"].annotation.__args__  # type: ignore[union-attr]
    axes = protocol.Jog.model_fields["axis"].annotation.__args__  # type: ignore[union-attr]
    assert set(acts) <= keys("actions")
    assert set(axes) == keys("axes")


def test_every_refusal_has_a_text() -> None:
    said = set()
    for module in (desk, session, server, checklist):
        for node in ast.walk(ast.parse(Path(inspect.getfile(module)).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Refused":
                said.add(node.args[0].value)  # type: ignore[attr-defined]
    assert said
    assert said <= keys("why")


def test_every_reason_of_the_gate_has_a_text() -> None:
    source = Path(inspect.getfile(gate)).read_text(encoding="utf-8")
    for reason in keys("denied") - {"internal error"}:
        assert reason in source, reason


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_events_are_the_robots_own(language: str) -> None:
    rows = texts(language)["events"]
    assert rows.keys() == EVENTS.keys()
    assert all(row["cause"] for row in rows.values())
