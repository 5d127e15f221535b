"""What ten axes at 200 Hz cost the host over a pty, as a share of a core: one row of `HOSTS` a protocol.

Controllers run in a process of their own. Everything the host process does counts, its pacing too. The makers' library
for moteus, with its own transport, stands beside them for comparison.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import sys
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

sys.path += [str(Path(__file__).parent.parent / name) for name in ("firmware_bridge", "contract")]
from board_rig import PROFILE, Rig, SpringMass, setpoints
from lines import FileEnd
from vesc_rig import wheel

from firmware_bridge.axes import axis_configs
from firmware_bridge.drivers.axis import AxisSetpoint, Bus
from firmware_bridge.drivers.board import BoardDriver
from firmware_bridge.drivers.buses import bus_driver
from firmware_bridge.drivers.vesc import VescBus
from firmware_bridge.ports import SerialPort, Transport
from firmware_bridge.virtual import board as virtual_board
from firmware_bridge.virtual.buses import virtual_bus
from firmware_bridge.virtual.drives import DriveBank
from firmware_bridge.virtual.loops import STEP_US
from firmware_bridge.virtual.vesc import VescPort, VirtualVesc
from missions.files import read_drives
from robot.messages import TRACTION, Axis, AxisMode, Mode
from robot.parameters import Parameters

PERIOD_NS = 5_000_000
WINDOWS, WINDOW_S = 12, 0.5  # the least of several counts: other programs of the machine only ever add to it
WIRING = {axis: wheel(axis + 1, can=axis > 0) for axis in Axis}  # ten VESCs, one at the port
TURN, REST = AxisSetpoint(AxisMode.VELOCITY, 6.0, 0.0, 15.0), AxisSetpoint(AxisMode.EFFORT, 0.0, 0.0, 15.0)
MOST = {"board": 0.06, "vesc": 0.06, "moteus": 0.15, "cia402": 0.15}  # share of a core
MEETING_S = 20  # most; asking ten CANopen nodes takes a while
LIBRARY = "moteus, makers' library"


# ---------------------------------------------------------------- far ends


def bank() -> DriveBank:
    drives = DriveBank(axis_configs(PROFILE), SpringMass(PROFILE), PROFILE.power.brake_s, tuple(Axis))
    drives.relay = True
    return drives


def far_board(end: Transport) -> Callable[[int], None]:
    virtual_board.REPORT_US = 4000  # a multiple of its step, and at least 200 Hz
    return virtual_board.VirtualBoard(end, PROFILE, SpringMass(PROFILE)).advance


def far_bus(make: Callable[[DriveBank, Transport], Any]) -> Callable[[Transport], Callable[[int], None]]:
    def with_bank(end: Transport) -> Callable[[int], None]:
        drives = bank()
        bus = make(drives, end)
        drives.step(0)

        def advance(t_ns: int) -> None:
            bus.advance()
            while drives.now_us + STEP_US <= t_ns // 1000:
                drives.step(drives.now_us)

        return advance

    return with_bank


def packaged(name: str) -> Callable[[DriveBank, Transport], Any]:
    """The bus of a packaged drives file."""
    return lambda drives, end: virtual_bus(read_drives(name), read_drives(name).bus[0], drives, end)


def vescs(drives: DriveBank, end: Transport) -> Any:
    return VescPort(end, [VirtualVesc(drives, axis, built) for axis, built in WIRING.items()])


FAR = {
    "board": far_board,
    "vesc": far_bus(vescs),
    **{name: far_bus(packaged(name)) for name in ("moteus", "cia402")},
    LIBRARY: far_bus(packaged("moteus")),
}


def serve(name: str, master: int, ready: Any) -> None:
    """Controllers in a process of their own."""
    advance = FAR[name](FileEnd(master))
    began_ns = time.monotonic_ns()
    ready.set()
    while True:
        advance(time.monotonic_ns() - began_ns)
        time.sleep(0.0003)


@contextmanager
def served(name: str) -> Iterator[str]:
    """The port at which they are."""
    master, slave = os.openpty()
    tty.setraw(master)
    process = multiprocessing.get_context("fork")
    ready = process.Event()
    child = process.Process(target=serve, args=(name, master, ready), daemon=True)
    child.start()
    try:
        assert ready.wait(60)
        yield os.ttyname(slave)
    finally:
        child.kill()
        child.join()
        os.close(master)
        os.close(slave)


# ---------------------------------------------------------------- hosts


def least(
    tick: Callable[[int], None],
    prepare: Callable[[], None],
    drives: Callable[[], bool],
    frames: Callable[[], int],
    per_tick: int,
) -> float:
    """Share of a core while it drives and is answered. A machine that stalled for longer than the watchdogs allow has
    stopped it: then it is prepared once more.

    Args:
        frames: how many have come.
        per_tick: how many should.
    """
    shares = []
    for _ in range(5 * WINDOWS):
        if not drives():
            prepare()
        before = frames()
        share = paced(tick, WINDOW_S) / WINDOW_S
        answered = (frames() - before) / (per_tick * WINDOW_S * 1e9 / PERIOD_NS)
        if drives() and answered > 0.95:
            shares.append(share)
        if len(shares) == WINDOWS:
            break
    assert shares, "never drove for as long as a window"
    return min(shares)


def paced(tick: Callable[[int], None], seconds: float) -> float:
    """CPU time of so many rounds, the waiting between them included."""
    began_s = time.process_time()
    next_ns = time.monotonic_ns()
    for _ in range(round(seconds * 1e9 / PERIOD_NS)):
        tick(time.monotonic_ns())
        next_ns += PERIOD_NS
        time.sleep(max(next_ns - time.monotonic_ns(), 0) * 1e-9)
    return time.process_time() - began_s


def host_board(port: str) -> float:
    driver = BoardDriver(SerialPort(port), PROFILE, Parameters())
    rig = Rig()  # for its frames
    driving = setpoints(
        traction_front=(AxisMode.VELOCITY, 6.0, 0.0), rotor=(AxisMode.POSITION, 0.5, 0.0),
        cable=(AxisMode.EFFORT, 0.0, 0.0), trim=(AxisMode.POSITION, 0.15, 0.0),
    )  # fmt: skip
    readings, command = driver.poll(0), rig.frame()

    def tick(t_ns: int) -> None:
        nonlocal readings
        readings = driver.poll(t_ns)
        driver.send(t_ns, command)

    def prepare() -> None:
        nonlocal command
        for reset in (False, True, False):
            command = rig.frame(reset=reset)
            paced(tick, 1.0)
        command = rig.frame(driving, armed=True, mode=Mode.TRAVEL)
        paced(tick, 1.0)

    def drives() -> bool:
        return readings.safety.permitted and abs(readings.axes.velocity[0] - 6.0) < 0.5

    return least(tick, prepare, drives, lambda: readings.link.frames_good, per_tick=3)


def host_bus(make: Callable[[Transport], Bus], per_tick: int) -> Callable[[str], float]:
    def run(port: str) -> float:
        bus = make(SerialPort(port))
        moves = False

        def tick(t_ns: int) -> None:
            bus.poll(t_ns)
            if moves:
                for axis, driver in bus.axes.items():
                    driver.command(TURN if axis in TRACTION else REST, t_ns + 150_000_000)
            bus.send(t_ns)

        def each(act: str, *arguments: float) -> None:
            for driver in bus.axes.values():
                getattr(driver, act)(*arguments)

        def prepare() -> None:
            nonlocal moves
            moves = False
            each("disarm", 0.1)
            paced(tick, 1.5)
            for _ in range(MEETING_S):
                if all(driver.found for driver in bus.axes.values()):
                    break
                paced(tick, 1.0)
            for act in ("clear_fault", "test_watchdog", "clear_fault"):
                each(act)
                paced(tick, 1.0)
            each("arm")
            moves = True
            paced(tick, 1.0)

        return least(
            tick, prepare, lambda: all(driver.armed for driver in bus.axes.values()),
            lambda: bus.health.frames_good, per_tick,
        )  # fmt: skip

    return run


def host_of(name: str) -> Callable[[Transport], Bus]:
    return lambda transport: bus_driver(read_drives(name), read_drives(name).bus[0], PROFILE, transport)


def host_library(port: str) -> float:
    """As its examples do: ten commands with questions a cycle, over its own transport."""
    import moteus as library

    async def run() -> float:
        transport = library.Fdcanusb(port)
        controllers = [library.Controller(id=number, transport=transport) for number in range(1, 11)]
        shares = []
        for _ in range(WINDOWS):
            began_s, began_ns, rounds = time.process_time(), time.monotonic_ns(), 0
            while time.monotonic_ns() - began_ns < WINDOW_S * 1e9:
                commands = [
                    c.make_position(position=float("nan"), velocity=0.0, query=True) for c in controllers
                ]
                assert await transport.cycle(commands)
                rounds += 1
                next_ns = began_ns + rounds * PERIOD_NS
                await asyncio.sleep(max(next_ns - time.monotonic_ns(), 0) * 1e-9)
            full = WINDOW_S * 1e9 / PERIOD_NS  # it may not keep up
            shares.append((time.process_time() - began_s) / WINDOW_S * full / rounds)
        return min(shares)

    return asyncio.run(run())


HOSTS: dict[str, Callable[[str], float]] = {
    "board": host_board,
    "vesc": host_bus(lambda transport: VescBus(transport, WIRING), per_tick=10),
    "moteus": host_bus(host_of("moteus"), per_tick=20),  # an "OK" and an answer
    "cia402": host_bus(host_of("cia402"), per_tick=20),  # two reports
    LIBRARY: host_library,
}


@pytest.mark.acceptance
def test_the_host_spends_no_more_than_its_share():
    shares = {}
    for name, host in HOSTS.items():
        with served(name) as port:
            shares[name] = host(port)
        print(f"{name}: ten axes at 200 Hz take {100 * shares[name]:.1f} % of a core")
    assert {name: share for name, share in shares.items() if share > MOST.get(name, 1.0)} == {}
    assert shares["moteus"] < 0.6 * shares[LIBRARY]


def test_every_row_has_its_limit():
    assert set(MOST) == set(HOSTS) - {LIBRARY}
    assert set(FAR) == set(HOSTS)
