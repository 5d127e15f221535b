"""Every parser of the wire against noise, both ends: one row of `PARSERS` each.

Pieces of good traffic, damaged, cut and put together anew, and plain noise. Nothing is ever raised, what is kept is
bounded, and of two good frames behind any noise the second at the latest is taken. Some thousands of inputs in every
run, a million each under `-m acceptance`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest
from board_rig import PROFILE, Rig, setpoints
from fleet_rig import FleetRig, only

from firmware_bridge.decode import DECODERS
from firmware_bridge.drivers import moteus_codec, vesc_codec
from firmware_bridge.drivers.fdcanusb import LINE_MAX, Fdcanusb
from firmware_bridge.link import HOST_SYSTEM, Link
from firmware_bridge.ports import MemoryPair
from missions.files import read_drives
from robot.messages import Axis, AxisMode, Mode

FRONT, CABLE = Axis.TRACTION_FRONT, Axis.CABLE
DRIVING = setpoints(traction_front=(AxisMode.VELOCITY, 6.0, 0.0), cable=(AxisMode.EFFORT, 10.0, 0.0))
BOARD_MAX, VESC_MAX = 300, len(vesc_codec.FLUSH)  # longest frames


@dataclass
class Parser:
    """Something that takes bytes."""

    feed: Callable[[bytes], None]
    kept: Callable[[], int]  # bytes that wait for more
    most: int  # of those
    traffic: Sequence[bytes]  # good, as it goes to this end
    count: Callable[[], int]  # of good frames taken
    good: bytes  # of one tick, that are taken whatever came before the last but one


def talk(rig: Rig, line: MemoryPair) -> tuple[list[bytes], list[bytes]]:
    """What goes over a line in a job's first second: to the host, to the device."""
    to_host: list[bytes] = []
    to_device: list[bytes] = []
    write_host, write_device = line.host.write, line.device.write

    def host(data: bytes) -> None:
        to_device.append(data)
        write_host(data)

    def device(data: bytes) -> None:
        to_host.append(data)
        write_device(data)

    line.host.write, line.device.write = host, device  # type: ignore[method-assign]
    rig.mechanics.load[CABLE] = 10.0
    rig.arm()
    rig.run(0.3, rig.frame(DRIVING, armed=True, mode=Mode.WRAP))
    line.host.write, line.device.write = write_host, write_device  # type: ignore[method-assign]
    return to_host, to_device


def few(name: str) -> FleetRig:
    return FleetRig(only(FRONT, CABLE, drives=read_drives(name)))


# ---------------------------------------------------------------- rows


def board_link() -> Parser:
    rig = Rig()
    to_host, _ = talk(rig, rig.pair)
    link = Link(MemoryPair().host, HOST_SYSTEM)
    return Parser(link.parse, lambda: len(link._rest), BOARD_MAX, to_host, lambda: link.good, to_host[-1])


def board_driver() -> Parser:
    rig = Rig()
    to_host, _ = talk(rig, rig.pair)

    def feed(data: bytes) -> None:
        rig.pair.device.write(data)
        rig.t_ns += 1_000_000
        rig.driver.poll(rig.t_ns)

    link = rig.driver._link
    return Parser(feed, lambda: len(link._rest), BOARD_MAX, to_host, lambda: link.good, to_host[-1])


def virtual_board() -> Parser:
    rig = Rig()
    _, to_device = talk(rig, rig.pair)

    def feed(data: bytes) -> None:
        rig.pair.host.write(data)
        rig.board._listen()
        rig.pair.host._inbox.clear()
        rig.board._link._outgoing.clear()

    link = rig.board._link
    return Parser(feed, lambda: len(link._rest), BOARD_MAX, to_device, lambda: link.good, 2 * to_device[-1])


def moteus_line() -> Parser:
    rig = few("moteus")
    to_host, _ = talk(rig, rig.line)
    line = Fdcanusb(MemoryPair().host)

    def feed(data: bytes) -> None:
        for _, frame in line.parse(data):
            moteus_codec.reading(frame)
            moteus_codec.card(frame)
            moteus_codec.text(frame)

    return Parser(feed, lambda: len(line._rest), LINE_MAX, to_host, lambda: line.good, to_host[-1])


def vesc_packets() -> Parser:
    rig = few("mixed")
    to_host, _ = talk(rig, rig.line)
    packets = vesc_codec.Packets(MemoryPair().host)

    def feed(data: bytes) -> None:
        for payload in packets.parse(data):
            vesc_codec.parse(payload)

    return Parser(feed, lambda: len(packets._rest), VESC_MAX, to_host, lambda: packets.good, to_host[-1])


def whole_bus(name: str, kept: Callable[[FleetRig], int], most: int) -> Callable[[], Parser]:
    """The driver with its controllers, met, armed and driving when the noise begins."""

    def make() -> Parser:
        rig = few(name)
        to_host, _ = talk(rig, rig.line)

        def feed(data: bytes) -> None:
            rig.line.device.write(data)
            rig.t_ns += 1_000_000
            rig.bus.poll(rig.t_ns)
            rig.bus.send(rig.t_ns)
            rig.line.device._inbox.clear()
            for driver in rig.bus.axes.values():
                speed = driver.state.velocity
                assert not abs(speed) > 4 * PROFILE.drive[driver.axis].velocity_max

        count = lambda: rig.bus.health.frames_good  # noqa: E731
        return Parser(feed, lambda: kept(rig), most, to_host, count, to_host[-1])

    return make


def virtual_bus(
    name: str, kept: Callable[[FleetRig], int], most: int, flush: bytes = b""
) -> Callable[[], Parser]:
    """Controllers, by the answers that they give; a VESC takes the next frame once its wait was ended."""

    def make() -> Parser:
        rig = few(name)
        _, to_device = talk(rig, rig.line)
        answers = 0

        def feed(data: bytes) -> None:
            nonlocal answers
            rig.line.host.write(data)
            rig.far.advance()
            answers += len(rig.line.host._inbox)
            rig.line.host._inbox.clear()

        return Parser(feed, lambda: kept(rig), most, to_device, lambda: answers, flush + to_device[-1])

    return make


def decoder(protocol: str, name: str | None, most: int, kept: Callable[..., int]) -> Callable[[], Parser]:
    def make() -> Parser:
        rig = Rig() if name is None else few(name)
        to_host, _ = talk(rig, rig.pair if name is None else rig.line)
        told = DECODERS[protocol]()
        count = 0

        def feed(data: bytes) -> None:
            nonlocal count
            count += len(told.take(data, sent=False))

        return Parser(feed, lambda: kept(told), most, to_host, lambda: count, to_host[-1])

    return make


PARSERS: dict[str, Callable[[], Parser]] = {
    "board: link": board_link,
    "board: driver": board_driver,
    "board: virtual": virtual_board,
    "moteus: line": moteus_line,
    "moteus: bus": whole_bus("moteus", lambda rig: len(rig.bus._line._rest), LINE_MAX),
    "moteus: virtual": virtual_bus("moteus", lambda rig: len(rig.far._buffer), 1024),
    "vesc: packets": vesc_packets,
    "vesc: bus": whole_bus("mixed", lambda rig: len(rig.bus._packets._rest), VESC_MAX),
    "vesc: virtual": virtual_bus(
        "mixed", lambda rig: len(rig.far._received._buffer), VESC_MAX, vesc_codec.FLUSH
    ),
    "decode: board": decoder("board", None, BOARD_MAX, lambda d: len(d._links[False]._rest)),
    "decode: moteus": decoder("moteus", "moteus", LINE_MAX, lambda d: len(d._rest[False])),
    "decode: vesc": decoder("vesc", "mixed", VESC_MAX, lambda d: len(d._packets[False]._rest)),
}


# ---------------------------------------------------------------- the noise


def damaged(piece: bytes, other: bytes, rng: random.Random) -> bytes:
    """One input: plain noise, or good traffic that something happened to."""
    kind = rng.randrange(6)
    if kind == 0 or not piece:
        return rng.randbytes(rng.randrange(60))
    at = rng.randrange(len(piece))
    if kind == 1:
        return piece[:at] + bytes((piece[at] ^ 1 << rng.randrange(8),)) + piece[at + 1 :]
    if kind == 2:
        return piece[at:]
    if kind == 3:
        return piece[:at]
    if kind == 4:
        return piece[:at] + other[rng.randrange(len(other) or 1) :]
    return piece[:at] + rng.randbytes(rng.randrange(8)) + piece[at:]


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("inputs", [2000, pytest.param(1_000_000, marks=pytest.mark.acceptance)])
@pytest.mark.parametrize("name", PARSERS)
def test_no_input_harms_a_parser(name: str, inputs: int):
    parser, rng = PARSERS[name](), random.Random(7)
    for number in range(inputs):
        piece, other = rng.choice(parser.traffic), rng.choice(parser.traffic)
        parser.feed(damaged(piece, other, rng)[:VESC_MAX])
        assert parser.kept() <= parser.most
        if number % 20 == 0:
            before = parser.count()
            parser.feed(parser.good)
            parser.feed(parser.good)
            assert parser.count() > before, "a good frame behind noise is not taken"
