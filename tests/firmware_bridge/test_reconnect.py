"""Ports by the names of their devices, and lines that are found again under another one."""

from __future__ import annotations

import os
import time
import tty
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from serial.tools import list_ports

from firmware_bridge import reconnect
from firmware_bridge.drivers.axis import BusHealth
from firmware_bridge.port_names import device_at, path_of
from firmware_bridge.ports import LinkLost, PortError, Transport
from firmware_bridge.reconnect import Line, PortSpec

BOARD, STRANGER = "0403:6015:DK0FCZXT", "1a86:7523:0001"


class Usb:
    """Ptys that the system lists as USB devices."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self._open: dict[str, tuple[int, int]] = {}

    def plug(self, name: str) -> str:
        master, slave = os.openpty()
        tty.setraw(master)
        path = os.ttyname(slave)
        self.names[path] = name
        self._open[path] = master, slave
        return path

    def unplug(self, path: str) -> None:
        del self.names[path]
        for descriptor in self._open.pop(path):
            os.close(descriptor)

    def comports(self) -> list[SimpleNamespace]:
        infos = []
        for path, name in self.names.items():
            vid, pid, serial = name.split(":")
            infos.append(
                SimpleNamespace(device=path, vid=int(vid, 16), pid=int(pid, 16), serial_number=serial)
            )
        return [*infos, SimpleNamespace(device="/dev/ttyS0", vid=None, pid=None, serial_number=None)]


class Listener:
    """Speaks over a line as a driver does."""

    lost = ""
    health = BusHealth(0, 0, 0, 0.0, 0, 0)

    def __init__(self, line: Line) -> None:
        self.transport = line.transport
        line.serve(self)

    def attach(self, transport: Transport) -> None:
        self.transport, self.lost = transport, ""

    def poll(self) -> bytes:
        try:
            return b"" if self.lost else self.transport.read()
        except LinkLost as error:
            self.lost = str(error)
            return b""


@pytest.fixture
def usb(monkeypatch: pytest.MonkeyPatch) -> Iterator[Usb]:
    usb = Usb()
    monkeypatch.setattr(list_ports, "comports", usb.comports)
    yield usb
    for path in list(usb.names):
        usb.unplug(path)


def look_for(line: Line, speaker: Listener, seconds: float) -> None:
    """As the run loop does, until it is found or the time is over."""
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s:
        speaker.poll()
        line.look_after(time.monotonic_ns())
        if not speaker.lost:
            return
        time.sleep(0.005)


def test_a_device_is_found_by_its_name_wherever_it_is(usb: Usb) -> None:
    usb.plug(STRANGER)
    path = usb.plug(BOARD)
    assert path_of(BOARD) == path
    assert path_of(BOARD.lower()) == path
    assert device_at(path) == BOARD


def test_any_other_address_is_left_as_it_is(usb: Usb) -> None:
    for address in ("/dev/ttyACM0", "/dev/serial/by-id/usb-x-if00", "socket://127.0.0.1:2000"):
        assert path_of(address) == address
        assert device_at(address) == ""


def test_a_name_that_nobody_or_more_than_one_has_is_told(usb: Usb) -> None:
    usb.plug(STRANGER)
    with pytest.raises(PortError, match=f"port {BOARD}: no such device; connected: {STRANGER}"):
        path_of(BOARD)
    usb.plug(BOARD)
    usb.plug(BOARD)
    with pytest.raises(PortError, match="all have this name; unplug all but one"):
        path_of(BOARD)


@pytest.mark.parametrize("by_place", [True, False], ids=["opened by its place", "opened by its name"])
def test_a_line_is_found_again_under_another_name(usb: Usb, by_place: bool) -> None:
    path = usb.plug(BOARD)
    line = Line(PortSpec("board", path if by_place else BOARD))
    speaker = Listener(line)
    usb.unplug(path)
    elsewhere = usb.plug(STRANGER), usb.plug(BOARD)
    speaker.poll()
    look_for(line, speaker, 3.0)
    assert speaker.lost == ""
    assert line.health.address == elsewhere[1]
    assert line.health.reopened == 1
    line.close()


def test_another_device_in_its_place_is_no_substitute(usb: Usb) -> None:
    path = usb.plug(BOARD)
    line = Line(PortSpec("board", path))
    speaker = Listener(line)
    usb.unplug(path)
    usb.plug(STRANGER)
    speaker.poll()
    look_for(line, speaker, 0.7)
    assert speaker.lost
    assert line.health.reopened == 0
    line.close()


def test_looking_for_a_line_never_holds_up_the_loop(usb: Usb, monkeypatch: pytest.MonkeyPatch) -> None:
    path = usb.plug(BOARD)
    line = Line(PortSpec("board", path))
    speaker = Listener(line)
    usb.unplug(path)
    speaker.poll()

    def slow(name: str) -> str:
        time.sleep(0.3)
        raise PortError("not yet")

    monkeypatch.setattr(reconnect, "path_of", slow)
    began_s = time.perf_counter()
    for _ in range(50):
        line.look_after(time.monotonic_ns())
    assert time.perf_counter() - began_s < 0.2
    line.close()
