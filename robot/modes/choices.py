"""What a crew can choose while the robot waits in HOLD, by the reason for which it waits.

One place for console, report and tests. A choice is an act of the operator; `Action.TREAT_AS` needs the kind.
"""

from __future__ import annotations

from collections.abc import Mapping

from robot.messages import Action
from robot.modes.texts import CHOICE_TEXTS

_AHEAD = (Action.TREAT_AS, Action.LOOK_AGAIN, Action.BACK_OFF, Action.MANUAL, Action.END_JOB)
_ANYWHERE = (Action.RESUME, Action.BACK_OFF, Action.MANUAL, Action.END_JOB)

CHOICES: Mapping[str, tuple[Action, ...]] = {
    "feature_blocked": _AHEAD,
    "feature_not_seen": (Action.LOOK_AGAIN, Action.BACK_OFF, Action.MANUAL, Action.END_JOB),
    "retreated": (Action.RESUME, *_AHEAD),
    "retreat_blocked": (Action.RESUME, Action.MANUAL, Action.END_JOB),
    "crossing_failed": (Action.RESUME, Action.MANUAL, Action.END_JOB),
    "lay_end": (Action.MANUAL,),
}


def choices(reason: str) -> tuple[Action, ...]:
    """The choices in a HOLD for this reason, the likeliest first."""
    return CHOICES.get(reason, _ANYWHERE)


def text(action: Action, language: str = "en") -> str:
    """What the choice is called."""
    return CHOICE_TEXTS[action.value][language]
