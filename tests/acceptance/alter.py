"""Logs with one value of one message altered, otherwise valid."""

from __future__ import annotations

import dataclasses
import math
import typing
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any

from mcap.reader import make_reader
from mcap.writer import Writer

from missions.recording import CODECS, EPOCH_NS, INPUTS

SHARE = 1.05
ON_FOR_S = 1.0  # how far the altered log goes on
CHANNELS = (*(f"/{name}" for name in INPUTS), "/operator", "/tick")


def leaves(cls: type, place: str = "") -> Iterator[str]:
    """Every number of a message, as `field`, `field[]` for a tuple, `field[].inner` for a tuple of messages."""
    hints = typing.get_type_hints(cls)
    for f in dataclasses.fields(cls):
        hint, name = hints[f.name], place + f.name
        if typing.get_origin(hint) is tuple:
            hint, name = typing.get_args(hint)[0], name + "[]"
        if dataclasses.is_dataclass(hint):
            yield from leaves(typing.cast(type, hint), name + ".")
        elif not (hint is str or issubclass(hint, Enum)):
            yield name


def altered(message: Any, leaf: str) -> Any | None:
    """A copy with one number changed by 5 %; None where the message has no such number to change."""
    name, _, rest = leaf.partition(".")
    field, is_tuple = name.removesuffix("[]"), name.endswith("[]")
    value = getattr(message, field)
    if not is_tuple:
        changed = _changed(value)
        return None if changed is None else dataclasses.replace(message, **{field: changed})
    for index, element in enumerate(value):
        changed = altered(element, rest) if rest else _changed(element)
        if changed is not None:
            return dataclasses.replace(message, **{field: (*value[:index], changed, *value[index + 1 :])})
    return None


def _changed(value: float) -> float | None:
    """5 % more; whole numbers by at least one; nothing to change in zero and what is not known."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + max(round(value * (SHARE - 1.0)), 1)
    return value * SHARE if value and math.isfinite(value) else None


def copy_altered(source: Path, target: Path, topic: str, leaf: str, from_s: float) -> float:
    """Copy a log up to a little after its first message of `topic` from `from_s` on that has such a number,
    and alter it there. Another writer makes the copy. Returns the robot time of the message, s."""
    return copy_changed(source, target, topic, lambda message: altered(message, leaf), from_s)


def copy_changed(
    source: Path, target: Path, topic: str, change: Callable[[Any], Any | None], from_s: float
) -> float:
    """As `copy_altered`, with any change; None from `change` = not this message."""
    found_ns: int | None = None
    with source.open("rb") as file, target.open("wb") as out:
        reader, writer = make_reader(file), Writer(out)
        writer.start()
        channels: dict[int, int] = {}
        for schema, channel, message in reader.iter_messages():
            if channel.id not in channels:
                assert schema is not None
                schema_id = writer.register_schema(schema.name, schema.encoding, schema.data)
                channels[channel.id] = writer.register_channel(
                    channel.topic, channel.message_encoding, schema_id
                )
            t_ns, data = message.log_time - EPOCH_NS, message.data
            if found_ns is None and channel.topic == topic and t_ns >= from_s * 1e9:
                changed = change(CODECS[topic].decode(data))
                if changed is not None:
                    found_ns, data = t_ns, CODECS[topic].encode(changed)
            if found_ns is not None and t_ns > found_ns + ON_FOR_S * 1e9:
                break
            writer.add_message(channels[channel.id], message.log_time, data, message.publish_time)
        for attachment in reader.iter_attachments():
            stamps = attachment.create_time, attachment.log_time
            writer.add_attachment(*stamps, attachment.name, attachment.media_type, attachment.data)
        writer.finish()
    assert found_ns is not None, f"no message on {topic} to alter"
    return found_ns / 1e9
