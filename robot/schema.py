"""What the formats of files have in common: frozen tables, numbers in a range, texts, and how a fault is told.

A number has a range wherever a file gives one, so that nothing behind the file's door meets what no robot,
line or weather could have.
"""

from __future__ import annotations

import unicodedata
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

MOST = 1e6  # of any number that has no narrower range of its own
LEAST = 1e-6  # of any number that must be more than zero


def number(low: float, high: float, *, above: bool = False) -> Any:
    """A strict number within a range; `above` leaves `low` itself out."""
    gt, ge = (low, None) if above else (None, low)
    return Field(strict=True, allow_inf_nan=False, gt=gt, ge=ge, le=high)


def wrong(text: str, at: tuple[str | int, ...] = (), **values: object) -> PydanticCustomError:
    """The error of a check over several keys.

    Args:
        text: what is wrong and what would be right, with `values` in braces.
        at: where, from the table that is checked.
    """
    return PydanticCustomError("wrong", text, {"at": at, **values})


def _printable(text: str) -> str:
    for place, sign in enumerate(text, 1):
        if unicodedata.category(sign)[0] == "C" or sign in "\u2028\u2029":
            raise wrong(
                "character {place} is {sign}, which cannot be printed; leave it out",
                place=place,
                sign=f"U+{ord(sign):04X}",
            )
    return text


Positive = Annotated[float, Field(ge=LEAST, le=MOST, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, le=MOST, allow_inf_nan=False)]
Finite = Annotated[float, Field(ge=-MOST, le=MOST, allow_inf_nan=False)]
Range = tuple[Finite, Finite]
Flag = Annotated[bool, Field(strict=True)]
Text = Annotated[str, Field(max_length=500), AfterValidator(_printable)]
Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_printable)]


class Table(BaseModel):
    """A frozen table of a file; unknown keys are an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")
