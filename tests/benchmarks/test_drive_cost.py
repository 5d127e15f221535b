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
from robot.messages import Axis, AxisMode, Mode
from robot.parameters import Parameters

PERIOD_NS = 5_000_000
SECONDS = 6.0
WIRING = {axis: wheel(axis + 1, can=axis > 0) for axis in Axis}  # ten VESCs, one at the port
WISH = AxisSetpoint(AxisMode.VELOCITY, 6.0, 0.0, 15.0)
MOST = {"board": 0.06, "vesc": 0.06, "moteus": 0.15}  # share of a core
LIBRARY = "moteus, makers' library"


# ---------------------------------------------------------------- far ends


def bank() -> DriveBank:
    drives = DriveBank(axis_configs(PROFILE), SpringMass(PROFILE), PROFILE.power.brake_s, tuple(Axis))
    drives.relay = True
    return drives


def far_board(end: Transport) -> Callable[[int], None]:
    virtual_board.REPORT_US = PERIOD_NS // 1000
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


def moteus(drives: DriveBank, end: Transport) -> Any:
    return virtual_bus(read_drives("moteus"), read_drives("moteus").bus[0], drives, end)


def vescs(drives: DriveBank, end: Transport) -> Any:
    return VescPort(end, [VirtualVesc(drives, axis, built) for axis, built in WIRING.items()])


FAR = {"board": far_board, "vesc": far_bus(vescs), "moteus": far_bus(moteus), LIBRARY: far_bus(moteus)}


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
    command = rig.frame()

    def tick(t_ns: int) -> None:
        nonlocal readings
        readings = driver.poll(t_ns)
        driver.send(t_ns, command)

    readings = driver.poll(0)
    paced(tick, 1.5)
    command = rig.frame(driving, armed=True, mode=Mode.TRAVEL)
    paced(tick, 0.5)
    spent_s = paced(tick, SECONDS)
    assert readings.safety.permitted
    assert readings.axes.velocity[0] == pytest.approx(6.0, abs=0.3)
    return spent_s


def host_bus(make: Callable[[Transport], Bus]) -> Callable[[str], float]:
    def run(port: str) -> float:
        bus = make(SerialPort(port))
        moves = False

        def tick(t_ns: int) -> None:
            bus.poll(t_ns)
            if moves:
                for driver in bus.axes.values():
                    driver.command(WISH, t_ns + 150_000_000)
            bus.send(t_ns)

        paced(tick, 1.0)
        for driver in bus.axes.values():
            driver.test_watchdog()
        paced(tick, 1.0)
        for driver in bus.axes.values():
            driver.arm()
        moves = True
        paced(tick, 0.5)
        spent_s = paced(tick, SECONDS)
        assert all(driver.watchdog_seen and driver.armed for driver in bus.axes.values())
        assert bus.axes[Axis.TRACTION_FRONT].state.velocity == pytest.approx(6.0, abs=0.3)
        return spent_s

    return run


def host_library(port: str) -> float:
    """As its examples do: ten commands with questions a cycle, over its own transport."""
    import moteus as library

    async def run() -> float:
        transport = library.Fdcanusb(port)
        controllers = [library.Controller(id=number, transport=transport) for number in range(1, 11)]
        began_s, next_ns, answers = time.process_time(), time.monotonic_ns(), 0
        for _ in range(round(SECONDS * 1e9 / PERIOD_NS)):
            commands = [c.make_position(position=float("nan"), velocity=0.0, query=True) for c in controllers]
            answers += len(await transport.cycle(commands))
            next_ns += PERIOD_NS
            await asyncio.sleep(max(next_ns - time.monotonic_ns(), 0) * 1e-9)
        spent_s = time.process_time() - began_s
        assert answers > 0
        return spent_s * SECONDS * 1e9 / max(time.monotonic_ns() - next_ns + SECONDS * 1e9, SECONDS * 1e9)

    return asyncio.run(run())


HOSTS: dict[str, Callable[[str], float]] = {
    "board": host_board,
    "vesc": host_bus(lambda transport: VescBus(transport, WIRING)),
    "moteus": host_bus(
        lambda transport: bus_driver(read_drives("moteus"), read_drives("moteus").bus[0], PROFILE, transport)
    ),
    LIBRARY: host_library,
}


@pytest.mark.acceptance
def test_the_host_spends_no_more_than_its_share():
    shares = {}
    for name, host in HOSTS.items():
        with served(name) as port:
            shares[name] = host(port) / SECONDS
        print(f"{name}: ten axes at 200 Hz take {100 * shares[name]:.1f} % of a core")
    assert {name: share for name, share in shares.items() if share > MOST.get(name, 1.0)} == {}
    assert shares["moteus"] < 0.6 * shares[LIBRARY]


def test_every_row_has_its_limit():
    assert set(MOST) == set(HOSTS) - {LIBRARY}
    assert set(FAR) == set(HOSTS)
