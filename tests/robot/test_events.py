"""Every event has a name, a gravity, and a text that helps, in both languages."""

from __future__ import annotations

import pytest

from robot.messages import Event
from robot.modes.events import EVENTS, LANGUAGES, Severity, changes, severity
from robot.modes.texts import TEXTS
from robot.safety import failsafe

WHO_CAN_HELP = (Severity.ALARM, Severity.SAFETY)


def test_table_and_texts_have_the_same_events() -> None:
    assert set(EVENTS) == set(TEXTS)
    assert set(failsafe.RULES) <= set(EVENTS)


@pytest.mark.parametrize("name", EVENTS)
def test_every_event_has_a_cause_in_both_languages(name: str) -> None:
    for language in LANGUAGES:
        text = EVENTS[name].texts[language]
        assert text.cause.endswith((".", "。"))
        assert text.remedy == "" or text.remedy.endswith((".", "。"))
        assert bool(text.remedy) is bool(EVENTS[name].texts["en"].remedy)
        if EVENTS[name].severity in WHO_CAN_HELP:
            assert text.remedy, "whoever is alarmed must be told what to do"
    assert EVENTS[name].texts["en"].cause.isascii()
    assert not EVENTS[name].texts["zh"].cause.isascii()


def test_text_is_cause_and_remedy() -> None:
    assert EVENTS["operator_stop"].text() == "An operator asked for STOP. Find out why, then reset."
    assert EVENTS["operator_stop"].text("zh") == "操作员按下停止。 查明原因，然后复位。"
    assert EVENTS["power_up"].text() == "The robot has started."


def test_an_unknown_event_has_no_severity() -> None:
    assert severity("contact") is Severity.SAFETY
    with pytest.raises(KeyError):
        severity("nonsense")


def test_a_lasting_condition_is_told_once() -> None:
    before, now = (
        frozenset({"contact", "wheel_slip"}),
        frozenset({"wheel_slip", "camera_lost", "battery_low"}),
    )
    assert changes(7, before, now) == (
        Event(7, "battery_low"),
        Event(7, "camera_lost"),
        Event(7, "contact", "cleared"),
    )
    assert changes(7, now, now) == ()
    assert changes(7, now, frozenset(now)) == ()
