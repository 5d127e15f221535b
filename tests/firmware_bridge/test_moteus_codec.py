"""Bytes of the moteus protocol: our lines against the maker's library, and the virtual controller against its codec."""

from __future__ import annotations

import math
import random

import moteus
import pytest
from fleet_rig import FleetRig, only
from moteus import fdcanusb_device as library
from moteus import multiplex, protocol

from firmware_bridge.drivers import moteus_codec
from firmware_bridge.drivers.fdcanusb import LINE_MAX, Fdcanusb, crc8, with_checksum
from firmware_bridge.ports import MemoryPair
from robot.messages import Axis

REPLY = b"rcv 100 2400000B0C0D E B F"


def line(content: bytes) -> bytes:
    return library._append_checksum(content) + b"\r\n"


def host() -> tuple[Fdcanusb, MemoryPair]:
    pair = MemoryPair()
    return Fdcanusb(pair.host), pair


# ---------------------------------------------------------------- lines


def test_the_checksum_is_the_makers():
    chance = random.Random(1)
    for length in range(0, 200, 7):
        data = chance.randbytes(length)
        assert crc8(data) == library._compute_crc8(data)
    assert (
        with_checksum(b"can send 8001 01000a BF")
        == library._append_checksum(b"can send 8001 01000a BF") + b"\n"
    )


def test_a_frame_goes_out_as_the_makers_library_writes_it():
    port, pair = host()
    port.queue(0x8001, bytes.fromhex("01000a0c2080"))
    port.flush()
    assert pair.device.read() == with_checksum(b"can send 8001 01000a0c2080 BF")


def test_frames_are_padded_to_what_can_fd_carries():
    port, pair = host()
    port.queue(0x8001, bytes(9))
    port.flush()
    assert b" " + b"00" * 9 + b"50" * 3 + b" BF" in pair.device.read()


def test_several_controllers_are_asked_in_one_write():
    port, pair = host()
    for number in range(1, 11):
        port.queue(0x8000 | number, b"\x11\x00")
    port.flush()
    assert len(pair.device._inbox) == 1
    assert pair.device.read().count(b"\n") == 10


def test_replies_come_in_whatever_pieces():
    port, _ = host()
    data = line(b"OK") + line(REPLY)
    frames = [frame for i in range(len(data)) for frame in port.parse(data[i : i + 1])]
    assert frames == [(0x100, bytes.fromhex("2400000B0C0D"))]
    assert (port.good, port.bad) == (2, 0)


@pytest.mark.parametrize(
    "broken",
    [
        line(REPLY).replace(b"0B", b"0A"),
        line(REPLY)[:-4] + b"\r\n",
        line(b"rcv 100 240 E B F"),
        line(b"rcv -1 24 E B F"),
        line(b"rcv 1_0 24 E B F"),
        line(b"rcv 100 " + b"00" * 65),
        line(b"rcv 100 2\xff E B F"),
        line(b"rcv"),
        line(b"ERR unknown command"),
        b"AT\r\n",
        b"\x00" * 100 + b"\n",
    ],
)
def test_a_broken_line_is_dropped_and_counted(broken: bytes):
    port, _ = host()
    assert port.parse(line(b"OK") + broken) == []
    assert port.bad == 1
    assert port.parse(line(REPLY)) == [(0x100, bytes.fromhex("2400000B0C0D"))]


def test_checksums_may_be_left_out_only_until_the_first():
    port, _ = host()
    assert len(port.parse(REPLY + b"\n")) == 1
    assert len(port.parse(line(REPLY))) == 1
    assert port.parse(REPLY + b"\n") == []


def test_a_line_without_end_does_not_fill_the_memory():
    port, _ = host()
    for _ in range(100):
        port.parse(b"x" * 300)
        assert len(port._rest) <= LINE_MAX
    assert len(port.parse(b"\n" + line(REPLY))) == 1


@pytest.mark.parametrize("inputs", [3000, pytest.param(1_000_000, marks=pytest.mark.acceptance)])
def test_no_frame_breaks_the_decoder(inputs: int):
    chance = random.Random(3)
    good = protocol_reply()
    for _ in range(inputs):
        frame = bytearray(good)
        for _ in range(chance.randrange(4)):
            frame[chance.randrange(len(frame))] = chance.randrange(256)
        data = bytes(frame[: chance.randrange(len(frame) + 1)])
        reading = moteus_codec.reading(data)
        assert reading is None or isinstance(reading.counter_ms, int)
        moteus_codec.card(data)
        moteus_codec.text(data)


def test_a_block_of_billions_of_registers_costs_nothing():
    """The length of a block is a number of up to five bytes."""
    endless = bytes.fromhex("10ffffffff7f00")
    assert moteus_codec.reading(endless) is None
    assert FleetRig(only(Axis.ROTOR)).device(Axis.ROTOR).take(endless) is None


def protocol_reply() -> bytes:
    rig = FleetRig(only(Axis.ROTOR))
    return rig.device(Axis.ROTOR).take(moteus_codec.Codec(7).query)


def by_the_package(data: bytes):
    """A reading by the package's decoder alone."""
    values = protocol.parse_reply(data)
    return (
        values[0x070], values[0x000], values[0x001], values[0x002], values[0x003],
        max(values[0x00E], values[0x00A]), values[0x00D], values[0x00F],
    )  # fmt: skip


def test_a_reply_is_read_as_the_package_reads_it():
    chance = random.Random(6)
    good = protocol_reply()
    for _ in range(300):
        frame = bytearray(good)
        for at in (2, *range(5, 17), 19, 22, 23, 24, *range(27, 30)):
            frame[at] = chance.randrange(256)
        ours, theirs = moteus_codec.reading(bytes(frame)), by_the_package(bytes(frame))
        ours_values = tuple(getattr(ours, name) for name in ours.__slots__)
        assert ours_values == pytest.approx(theirs, nan_ok=True)


def test_commands_are_those_of_the_package():
    frames = moteus_codec.Codec(3)
    controller = moteus.Controller(
        id=3, query_resolution=moteus_codec._Query(), position_resolution=moteus_codec._Position()
    )
    same = {"watchdog_timeout": 0.15, "velocity_limit": -1.0, "accel_limit": -1.0, "query": True}
    for values in ((1.25, 2.5, 3.75, 5.625), (-7e3, 0.0, -0.1, 0.4), (math.nan, 18.6, 0.0, 1.0)):
        position, velocity, torque, limit = values
        command = controller.make_position(
            position=position, velocity=velocity, feedforward_torque=torque, maximum_torque=limit, **same
        )
        assert frames.follow(*values, 0.15) == command.data + b"\x01\x5c\x01"
    command = controller.make_position(
        position=math.nan, velocity=2.0, feedforward_torque=0.1, maximum_torque=0.4, kp_scale=0.0,
        kd_scale=0.05, ilimit_scale=0.0, **same,
    )  # fmt: skip
    assert frames.push(2.0, 0.1, 0.4, 0.15) == command.data + b"\x01\x5c\x01"


# ---------------------------------------------------------------- the virtual controller


def test_the_makers_codec_reads_what_the_virtual_controller_answers():
    rig = FleetRig()
    device = rig.device(Axis.ROTOR)
    device._drive["position"], device._drive["velocity"] = 12.5, -3.0
    values = protocol.parse_reply(device.take(moteus.Controller(id=7).make_query().data))
    turns = device._turns
    assert values[protocol.Register.POSITION] == pytest.approx(12.5 * turns)
    assert values[protocol.Register.VELOCITY] == pytest.approx(-3.0 * turns)
    assert values[protocol.Register.MODE] == protocol.Mode.STOPPED
    assert values[protocol.Register.VOLTAGE] == 12.0
    assert values[protocol.Register.FAULT] == 0


@pytest.mark.parametrize("kind", [multiplex.INT8, multiplex.INT16, multiplex.INT32, multiplex.F32])
def test_registers_are_scaled_as_the_makers_codec_has_them(kind: int):
    rig = FleetRig()
    device = rig.device(Axis.TRIM)
    rig.mechanics.position[Axis.TRIM] = 0.0011
    rig.run(0.01)
    answer = device.take(moteus.Controller(id=9).make_custom_query({0x001: kind, 0x00D: kind}).data)
    values = protocol.parse_reply(answer)
    assert values[0x001] == pytest.approx(1.1, abs=0.006)
    assert values[0x00D] == pytest.approx(12.0)


def test_what_is_not_a_number_is_the_smallest_integer():
    rig = FleetRig()
    device = rig.device(Axis.TRIM)
    device._drive["position"] = math.nan
    answer = device.take(moteus.Controller(id=9).make_custom_query({0x001: multiplex.INT16}).data)
    assert answer == bytes.fromhex("25010080")
    assert math.isnan(protocol.parse_reply(answer)[0x001])


def test_a_register_that_there_is_not_is_an_error_of_its_own():
    device = FleetRig().device(Axis.TRIM)
    answer = device.take(moteus.Controller(id=9).make_custom_query({0x0F0: multiplex.INT8}).data)
    assert protocol.parse_registers(answer).errors == [(0x0F0, 1)]


def test_the_virtual_controller_takes_the_makers_commands():
    rig = FleetRig()
    device = rig.device(Axis.ROTOR)
    rig.board.drives.relay = True
    command = moteus.Controller(id=7).make_position(
        position=math.nan, velocity=2.0, watchdog_timeout=0.1, query=True
    )
    before = protocol.parse_reply(device.take(bytes(command.data) + b"\x01\x5c\x01"))
    assert before[protocol.Register.MODE] == protocol.Mode.STOPPED  # from before the command took effect
    after = protocol.parse_reply(device.take(moteus.Controller(id=7).make_query().data))
    assert after[protocol.Register.MODE] == protocol.Mode.POSITION
    assert device._drive["target"] == pytest.approx(2.0 / device._turns)
