"""What every transport promises, on all of them."""

from __future__ import annotations

import random
import time

import pytest
from lines import LINES, TWO_ENDED, WAIT_S, Line, read_for

from firmware_bridge.ports import LinkLost, PortError, SerialPort


@pytest.fixture(params=LINES)
def line(request):
    with LINES[request.param]() as ends:
        yield ends


@pytest.fixture(params=TWO_ENDED)
def two_ended(request):
    with TWO_ENDED[request.param]() as ends:
        yield ends


def test_reading_nothing_gives_nothing_at_once(line: Line):
    began_s = time.perf_counter()
    assert line.host.read() == b""
    assert time.perf_counter() - began_s < 0.05


def test_what_is_written_is_read_whole_and_in_order(line: Line):
    data = random.Random(1).randbytes(3000)
    for i in range(0, len(data), 100):
        line.host.write(data[i : i + 100])
    assert read_for(line.far, len(data)) == data


def test_every_byte_goes_through_unchanged(two_ended: Line):
    every = bytes(range(256)) * 3
    two_ended.far.write(every)
    assert read_for(two_ended.host, len(every)) == every


def test_writing_nothing_is_allowed(line: Line):
    line.host.write(b"")
    assert line.host.read() == b""


def test_a_closed_end_is_lost_for_reading_and_writing(line: Line):
    line.host.close()
    with pytest.raises(LinkLost):
        line.host.write(b"x")
    with pytest.raises(LinkLost):
        line.host.read()


def test_closing_twice_is_allowed(line: Line):
    line.host.close()
    line.host.close()


def test_an_unplugged_far_end_is_told(two_ended: Line):
    two_ended.unplug()
    with pytest.raises(LinkLost):
        use_until_it_fails(two_ended)


def test_a_lost_line_stays_lost(two_ended: Line):
    two_ended.unplug()
    with pytest.raises(LinkLost):
        use_until_it_fails(two_ended)
    with pytest.raises(LinkLost):
        use_until_it_fails(two_ended)


def use_until_it_fails(line: Line) -> None:
    until_s = time.monotonic() + WAIT_S
    while time.monotonic() < until_s:
        line.host.write(b"hello")
        line.host.read()
        time.sleep(0.001)


# ---------------------------------------------------------------- ports by address


@pytest.mark.parametrize(
    "address", ["/dev/does-not-exist", "socket://127.0.0.1:1", "nonsense://x", "socket://nowhere"]
)
def test_a_port_that_cannot_be_opened_is_named(address):
    with pytest.raises(PortError, match="cannot be opened") as error:
        SerialPort(address)
    assert address in str(error.value)
    assert "\n" not in str(error.value)


def test_a_far_end_that_takes_nothing_is_lost_within_the_write_time_out():
    with TWO_ENDED["pty"]() as line:
        began_s = time.perf_counter()
        with pytest.raises(LinkLost):
            fill(line)
        assert time.perf_counter() - began_s < 2.0


def fill(line: Line) -> None:
    for _ in range(1000):
        line.host.write(bytes(1000))


def test_a_port_is_ours_alone():
    with TWO_ENDED["pty"]() as line, pytest.raises(PortError):
        SerialPort(line.host._serial.port)


# ---------------------------------------------------------------- a far end that stands still


def test_a_stalled_far_end_never_later_receives_what_has_grown_old():
    """Case 8: nothing reaches it later but the few kilobytes that were in its own buffers."""
    with TWO_ENDED["pty"]() as line:
        until_s = time.monotonic() + WAIT_S
        while takes(line, bytes(1000)) and time.monotonic() < until_s:
            time.sleep(0.002)
        line.host.close()
        assert len(read_until_silent(line.far)) <= 24_000


def test_a_write_to_a_stalled_far_end_never_waits():
    with TWO_ENDED["pty"]() as line:
        took_s, taken = [], True
        while taken and len(took_s) < 400:
            began_s = time.perf_counter()
            taken = takes(line, bytes(1000))
            took_s.append(time.perf_counter() - began_s)
            time.sleep(0.001)
        assert not taken
        assert sorted(took_s)[-3] < 0.01  # a busy machine may hold up a call or two


def takes(line: Line, data: bytes) -> bool:
    try:
        line.host.write(data)
    except LinkLost as error:
        assert "do not go out within 50 ms" in str(error)  # noqa: PT017
        return False
    return True


def read_until_silent(end) -> bytes:
    data = b""
    for _ in range(50):
        try:
            data += end.read()
        except LinkLost:
            break
        time.sleep(0.002)
    return data
