"""The log's messages: every dataclass of a tick survives the way through bytes, and protobuf reads them."""

from __future__ import annotations

import math
import random

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from hil.world.truth import TruthState
from missions.codec import Codec, CodecError
from robot import messages
from tests.missions.samples import anything

TYPES = [
    messages.AxisStates,
    messages.BoardSensors,
    messages.Imu,
    messages.Battery,
    messages.SafetyStatus,
    messages.Link,
    messages.CameraFrame,
    messages.OperatorMessage,
    messages.SensorFrame,
    messages.CommandFrame,
    messages.Estimate,
    messages.Event,
    TruthState,
]


@pytest.mark.parametrize("cls", TYPES, ids=lambda cls: cls.__name__)
def test_every_message_comes_back_as_it_went(cls: type) -> None:
    codec, rng = Codec(cls), random.Random(1)
    for _ in range(60):
        message = anything(cls, rng)
        assert repr(codec.decode(codec.encode(message))) == repr(message)  # repr: NaN is not equal to itself


@pytest.mark.parametrize("cls", TYPES, ids=lambda cls: cls.__name__)
def test_the_bytes_mean_the_same_to_protobuf(cls: type) -> None:
    codec, rng = Codec(cls), random.Random(2)
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(codec.descriptor).file:
        pool.Add(file)
    foreign = message_factory.GetMessageClass(pool.FindMessageTypeByName(codec.name))
    for _ in range(20):
        message = anything(cls, rng)
        rewritten = foreign.FromString(codec.encode(message)).SerializeToString()
        assert repr(codec.decode(rewritten)) == repr(message)


def test_encoding_is_a_function_of_the_values_alone() -> None:
    first, second = Codec(messages.Estimate), Codec(messages.Estimate)
    message = anything(messages.Estimate, random.Random(3))
    assert first.encode(message) == second.encode(message)


def test_an_omitted_field_travels_elsewhere_and_decodes_to_none() -> None:
    codec = Codec(messages.CommandFrame, omit=("estimate",))
    message = anything(messages.CommandFrame, random.Random(4))
    assert codec.decode(codec.encode(message)).estimate is None


def test_an_unknown_value_stays_unknown() -> None:
    codec = Codec(messages.Battery)
    assert math.isnan(codec.decode(codec.encode(messages.Battery(1, math.nan, 1.0, 2.0))).voltage_v)


@pytest.mark.parametrize("data", [b"\xff", b"\x09\x00", b"\x7a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"])
def test_bytes_that_are_no_message_are_refused(data: bytes) -> None:
    with pytest.raises(CodecError, match=r"silkline\.Battery"):
        Codec(messages.Battery).decode(data)


def test_an_enum_value_from_a_later_version_is_refused() -> None:
    codec = Codec(messages.OperatorMessage)
    action_99 = bytes([4 << 3 | 0, 99])
    with pytest.raises(CodecError):
        codec.decode(action_99)


def test_a_field_that_protobuf_cannot_hold_is_refused_when_the_codec_is_made() -> None:
    from dataclasses import dataclass

    @dataclass
    class Odd:
        table: dict  # type: ignore[type-arg]

    with pytest.raises(TypeError, match="table"):
        Codec(Odd)
