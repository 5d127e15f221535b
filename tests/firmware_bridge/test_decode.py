"""What recorded bytes say, by protocol; whatever they are, a decoder goes on."""

from __future__ import annotations

import random

import pytest

from firmware_bridge import wire
from firmware_bridge.decode import DECODERS, Said
from firmware_bridge.drivers import moteus_codec, vesc_codec
from firmware_bridge.drivers.fdcanusb import Fdcanusb, with_checksum
from firmware_bridge.link import HOST_SYSTEM, Link
from firmware_bridge.ports import MemoryPair


def test_the_boards_messages_are_told_by_the_names_of_their_fields() -> None:
    pair = MemoryPair()
    link = Link(pair.host, HOST_SYSTEM)
    link.queue(wire.BOARD_HELLO, 17, 18, 1)
    link.queue(wire.BOARD_IDENTITY, 1, 2, 3, 4, 5, 6, 7, b"R1")
    link.flush()
    data = pair.device.read()
    hello, identity = DECODERS["board"]().take(data, sent=True)
    assert hello == Said("BOARD_HELLO", {"layout_digest": 17, "config_digest": 18, "protocol": 1})
    assert identity.values["robot"] == "R1"


def test_a_frame_for_a_moteus_is_told_by_the_names_of_its_registers() -> None:
    pair = MemoryPair()
    line = Fdcanusb(pair.host)
    line.queue(0x8000 | 3, moteus_codec.Codec(3).follow(float("nan"), 1.5, 0.0, 0.2, 0.15, brake=False))
    line.queue(3, moteus_codec.Codec(3).ask("conf get id.id"))
    line.flush()
    asks, tells = DECODERS["moteus"]().take(pair.device.read(), sent=True)
    assert asks.what == "asks 3"
    assert asks.values["write"]["command_velocity"] == 1.5
    assert "position" in asks.values["read"]
    assert tells == Said("tells 3", {"text": "conf get id.id\n"})


def test_an_answer_of_a_moteus_is_told_with_its_sender() -> None:
    decoder = DECODERS["moteus"]()
    answer = with_checksum(b"rcv 300 25000a00 E B F")
    assert decoder.take(b"OK\r\n" + answer, sent=False) == [
        Said("OK", {}),
        Said("from 3", {"reply": {"mode": 10}}),
    ]
    assert decoder.take(answer.replace(b"rcv", b"rcx"), sent=False) == []
    assert decoder.bad == 1


def test_orders_and_questions_for_a_vesc_behind_another_are_told() -> None:
    data = vesc_codec.packet(vesc_codec.forward(2, vesc_codec.set_rpm(3000.0))) + vesc_codec.packet(
        vesc_codec.set_brake(4.5)
    )
    assert DECODERS["vesc"]().take(data, sent=True) == [
        Said("SET_RPM to 2", {"erpm": 3000.0}),
        Said("SET_CURRENT_BRAKE", {"current_a": 4.5}),
    ]


def test_what_a_vesc_says_is_told_with_its_values() -> None:
    version = bytes((0, 6, 5)) + b"60_MK6\0" + bytes(12)
    (said,) = DECODERS["vesc"]().take(vesc_codec.packet(version), sent=False)
    assert said == Said("FW_VERSION", {"major": 6, "minor": 5, "hardware": "60_MK6", "uuid": "00" * 12})


@pytest.mark.parametrize("protocol", DECODERS)
def test_no_noise_stops_a_decoder_and_pieces_of_any_size_do(protocol: str) -> None:
    decoder, chance = DECODERS[protocol](), random.Random(11)
    for _ in range(3000):
        noise = chance.randbytes(chance.randrange(60))
        decoder.take(b"can send 8001 " + noise.hex().encode() + b"\n" + noise, sent=chance.random() < 0.5)
    assert decoder.bad > 0
