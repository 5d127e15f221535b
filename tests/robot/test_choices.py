"""What a crew is offered in HOLD can be done there, and is called something in both languages."""

from __future__ import annotations

import pytest

from robot.messages import Action, Mode
from robot.modes.choices import CHOICES, choices, text
from robot.modes.events import EVENTS, LANGUAGES
from robot.modes.machine import OPERATOR_TRIGGERS, REFUSED, TABLE


@pytest.mark.parametrize("reason", sorted({*CHOICES, "operator_hold", "camera_lost"}))
def test_every_choice_is_possible_in_hold(reason: str) -> None:
    assert reason in EVENTS
    for action in choices(reason):
        assert TABLE[Mode.HOLD, OPERATOR_TRIGGERS[action]] != REFUSED


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_choice_has_its_name(language: str) -> None:
    for action in {action for reason in CHOICES for action in choices(reason)}:
        assert text(action, language)


def test_before_an_unknown_thing_all_five_ways_are_open() -> None:
    ways = {Action.TREAT_AS, Action.LOOK_AGAIN, Action.BACK_OFF, Action.MANUAL, Action.END_JOB}
    assert set(choices("feature_blocked")) == ways
