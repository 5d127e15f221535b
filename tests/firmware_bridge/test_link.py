"""Framing: equal to the generated code byte by byte, and nothing that arrives can harm it."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.clock import HostClock
from firmware_bridge.dialect import silkline
from firmware_bridge.link import BOARD_SYSTEM, COMPONENT, HOST_SYSTEM, LAYOUTS, Link
from firmware_bridge.ports import READ_MAX, MemoryPair

SENSORS = 46005
HEARTBEAT = 46002


def pair() -> tuple[Link, Link]:
    memory = MemoryPair()
    return Link(memory.host, HOST_SYSTEM), Link(memory.device, BOARD_SYSTEM)


def frame_of(id_: int, *values, sequence: int = 0) -> bytes:
    memory = MemoryPair()
    link = Link(memory.host, HOST_SYSTEM)
    link._sequence = sequence
    link.queue(id_, *values)
    link.flush()
    return memory.device.read()


def example(id_: int, seed: int = 0) -> tuple:
    """Values that fill every byte of a layout, as its struct gives them back."""
    layout = LAYOUTS[id_]
    raw = bytes(random.Random(seed).choices(range(1, 120), k=layout.size))
    return layout.struct.unpack(raw)


def heartbeat(counter: int = 1) -> bytes:
    return frame_of(HEARTBEAT, 1, counter, 2, 3, 4, 1, sequence=counter & 0xFF)


@pytest.mark.parametrize("id_", LAYOUTS)
def test_what_is_packed_is_what_the_generated_code_reads(id_):
    values = example(id_)
    parser = silkline.MAVLink(None)
    (message,) = parser.parse_buffer(frame_of(id_, *values))
    assert message.get_msgId() == id_
    assert message.get_srcSystem() == HOST_SYSTEM
    assert message.get_srcComponent() == COMPONENT


@pytest.mark.parametrize("id_", LAYOUTS)
def test_frames_equal_the_generated_codes_byte_by_byte(id_):
    data = frame_of(id_, *example(id_))
    (message,) = silkline.MAVLink(None).parse_buffer(data)
    sender = silkline.MAVLink(None, srcSystem=HOST_SYSTEM, srcComponent=COMPONENT)
    assert bytes(message.pack(sender)) == data


@pytest.mark.parametrize("id_", LAYOUTS)
def test_what_is_packed_is_read_back(id_):
    host, board = pair()
    values = example(id_)
    host.queue(id_, *values)
    host.flush()
    assert board.receive() == [(id_, values)]


def test_trailing_zeros_are_not_sent_but_read():
    data = frame_of(HEARTBEAT, 1, 0, 0, 0, 0, 0)
    assert len(data) == 12 + 1
    assert Link(MemoryPair().host, 1).parse(data) == [(HEARTBEAT, (1, 0, 0, 0, 0, 0))]


def test_a_frame_may_come_in_any_pieces():
    link = Link(MemoryPair().host, 1)
    data = heartbeat()
    read = [message for i in range(len(data)) for message in link.parse(data[i : i + 1])]
    assert len(read) == 1
    assert link.bad == 0


def test_a_flipped_bit_anywhere_drops_the_frame_and_only_that():
    data = heartbeat(1)
    for bit in range(8 * len(data)):
        spoilt = bytearray(data)
        spoilt[bit // 8] ^= 1 << bit % 8
        link = Link(MemoryPair().host, 1)
        read = link.parse(bytes(spoilt)) + link.parse(heartbeat(2)) + link.parse(heartbeat(3) * 20)
        counters = [values[1] for _, values in read]
        assert 1 not in counters or spoilt[4:7] != data[4:7], f"bit {bit} was let through"
        assert 3 in counters


def test_a_truncated_frame_costs_no_frame_after_it():
    link = Link(MemoryPair().host, 1)
    sensors = frame_of(SENSORS, *example(SENSORS))
    assert link.parse(sensors[:30]) == []
    read = link.parse(sensors + sensors)
    assert [id_ for id_, _ in read] == [SENSORS, SENSORS]
    assert link.bad > 0


def test_a_bogus_length_does_not_make_it_deaf():
    link = Link(MemoryPair().host, 1)
    link.parse(b"\xfd\xff\x00\x00\x00\x01\x01" + bytes([0xB5, 0xB3, 0x00]))  # SENSORS with 255 bytes
    assert [id_ for id_, _ in link.parse(heartbeat())] == [HEARTBEAT]


def test_a_peer_with_another_layout_is_not_understood():
    data = bytearray(heartbeat())
    wrong_seed = LAYOUTS[HEARTBEAT].seed[0] ^ 1
    import fastcrc

    crc = fastcrc.crc16.mcrf4xx(bytes([wrong_seed]), fastcrc.crc16.mcrf4xx(bytes(data[1:-2])))
    data[-2:] = crc.to_bytes(2, "little")
    link = Link(MemoryPair().host, 1)
    assert link.parse(bytes(data)) == []
    assert link.bad > 0


def test_missing_frames_are_counted_and_repeated_ones_are_not():
    link = Link(MemoryPair().host, 1)
    for counter in (1, 2, 5, 5, 4, 6):
        link.parse(heartbeat(counter))
    assert (link.good, link.lost) == (6, 2)


def test_the_sequence_wraps():
    link = Link(MemoryPair().host, 1)
    for counter in range(250, 270):
        link.parse(heartbeat(counter))
    assert link.lost == 0


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(max_size=400), max_size=6), st.randoms(use_true_random=False))
def test_no_bytes_harm_the_parser(pieces, rng):
    link = Link(MemoryPair().host, 1)
    for piece in pieces:
        link.parse(piece.replace(b"\x00", b"\xfd") if rng.random() < 0.3 else piece)
        assert len(link._rest) < 300
    link.parse(b"\x00" * 300)
    assert link.parse(heartbeat())[-1][0] == HEARTBEAT


def test_a_flood_is_read_in_bounded_pieces():
    memory = MemoryPair()
    memory.host.write(b"\xfd" * (3 * READ_MAX))
    assert len(memory.device.read()) == READ_MAX
    assert len(memory.device.read()) == READ_MAX


# ---------------------------------------------------------------- clocks

MS = 1_000_000


def test_stamps_of_a_board_in_step_are_its_own_times():
    clock = HostClock()
    assert [clock.stamp_ns(t * MS, t * 1000) for t in (10, 20, 30)] == [10 * MS, 20 * MS, 30 * MS]


def test_a_reply_that_was_held_up_shows_its_true_age():
    clock = HostClock()
    for t_ms in range(0, 1000, 10):
        clock.stamp_ns((5000 + t_ms) * MS, t_ms * 1000)
    late_ns = clock.stamp_ns(6100 * MS, 1_000_000)
    assert (6100 * MS - late_ns) / MS == pytest.approx(100.0, abs=0.1)


def test_a_drifting_crystal_is_followed():
    clock = HostClock()
    drift = 50e-6
    for t_ms in range(0, 3_600_000, 10):
        host_ns = round(t_ms * MS * (1 + drift))
        stamp_ns = clock.stamp_ns(host_ns, t_ms * 1000)
    assert host_ns - stamp_ns < 1 * MS


def test_nothing_is_stamped_later_than_it_came():
    clock = HostClock()
    rng = random.Random(4)
    for t_ms in range(0, 10_000, 10):
        arrival_ns = (777 + t_ms + rng.randrange(9)) * MS
        assert clock.stamp_ns(arrival_ns, t_ms * 1000) <= arrival_ns
