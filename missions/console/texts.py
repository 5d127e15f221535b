"""Every text of the console in one language: its own from texts.toml, events and choices from the robot's tables."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from missions.console import alarms
from robot.messages import Action
from robot.modes import choices
from robot.modes.events import LANGUAGES
from robot.modes.texts import CHOICE_TEXTS

FILE = Path(__file__).with_name("texts.toml")


@cache
def catalogue() -> dict[str, dict[str, list[str]]]:
    """The file: section, key, one text a language in the order of `LANGUAGES`."""
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


@cache
def texts(language: str) -> dict[str, Any]:
    """What the page needs of one language."""
    number = LANGUAGES.index(language)
    own = {
        section: {key: text[number] for key, text in rows.items()} for section, rows in catalogue().items()
    }
    named = {name: choices.text(Action(name), language) for name in CHOICE_TEXTS}
    return {"lang": language, **own, "choices": named, "events": alarms.texts(language)}
