"""Packets of the VESC protocol: golden bytes, and nothing that arrives can harm the parsers."""

from __future__ import annotations

import random

import pytest

from firmware_bridge.drivers import vesc_codec as codec
from firmware_bridge.drivers.vesc_codec import FAULTS, FLUSH, Packets, Uptime, Values, Version, packet
from firmware_bridge.ports import MemoryPair
from firmware_bridge.virtual.vesc import _packet, _Received

GOLDEN = {  # by hand from the layout; those with a checksum are as recorded from real controllers
    "02 05 08 00 00 0b b8 f8 04 03": codec.set_rpm(3000),
    "02 01 00 00 00 03": codec.ask_version(),
    "02 01 04 40 84 03": b"\x04",  # GET_VALUES
    "02 01 1e f3 ff 03": b"\x1e",  # ALIVE
    "02 05 06 00 00 03 e8": codec.set_current(1.0),
    "02 05 06 ff ff fc 18": codec.set_current(-1.0),
    "02 05 07 00 00 13 88": codec.set_brake(5.0),
    "02 05 0a 00 00 09 c4": codec.set_handbrake(2.5),
    "02 05 08 ff ff fc 7c": codec.set_rpm(-900),
    "02 05 32 00 62 a0 a1": codec.ask_values(1),  # tag 1 is bit 22
    "02 05 33 00 62 00 00": codec.ask_uptime(1),
    "02 07 22 05 08 00 00 0b b8": codec.forward(5, codec.set_rpm(3000)),
}

REPLY = bytes.fromhex("32 00 62 a0 a1  01 02  ff ff ff 9c  00 00 0b b8  ff ff ff fe  00  07  01")


def crc_by_bits(data: bytes) -> int:
    """CRC-16 of polynomial 1021 and seed 0, by its definition."""
    register = 0
    for byte in data:
        for bit in range(7, -1, -1):
            carry = register >> 15 ^ byte >> bit & 1
            register = (register << 1 & 0xFFFF) ^ (0x1021 if carry else 0)
    return register


@pytest.mark.parametrize(("text", "payload"), GOLDEN.items())
def test_packets_are_those_of_the_protocol(text: str, payload: bytes):
    expected = bytes.fromhex(text)
    if len(expected) < len(payload) + 5:  # checksum by its definition
        expected += crc_by_bits(payload).to_bytes(2, "big") + b"\x03"
    assert packet(payload) == expected
    assert _packet(payload) == expected


def test_requests_ask_for_the_seven_values_and_nothing_else():
    mask = int.from_bytes(codec.ask_values(0)[1:], "big")
    assert [bit for bit in range(32) if mask >> bit & 1] == [0, 5, 7, 13, 15, 17, 21]


@pytest.mark.parametrize("length", [1, 2, 254, 255, 256, 511, 512])
def test_every_length_goes_through_both_parsers(length: int):
    payload = random.Random(length).randbytes(length)
    assert packet(payload)[0] == (2 if length <= 255 else 3)
    assert Packets(MemoryPair().host).parse(packet(payload)) == [payload]
    assert list(_Received().take(packet(payload))) == [payload]


def test_feedback_is_read_by_its_scales():
    assert codec.parse(REPLY) == Values(
        tag=1, controller_id=7, mosfet_c=25.8, current_a=-1.0, erpm=3000, tachometer=-2, fault=0,
        timed_out=True, killed=False,
    )  # fmt: skip


def test_feedback_of_old_firmware_lacks_the_time_out():
    old = codec.parse(REPLY[:-1])
    assert isinstance(old, Values)
    assert old.timed_out is None


def test_values_that_a_newer_firmware_adds_behind_are_passed_over():
    assert codec.parse(REPLY + b"\x12\x34") == codec.parse(REPLY)


def test_a_reply_to_another_mask_is_not_ours():
    assert codec.parse(REPLY[:2] + b"\x63" + REPLY[3:]) is None
    assert codec.parse(REPLY[:10]) is None


def test_up_time_and_version_are_read():
    assert codec.parse(bytes.fromhex("33 00 a2 00 00 07 00 01 86 a0")) == Uptime(2, 7, 100_000)
    assert codec.parse(bytes.fromhex("33 00 a2 00 00 07")) == Uptime(2, 7, None)
    assert codec.parse(b"\x00\x06\x05" + b"60_MK6\0" + bytes(range(12)) + b"\0\0\0") == Version(
        6, 5, "60_MK6", bytes(range(12)).hex()
    )
    assert codec.parse(b"\x00\x02\x12") == Version(2, 18, "", "")


def test_every_fault_has_a_kind_and_a_text():
    assert sorted(FAULTS) == list(range(1, 28))
    assert all(kind and text for kind, text in FAULTS.values())


# ---------------------------------------------------------------- what can go wrong


def test_a_packet_in_pieces_is_put_together():
    packets, whole = Packets(MemoryPair().host), packet(REPLY)
    assert [payload for byte in whole for payload in packets.parse(bytes([byte]))] == [REPLY]
    assert packets.bad == 0


@pytest.mark.parametrize("noise", ["02 50", "03 01 ff", "02", "03 02 00", "ff 00 02 ff", "02 16 32 00"])
def test_a_damaged_header_costs_the_host_no_packet(noise: str):
    packets = Packets(MemoryPair().host)
    packets.parse(bytes.fromhex(noise))
    assert packets.parse(packet(REPLY)) == [REPLY]
    assert packets.bad >= 1


@pytest.mark.parametrize("at", range(len(REPLY) + 5))
def test_a_damaged_byte_costs_its_own_packet_alone(at: int):
    damaged = bytearray(packet(REPLY))
    damaged[at] ^= 0x10
    packets = Packets(MemoryPair().host)
    assert packets.parse(bytes(damaged)) == []
    assert packets.parse(packet(REPLY)) == [REPLY]
    assert packets.good == 1
    assert packets.bad >= 1


@pytest.mark.parametrize(("header", "swallowed"), [("02 50", 8), ("03 01 ff", 51)])
def test_the_controllers_parser_waits_and_then_works_off_what_it_swallowed(header: str, swallowed: int):
    """Its own limit: as many bytes as the header announces, however long they take."""
    received, request = _Received(), packet(codec.ask_values(1))
    assert list(received.take(bytes.fromhex(header))) == []
    answered = [len(list(received.take(request))) for _ in range(swallowed + 1)]
    assert sum(answered[:swallowed]) in (0, swallowed)
    assert sum(answered) == swallowed + 1
    assert max(answered) >= swallowed


@pytest.mark.parametrize("header", ["02 50", "02 ff", "03 01 ff", "03 02 00"])
def test_a_flush_ends_the_wait_of_the_controllers_parser(header: str):
    received, request = _Received(), packet(codec.ask_values(1))
    list(received.take(bytes.fromhex(header) + request))
    assert len(list(received.take(FLUSH + request))) == 2
    assert len(list(received.take(request))) == 1


def test_no_payload_harms_the_reading_of_it():
    rng = random.Random(3)
    for _ in range(5_000):
        first = rng.choice((0, 50, 51, rng.randrange(256)))
        codec.parse(bytes((first,)) + rng.randbytes(rng.randrange(60)))
        codec.parse(bytes((first,)) + REPLY[1 : 1 + rng.randrange(len(REPLY))])
