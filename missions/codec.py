"""Message dataclasses as protobuf: descriptor, fast encoder and decoder, compiled from the dataclass itself.

Field numbers are the dataclass's field order, so a new field goes at the end. `float` is a double, `int` an
sfixed64, an enum a protobuf enum in order of definition, a tuple of numbers a packed repeated field.
Numbers have a fixed width on the wire (protobuf encoding guide, wire types 1, 0 and 2), so all of a
message's numbers are written by one `struct` call; texts, bytes and nested messages follow. Any protobuf reader
understands the result.
"""

from __future__ import annotations

import struct
import types
import typing
from collections.abc import Callable, Collection
from dataclasses import Field, dataclass, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PACKAGE = "silkline"
_VARINT, _FIXED64, _LENGTH = 0, 1, 2
_Proto = descriptor_pb2.FieldDescriptorProto
_NUMBERS = {float: ("d", _Proto.TYPE_DOUBLE), int: ("q", _Proto.TYPE_SFIXED64), bool: ("?", _Proto.TYPE_BOOL)}
_TEXTS: dict[type, tuple[int, Callable[[Any], bytes]]] = {
    str: (_Proto.TYPE_STRING, str.encode),
    bytes: (_Proto.TYPE_BYTES, bytes),
}


class CodecError(ValueError):
    """Bytes are not a message of the expected type."""


@dataclass(frozen=True, slots=True)
class _Column:
    """One field of a message: its number, its element type and how often it occurs."""

    name: str
    number: int
    type: type
    repeated: bool
    optional: bool

    @property
    def is_number(self) -> bool:
        return self.type in _NUMBERS

    @property
    def members(self) -> list[Enum]:
        """Of an enum, in order of definition; empty for any other type."""
        return list(self.type) if issubclass(self.type, Enum) else []


def _columns(cls: type, omit: Collection[str]) -> list[_Column]:
    hints = typing.get_type_hints(cls)
    return [_column(f, n, hints[f.name]) for n, f in enumerate(fields(cls), 1) if f.name not in omit]


def _column(field: Field[Any], number: int, hint: Any) -> _Column:
    repeated = optional = False
    if typing.get_origin(hint) is tuple:
        hint, repeated = typing.get_args(hint)[0], True
    elif typing.get_origin(hint) is types.UnionType:
        hint, optional = typing.get_args(hint)[0], True
    is_enum = isinstance(hint, type) and issubclass(hint, Enum)
    if not (is_enum or hint in (*_NUMBERS, *_TEXTS) or is_dataclass(hint)):
        raise TypeError(f"field {field.name}: a message cannot hold a {hint}")
    return _Column(field.name, number, hint, repeated, optional)


def varint(value: int) -> bytes:
    """Protobuf's variable-length form of a number that is not negative."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


_LENGTHS = [varint(n) for n in range(4096)]


def _delimited(tag: bytes, body: bytes) -> bytes:
    size = len(body)
    return tag + (_LENGTHS[size] if size < 4096 else varint(size)) + body


class Codec:
    """Encoder and decoder of one dataclass. `omit`: fields that travel elsewhere; they decode to None."""

    def __init__(self, cls: type, omit: Collection[str] = ()) -> None:
        self.cls = cls
        self.name = f"{PACKAGE}.{cls.__name__}"
        self._columns = _columns(cls, omit)
        self._omit = frozenset(omit)
        self.descriptor = _file_descriptor_set(cls, self._columns)
        self.encode: Callable[[Any], bytes] = _compile_encoder(self._columns)
        pool = descriptor_pool.DescriptorPool()
        for file in descriptor_pb2.FileDescriptorSet.FromString(self.descriptor).file:
            pool.Add(file)
        self._message = message_factory.GetMessageClass(pool.FindMessageTypeByName(self.name))
        self._build = _compile_builder(cls, self._columns, self._omit)

    def decode(self, data: bytes) -> Any:
        """The dataclass instance that `data` holds.

        Raises:
            CodecError: not a message of this type.
        """
        try:
            return self._build(self._message.FromString(data))
        except (ValueError, IndexError, TypeError) as error:
            raise CodecError(f"not a {self.name} message: {error}") from None
        except Exception as error:  # protobuf's DecodeError has no public place that all versions share
            if type(error).__name__ != "DecodeError":
                raise
            raise CodecError(f"not a {self.name} message: {error}") from None


# ---------------------------------------------------------------- descriptor


def _file_descriptor_set(cls: type, columns: list[_Column]) -> bytes:
    """One file with the message and all that it nests, as MCAP wants it (schema encoding `protobuf`)."""
    file = descriptor_pb2.FileDescriptorProto(name=f"{PACKAGE}/{cls.__name__}.proto", package=PACKAGE)
    file.syntax = "proto3"
    done: set[type] = set()

    def add(cls: type, columns: list[_Column]) -> None:
        done.add(cls)
        message = file.message_type.add(name=cls.__name__)
        for column in columns:
            _add_field(message, column)
            if is_dataclass(column.type) and column.type not in done:
                add(column.type, _columns(column.type, ()))

    add(cls, columns)
    data: bytes = descriptor_pb2.FileDescriptorSet(file=[file]).SerializeToString(deterministic=True)
    return data


def _add_field(message: Any, column: _Column) -> None:
    field = message.field.add(name=column.name, number=column.number, json_name=column.name)
    field.label = _Proto.LABEL_REPEATED if column.repeated else _Proto.LABEL_OPTIONAL
    if column.is_number:
        field.type = _NUMBERS[column.type][1]
    elif column.type in _TEXTS:
        field.type = _TEXTS[column.type][0]
    elif column.members:  # inside the message: protobuf's enum values share their parent's scope
        field.type = _Proto.TYPE_ENUM
        field.type_name = f".{PACKAGE}.{message.name}.{column.type.__name__}"
        enum = message.enum_type.add(name=column.type.__name__)
        for index, member in enumerate(column.members):
            enum.value.add(name=member.name, number=index)
    else:
        field.type = _Proto.TYPE_MESSAGE
        field.type_name = f".{PACKAGE}.{column.type.__name__}"


# ---------------------------------------------------------------- encoder


@cache
def _encoder_of(cls: type) -> Callable[[Any], bytes]:
    return _compile_encoder(_columns(cls, ()))


def _compile_encoder(columns: list[_Column]) -> Callable[[Any], bytes]:
    """A function message -> bytes, as Python source written for just these columns."""
    numbers = [c for c in columns if c.is_number or (c.members and not c.repeated)]
    names: dict[str, Any] = {"delimited": _delimited}
    tuples = [c for c in numbers if c.repeated]
    lengths = "".join(f"len(m.{c.name}), " for c in tuples)
    body = [
        "def encode(m):",
        f"    n = ({lengths})",
        "    pack = packers.get(n) or make(n)",
        "    out = pack(m)",
    ]
    for c in (c for c in columns if c not in numbers):
        names[f"tag_{c.name}"] = varint(c.number << 3 | _LENGTH)
        names[f"to_{c.name}"] = _TEXTS[c.type][1] if c.type in _TEXTS else _encoder_of(c.type)
        append = f"out += delimited(tag_{c.name}, to_{c.name}"
        if c.repeated:  # what is still the same object is not encoded again
            names[f"kept_{c.name}"] = [(), b""]
            body += [
                f"    if m.{c.name} is not kept_{c.name}[0]:",
                f"        parts = [delimited(tag_{c.name}, to_{c.name}(x)) for x in m.{c.name}]",
                f"        kept_{c.name}[:] = m.{c.name}, b''.join(parts)",
                f"    out += kept_{c.name}[1]",
            ]
        elif c.type in _TEXTS:
            body += [f"    if m.{c.name}:", f"        {append}(m.{c.name}))"]
        elif c.optional:
            body += [f"    if m.{c.name} is not None:", f"        {append}(m.{c.name}))"]
        else:
            body.append(f"    {append}(m.{c.name}))")
    packers: dict[tuple[int, ...], Callable[[Any], bytes]] = {}

    def make(n: tuple[int, ...]) -> Callable[[Any], bytes]:
        packers[n] = _compile_packer(numbers, dict(zip((c.name for c in tuples), n, strict=True)))
        return packers[n]

    names |= {"packers": packers, "make": make}
    exec("\n".join([*body, "    return out"]), names)
    return typing.cast(Callable[[Any], bytes], names["encode"])


def _compile_packer(numbers: list[_Column], lengths: dict[str, int]) -> Callable[[Any], bytes]:
    """Write all numbers of a message with one `struct` call; tags and lengths are constants."""
    layout, values = "<", []
    names: dict[str, Any] = {}
    for c in numbers:
        code = "B" if c.members else _NUMBERS[c.type][0]
        if c.repeated:
            head = varint(c.number << 3 | _LENGTH) + varint(lengths[c.name] * struct.calcsize("<" + code))
            value, layout_of = f"*m.{c.name}", f"{len(head)}s{lengths[c.name]}{code}"
        else:
            head = varint(c.number << 3 | (_FIXED64 if code in "dq" else _VARINT))
            value, layout_of = f"m.{c.name}", f"{len(head)}s{code}"
        if c.members:
            names[f"enum_{c.name}"] = {member: index for index, member in enumerate(c.members)}
            value = f"enum_{c.name}[{value}]"
        if c.repeated and not lengths[c.name]:
            value, layout_of = "", ""  # an empty repeated field is absent
        if layout_of:
            names[f"head_{c.name}"] = head
            values.append(f"head_{c.name}, {value}")
            layout += layout_of
    names["pack"] = struct.Struct(layout).pack
    exec(f"def packer(m):\n    return pack({', '.join(values)})", names)
    return typing.cast(Callable[[Any], bytes], names["packer"])


# ---------------------------------------------------------------- decoder


@cache
def _builder_of(cls: type) -> Callable[[Any], Any]:
    return _compile_builder(cls, _columns(cls, ()), frozenset())


def _compile_builder(cls: type, columns: list[_Column], omit: frozenset[str]) -> Callable[[Any], Any]:
    """A function protobuf message -> dataclass instance."""
    names: dict[str, Any] = {"cls": cls}
    arguments = [f"{f.name}=None" for f in fields(cls) if f.name in omit]
    for c in columns:
        value = f"m.{c.name}"
        if c.members:
            names[f"of_{c.name}"] = c.members.__getitem__
        elif is_dataclass(c.type):
            names[f"of_{c.name}"] = _builder_of(c.type)
        if c.repeated:
            value = f"tuple(map(of_{c.name}, {value}))" if f"of_{c.name}" in names else f"tuple({value})"
        elif f"of_{c.name}" in names:
            value = f"of_{c.name}({value})"
        if c.optional:
            value += f" if m.HasField({c.name!r}) else None"
        arguments.append(f"{c.name}={value}")
    exec(f"def build(m):\n    return cls({', '.join(arguments)})", names)
    return typing.cast(Callable[[Any], Any], names["build"])
