"""What is wrong with a file, in one line: file, place, what is wrong, what would be right."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from robot.line.catalogue import nearest

_UNITS = {  # by the suffix of a key, longest first
    "_n_per_m": "N/m",
    "_kgm2": "kg m2",
    "_mps": "m/s",
    "_dps": "degrees/s",
    "_rpm": "rpm",
    "_deg": "degrees",
    "_pct": "%",
    "_kg": "kg",
    "_m2": "m2",
    "_ah": "Ah",
    "_hz": "Hz",
    "_ms": "ms",
    "_c": "degrees C",
    "_m": "m",
    "_n": "N",
    "_s": "s",
    "_v": "V",
    "_w": "W",
}


SHOWN_MAX = 80  # characters of what a user wrote


class InputError(ValueError):
    """A file or name given by the user cannot be used; the text is one line that says how to mend it."""


def describe(
    error: ValidationError, model: type[BaseModel], text: str, above: tuple[int | str, ...] = ()
) -> str:
    """Place, fault and remedy of the error worth telling first: an unknown key explains a missing one.

    Args:
        above: where in the file the model's table stands.
    """
    errors = sorted(error.errors(include_url=False), key=lambda e: e["type"] != "extra_forbidden")
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    first = errors[0]
    loc = (*first["loc"], *first.get("ctx", {}).get("at", ()))
    keys = tuple(_known_keys(loc, model))
    return f"{place_of(text, (*above, *keys))}{_what(first, model, keys)}{more}"


def place_of(text: str, keys: tuple[int | str, ...]) -> str:
    """ "line 12, span 3, length_m: " of a place in the file."""
    return f"{line_of(text, keys)}{', '.join(_words(keys))}: " if keys else ""


def _known_keys(loc: tuple[int | str, ...], model: type[BaseModel]) -> Iterator[int | str]:
    """The location without what pydantic adds for unions."""
    here: type[BaseModel] | None = model
    for key in loc:
        if isinstance(key, int):
            yield key
        elif here is not None:
            yield key
            here = _table_of(here, key)


def _table_of(model: type[BaseModel], key: str) -> type[BaseModel] | None:
    """The model of the table that stands under a key."""
    field = model.model_fields.get(key)
    return _model_in(field.annotation) if field else None


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)


def _words(keys: tuple[int | str, ...]) -> Iterator[str]:
    """("span", 2, "length_m") -> "span 3", "length_m"."""
    for i, key in enumerate(keys):
        if isinstance(key, str):
            after = keys[i + 1] if i + 1 < len(keys) else None
            yield f"{short(key)} {after + 1}" if isinstance(after, int) else short(key)


def _what(error: ErrorDetails, model: type[BaseModel], keys: tuple[int | str, ...]) -> str:
    key = next((k for k in reversed(keys) if isinstance(k, str)), "")
    value, context, kind = shown(error["input"]), error.get("ctx", {}), error["type"]
    if kind == "extra_forbidden":
        return f"unknown key; {near(key, _fields_beside(model, keys))}"
    if kind == "missing":
        return f"is missing; {number_hint(key) if _unit(key) else 'it is required'}"
    if kind in ("float_type", "float_parsing", "int_type", "int_parsing", "int_from_float"):
        return f"{value} is not a {'whole ' if kind.startswith('int') else ''}number; {number_hint(key)}"
    if kind == "finite_number":
        return f"{value} is not a finite number; {number_hint(key)}"
    if kind == "literal_error":
        return f"{value} is unknown; it can be {context['expected']}"
    if kind == "enum":
        return f"{value} is unknown; it can be {context['expected']}"
    if kind == "bool_type":
        return f"{value} is neither true nor false; give one of them"
    if kind == "string_type":
        return f"{value} is not text; give it in quotes"
    if kind in ("greater_than", "greater_than_equal", "less_than", "less_than_equal"):
        bound, limit = kind.replace("_equal", " or equal to").replace("_", " "), next(iter(context.values()))
        return f"{value} is out of range; it must be {bound} {limit:g}{_with_space(_unit(key))}"
    if kind == "string_too_long":
        return f"has {len(error['input'])} characters; at most {context['max_length']} are allowed"
    if kind == "string_too_short":
        return "is empty; give a text in quotes"
    if kind in ("tuple_type", "list_type", "model_type", "model_attributes_type"):
        return f"{value} has the wrong form; {error['msg'].lower()}"
    return error["msg"].removeprefix("Value error, ")


def _fields_beside(model: type[BaseModel], keys: tuple[int | str, ...]) -> Iterable[str]:
    """Keys allowed where the last of `keys` stands."""
    for key in (k for k in keys[:-1] if isinstance(k, str)):
        model = _table_of(model, key) or model
    return model.model_fields


def short(text: str) -> str:
    """As much of a text as an error's one line bears, without what cannot be printed."""
    text = "".join(sign if sign.isprintable() else "?" for sign in text)
    return text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}..."


def shown(value: Any) -> str:
    return short(repr(value))


def near(name: str, names: Iterable[str]) -> str:
    names = tuple(names)
    found = nearest(name, names)
    return f"nearest: {', '.join(found)}" if found else f"known: {', '.join(names)}"


def _unit(key: str) -> str:
    return next((unit for suffix, unit in _UNITS.items() if key.endswith(suffix)), "")


def _with_space(unit: str) -> str:
    return f" {unit}" if unit else ""


def number_hint(key: str) -> str:
    unit = _unit(key)
    return f"give a plain number in {unit}, without the unit" if unit else "give a plain number"


_HEADER = re.compile(r"""\s*(\[\[?)\s*([\w\s."'-]+?)\s*\]\]?\s*(?:#.*)?""")
_KEY = re.compile(r"""\s*([\w.-]+|"[^"]*"|'[^']*')\s*=""")


def line_of(text: str, keys: tuple[int | str, ...]) -> str:
    """ "line N, " of the place in the file, or of the table round it; "" where neither can be told."""
    counts: dict[tuple[int | str, ...], int] = {}
    table: tuple[int | str, ...] = ()
    found = deepest = 0
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.fullmatch(line):
            place = table = _table_place(header[2], header[1] == "[[", counts)
        elif key := _KEY.match(line):
            place = (*table, *_parts(key[1]))
        else:
            continue
        if len(place) > deepest and keys[: len(place)] == place:
            found, deepest = number, len(place)
    return f"line {found}, " if found else ""


def _table_place(
    name: str, repeated: bool, counts: dict[tuple[int | str, ...], int]
) -> tuple[int | str, ...]:
    """Where a table's header stands; `counts` holds the newest of every repeated table."""
    place: tuple[int | str, ...] = ()
    parts = _parts(name)
    for part in parts:
        place += (part,)
        if repeated and part is parts[-1]:
            counts[place] = counts.get(place, -1) + 1
        if place in counts:
            place += (counts[place],)
    return place


def _parts(name: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in name.split("."))
