"""The log of a job: one MCAP file, protobuf on every channel, and the way back from file to frames.

Channels: the parts of `SensorFrame` each on its own (`INPUTS`, written when the part changed), `/tick` once
a tick with what is left of the frame, then `/command` and `/estimate`; `/events`, `/mode` when there is
one; `/truth` in simulation, at 20 Hz. If asked for, `/bytes`: what went over the ports, as it went; of real ports
`/ports`, once a second. All messages of one tick carry the same log time, counted from a
fixed epoch, so a log is a function of the job and its seed; wall times stand in the metadata record `wall`
alone.
"""

from __future__ import annotations

import io
import json
import platform
import struct
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any
from zlib import crc32

import foxglove
from foxglove.mcap import MCAPWriteOptions
from mcap.data_stream import ReadDataStream
from mcap.exceptions import EndOfFile, InvalidMagic, McapError
from mcap.opcode import Opcode
from mcap.records import Attachment, Channel, Chunk, McapRecord, Message, Metadata, Schema
from mcap.stream_reader import breakup_chunk, get_chunk_data_stream, read_magic
from zstandard import ZstdError

from firmware_bridge.reconnect import PortHealth
from hil.world.truth import TruthState
from missions.codec import Codec, CodecError
from robot import messages
from robot.messages import CommandFrame, Estimate, Event, Mode, SensorFrame
from robot.quick import quick

FORMAT = "silkline.log/1"
EPOCH_NS = 946_684_800_000_000_000  # 2000-01-01: log time of robot time 0
TICKS_PER_S = 100
TICKS_PER_TRUTH = 5
_RECORD = struct.Struct("<BQ")  # MCAP: opcode, length
_MESSAGE = struct.Struct("<HIQQ")  # MCAP: channel id, sequence, log time, publish time; the data follow
_WHOLE: dict[int, type[Chunk] | type[Attachment] | type[Metadata]] = {
    Opcode.CHUNK: Chunk,
    Opcode.ATTACHMENT: Attachment,
    Opcode.METADATA: Metadata,
}


@quick
@dataclass(frozen=True, slots=True)
class Tick:
    """What a `SensorFrame` holds beside its parts."""

    t_ns: int
    log_ok: bool
    stalled: bool
    digest: int  # CRC-32 of the parts written in this tick, in the order of `INPUTS`, then the operator's


@dataclass(frozen=True, slots=True)
class ModeChange:
    t_ns: int
    mode: Mode
    reason: str


@dataclass(frozen=True, slots=True)
class PortBytes:
    """What went over a port."""

    port: str  # what the port is for: "board", or a bus of the drives file
    sent: bool  # by the host
    data: bytes


INPUTS: dict[str, type] = {  # field of SensorFrame -> its type; the channel is "/" + field
    "axes": messages.AxisStates,
    "sensors": messages.BoardSensors,
    "imu": messages.Imu,
    "battery": messages.Battery,
    "safety": messages.SafetyStatus,
    "link": messages.Link,
    "camera": messages.CameraFrame,
}
CODECS: dict[str, Codec] = {
    **{f"/{name}": Codec(cls) for name, cls in INPUTS.items()},
    "/operator": Codec(messages.OperatorMessage),
    "/tick": Codec(Tick),
    "/command": Codec(CommandFrame, omit=("estimate",)),
    "/estimate": Codec(Estimate),
    "/events": Codec(Event),
    "/mode": Codec(ModeChange),
    "/truth": Codec(TruthState),
}
ON_DEMAND: dict[str, Codec] = {"/bytes": Codec(PortBytes), "/ports": Codec(PortHealth)}
# Axis states, command and estimate alone are more than 1000 bytes a tick: no chunk holds more than a second.
CHUNK_BYTES = 1000 * TICKS_PER_S


class LogError(ValueError):
    """A log cannot be read; one line says where and what."""


class _File(io.RawIOBase):
    """The log's file. A write that fails does not reach the control loop: it is remembered, writing ends."""

    def __init__(self, path: Path) -> None:
        self._raw = io.FileIO(path, "w")
        self.failed = ""

    def write(self, data: Any) -> int:
        if not self.failed:
            try:
                self._raw.write(data)
            except OSError as error:
                self.failed = error.strerror or str(error)
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._raw.seek(offset, whence)

    def flush(self) -> None:
        pass  # unbuffered

    def close(self) -> None:
        self._raw.close()
        super().close()


class Recorder:
    """Writes a job's log.

    Args:
        path: the file; replaced if it exists.
        attachments: name -> bytes, put at the head: line, profile, parameters.
        job: what a replay needs beside them (section, seed, ...), as the attachment `job.json`.
    """

    def __init__(self, path: Path, attachments: Mapping[str, bytes], job: Mapping[str, Any]) -> None:
        self._file = _File(path)
        context = foxglove.Context()  # channels close when it goes
        options = MCAPWriteOptions(chunk_size=CHUNK_BYTES, compression_threads=0, compression_level=1)
        self._writer = foxglove.open_mcap(self._file, context=context, writer_options=options)
        head = {"job.json": _json({"format": FORMAT, **job}), "versions.json": _json(_versions())}
        for name, data in {**head, **attachments}.items():
            media = "application/json" if name.endswith(".json") else "application/toml"
            stamps = {"log_time": EPOCH_NS, "create_time": EPOCH_NS}
            self._writer.attach(**stamps, name=name, media_type=media, data=data)
        channels = {topic: _channel(topic, codec, context) for topic, codec in CODECS.items()}
        self._log = {topic: channel.base.log for topic, channel in channels.items()}
        self._encode = {topic: codec.encode for topic, codec in CODECS.items()}
        self._inputs = [(f"/{name}", name) for name in INPUTS]
        self._last: dict[str, object] = dict.fromkeys((f"/{name}" for name in INPUTS), None)
        self._mode: Mode | None = None
        self._truths = 0
        self._context = context

    @property
    def ok(self) -> bool:
        """False once a write has failed."""
        return not self._file.failed

    def tick(self, frame: SensorFrame, command: CommandFrame) -> None:
        """Write one tick: what went in and what came out."""
        t_ns = EPOCH_NS + frame.t_ns
        last, log, encode = self._last, self._log, self._encode
        digest = 0
        for topic, name in self._inputs:
            part = getattr(frame, name)
            if part is not last[topic] and part is not None:
                last[topic] = part
                data = encode[topic](part)
                digest = crc32(data, digest)
                log[topic](data, t_ns)
        for message in frame.operator:
            data = encode["/operator"](message)
            digest = crc32(data, digest)
            log["/operator"](data, t_ns)
        log["/tick"](encode["/tick"](Tick(frame.t_ns, frame.log_ok, frame.stalled, digest)), t_ns)
        log["/command"](encode["/command"](command), t_ns)
        log["/estimate"](encode["/estimate"](command.estimate), t_ns)
        if command.events:
            for event in command.events:
                log["/events"](encode["/events"](event), t_ns)
        if command.mode is not self._mode:
            self._mode = command.mode
            log["/mode"](encode["/mode"](ModeChange(frame.t_ns, command.mode, command.reason)), t_ns)

    def truth(self, t_ns: int, truth: TruthState) -> None:
        """How things really were in the tick at `t_ns`; every `TICKS_PER_TRUTH`th call is written."""
        self._truths += 1
        if self._truths % TICKS_PER_TRUTH == 0:
            self._log["/truth"](self._encode["/truth"](truth), EPOCH_NS + t_ns)

    def port_bytes(self, t_ns: int, port: str, sent: bool, data: bytes) -> None:
        """What went over a port, when it went."""
        self._on_demand("/bytes", t_ns, PortBytes(port, sent, data))

    def ports(self, t_ns: int, ports: Sequence[PortHealth]) -> None:
        """How the ports are."""
        for port in ports:
            self._on_demand("/ports", t_ns, port)

    def _on_demand(self, topic: str, t_ns: int, message: object) -> None:
        """A channel that is made when something is to be written to it."""
        if topic not in self._log:
            self._log[topic] = _channel(topic, ON_DEMAND[topic], self._context).base.log
            self._encode[topic] = ON_DEMAND[topic].encode
        self._log[topic](self._encode[topic](message), EPOCH_NS + t_ns)

    def close(self, wall: Mapping[str, str]) -> None:
        """Finish the file; `wall` holds everything that differs between two runs of a seed."""
        self._writer.write_metadata("wall", dict(wall))
        self._writer.close()
        self._file.close()


def _channel(topic: str, codec: Codec, context: foxglove.Context) -> foxglove.Channel:
    schema = foxglove.Schema(name=codec.name, encoding="protobuf", data=codec.descriptor)
    return foxglove.Channel(topic, schema=schema, message_encoding="protobuf", context=context)


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, indent=1).encode()


def _versions() -> dict[str, str]:
    packages = ("silkline", "numpy", "numba", "mujoco", "pymavlink", "transitions", "foxglove-sdk")
    return {"python": platform.python_version(), **{name: _version(name) for name in packages}}


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


# ---------------------------------------------------------------- reading


@dataclass(frozen=True, slots=True)
class RecordedTick:
    """One tick of a log. Outputs stay bytes: a replay compares them and decodes only what differs."""

    frame: SensorFrame
    command: bytes | None
    estimate: bytes | None
    digest: int  # of the frame's parts, as recorded
    digest_read: int  # and as they are in the file now


class Log:
    """A log file. Of a file that was cut off, all whole chunks are read.

    Raises:
        LogError: not a log of this format, or damaged; also from every iteration.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.attachments: dict[str, bytes] = {}
        self.metadata: dict[str, dict[str, str]] = {}
        self.cut_off = False
        for record in self._records():
            if isinstance(record, Attachment):
                self.attachments[record.name] = record.data
            elif isinstance(record, Metadata):
                self.metadata[record.name] = record.metadata
        self.job = self.json("job.json")
        if self.job.get("format") != FORMAT:
            raise LogError(f"{path}: format is {self.job.get('format', 'missing')!r}, expected {FORMAT!r}")

    def attachment(self, name: str) -> bytes:
        if name not in self.attachments:
            raise LogError(f"{self.path}: attachment {name!r} is missing: not a log of silkline, or cut off")
        return self.attachments[name]

    def json(self, name: str) -> dict[str, Any]:
        """A table kept as a JSON attachment."""
        content = self.attachment(name)
        try:
            value = json.loads(content)
        except ValueError as error:
            raise LogError(f"{self.path}: attachment {name!r}: {error}") from None
        if not isinstance(value, dict):
            raise LogError(f"{self.path}: attachment {name!r} is no table")
        return value

    def messages(self) -> Iterator[tuple[int, str, bytes]]:
        """(robot time in ns, topic, data) in file order."""
        topics: dict[int, str] = {}
        schemas: dict[int, Schema] = {}
        for chunk in self._chunks():
            for inner in self._inside(chunk):
                if isinstance(inner, Message):
                    yield inner.log_time - EPOCH_NS, topics[inner.channel_id], inner.data
                elif isinstance(inner, Schema):
                    schemas[inner.id] = inner
                elif isinstance(inner, Channel):
                    self._check_schema(inner, schemas)
                    topics[inner.id] = inner.topic

    def messages_of(self, topics: Collection[str]) -> Iterator[tuple[int, str, bytes]]:
        """As `messages`, but of these topics alone: the others' messages are stepped over."""
        wanted: dict[int, str] = {}
        for chunk in self._chunks():
            data = self._unpacked(chunk)
            at = 0
            while at < len(data):
                opcode, size = _RECORD.unpack_from(data, at)
                at += _RECORD.size
                if opcode == Opcode.MESSAGE:
                    channel, _, log_time, _ = _MESSAGE.unpack_from(data, at)
                    if channel in wanted:
                        body = data[at + _MESSAGE.size : at + size]
                        yield log_time - EPOCH_NS, wanted[channel], body
                elif opcode == Opcode.CHANNEL:
                    found = Channel.read(ReadDataStream(io.BytesIO(data[at : at + size])))
                    if found.topic in topics:
                        wanted[found.id] = found.topic
                at += size

    def ticks(self) -> Iterator[RecordedTick]:
        """Every tick, put together from all messages of one log time."""
        parts: dict[str, Any] = dict.fromkeys(INPUTS)
        group: dict[str, list[bytes]] = {}
        now_ns = None
        for t_ns, topic, data in self.messages():
            if t_ns != now_ns:
                yield from self._tick(parts, group)
                group, now_ns = {}, t_ns
            group.setdefault(topic, []).append(data)
        yield from self._tick(parts, group)

    def _tick(self, parts: dict[str, Any], group: Mapping[str, list[bytes]]) -> Iterator[RecordedTick]:
        if "/tick" not in group:
            return
        digest = 0
        try:
            for name in INPUTS:
                topic = f"/{name}"
                if topic in group:
                    part = parts[name] = CODECS[topic].decode(group[topic][-1])
                    digest = crc32(CODECS[topic].encode(part), digest)
            tick: Tick = CODECS["/tick"].decode(group["/tick"][-1])
            operator = tuple(map(CODECS["/operator"].decode, group.get("/operator", ())))
        except CodecError as error:
            raise LogError(f"{self.path}: {error}") from None
        for message in operator:
            digest = crc32(CODECS["/operator"].encode(message), digest)
        missing = [name for name in INPUTS if parts[name] is None and name != "camera"]
        if missing:
            raise LogError(f"{self.path}: no message on /{missing[0]} before t = {tick.t_ns / 1e9:.2f} s")
        frame = SensorFrame(tick.t_ns, operator=operator, log_ok=tick.log_ok, stalled=tick.stalled, **parts)
        outputs = _last(group, "/command"), _last(group, "/estimate")
        yield RecordedTick(frame, *outputs, tick.digest, digest)

    def _records(self) -> Iterator[Attachment | Metadata | Chunk]:
        """Attachments, metadata and chunks, whole; the indexes to them are stepped over."""
        try:
            with open(self.path, "rb") as file:
                end = file.seek(0, io.SEEK_END)
                file.seek(0)
                read_magic(ReadDataStream(file))
                while True:
                    opcode, size = _RECORD.unpack(file.read(_RECORD.size))
                    if opcode == Opcode.FOOTER:
                        return
                    if file.tell() + size > end:  # a chunk's length is written last
                        raise EndOfFile
                    if opcode in _WHOLE:
                        yield _WHOLE[opcode].read(ReadDataStream(io.BytesIO(file.read(size))))
                    else:
                        file.seek(size, io.SEEK_CUR)
        except OSError as error:
            raise LogError(f"{self.path}: {error.strerror}") from None
        except InvalidMagic:
            raise LogError(f"{self.path}: is no MCAP file; give the mission.mcap of a job") from None
        except (EndOfFile, struct.error):
            self.cut_off = True

    def _inside(self, chunk: Chunk) -> Sequence[McapRecord]:
        with self._naming(chunk):
            return breakup_chunk(chunk, validate_crc=True)

    def _chunks(self) -> Iterator[Chunk]:
        return (record for record in self._records() if isinstance(record, Chunk))

    def _unpacked(self, chunk: Chunk) -> bytes:
        with self._naming(chunk):
            stream, size = get_chunk_data_stream(chunk, validate_crc=True)
            return stream.read(size)

    @contextmanager
    def _naming(self, chunk: Chunk) -> Iterator[None]:
        """Errors of a chunk name its time."""
        try:
            yield
        except (McapError, ZstdError, ValueError) as error:  # mcap's checksum error is a ValueError
            t_s = (chunk.message_start_time - EPOCH_NS) / 1e9
            raise LogError(f"{self.path}: the chunk at t = {t_s:.2f} s is damaged: {error}") from None

    def _check_schema(self, channel: Channel, schemas: Mapping[int, Schema]) -> None:
        codec = CODECS.get(channel.topic) or ON_DEMAND.get(channel.topic)
        schema = schemas.get(channel.schema_id)
        if codec and (schema is None or schema.name != codec.name):
            found = schema.name if schema else "nothing"
            raise LogError(f"{self.path}: channel {channel.topic} holds {found}, expected {codec.name}")


def _last(group: Mapping[str, list[bytes]], topic: str) -> bytes | None:
    return group[topic][-1] if topic in group else None
