"""What is wrong with a file, in one line: file, place, what is wrong, what would be right."""

from __future__ import annotations

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


class InputError(ValueError):
    """A file or name given by the user cannot be used; the text is one line that says how to mend it."""


def describe(error: ValidationError, model: type[BaseModel], text: str) -> str:
    """Place, fault and remedy of the error worth telling first: an unknown key explains a missing one."""
    errors = sorted(error.errors(include_url=False), key=lambda e: e["type"] != "extra_forbidden")
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    first = errors[0]
    keys = tuple(_known_keys(first["loc"], model))
    place = ", ".join(_words(keys))
    return f"{line_of(text, keys)}{place + ': ' if place else ''}{_what(first, model, keys)}{more}"


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
            yield f"{key} {after + 1}" if isinstance(after, int) else key


def _what(error: ErrorDetails, model: type[BaseModel], keys: tuple[int | str, ...]) -> str:
    key = next((k for k in reversed(keys) if isinstance(k, str)), "")
    value, context, kind = error["input"], error.get("ctx", {}), error["type"]
    if kind == "extra_forbidden":
        return f"unknown key; {near(key, _fields_beside(model, keys))}"
    if kind == "missing":
        return f"is missing; {number_hint(key) if _unit(key) else 'it is required'}"
    if kind in ("float_type", "float_parsing", "int_type", "int_parsing", "int_from_float"):
        return f"{value!r} is not a {'whole ' if kind.startswith('int') else ''}number; {number_hint(key)}"
    if kind == "finite_number":
        return f"{value} is not a finite number; {number_hint(key)}"
    if kind == "literal_error":
        return f"{value!r} is unknown; it can be {context['expected']}"
    if kind == "enum":
        return f"{value!r} is unknown; it can be {context['expected']}"
    if kind == "bool_type":
        return f"{value!r} is neither true nor false; give one of them"
    if kind == "string_type":
        return f"{value!r} is not text; give it in quotes"
    if kind in ("greater_than", "greater_than_equal", "less_than", "less_than_equal"):
        bound, limit = kind.replace("_equal", " or equal to").replace("_", " "), next(iter(context.values()))
        return f"{value} is out of range; it must be {bound} {limit:g}{_with_space(_unit(key))}"
    if kind in ("tuple_type", "list_type", "model_type", "model_attributes_type"):
        return f"{value!r} has the wrong form; {error['msg'].lower()}"
    return error["msg"].removeprefix("Value error, ")


def _fields_beside(model: type[BaseModel], keys: tuple[int | str, ...]) -> Iterable[str]:
    """Keys allowed where the last of `keys` stands."""
    for key in (k for k in keys[:-1] if isinstance(k, str)):
        model = _table_of(model, key) or model
    return model.model_fields


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


def line_of(text: str, keys: tuple[int | str, ...]) -> str:
    """ "line N, " of the place in the file, "" where it cannot be told."""
    names = [k for k in keys if isinstance(k, str)]
    if not names:
        return ""
    wanted = next((k for k in keys if isinstance(k, int)), 0)
    table = names[0] if len(names) > 1 or len(keys) > 1 else ""
    inside, seen, header = table == "", -1, 0
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.split("#", 1)[0].strip()
        if bare.startswith("["):
            title = bare.strip("[]").strip()
            seen += title == table
            inside = title == table and seen == wanted
            if inside:
                header = number
            if table == "":
                break
        elif inside and bare.split("=", 1)[0].strip().strip("\"'") == names[-1]:
            return f"line {number}, "
    return f"line {header}, " if header else ""
