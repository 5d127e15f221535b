"""Quickly made messages are what the standard constructor makes."""

from __future__ import annotations

import dataclasses
import pickle
from dataclasses import dataclass, field

import pytest

from robot import messages
from robot.quick import quick


@dataclass(frozen=True, slots=True)
class Standard:
    at_m: float
    kind: str = "none"
    others: tuple[int, ...] = field(default=())


@quick
@dataclass(frozen=True, slots=True)
class Quick:
    at_m: float
    kind: str = "none"
    others: tuple[int, ...] = field(default=())


@pytest.mark.parametrize(
    ("positional", "named"),
    [((1.0,), {}), ((1.0, "pole", (2,)), {}), ((), {"others": (3,), "at_m": 2.0}), ((1.0,), {"kind": "x"})],
)
def test_fields_and_defaults_are_the_standard_ones(positional, named):
    made = Quick(*positional, **named)
    assert type(made) is Quick
    assert dataclasses.astuple(made) == dataclasses.astuple(Standard(*positional, **named))


def test_it_is_frozen_and_compares_copies_and_pickles_as_before():
    made = Quick(1.0, "pole")
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.at_m = 2.0
    assert made == Quick(1.0, "pole")
    assert hash(made) == hash(Quick(1.0, "pole"))
    assert dataclasses.replace(made, kind="tie") == Quick(1.0, "tie")
    assert repr(made) == repr(Standard(1.0, "pole")).replace("Standard", "Quick")


def test_a_message_survives_pickling():
    imu = messages.Imu(1, (0.0, 0.0, 9.81), (0.0, 0.0, 0.0))
    assert pickle.loads(pickle.dumps(imu)) == imu


def test_a_missing_field_is_an_error():
    with pytest.raises(TypeError, match="at_m"):
        Quick(kind="pole")


def test_classes_that_do_more_when_made_are_refused():
    @dataclass(frozen=True, slots=True)
    class WithFactory:
        values: list[int] = field(default_factory=list)

    @dataclass(frozen=True, slots=True)
    class WithInit:
        value: int

        def __post_init__(self) -> None:
            raise ValueError

    @dataclass(slots=True)
    class Thawed:
        value: int

    for cls in (WithFactory, WithInit, Thawed):
        with pytest.raises(TypeError, match="not a frozen, slotted"):
            quick(cls)
